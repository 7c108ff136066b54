/*
 * reply.c - the step REPLY: answers of our own.
 *
 * Small, correct for the version, never an echo of what the client sent, and
 * replaceable by files (global.errors).  Also what routes answer: respond and
 * redirect.
 */
#include "http/status.h"
#include "proxy/exchange_steps.h"
#include "proxy/front.h"
#include "proxy/listener.h"
#include "proxy/reply.h"
#include "proxy/route.h"
#include "proxy/worker.h"

#define RETRY_AFTER "5"		/* seconds, with every 503 of ours */

bool
exchange_refuse(struct exchange *x, unsigned status, char who, char when,
    const char *why)
{
	struct counters *l = &x->front->listener->count;

	x->ending = (struct ending){ who, when, why };
	x->status = (uint16_t)status;
	if (status == 403 || status == 405)
		l->dreq++;
	return exchange_go(x, EXCHANGE_REPLY);
}

static const struct conf_error_page *
find_page(const struct conf_error_pages *pages, unsigned status)
{
	for (size_t i = 0; i < pages->n; i++)
		if (pages->v[i].status == (int64_t)status)
			return &pages->v[i];
	return NULL;
}

static bool
has_no_body(const struct exchange *x)
{
	return x->request != NULL && head_is_method(x->request, "HEAD");
}

static void
send_answer(struct exchange *x, struct head *h, struct slice body)
{
	struct worker *w = x->worker;
	const char *hsts = exchange_hsts(x);
	bool bodiless;

	if (h->status == 0) {
		h->status = x->status;
		h->length = head_is_bodiless(h->status, false) ? LENGTH_NONE :
		    (int64_t)body.n;
	}
	head_add(h, &x->arena, FIELD_DATE,
	    arena_copy(&x->arena, slice_of(date_now(&w->date,
	    w->loop->clock.wall))));
	if (x->request_id.n > 0)
		head_add(h, &x->arena, FIELD_X_REQUEST_ID, x->request_id);
	if (hsts != NULL)
		head_add_other(h, &x->arena,
		    SLICE("Strict-Transport-Security"), slice_of(hsts));
	h->close = x->status == 408 ||
	    (x->ending.when == 'R' && x->ending.who != 'L');
	x->head_sent = x->replied = true;
	bodiless = has_no_body(x) || h->length == LENGTH_NONE || body.n == 0;
	front_judge_age(x->front);
	stream_send_head(x->fs, h, bodiless);
	x->reply_body = bodiless ? SLICE_NONE : body;
	x->down.ended = bodiless;
	x->times.taken = x->times.progress = w->loop->clock.now;
}

static const char *
sentence_of(unsigned status)
{
	switch (status) {
	case 200: return "";
	case 400: return "The request is malformed.";
	case 404: return "Nothing is served here.";
	case 405: return "The method is not allowed.";
	case 408: return "The request took too long to arrive.";
	case 414: return "The request target is too long.";
	case 417: return "The expectation cannot be met.";
	case 431: return "The request head is too large.";
	case 501: return "The transfer coding is not known.";
	case 502: return "The server gave no valid response.";
	case 503: return "No server is available.";
	case 504: return "The server did not answer in time.";
	case 505: return "The HTTP version is not supported.";
	case 508: return "The request runs in a loop.";
	default: return "The request cannot be served.";
	}
}

/* A head that says all: clients of gRPC do not read on. */
static void
reply_call(struct exchange *x)
{
	struct head h;

	head_init(&h, HEAD_RESPONSE);
	exchange_call_answer(x, &h, sentence_of(x->status));
	send_answer(x, &h, SLICE_NONE);
}

void
reply_error(struct exchange *x)
{
	const struct conf_error_page *page =
	    find_page(&x->worker->conf->global.errors, x->status);
	struct head h;
	struct slice body = SLICE_NONE;

	head_init(&h, HEAD_RESPONSE);
	if (page != NULL) {
		head_add(&h, &x->arena, FIELD_CONTENT_TYPE, arena_copy(
		    &x->arena, slice_of(page->content_type)));
		body = arena_copy(&x->arena, page->body);
	} else if (x->status >= 300) {
		head_add(&h, &x->arena, FIELD_CONTENT_TYPE,
		    SLICE("text/plain"));
		body = arena_print(&x->arena, "%u %s\n%s\n", x->status,
		    status_reason(x->status), sentence_of(x->status));
	}
	head_add(&h, &x->arena, FIELD_CACHE_CONTROL, SLICE("no-store"));
	if (x->status == 503)
		head_add(&h, &x->arena, FIELD_RETRY_AFTER, SLICE(RETRY_AFTER));
	if (x->status == 405)
		head_add_other(&h, &x->arena, SLICE("Allow"),
		    SLICE("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"));
	send_answer(x, &h, body);
}

void
reply_respond(struct exchange *x)
{
	const struct conf_respond *r = &x->route->respond;
	struct head h;

	x->status = (uint16_t)r->status;
	if (x->call && x->status >= 400) {
		reply_call(x);
		return;
	}
	head_init(&h, HEAD_RESPONSE);
	for (size_t i = 0; i < r->fields.n; i++)
		head_add_other(&h, &x->arena, slice_of(r->fields.v[i].name),
		    slice_of(r->fields.v[i].value));
	if (r->body[0] != '\0' && head_find(&h, FIELD_CONTENT_TYPE) == NULL)
		head_add(&h, &x->arena, FIELD_CONTENT_TYPE,
		    SLICE("text/plain"));
	if (x->status >= 400)
		head_add(&h, &x->arena, FIELD_CACHE_CONTROL,
		    SLICE("no-store"));
	send_answer(x, &h, slice_of(r->body));
}

static void
redirect(struct exchange *x, unsigned status, struct slice to)
{
	struct head h;

	if (to.n == 0) {
		exchange_refuse(x, 400, 'P', 'R',
		    "a redirect needs a host, and the request names none");
		reply_error(x);
		return;
	}
	head_init(&h, HEAD_RESPONSE);
	x->status = (uint16_t)status;
	head_add(&h, &x->arena, FIELD_LOCATION, to);
	send_answer(x, &h, SLICE_NONE);
}

void
reply_redirect(struct exchange *x)
{
	redirect(x, (unsigned)x->route->redirect.status,
	    route_location(x->route, x->request, &x->arena));
}

/* A method and a body are kept by a 308. */
void
reply_to_https(struct exchange *x)
{
	redirect(x, 308, route_to_https(
	    &x->front->listener->conf->https_only, x->request, &x->arena));
}

void
reply_plain_http(const struct conf *c, struct text *out)
{
	static const char sentence[] = "400 Bad Request\n"
	    "This port speaks TLS; use https.\n";
	const struct conf_error_page *page = find_page(&c->global.errors, 400);
	struct slice body = page != NULL ? page->body : slice_of(sentence);

	text_add(out, "HTTP/1.1 400 Bad Request\r\nContent-Type: %s\r\n"
	    "Cache-Control: no-store\r\nContent-Length: %zu\r\n"
	    "Connection: close\r\n\r\n",
	    page != NULL ? page->content_type : "text/plain", body.n);
	text_add_slice(out, body);
}

/* A server that gave no response at all; malformed ones are counted before. */
static void
note_no_response(struct exchange *x)
{
	if (x->server == NULL || x->ending.when != 'H' ||
	    x->ending.who == 'P' || x->overdue)
		return;
	x->server->count.eresp++;
	x->pool->count.eresp++;
}

static void
begin(struct exchange *x)
{
	struct head *request = x->request;

	note_no_response(x);
	exchange_drop_back(x, true);
	x->down = (struct flow){ 0 };
	if (x->ending.who != '-' || (x->route == NULL && !x->to_https)) {
		(x->call ? reply_call : reply_error)(x);
		return;
	}
	x->ending = (struct ending){ 'L', 'R', NULL };
	if (x->to_https)
		reply_to_https(x);
	else if (request != NULL && x->route->action == ACTION_RESPOND)
		reply_respond(x);
	else
		reply_redirect(x);
}

bool
exchange_step_reply(struct exchange *x)
{
	if (x->client_gone) {
		if (x->ending.who == '-' || x->ending.who == 'L')
			return exchange_abort(x, 'C', 'D',
			    "the client left before its answer was complete");
		return exchange_go(x, EXCHANGE_ABORT);
	}
	if (!x->head_sent)
		begin(x);
	if (x->reply_body.n > 0) {
		size_t n = stream_send_body(x->fs,
		    lent_of(x->reply_body), true);

		x->reply_body = slice_skip(x->reply_body, n);
		x->down.transit += n;
		x->down.ended = x->reply_body.n == 0;
	}
	if (x->down.done)
		return exchange_go(x, EXCHANGE_DONE);
	if (x->timed_out && exchange_expired(x))
		return true;
	exchange_deadline(x);
	return false;
}
