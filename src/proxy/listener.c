/*
 * listener.c - addresses that accept clients, and how they change.
 *
 * A reload first makes a plan: for each listener of the new snapshot the
 * socket that stands already at its address, or a new one.  Only when all are
 * there is the plan committed; sockets nobody needs any more close then.  So no
 * listening socket that stands loses a client, and a reload that cannot be
 * carried out changes nothing.
 */
#include "proxy/listener.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/congestion.h"
#include "net/tls_server.h"
#include "proxy/front.h"
#include "proxy/worker.h"

struct planned {
	const struct conf_listener *conf;
	struct listener *from;	/* whose socket is taken over, or NULL */
	int fd;			/* a new one, or -1 */
	bool was_chosen;	/* its congestion control, for who had it */
};

struct listener_plan {
	struct worker *worker;
	struct conf *conf;
	struct planned *v;
	size_t n;
};

static void
on_accept(void *owner, int fd, const struct addr *peer)
{
	struct listener *l = owner;

	front_accept(l, fd, peer);
	worker_balance_accepting(l->worker);
}

static void
on_error(void *owner, int error)
{
	struct listener *l = owner;

	log_error(l->worker->log, "accept",
	    "listener %s: accepting failed: %s; waiting for resources to be "
	    "freed", l->name, strerror(error));
}

static const struct acceptor_sink events = {
	.on_accept = on_accept,
	.on_error = on_error,
};

static struct listener *
find_address(struct worker *w, const struct addr *a)
{
	struct listener *l;

	list_each(l, &w->listeners, struct listener, node)
		if (l->acceptor != NULL && addr_eq(&l->addr, a))
			return l;
	return NULL;
}

struct listener *
listener_find(struct worker *w, const char *name)
{
	struct listener *l;

	list_each(l, &w->listeners, struct listener, node)
		if (strcmp(l->name, name) == 0)
			return l;
	return NULL;
}

static bool
plan_one(struct listener_plan *plan, const struct conf_listener *conf,
    struct text *errors)
{
	struct planned *p = &plan->v[plan->n++];

	p->conf = conf;
	p->fd = -1;
	p->from = find_address(plan->worker, &conf->address.addr);
	p->was_chosen = p->from != NULL && p->from->conf->congestion != NULL;
	if (p->from != NULL)
		return true;
	p->fd = acceptor_listen(&conf->address.addr, (int)conf->backlog,
	    conf->mode);
	if (p->fd >= 0)
		return true;
	text_add(errors, "%s:%u: listener %s: cannot listen on %s: %s%s\n",
	    conf->where.file, conf->where.line, conf->name,
	    conf->address.text, strerror(-p->fd),
	    acceptor_advice(addr_is_unix(&conf->address.addr) ?
	    conf->address.addr.un.sun_path : NULL, -p->fd));
	return false;
}

struct listener_plan *
listener_plan_new(struct worker *w, struct conf *conf, struct text *errors)
{
	struct listener_plan *plan = mem_new(sizeof(*plan));
	bool good = true;

	plan->worker = w;
	plan->conf = conf;
	plan->v = mem_array(conf->nlisteners + 1, sizeof(*plan->v));
	for (size_t i = 0; i < conf->nlisteners; i++)
		good = plan_one(plan, &conf->listeners[i], errors) && good;
	if (!good)
		listener_plan_abandon(&plan);
	return plan;
}

/* The file of a UNIX socket goes with it. */
static void
unlink_unix(const struct addr *a)
{
	if (addr_is_unix(a))
		unlink(a->un.sun_path);
}

static void
plan_free(struct listener_plan **plan)
{
	free((*plan)->v);
	free(*plan);
	*plan = NULL;
}

void
listener_plan_abandon(struct listener_plan **plan)
{
	for (size_t i = 0; i < (*plan)->n; i++) {
		const struct planned *p = &(*plan)->v[i];

		if (p->fd < 0)
			continue;
		close(p->fd);
		unlink_unix(&p->conf->address.addr);
	}
	plan_free(plan);
}

static struct listener *
listener_new(struct worker *w, const char *name)
{
	struct listener *l = mem_new(sizeof(*l));

	l->worker = w;
	l->name = mem_string(name);
	l->id = ++w->next_id;
	list_init(&l->fronts);
	list_init(&l->node);
	handshake_lines_init(l);
	return l;
}

static void
retune(struct listener *l, struct conf *conf, const struct conf_listener *cl)
{
	struct conf *old = l->snapshot;
	struct front *f;

	if (old != NULL && l->conf->tls.server != NULL &&
	    cl->tls.server != NULL)
		tls_server_inherit(cl->tls.server, l->conf->tls.server);
	l->snapshot = conf_get(conf);
	l->conf = cl;
	list_each(f, &l->fronts, struct front, node)
		front_retune(f);
	if (old != NULL)
		conf_put(&old);
}

/* The descriptors of all sockets that stand, out of their old listeners. */
static void
take_sockets(struct listener_plan *plan)
{
	for (size_t i = 0; i < plan->n; i++) {
		struct planned *p = &plan->v[i];

		if (p->from != NULL && (p->from->acceptor == NULL ||
		    strcmp(p->from->name, p->conf->name) != 0 ||
		    !addr_eq(&p->from->addr, &p->conf->address.addr)))
			p->fd = acceptor_free(&p->from->acceptor, true);
	}
}

static void
close_socket(struct listener *l)
{
	if (l->acceptor == NULL)
		return;
	acceptor_free(&l->acceptor, false);
	unlink_unix(&l->addr);
}

/* Clients that the kernel has let in are ours already. */
static void
end_accepting(struct listener *l)
{
	if (l->acceptor != NULL)
		acceptor_sweep(l->acceptor);
	close_socket(l);
}

static bool
is_planned(const struct listener_plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->n; i++)
		if (strcmp(plan->v[i].conf->name, name) == 0)
			return true;
	return false;
}

/* A new name where the address stands is no reason to lose connections. */
static struct listener *
rename_from(struct listener_plan *plan, struct planned *p, struct text *changes)
{
	struct listener *l = p->from;

	if (l == NULL || is_planned(plan, l->name))
		return NULL;
	text_add(changes, "; listener %s: renamed to %s", l->name,
	    p->conf->name);
	free(l->name);
	l->name = mem_string(p->conf->name);
	return l;
}

/* The listener of this name: it stands, or another becomes it, or is new. */
static struct listener *
find_or_make(struct listener_plan *plan, struct planned *p,
    struct text *changes)
{
	struct listener *l = listener_find(plan->worker, p->conf->name);

	if (l != NULL) {
		if (p->fd >= 0)
			text_add(changes, "; listener %s: moved to %s",
			    l->name, p->conf->address.text);
		return l;
	}
	l = rename_from(plan, p, changes);
	if (l != NULL)
		return l;
	l = listener_new(plan->worker, p->conf->name);
	text_add(changes, "; listener %s: added on %s", l->name,
	    p->conf->address.text);
	return l;
}

static struct listener *
commit_one(struct listener_plan *plan, struct planned *p, struct text *changes)
{
	struct worker *w = plan->worker;
	struct listener *l = find_or_make(plan, p, changes);

	list_del(&l->node);
	retune(l, plan->conf, p->conf);
	if (p->fd >= 0) {
		end_accepting(l);
		l->addr = p->conf->address.addr;
		l->acceptor = acceptor_new(w->loop, p->fd, &events, l);
		l->full = false;	/* the new one is not paused yet */
	}
	if (p->conf->congestion != NULL || p->was_chosen)
		congestion_set(acceptor_fd(l->acceptor), p->conf->congestion);
	return l;
}

void
listener_plan_commit(struct listener_plan **pp, struct text *changes)
{
	struct listener_plan *plan = *pp;
	struct worker *w = plan->worker;
	struct list now;
	struct listener *l;

	list_init(&now);
	take_sockets(plan);
	for (size_t i = 0; i < plan->n; i++) {
		l = commit_one(plan, &plan->v[i], changes);
		list_add_tail(&now, &l->node);
	}
	list_each(l, &w->listeners, struct listener, node) {
		text_add(changes, "; listener %s: removed", l->name);
		listener_retire(l);
	}
	list_splice(&w->listeners, &now);
	plan_free(pp);
	worker_balance_accepting(w);
}

void
listener_retire(struct listener *l)
{
	struct front *f;

	end_accepting(l);
	l->gone = true;
	list_del(&l->node);
	list_add_tail(&l->worker->retired, &l->node);
	list_each(f, &l->fronts, struct front, node)
		front_drain(f);
	listener_settle(l);
}

int64_t
listener_limit(const struct listener *l)
{
	return l->most_set ? l->most : l->conf->max_connections;
}

void
listener_set_limit(struct listener *l, uint32_t most)
{
	int64_t was = listener_limit(l);

	l->most_set = true;
	l->most = most;
	if (most == was)
		return;
	log_info(l->worker->log, "accept", "max_connections of listener %s is "
	    "set to %u, was %lld", l->name, most, (long long)was);
	worker_balance_accepting(l->worker);
}

void
listener_settle(struct listener *l)
{
	if (l->gone && l->nfronts == 0)
		listener_free(&l);
}

void
listener_free(struct listener **lp)
{
	struct listener *l = *lp;

	if (l == NULL)
		return;
	*lp = NULL;
	close_socket(l);
	handshake_lines_fini(l);
	list_del(&l->node);
	if (l->snapshot != NULL)
		conf_put(&l->snapshot);
	free(l->name);
	free(l);
}

const char *
listener_status(const struct listener *l)
{
	if (l->acceptor == NULL)
		return "STOP";
	return acceptor_is_paused(l->acceptor) ? "PAUSED" : "OPEN";
}
