/*
 * proto.c - what the versions of HTTP are called in logs and on the wire.
 */
#include "http/proto.h"

const char *
http_proto_name(enum http_proto p)
{
	switch (p) {
	case HTTP_1_0:
		return "HTTP/1.0";
	case HTTP_1_1:
		return "HTTP/1.1";
	case HTTP_2:
		return "HTTP/2.0";
	case HTTP_PROTO_NONE:
		break;
	}
	return "-";
}
