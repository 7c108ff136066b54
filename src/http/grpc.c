/*
 * grpc.c - what makes a request a call of gRPC, and the words it uses.
 *
 * A call is a POST over HTTP/2 whose answer ends with grpc-status, in trailers
 * or, if there is nothing else to say, in the head.
 */
#include "http/grpc.h"

#include "base/clock.h"
#include "base/number.h"

#define DIGITS_MOST UINT64_C(99999999)

static const char *const status_names[GRPC_STATUS_COUNT] = {
#define X(name) #name,
	GRPC_STATUSES(X)
#undef X
};

const char *
grpc_status_name(int status)
{
	return status >= 0 && status < GRPC_STATUS_COUNT ?
	    status_names[status] : "";
}

int
grpc_status_find(const struct field *f, uint32_t n)
{
	uint64_t status;

	for (uint32_t i = 0; i < n; i++)
		if (slice_eq_nocase(f[i].name, SLICE("grpc-status")))
			return slice_number(f[i].value, GRPC_STATUS_COUNT - 1,
			    &status) ? (int)status : GRPC_NO_STATUS;
	return GRPC_NO_STATUS;
}

enum grpc_status
grpc_status_of(unsigned http_status)
{
	switch (http_status) {
	case 400: return GRPC_INTERNAL;
	case 401: return GRPC_UNAUTHENTICATED;
	case 403: return GRPC_PERMISSION_DENIED;
	case 404: return GRPC_UNIMPLEMENTED;
	case 429:
	case 502:
	case 503:
	case 504: return GRPC_UNAVAILABLE;
	default: return GRPC_UNKNOWN;
	}
}

bool
grpc_is_type(struct slice content_type)
{
	const struct slice name = SLICE("application/grpc");
	char next;

	if (content_type.n < name.n ||
	    !slice_eq_nocase(slice_make(content_type.p, name.n), name))
		return false;
	if (content_type.n == name.n)
		return true;
	next = content_type.p[name.n];
	return next == '+' || next == ';' || next == ' ' || next == '\t';
}

static bool
has_type(const struct head *h)
{
	const struct field *f = head_find(h, FIELD_CONTENT_TYPE);

	return f != NULL && grpc_is_type(f->value);
}

bool
grpc_is_request(const struct head *h)
{
	return head_is_method(h, "POST") && has_type(h);
}

bool
grpc_is_response(const struct head *h)
{
	return h->status == 200 && has_type(h);
}

/* From the finest to the coarsest; usec of a nanosecond is told apart. */
static const struct unit {
	char letter;
	int64_t usec;
} units[] = {
	{ 'u', 1 },
	{ 'm', USEC_PER_MS },
	{ 'S', SEC(1) },
	{ 'M', SEC(60) },
	{ 'H', SEC(3600) },
};

#define UNITS (sizeof(units) / sizeof(units[0]))

bool
grpc_timeout_parse(struct slice value, int64_t *usec)
{
	uint64_t n;
	char letter;

	if (value.n < 2 || value.n > GRPC_TIMEOUT_TEXT)
		return false;
	letter = value.p[value.n - 1];
	value.n--;
	if (!slice_number(value, DIGITS_MOST, &n))
		return false;
	if (letter == 'n') {
		*usec = (int64_t)((n + 999) / 1000);
		return true;
	}
	for (size_t i = 0; i < UNITS; i++)
		if (letter == units[i].letter) {
			*usec = (int64_t)n * units[i].usec;
			return true;
		}
	return false;
}

struct slice
grpc_timeout_print(int64_t usec, char room[GRPC_TIMEOUT_TEXT])
{
	char digits[NUMBER_TEXT];
	uint64_t n = usec > 0 ? (uint64_t)usec : 0;
	struct slice text;
	size_t i = 0;

	while (i + 1 < UNITS && n / (uint64_t)units[i].usec > DIGITS_MOST)
		i++;
	n /= (uint64_t)units[i].usec;
	text = number_print(n < DIGITS_MOST ? n : DIGITS_MOST, digits);
	memcpy(room, text.p, text.n);
	room[text.n] = units[i].letter;
	return slice_make(room, text.n + 1);
}

struct field *
grpc_timeout_find(const struct head *h)
{
	struct field *found = NULL;

	for (uint32_t i = 0; i < h->nfields; i++) {
		if (!slice_eq_nocase(h->fields[i].name, SLICE("grpc-timeout")))
			continue;
		if (found != NULL)
			return NULL;
		found = &h->fields[i];
	}
	return found;
}

static bool
is_literal(char c)
{
	return c >= 0x20 && c <= 0x7e && c != '%';
}

struct slice
grpc_message(struct slice text, struct arena *a)
{
	char *out = arena_get(a, text.n * 3);
	size_t n = 0;

	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = (uint8_t)text.p[i];

		if (is_literal(text.p[i])) {
			out[n++] = text.p[i];
			continue;
		}
		out[n++] = '%';
		out[n++] = "0123456789ABCDEF"[c >> 4];
		out[n++] = "0123456789ABCDEF"[c & 15];
	}
	return slice_make(out, n);
}
