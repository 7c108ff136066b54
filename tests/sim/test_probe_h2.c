/*
 * Probes over HTTP/2, of gRPC above all: what each answer means.
 */
#include "peer.h"

#include <nghttp2/nghttp2.h>

#define CHECK(type, more) \
	"protocol = \"h2\"; health = { type = \"" type "\"; " \
	"interval = \"1s\"; timeout = \"500ms\"; " more " };"
#define GRPC CHECK("grpc", "")
#define CALL_FIELDS "Content-Type: application/grpc\r\n"

/* Its one request, of a server that is being probed. */
static struct peer *
await_probe(struct stage *st)
{
	struct peer *p = NULL;

	for (int i = 0; i < 300 && p == NULL; i++) {
		stage_advance(st, MSEC(10));
		p = peer_server(st, SERVER_A, true);
	}
	assert_non_null(p);
	peer_settle(p);
	assert_true(peer_told(p, 1)->has_head);
	return p;
}

static void
assert_result(const struct stage *st, enum health_result result, int code,
    const char *sentence)
{
	const struct health *h = &stage_server(st, "a")->health;

	assert_string_equal(h->sentence, sentence);
	assert_string_equal(health_result_name(h->result),
	    health_result_name(result));
	assert_int_equal(h->code, code);
}

/* An answer to a call, its body so many bytes that mean nothing. */
static const struct row {
	int status;
	const char *fields;
	size_t body;
	const char *trailers;		/* NULL: none */
	enum health_result result;
	int code;
	const char *sentence;
} rows[] = {
	{ 404, "", 3, NULL, CHECK_L7STS, 404,
	    "status 404 of HTTP, expected 200" },
	{ 200, "Content-Type: text/plain\r\n", 3, NULL, CHECK_L7RSP, 200,
	    "the answer is not one of gRPC" },
	{ 200, CALL_FIELDS, 5000, "grpc-status: 0\r\n", CHECK_L7RSP, 0,
	    "the message of the health service is too long" },
	{ 200, CALL_FIELDS, 7, NULL, CHECK_L7RSP, 0,
	    "the answer has no status of gRPC" },
	{ 200, CALL_FIELDS, 7, "grpc-status: x\r\n", CHECK_L7RSP, 0,
	    "the answer has no status of gRPC" },
	{ 200, CALL_FIELDS, 7, "grpc-status: 7\r\n", CHECK_L7STS, 7,
	    "PERMISSION_DENIED" },
	{ 200, CALL_FIELDS, 7, "grpc-status: 0\r\n", CHECK_L7RSP, 0,
	    "the message of the health service is malformed" },
	{ 200, CALL_FIELDS "grpc-status: 14\r\n", 0, NULL, CHECK_L7STS, 14,
	    "UNAVAILABLE" },
};

static void
each_answer_to_a_call_has_its_meaning(void **state)
{
	struct stage st;
	struct peer *p;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];

		STAGE(&st, .servers = ONE_SERVER, .pool = GRPC);
		p = await_probe(&st);
		assert_has(peer_told(p, 1)->head.p,
		    "POST /grpc.health.v1.Health/Check\n");
		peer_answer(p, 1, r->status, r->fields, r->body > 0 ?
		    PEER_UNKNOWN : PEER_NO_BODY);
		if (r->body > 0)
			peer_body_many(p, 1, r->body, r->trailers == NULL);
		if (r->trailers != NULL)
			peer_trailers(p, 1, r->trailers);
		stage_settle(&st);
		assert_result(&st, r->result, r->code, r->sentence);
		assert_true(p->w->closed);
		stage_close_probed(&st);
	}
}

static const char *const types[] = { CHECK("http", "body = \"x\";"), GRPC };

/* What the server said of it is told; else what was missing. */
static void
a_stream_or_connection_that_breaks_is_told(void **state)
{
	struct stage st;
	struct peer *p;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		STAGE(&st, .servers = ONE_SERVER, .pool = types[i % 2]);
		p = await_probe(&st);
		if (i < 2) {
			peer_reset(p, 1, NGHTTP2_INTERNAL_ERROR);
			stage_settle(&st);
		} else {
			nghttp2_submit_goaway(p->h2, 0, 0,
			    NGHTTP2_ENHANCE_YOUR_CALM,
			    (const uint8_t *)"no probes", 9);
			peer_settle(p);
			say_eof(&st, p->w);
		}
		assert_result(&st, CHECK_L7RSP, 0, i < 2 ?
		    "it reset the stream with INTERNAL_ERROR" :
		    "it sent GOAWAY with ENHANCE_YOUR_CALM, saying "
		    "\"no probes\"");
		stage_close_probed(&st);
	}
}

static void
half_an_answer_is_cut_or_late(void **state)
{
	struct stage st;
	struct peer *p;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		STAGE(&st, .servers = ONE_SERVER, .pool = types[i % 2]);
		p = await_probe(&st);
		peer_answer(p, 1, 200, CALL_FIELDS, PEER_UNKNOWN);
		stage_settle(&st);
		if (i < 2) {
			say_eof(&st, p->w);
			assert_result(&st, CHECK_L7RSP, 200,
			    "answer was cut");
		} else {
			stage_advance(&st, MSEC(520));
			assert_result(&st, CHECK_L7TOUT, i % 2 ? 0 : 200,
			    "no complete answer within 500 ms");
		}
		stage_close_probed(&st);
	}
}

int
main(void)
{
#define T(name) cmocka_unit_test(name)
	const struct CMUnitTest tests[] = {
		T(each_answer_to_a_call_has_its_meaning),
		T(a_stream_or_connection_that_breaks_is_told),
		T(half_an_answer_is_cut_or_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
