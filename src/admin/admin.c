/*
 * admin.c - the stats socket: listens, bounds its sessions, knows the daemon.
 *
 *	acceptor > session > command > answer
 *
 * Owns:      the acceptor, the sessions, the socket's file.
 * Borrows:   the worker, whose objects the commands read.
 */
#include "admin/admin.h"

#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/command.h"
#include "admin/session.h"
#include "base/mem.h"
#include "base/must.h"
#include "net/acceptor.h"

#define SESSIONS 32
#define BACKLOG 64

/* A socket and its file, which may have been replaced meanwhile. */
struct place {
	int fd;			/* -1: none */
	char *path;
	dev_t dev;
	ino_t ino;
};

struct admin {
	struct worker *worker;
	struct admin_daemon daemon;
	struct place now, next;
	bool stays;		/* of a prepare: now will do */
	bool prepared;
	struct acceptor *acceptor;
	struct list sessions;
	unsigned nsessions;
	int64_t timeout;
	struct idle_sample idle;
	struct cert_draft draft;
};

static void
place_init(struct place *p)
{
	memset(p, 0, sizeof(*p));
	p->fd = -1;
}

static bool
is_there(const struct place *p)
{
	struct stat st;

	return p->path != NULL && lstat(p->path, &st) == 0 &&
	    st.st_dev == p->dev && st.st_ino == p->ino;
}

static int
place_open(struct place *p, const struct conf_stats_socket *conf)
{
	struct addr addr = { .len = sizeof(addr.un) };
	struct stat st;
	size_t n = strlen(conf->path);
	int fd;

	if (n >= sizeof(addr.un.sun_path))
		return -ENAMETOOLONG;
	addr.un.sun_family = AF_UNIX;
	memcpy(addr.un.sun_path, conf->path, n + 1);
	fd = acceptor_listen(&addr, BACKLOG, conf->mode);
	if (fd < 0)
		return fd;
	if (lstat(conf->path, &st) != 0) {
		int error = -errno;

		close(fd);
		return error;
	}
	p->fd = fd;
	p->path = mem_string(conf->path);
	p->dev = st.st_dev;
	p->ino = st.st_ino;
	return 0;
}

/* The descriptor may have gone to an acceptor; then it is closed there. */
static void
place_close(struct place *p)
{
	if (is_there(p))
		unlink(p->path);
	if (p->fd >= 0)
		close(p->fd);
	free(p->path);
	place_init(p);
}

static void
on_line(void *owner, struct session *s, char *line, struct text *out)
{
	struct admin *a = owner;
	struct request r = { .worker = a->worker, .daemon = &a->daemon,
	    .idle = &a->idle, .draft = &a->draft, .session = s, .out = out };

	if (s->has_payload)
		r.payload = text_slice(&s->payload);
	command_run_line(&r, line);
}

static void
on_end(void *owner)
{
	struct admin *a = owner;

	a->nsessions--;
	if (a->acceptor != NULL && acceptor_is_paused(a->acceptor))
		acceptor_resume(a->acceptor);
}

static const struct session_sink session_events = {
	.on_line = on_line,
	.on_end = on_end,
};

static void
on_accept(void *owner, int fd, const struct addr *peer)
{
	struct admin *a = owner;
	struct session *s;

	(void)peer;
	must(a->nsessions < SESSIONS);	/* paused, the rest waits */
	s = session_new(a->worker->loop, fd, a->timeout, &session_events, a);
	list_add_tail(&a->sessions, &s->node);
	if (++a->nsessions < SESSIONS)
		return;
	acceptor_pause(a->acceptor);
	log_warn(a->worker->log, "admin", "the stats socket has %d sessions "
	    "open, others must wait", SESSIONS);
}

static void
on_error(void *owner, int error)
{
	struct admin *a = owner;

	log_error(a->worker->log, "admin", "accepting on the stats socket "
	    "failed: %s", strerror(error));
}

static const struct acceptor_sink acceptor_events = {
	.on_accept = on_accept,
	.on_error = on_error,
};

struct admin *
admin_new(struct worker *w, const struct admin_daemon *daemon)
{
	struct admin *a = mem_new(sizeof(*a));

	a->worker = w;
	if (daemon != NULL)
		a->daemon = *daemon;
	place_init(&a->now);
	place_init(&a->next);
	list_init(&a->sessions);
	a->idle.now = w->loop->clock.now;
	a->idle.busy = w->loop->busy;
	a->idle.percent = 100;
	return a;
}

void
admin_free(struct admin **ap)
{
	struct admin *a = *ap;
	struct session *s;

	if (a == NULL)
		return;
	*ap = NULL;
	admin_abandon(a);
	list_each(s, &a->sessions, struct session, node)
		session_free(&s);
	if (a->acceptor != NULL)
		acceptor_free(&a->acceptor, false);
	place_close(&a->now);
	cert_draft_drop(&a->draft);
	free(a);
}

int
admin_prepare(struct admin *a, const struct conf_stats_socket *conf)
{
	int error = 0;

	admin_abandon(a);
	if (conf->path != NULL) {
		a->stays = is_there(&a->now) &&
		    strcmp(a->now.path, conf->path) == 0;
		if (!a->stays)
			error = place_open(&a->next, conf);
	}
	a->prepared = error == 0;
	return error;
}

static void
replace(struct admin *a)
{
	if (a->acceptor != NULL)
		acceptor_free(&a->acceptor, false);
	place_close(&a->now);
	if (a->next.fd < 0)
		return;
	a->now = a->next;
	place_init(&a->next);
	a->acceptor = acceptor_new(a->worker->loop, a->now.fd,
	    &acceptor_events, a);
	a->now.fd = -1;
	if (a->nsessions >= SESSIONS)
		acceptor_pause(a->acceptor);
}

void
admin_commit(struct admin *a, const struct conf_stats_socket *conf)
{
	if (!a->prepared)
		return;
	a->timeout = conf->timeout;
	if (!a->stays)
		replace(a);
	else if (chmod(a->now.path, conf->mode) != 0)
		log_warn(a->worker->log, "admin", "cannot set the mode of %s: "
		    "%s", a->now.path, strerror(errno));
	a->prepared = a->stays = false;
}

void
admin_abandon(struct admin *a)
{
	place_close(&a->next);
	a->prepared = a->stays = false;
}

void
admin_run(struct admin *a, struct slice line, struct text *out)
{
	struct request r = { .worker = a->worker, .daemon = &a->daemon,
	    .idle = &a->idle, .draft = &a->draft, .out = out };
	char *copy = mem_text(line.p, line.n);

	command_run_line(&r, copy);
	free(copy);
}
