/*
 * h2_priority.c - in which order answers are sent (RFC 9218).
 *
 * A client says it in the field of its request, or later, or before, in a frame
 * PRIORITY_UPDATE; a server may know better, in the field of its response.  The
 * library then sends DATA of the most urgent stream that has some.
 *
 * Why: we ask for one piece of a body at a time.  So whenever a stream has no
 *      more of it, what is less urgent waits a moment for its next piece.
 */
#include <string.h>

#include "codec/h2_side.h"

#define ROUNDS 5		/* of the loop, until a next piece is here */

static void
set(struct h2_stream *s, struct priority p)
{
	nghttp2_extpri e = { .urgency = p.urgency, .inc = p.incremental };

	if (p.urgency == s->priority.urgency &&
	    p.incremental == s->priority.incremental)
		return;
	s->priority = p;
	s->h2->nranked += !s->ranked;
	s->ranked = true;
	if (s->live)
		nghttp2_session_change_extpri_stream_priority(
		    s->h2->session, s->id, &e, 0);
}

static void
read_fields(const struct head *h, struct priority *p)
{
	for (uint32_t i = 0; i < h->nfields; i++)
		if (h->fields[i].id == FIELD_PRIORITY)
			priority_read(h->fields[i].value, p);
}

/* What was said of it before it was there counts more than its field. */
void
h2_priority_request(struct h2_stream *s, const struct head *h)
{
	struct priority p = PRIORITY_DEFAULT;

	read_fields(h, &p);
	for (unsigned i = 0; i < H2_UPDATES; i++)
		if (s->h2->updates[i].id == s->id)
			p = s->h2->updates[i].priority;
	set(s, p);
}

void
h2_priority_response(struct h2_stream *s, const struct head *h)
{
	struct priority p = s->priority;

	if (head_find(h, FIELD_PRIORITY) == NULL)
		return;
	read_fields(h, &p);
	s->by_server = true;
	set(s, p);
}

/* Of the streams to come a few are remembered. */
static void
remember(struct h2 *h, int32_t id, struct priority p)
{
	unsigned i = 0;

	while (i < H2_UPDATES && h->updates[i].id != id)
		i++;
	if (i == H2_UPDATES)
		i = h->next_update++ % H2_UPDATES;
	h->updates[i] = (struct h2_update){ id, p };
}

static void
update(struct h2 *h, int32_t id, struct slice value)
{
	struct h2_stream *s = nghttp2_session_get_stream_user_data(h->session,
	    id);
	struct priority p = PRIORITY_DEFAULT;

	if (!priority_read(value, &p))
		return;
	if (s != NULL && !s->by_server)
		set(s, p);
	else if (id > nghttp2_session_get_last_proc_stream_id(h->session))
		remember(h, id, p);
}

static int
on_bytes(nghttp2_session *session, const nghttp2_frame_hd *hd,
    const uint8_t *p, size_t n, void *user)
{
	struct h2 *h = user;

	(void)session;
	if (hd->type != NGHTTP2_PRIORITY_UPDATE)
		return 0;
	if (n > sizeof(h->update) - h->nupdate)
		n = sizeof(h->update) - h->nupdate;
	if (n > 0)
		memcpy(h->update + h->nupdate, p, n);
	h->nupdate += (uint8_t)n;
	return 0;
}

/*
 * It has come.  One that is longer than it may be says nothing; nor do frames
 * of types that are unknown (RFC 9113 5.5).
 */
static int
on_update(nghttp2_session *session, void **payload, const nghttp2_frame_hd *hd,
    void *user)
{
	struct h2 *h = user;
	const uint8_t *p = h->update;
	uint32_t id;

	(void)session;
	*payload = NULL;
	if (hd->type != NGHTTP2_PRIORITY_UPDATE)
		return NGHTTP2_ERR_CANCEL;
	if (hd->length < 4) {
		h2_fail(h, NGHTTP2_FRAME_SIZE_ERROR, 400,
		    "a PRIORITY_UPDATE that is too short");
		return NGHTTP2_ERR_CANCEL;
	}
	id = ((uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3]) & INT32_MAX;
	if (hd->stream_id != 0 || id % 2 == 0)
		h2_fail(h, NGHTTP2_PROTOCOL_ERROR, 400,
		    "a PRIORITY_UPDATE of no request");
	else if (hd->length <= sizeof(h->update))
		update(h, (int32_t)id, slice_make((const char *)p + 4,
		    hd->length - 4));
	return NGHTTP2_ERR_CANCEL;
}

void
h2_priority_options(nghttp2_option *o)
{
	nghttp2_option_set_user_recv_extension_type(o,
	    NGHTTP2_PRIORITY_UPDATE);
}

void
h2_priority_callbacks(nghttp2_session_callbacks *cb)
{
	nghttp2_session_callbacks_set_on_extension_chunk_recv_callback(cb,
	    on_bytes);
	nghttp2_session_callbacks_set_unpack_extension_callback(cb, on_update);
}

void
h2_priority_await(struct h2_stream *s)
{
	struct h2 *h = s->h2;

	if (h->nranked == 0 || h->nheld < 2)
		return;
	h->awaits = s;
	h->rounds = ROUNDS;
	h->codec.host->on_resume(h->codec.owner);
}

void
h2_priority_given(struct h2_stream *s)
{
	if (s->h2->awaits == s)
		s->h2->awaits = NULL;
}

/* Another is awaited, and would go first. */
bool
h2_priority_must_wait(const struct h2_stream *s)
{
	const struct h2_stream *other = s->h2->awaits;

	if (other == NULL || other == s ||
	    s->priority.urgency < other->priority.urgency)
		return false;
	return s->priority.urgency > other->priority.urgency ||
	    !s->priority.incremental;
}

void
h2_priority_forget(struct h2_stream *s)
{
	if (s->h2->awaits == s)
		s->h2->awaits = NULL;
	s->h2->nranked -= s->ranked;
}

void
h2_priority_round(struct h2 *h)
{
	if (h->awaits == NULL)
		return;
	if (--h->rounds == 0)
		h->awaits = NULL;
	else
		h->codec.host->on_resume(h->codec.owner);
}
