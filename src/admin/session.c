/*
 * session.c - one client of the stats socket.
 *
 * Why:       a client that does not read its answer must cost nobody anything:
 *            while bytes of an answer wait, no further line is read.
 * Owns:      the descriptor, its line, its answer.
 * Invariant: freed only in the reap phase, or by session_free.
 * Not here:  what the lines mean (command.c).
 */
#include "admin/session.h"

#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

#define ANSWER_KEPT ((size_t)64 << 10)	/* larger memory is given back */
#define DRAIN_ROUNDS 16

static void
on_watch(void *owner, unsigned what)
{
	struct session *s = owner;

	if (what & WATCH_READ)
		s->readable = true;
	loop_run(s->loop, &s->run);
}

static void
on_timer(struct timer *t)
{
	struct session *s = list_entry(t, struct session, timer);

	s->expired = true;
	loop_run(s->loop, &s->run);
}

static void
close_socket(struct session *s)
{
	timer_stop(&s->loop->wheel, &s->timer);
	if (s->watch != NULL)
		watch_free(&s->watch);
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

static void
end(struct session *s)
{
	s->over = true;
	close_socket(s);
	loop_reap(s->loop, &s->reap);
}

static bool
has_output(const struct session *s)
{
	return s->sent < s->out.n;
}

static void
touch(struct session *s)
{
	loop_after(s->loop, &s->timer, s->timeout);
}

static void
receive(struct session *s)
{
	ssize_t n;

	s->readable = false;
	if (s->n == sizeof(s->in))
		return;
	n = recv(s->fd, s->in + s->n, sizeof(s->in) - s->n, 0);
	if (n > 0) {
		s->n += (size_t)n;
		touch(s);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		s->eof = true;
	}
}

/* A line without its end, or -1 when none is complete. */
static ssize_t
line_length(struct session *s)
{
	const char *nl = memchr(s->in, '\n', s->n);

	if (nl != NULL)
		return nl - s->in;
	return s->eof && s->n > 0 && s->n < sizeof(s->in) ?
	    (ssize_t)s->n : -1;
}

static void
run_line(struct session *s, char *line)
{
	if (line[0] != '\0' || !s->prompt)
		s->sink->on_line(s->owner, s, line, &s->out);
	if (s->prompt && !s->quit)
		text_add(&s->out, "> ");
	else
		s->quit = true;
}

/* It may hold a private key. */
static void
forget_payload(struct session *s)
{
	if (s->payload.p != NULL)
		explicit_bzero(s->payload.p, s->payload.cap);
	text_fini(&s->payload);
	s->has_payload = false;
	free(s->waiting);
	s->waiting = NULL;
}

static void
refuse_payload(struct session *s, const char *why)
{
	forget_payload(s);
	text_add(&s->out, "%s\n\n", why);
	s->quit = true;
}

/* Memory that grows would leave its old bytes behind: it is had at once. */
static void
start_payload(struct session *s, const char *line)
{
	s->waiting = mem_string(line);
	text_init(&s->payload);
	s->payload.p = mem_new(SESSION_PAYLOAD);
	s->payload.cap = SESSION_PAYLOAD;
}

static void
add_payload(struct session *s, const char *line)
{
	size_t n = strlen(line);
	char *waiting = s->waiting;

	if (n > 0 && s->payload.n + n + 2 > SESSION_PAYLOAD) {
		refuse_payload(s, "The payload is too long.");
	} else if (n > 0) {
		text_add(&s->payload, "%s\n", line);
	} else {
		s->waiting = NULL;
		s->has_payload = true;
		run_line(s, waiting);
		free(waiting);
		forget_payload(s);
	}
}

/* Cuts the "<<" off. */
static bool
wants_payload(char *line)
{
	size_t n = strlen(line);

	while (n > 0 && (line[n - 1] == ' ' || line[n - 1] == '\t'))
		n--;
	if (n < 3 || strncmp(line + n - 2, "<<", 2) != 0 ||
	    (line[n - 3] != ' ' && line[n - 3] != '\t'))
		return false;
	line[n - 3] = '\0';
	return true;
}

static void
answer_line(struct session *s, size_t n)
{
	char line[SESSION_LINE];
	size_t used = n < s->n ? n + 1 : n;

	memcpy(line, s->in, n);
	while (n > 0 && line[n - 1] == '\r')
		n--;
	line[n] = '\0';
	s->n -= used;
	memmove(s->in, s->in + used, s->n);
	explicit_bzero(s->in + s->n, used);
	if (s->waiting != NULL)
		add_payload(s, line);
	else if (wants_payload(line))
		start_payload(s, line);
	else
		run_line(s, line);
	explicit_bzero(line, sizeof(line));
}

static void
answer(struct session *s)
{
	ssize_t n;

	while (!s->quit && !has_output(s) && (n = line_length(s)) >= 0)
		answer_line(s, (size_t)n);
	if (s->quit || has_output(s))
		return;
	if (s->n == sizeof(s->in)) {
		text_add(&s->out, "The line is too long; at most %d bytes.\n\n",
		    SESSION_LINE - 1);
		s->quit = true;
	} else if (s->eof && s->waiting != NULL) {
		refuse_payload(s, "The payload has no end: an empty line.");
	} else if (s->eof) {
		s->quit = true;
	}
}

static void
forget_answer(struct session *s)
{
	s->sent = 0;
	text_clear(&s->out);
	if (s->out.cap > ANSWER_KEPT)
		text_fini(&s->out);
}

/* False when the client is gone. */
static bool
transmit(struct session *s)
{
	ssize_t n = send(s->fd, s->out.p + s->sent, s->out.n - s->sent,
	    MSG_NOSIGNAL);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	s->sent += (size_t)n;
	touch(s);
	if (!has_output(s))
		forget_answer(s);
	return true;
}

/* Closing with bytes unread would show the client a broken connection. */
static void
drain(struct session *s)
{
	char rest[4096];

	shutdown(s->fd, SHUT_WR);
	for (int i = 0; i < DRAIN_ROUNDS; i++)
		if (recv(s->fd, rest, sizeof(rest), 0) <= 0)
			break;
}

static void
run(struct task *t)
{
	struct session *s = list_entry(t, struct session, run);

	if (s->over)
		return;
	if (s->expired) {
		end(s);
		return;
	}
	if (s->readable && !has_output(s))
		receive(s);
	do {
		if (has_output(s) && !transmit(s)) {
			end(s);
			return;
		}
		if (has_output(s))
			break;
		answer(s);
	} while (has_output(s));
	if (s->quit && !has_output(s)) {
		drain(s);
		end(s);
		return;
	}
	watch_want(s->watch, has_output(s) ? WATCH_WRITE : WATCH_READ);
}

static void
run_reap(struct task *t)
{
	struct session *s = list_entry(t, struct session, reap);
	const struct session_sink *sink = s->sink;
	void *owner = s->owner;

	session_free(&s);
	sink->on_end(owner);
}

struct session *
session_new(struct loop *loop, int fd, int64_t timeout,
    const struct session_sink *sink, void *owner)
{
	struct session *s = mem_new(sizeof(*s));

	s->loop = loop;
	s->fd = fd;
	s->timeout = timeout;
	s->sink = sink;
	s->owner = owner;
	s->level = LEVEL_ADMIN;
	list_init(&s->node);
	text_init(&s->out);
	text_init(&s->payload);
	task_init(&s->run, run);
	task_init(&s->reap, run_reap);
	timer_init(&s->timer, on_timer);
	s->watch = watch_new(loop, fd, WATCH_READ, on_watch, s);
	touch(s);
	return s;
}

void
session_free(struct session **sp)
{
	struct session *s = *sp;

	if (s == NULL)
		return;
	*sp = NULL;
	close_socket(s);
	task_stop(&s->run);
	task_stop(&s->reap);
	list_del(&s->node);
	text_fini(&s->out);
	forget_payload(s);
	explicit_bzero(s->in, sizeof(s->in));
	free(s);
}
