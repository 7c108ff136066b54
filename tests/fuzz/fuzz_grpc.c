/*
 * fuzz_grpc.c - what is read of gRPC: timeouts, statuses, the health service.
 *
 * Invariants: a timeout that is written reads as no more than it was; a text
 * that was encoded is one of visible characters; a state is one or none.
 */
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "cluster/grpc_health.h"
#include "fuzz.h"
#include "http/grpc.h"

static void
try_timeout(struct slice s)
{
	char room[GRPC_TIMEOUT_TEXT];
	int64_t usec, again;
	struct slice text;

	if (!grpc_timeout_parse(s, &usec))
		return;
	must(usec >= 0);
	text = grpc_timeout_print(usec, room);
	must(text.n >= 2 && text.n <= sizeof(room));
	must(grpc_timeout_parse(text, &again) && again <= usec);
}

static void
try_message(struct slice s)
{
	struct slice text;
	struct arena a;

	arena_init(&a, NULL);
	text = grpc_message(s, &a);
	must(text.n >= s.n && text.n <= 3 * s.n);
	for (size_t i = 0; i < text.n; i++)
		must(text.p[i] >= 0x20 && text.p[i] <= 0x7e);
	arena_reset(&a);
}

/* From memory of that size, so that a sanitizer sees every step beyond. */
int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	char *p = calloc(n > 0 ? n : 1, 1);
	struct slice s = slice_make(p, n);
	struct field f = { SLICE("grpc-status"), s, FIELD_OTHER };
	int status;

	must(p != NULL);
	if (n > 0)
		memcpy(p, bytes, n);
	try_timeout(s);
	try_message(s);
	(void)grpc_is_type(s);
	status = grpc_status_find(&f, 1);
	must(status == GRPC_NO_STATUS || grpc_status_name(status)[0] != '\0');
	must(grpc_health_read(s) >= -1);
	free(p);
	return 0;
}
