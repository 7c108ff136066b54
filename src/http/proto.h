#pragma once

/* Which HTTP a message was carried by.  Carried through; decides nothing. */
enum http_proto { HTTP_PROTO_NONE, HTTP_1_0, HTTP_1_1, HTTP_2 };
#define HTTP_PROTOS (HTTP_2 + 1)

const char *http_proto_name(enum http_proto p);	/* "HTTP/1.1", "-" */
