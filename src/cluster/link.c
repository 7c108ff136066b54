/*
 * link.c - a conn and its codec, joined: the pump of bytes.
 *
 * Why:       front connections and back connections move bytes in the same
 *            way; who owns the link only hears of streams and of the end.
 * Owns:      the conn, the codec, the page of unparsed input or the pipe.
 * Invariant: nothing is freed here but in link_fini and link_park, which only
 *            reap calls.  There is a pump while there is a codec.
 * Not here:  deadlines (front.c, back.c), anything about HTTP (codec/).
 */
#include "cluster/link.h"

#include <errno.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/must.h"
#include "net/tls.h"

struct pump {
	struct link *link;
	struct buf in;
	struct pipe *pipe;	/* with bytes that are lent, or NULL */
	uint64_t tick;		/* in which it was read from last, */
	size_t taken;		/* and how much in it */
	uint64_t sated;		/* the tick in which the codec had enough */
	struct task flush, resume;
	const struct codec_shared *shared;	/* as link_codec got it */
	uint32_t lingered;
	int error;		/* writing failed; what came before is to be
				 * read first */
	bool few;		/* a pipe was filled with next to nothing */
};

/* Towards a client? */
static bool
is_front(const struct link *l)
{
	return l->sink->on_stream != NULL;
}

static void
on_output(void *owner)
{
	struct link *l = owner;

	if (!l->down && l->conn->connected)
		loop_flush(link_loop(l), &l->pump->flush);
}

static void
on_resume(void *owner)
{
	struct link *l = owner;

	if (!l->down || !is_front(l))
		loop_run(link_loop(l), &l->pump->resume);
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
	if (l->pump != NULL) {
		task_stop(&l->pump->flush);
		if (is_front(l))
			task_stop(&l->pump->resume);
	}
	l->reset = reset;
	l->sink->on_down(l->owner);
}

/* So much in a tick, also if what was taken has left again meanwhile. */
static bool
has_share(struct link *l, size_t most)
{
	uint64_t tick = link_loop(l)->ticks;
	struct pump *p = l->pump;

	if (p->tick != tick)
		p->taken = 0;
	p->tick = tick;
	if (p->taken >= most)
		loop_later(link_loop(l), &p->resume);
	return p->taken < most;
}

/*
 * What came after the last answer is read and thrown away, within bounds: a
 * page a tick.
 */
static void
discard(struct link *l)
{
	struct slab *pages = &link_loop(l)->pages;
	struct pump *p = l->pump;
	ssize_t n = 0;

	buf_drop(&p->in, buf_len(&p->in));
	if (l->conn->readable)
		buf_reserve(&p->in, pages, BUF_PAGE);
	while (l->conn->readable && n >= 0 && has_share(l, BUF_PAGE)) {
		n = conn_recv(l->conn, buf_at(&p->in), BUF_PAGE);
		p->taken += n > 0 ? (size_t)n : 0;
		p->lingered += n > 0 ? (uint32_t)n : 0;
	}
	buf_release(&p->in, pages);
	if (n < 0)
		go_down(l, false);
	else if (p->lingered > LINK_LINGER_BYTES)
		go_down(l, true);
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
	struct codec_rest rest;
	struct iovec v[1];

	return codec_send(l->codec, v, 1, &rest) > 0 || rest.piped > 0;
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
	struct buf *in = &l->pump->in;

	if (buf_len(in) == 0) {
		in->pos = in->end = 0;
		buf_reserve(in, &link_loop(l)->pages, BUF_PAGE);
	} else if (buf_room(in) == 0) {
		buf_pack(in);
		if (buf_room(in) == 0 && l->codec->phase == CODEC_HEAD &&
		    buf_len(in) <= l->codec->limits->head)
			buf_reserve(in, &link_loop(l)->pages, BUF_PAGE);
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

/* Whoever it was lent to has given it back, or has let go of the stream. */
static void
drop_pipe(struct link *l)
{
	if (l->pump->pipe != NULL && !l->codec->paused)
		pipes_put(&link_loop(l)->pipes, &l->pump->pipe);
}

/* How much of a long body may come through a pipe now; 0: nothing. */
static size_t
pipe_room(const struct link *l)
{
	const struct pump *p = l->pump;
	uint64_t raw;

	if (p->few || buf_len(&p->in) > 0 || !conn_can_splice(l->conn))
		return 0;
	raw = codec_raw(l->codec);
	if (raw < BUF_PAGE)
		return 0;
	return raw < PIPE_SIZE ? (size_t)raw : PIPE_SIZE;
}

/*
 * Fills a pipe.  False: there is none, or it is not worth it, and the bytes
 * must be read.
 */
static bool
read_pipe(struct link *l)
{
	struct loop *loop = link_loop(l);
	size_t room = pipe_room(l);
	struct pump *p = l->pump;
	ssize_t n;

	if (room == 0)
		return false;
	if (!has_share(l, LINK_SHARE))
		return true;
	p->pipe = pipes_get(&loop->pipes, loop->clock.now);
	if (p->pipe == NULL)
		return false;
	n = conn_splice_in(l->conn, p->pipe, room);
	p->taken += PIPE_SIZE;
	if (n > 0) {
		buf_release(&p->in, &loop->pages);
		p->few = (size_t)n < BUF_PAGE;
		codec_piped(l->codec, p->pipe, (size_t)n);
		return true;
	}
	pipes_put(&loop->pipes, &p->pipe);
	if (n < 0)
		codec_eof(l->codec, l->conn->error);
	return true;
}

static void
hurry(struct link *l)
{
	if (l->codec->ahead > 0)
		conn_hurry(l->conn, l->codec->ahead);
}

/* The bytes turned out to be another protocol's. */
static void
turn(struct link *l)
{
	const struct http_limits *limits = l->codec->limits;
	codec_new_fn *make = l->codec->turn;
	bool leaving = l->codec->leaving;

	codec_free(&l->codec);
	l->codec = make(l->pump->shared, limits, &host, l);
	hurry(l);
	if (leaving)
		codec_drain(l->codec);
}

/* A codec that had enough gets no more bytes in this tick; it may want to tell
 * what it knows. */
static void
feed(struct link *l)
{
	uint64_t tick = link_loop(l)->ticks;
	struct buf none = { NULL, 0, 0, 0 };
	struct pump *p = l->pump;

	if (p->sated == tick) {
		codec_recv(l->codec, &none);
		l->codec->sated = true;
		return;
	}
	codec_recv(l->codec, &p->in);
	if (l->codec->turn != NULL) {
		turn(l);
		codec_recv(l->codec, &p->in);
	}
	if (l->codec->sated)
		p->sated = tick;
}

/* A server's that is closed as it is: what has come is left to the kernel. */
static bool
is_over(const struct link *l)
{
	return !is_front(l) && l->codec->end >= CODEC_CLOSE &&
	    l->codec->phase != CODEC_BUSY;
}

static bool
wants_bytes(const struct link *l)
{
	return l->conn->readable && !l->codec->paused && !l->codec->sated &&
	    !is_over(l);
}

static void
read_some(struct link *l)
{
	struct pump *p = l->pump;
	size_t room;
	ssize_t n;

	drop_pipe(l);
	while (wants_bytes(l) && !read_pipe(l) &&
	    has_share(l, LINK_SHARE) && (room = read_room(l)) > 0) {
		n = conn_recv(l->conn, p->in.base + p->in.end, room);
		if (n > 0) {
			l->heard = link_loop(l)->clock.now;
			p->in.end += (uint32_t)n;
			p->few = p->few && (size_t)n < room;
			p->taken += (size_t)n;
			feed(l);
		} else if (n < 0) {
			l->codec->cut = l->conn->cut;
			codec_eof(l->codec, end_error(l));
			break;
		}
	}
	if (l->codec->sated)
		loop_later(link_loop(l), &p->resume);
	if (buf_len(&p->in) == 0 && !l->codec->paused)
		buf_release(&p->in, &link_loop(l)->pages);
}

/*
 * Writing failed, but a server may have said something before it left: an
 * answer to a request whose body it did not want.  All of it is read first, as
 * its bytes are taken.  What a client said is of no use to anybody.
 */
static void
judge_broken(struct link *l)
{
	struct pump *p = l->pump;

	if (p->error == 0 || (!is_front(l) && !is_over(l) &&
	    (l->codec->paused || l->conn->readable)))
		return;
	if (l->codec->end != CODEC_ABORT)	/* reading has not told it */
		codec_eof(l->codec, p->error);
	p->error = 0;
}

static void
break_off(struct link *l)
{
	l->pump->error = l->conn->error;
	l->conn->readable = true;
	read_some(l);
	judge_broken(l);
}

/* Once it is down the codec may still have to tell what a server had sent. */
static void
run_resume(struct task *t)
{
	struct link *l = list_entry(t, struct pump, resume)->link;

	drop_pipe(l);
	if (l->lingering) {
		if (!l->down)
			discard(l);
		return;
	}
	feed(l);
	if (l->down)
		return;
	read_some(l);
	judge_broken(l);
	settle(l);
}

/*
 * Pieces first; once they have gone, what stands in the pipe comes first.  The
 * last pieces of all wait for the FIN: it goes with them when we close, which
 * is in this tick.
 */
static ssize_t
write_some(struct link *l, const struct iovec *v, size_t n,
    const struct codec_rest *rest)
{
	ssize_t w;

	if (n > 0)
		return conn_send(l->conn, v, n,
		    rest->more || rest->piped > 0 || rest->last);
	w = conn_splice_out(l->conn, rest->pipe, rest->piped, rest->more);
	if (w > 0)
		link_loop(l)->pipes.moved += (uint64_t)w;
	return w;
}

static void
run_flush(struct task *t)
{
	struct link *l = list_entry(t, struct pump, flush)->link;
	struct codec_rest rest;
	struct iovec v[8];
	size_t n;
	ssize_t w;

	if (l->codec->streams >= LINK_CROWD)
		gather_wish(&link_loop(l)->gather);
	while (!l->down && l->conn->writable) {
		n = codec_send(l->codec, v, 8, &rest);
		if (n == 0 && rest.piped == 0)
			break;
		w = write_some(l, v, n, &rest);
		if (w < 0) {
			break_off(l);
			break;
		}
		codec_sent(l->codec, (size_t)w);
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
		else if (l->conn->connected && l->sink->on_connected != NULL &&
		    (!l->parked || l->conn->readable))
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
		loop_flush(link_loop(l), &l->pump->flush);
	else
		settle(l);
}

static const struct conn_sink conn_events = { .on_event = on_event };

void
link_init(struct link *l, struct conn *conn, const struct link_sink *sink,
    void *owner)
{
	*l = (struct link){ .conn = conn, .sink = sink, .owner = owner };
	conn_sink(conn, &conn_events, l);
}

static struct pump *
pump_new(struct link *l)
{
	struct pump *p = mem_new(sizeof(*p));

	p->link = l;
	p->tick = p->sated = UINT64_MAX;
	task_init(&p->flush, run_flush);
	task_init(&p->resume, run_resume);
	return p;
}

static void
pump_free(struct link *l)
{
	struct pump *p = l->pump;

	if (p == NULL)
		return;
	task_stop(&p->flush);
	task_stop(&p->resume);
	pipes_put(&link_loop(l)->pipes, &p->pipe);
	buf_release(&p->in, &link_loop(l)->pages);
	free(p);
	l->pump = NULL;
}

void
link_codec(struct link *l, codec_new_fn *make,
    const struct codec_shared *shared, const struct http_limits *limits)
{
	struct tls_facts facts;

	must(l->codec == NULL);
	l->parked = false;
	l->pump = pump_new(l);
	l->pump->shared = shared;
	l->codec = make(shared, limits, &host, l);
	l->codec->splices = conn_can_splice(l->conn);
	l->codec->secure = conn_facts(l->conn, &facts);
	hurry(l);
}

static bool
is_at_rest(struct link *l)
{
	return !l->down && !l->lingering && l->codec != NULL &&
	    l->codec->phase == CODEC_IDLE &&
	    l->codec->end == CODEC_OPEN && !l->conn->readable &&
	    buf_len(&l->pump->in) == 0 && !list_has(&l->pump->flush.node) &&
	    !list_has(&l->pump->resume.node) && !has_output(l);
}

bool
link_park(struct link *l)
{
	if (!is_at_rest(l))
		return false;
	if (!l->codec->light) {
		codec_rest(l->codec);
		return false;
	}
	codec_free(&l->codec);
	pump_free(l);
	l->parked = true;
	return true;
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
	if (l->codec != NULL)
		codec_free(&l->codec);
	pump_free(l);
	if (l->conn != NULL)
		conn_close(&l->conn, l->reset);
}
