#pragma once

#include "base/slice.h"

/* What the PROXY protocol looks like on the wire; for proxy_header*.c. */
#define V1_BEGIN SLICE("PROXY ")
#define V2_BEGIN SLICE("\r\n\r\n\0\r\nQUIT\n")

/* Version 2: signature, version and command, family, length. */
#define V2_FIXED 16
#define V2_LOCAL 0x20
#define V2_PROXY 0x21

/* Address family, with stream or datagram; bytes of both addresses. */
#define V2_UNSPEC 0x00
#define V2_TCP4 0x11
#define V2_UDP4 0x12
#define V2_TCP6 0x21
#define V2_UDP6 0x22
#define V2_UNIX 0x31
#define V2_UNIX_DGRAM 0x32
#define V2_SIZE_TCP4 12
#define V2_SIZE_TCP6 36
#define V2_SIZE_UNIX 216
#define V2_UNIX_PATH 108

/* Types of further values (TLV): a byte of type, two of length. */
#define V2_TLV 3
#define V2_ALPN 0x01
#define V2_AUTHORITY 0x02
#define V2_CRC32C 0x03
#define V2_SSL 0x20
#define V2_SSL_FIXED 5		/* flags, verify; then values of its own */
#define V2_SSL_VERSION 0x21
#define V2_SSL_CN 0x22
#define V2_SSL_CIPHER 0x23
#define V2_SSL_IS_TLS 0x01
#define V2_SSL_CERT_CONN 0x02
#define V2_SSL_CERT_SESS 0x04
