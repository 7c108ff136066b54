/*
 * link.c - a conn and its codec, joined: the pump of bytes.
 *
 * Why:       front connections and back connections move bytes in the same
 *            way; who owns the link only hears of streams and of the end.
 * Owns:      the conn, the codec, the page of unparsed input.
 * Invariant: nothing is freed here but in link_fini, which only reap calls.
 * Not here:  deadlines (front.c, back.c), anything about HTTP (codec/).
 */
#include "cluster/link.h"

#include <errno.h>

#include "base/must.h"

static void
on_output(void *owner)
{
	struct link *l = owner;

	if (!l->down && l->conn->connected)
		loop_flush(l->loop, &l->flush);
}

static void
on_resume(void *owner)
{
	struct link *l = owner;

	if (!l->down)
		loop_run(l->loop, &l->resume);
}

static void
on_stream(void *owner, struct stream *s)
{
	struct link *l = owner;

	l->sink->on_stream(l->owner, s);
}

static void
on_slots(void *owner)
{
	struct link *l = owner;

	on_resume(l);
	if (l->sink->on_slots != NULL)
		l->sink->on_slots(l->owner);
}

static const struct codec_host host = {
	.on_stream = on_stream,
	.on_output = on_output,
	.on_resume = on_resume,
	.on_slots = on_slots,
};

static void
go_down(struct link *l, bool reset)
{
	if (l->down)
		return;
	l->down = true;
	task_stop(&l->flush);
	task_stop(&l->resume);
	l->reset = reset;
	l->sink->on_down(l->owner);
}

/* What came after the last answer is read and thrown away, within bounds. */
static void
discard(struct link *l)
{
	ssize_t n;

	buf_drop(&l->in, buf_len(&l->in));
	while (l->conn->readable) {
		buf_reserve(&l->in, &l->loop->pages, BUF_PAGE);
		n = conn_recv(l->conn, buf_at(&l->in), BUF_PAGE);
		if (n < 0) {
			go_down(l, false);
			return;
		}
		l->lingered += (uint32_t)n;
		if (l->lingered > LINK_LINGER_BYTES) {
			go_down(l, true);
			return;
		}
	}
	buf_release(&l->in, &l->loop->pages);
}

static void
start_linger(struct link *l)
{
	l->lingering = true;
	conn_shutdown(l->conn);
	l->sink->on_change(l->owner);
	if (l->conn->eof)
		go_down(l, false);
	else
		discard(l);
}

static bool
has_output(struct link *l)
{
	struct iovec v[1];
	bool more;

	return codec_send(l->codec, v, 1, &more) > 0;
}

/* Obeys what the codec has decided about the connection. */
static void
settle(struct link *l)
{
	if (l->down || l->lingering)
		return;
	if (l->codec->end == CODEC_ABORT) {
		go_down(l, true);
		return;
	}
	if (l->codec->shut && !l->shut && !has_output(l)) {
		l->shut = true;
		conn_shutdown(l->conn);
	}
	if (l->codec->end != CODEC_OPEN && l->codec->phase != CODEC_BUSY &&
	    !has_output(l)) {
		if (l->codec->end == CODEC_LINGER)
			start_linger(l);
		else
			go_down(l, false);
		return;
	}
	l->sink->on_change(l->owner);
}

/*
 * Room for the next read, or 0 when the codec holds all that it may hold.
 * Bytes that are lent must not move, but then the codec has paused us.
 */
static size_t
read_room(struct link *l)
{
	struct buf *in = &l->in;

	if (buf_len(in) == 0) {
		in->pos = in->end = 0;
		buf_reserve(in, &l->loop->pages, BUF_PAGE);
	} else if (buf_room(in) == 0) {
		buf_pack(in);
		if (buf_room(in) == 0 && l->codec->phase == CODEC_HEAD &&
		    buf_len(in) <= l->codec->limits->head)
			buf_reserve(in, &l->loop->pages, BUF_PAGE);
	}
	return buf_room(in);
}

/*
 * An end that TLS did not announce may be anybody's doing.  That matters where
 * the end alone tells that all is there: then it is a connection that broke.
 */
static int
end_error(const struct link *l)
{
	return l->conn->error == 0 && l->conn->cut && l->codec->tunnel ?
	    ECONNRESET : l->conn->error;
}

static void
read_some(struct link *l)
{
	size_t budget = LINK_READ_BUDGET, room;
	ssize_t n;

	while (l->conn->readable && !l->codec->paused &&
	    (room = read_room(l)) > 0) {
		n = conn_recv(l->conn, l->in.base + l->in.end, room);
		if (n > 0) {
			l->in.end += (uint32_t)n;
			codec_recv(l->codec, &l->in);
			if ((size_t)n >= budget) {
				loop_run(l->loop, &l->resume);
				break;
			}
			budget -= (size_t)n;
		} else if (n < 0) {
			l->codec->cut = l->conn->cut;
			codec_eof(l->codec, end_error(l));
			break;
		}
	}
	if (buf_len(&l->in) == 0 && !l->codec->paused)
		buf_release(&l->in, &l->loop->pages);
}

static void
run_resume(struct task *t)
{
	struct link *l = list_entry(t, struct link, resume);

	if (l->down || l->lingering)
		return;
	codec_recv(l->codec, &l->in);
	read_some(l);
	settle(l);
}

/*
 * Writing failed, but the peer may have said something before it left: an
 * answer to a request whose body it did not want.
 */
static void
read_last(struct link *l)
{
	int error = l->conn->error;

	l->conn->readable = true;
	read_some(l);
	if (!l->conn->eof)
		codec_eof(l->codec, error);
}

static void
run_flush(struct task *t)
{
	struct link *l = list_entry(t, struct link, flush);
	struct iovec v[8];
	size_t n, total;
	ssize_t w;
	bool more;

	while (!l->down && l->conn->writable) {
		more = false;
		n = codec_send(l->codec, v, 8, &more);
		if (n == 0)
			break;
		total = 0;
		for (size_t i = 0; i < n; i++)
			total += v[i].iov_len;
		w = conn_send(l->conn, v, n, more);
		if (w < 0) {
			read_last(l);
			break;
		}
		codec_sent(l->codec, (size_t)w);
		if ((size_t)w < total)
			break;
	}
	l->blocked = !l->conn->writable;
	settle(l);
}

static void
on_event(void *owner)
{
	struct link *l = owner;

	if (l->down)
		return;
	if (l->codec == NULL || !l->conn->connected) {
		if (l->conn->error != 0)
			go_down(l, false);
		else if (l->conn->connected && l->sink->on_connected != NULL)
			l->sink->on_connected(l->owner);
		return;
	}
	if (l->lingering) {
		if (l->conn->readable)
			discard(l);
		return;
	}
	if (l->conn->readable)
		read_some(l);
	if (l->blocked && l->conn->writable)
		loop_flush(l->loop, &l->flush);
	else
		settle(l);
}

static const struct conn_sink conn_events = { .on_event = on_event };

void
link_init(struct link *l, struct loop *loop, struct conn *conn,
    const struct link_sink *sink, void *owner)
{
	*l = (struct link){ .loop = loop, .conn = conn, .sink = sink,
	    .owner = owner };
	task_init(&l->flush, run_flush);
	task_init(&l->resume, run_resume);
	conn_sink(conn, &conn_events, l);
}

void
link_codec(struct link *l, codec_new_fn *make,
    const struct codec_shared *shared, const struct http_limits *limits)
{
	must(l->codec == NULL);
	l->codec = make(shared, limits, &host, l);
}

void
link_stack(struct link *l, struct conn *conn)
{
	must(l->codec == NULL);
	l->conn = conn;
	conn_sink(conn, &conn_events, l);
}

void
link_kick(struct link *l)
{
	if (l->down || l->codec == NULL)
		return;
	if (l->conn->readable)
		read_some(l);
	settle(l);
}

void
link_end(struct link *l, bool reset)
{
	if (!l->down && l->codec != NULL)
		codec_eof(l->codec, ECONNABORTED);
	go_down(l, reset);
}

void
link_fini(struct link *l)
{
	task_stop(&l->flush);
	task_stop(&l->resume);
	if (l->codec != NULL)
		codec_free(&l->codec);
	if (l->conn != NULL)
		conn_close(&l->conn, l->reset);
	buf_release(&l->in, &l->loop->pages);
}
