/*
 * grpc_health.c - the messages of gRPC's health check, by hand.
 *
 *	request   00 length:4 | 0a n:varint name    HealthCheckRequest.service
 *	answer    00 length:4 | 08 state:varint     HealthCheckResponse.status
 *
 * A message is preceded by a byte that says whether it is compressed, which we
 * do not ask for, and its length.  Fields that we do not know are passed over,
 * as protobuf wants it; a state that is left out is 0.
 */
#include "cluster/grpc_health.h"

#include <stdbool.h>
#include <stdint.h>

#define PREFIX 5u		/* in front of each message */

enum wire { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

const char *
grpc_health_name(int state)
{
	static const char *const names[] = { "UNKNOWN", "SERVING",
		"NOT_SERVING", "SERVICE_UNKNOWN" };

	return state >= 0 && state <= GRPC_HEALTH_SERVICE_UNKNOWN ?
	    names[state] : "a state that is not known";
}

struct slice
grpc_health_request(const char *service, char room[GRPC_HEALTH_REQUEST])
{
	struct slice name = slice_of(service);
	char *p = room + PREFIX;
	size_t n;

	if (name.n > GRPC_HEALTH_SERVICE)
		name.n = GRPC_HEALTH_SERVICE;
	if (name.n > 0) {
		*p++ = 0x0a;
		if (name.n >= 0x80)
			*p++ = (char)((name.n & 0x7f) | 0x80);
		*p++ = (char)(name.n >= 0x80 ? name.n >> 7 : name.n);
		memcpy(p, name.p, name.n);
		p += name.n;
	}
	n = (size_t)(p - room) - PREFIX;
	memset(room, 0, PREFIX);
	room[3] = (char)(n >> 8);
	room[4] = (char)(n & 0xff);
	return slice_make(room, PREFIX + n);
}

static bool
take_varint(struct slice *s, uint64_t *out)
{
	*out = 0;
	for (unsigned i = 0; i < 10 && i < s->n; i++) {
		uint8_t c = (uint8_t)s->p[i];

		*out |= (uint64_t)(c & 0x7f) << (7 * i);
		if ((c & 0x80) == 0) {
			*s = slice_skip(*s, i + 1);
			return true;
		}
	}
	return false;
}

static bool
pass_over(struct slice *s, uint64_t n)
{
	if (n > s->n)
		return false;
	*s = slice_skip(*s, (size_t)n);
	return true;
}

/* A field, its tag taken; a varint is given. */
static bool
take_value(struct slice *s, unsigned wire, uint64_t *out)
{
	switch (wire) {
	case WIRE_VARINT:
		return take_varint(s, out);
	case WIRE_64:
		return pass_over(s, 8);
	case WIRE_BYTES:
		return take_varint(s, out) && pass_over(s, *out);
	case WIRE_32:
		return pass_over(s, 4);
	default:
		return false;
	}
}

static int
read_message(struct slice s)
{
	uint64_t tag, value, state = 0;

	while (s.n > 0) {
		if (!take_varint(&s, &tag) || tag >> 3 == 0 ||
		    !take_value(&s, tag & 7, &value))
			return -1;
		if (tag == (1 << 3 | WIRE_VARINT))
			state = value;
	}
	return state <= INT32_MAX ? (int)state : INT32_MAX;
}

int
grpc_health_read(struct slice body)
{
	const uint8_t *p = (const uint8_t *)body.p;
	uint32_t n;

	if (body.n < PREFIX || p[0] != 0)
		return -1;
	n = (uint32_t)p[1] << 24 | (uint32_t)p[2] << 16 |
	    (uint32_t)p[3] << 8 | p[4];
	if (n != body.n - PREFIX)
		return -1;
	return read_message(slice_skip(body, PREFIX));
}
