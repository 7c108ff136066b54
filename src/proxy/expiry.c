/*
 * expiry.c - an eye on certificates and OCSP responses that grow old.
 */
#include "proxy/expiry.h"

#include <string.h>

#include "proxy/worker.h"

#define HOUR SEC(3600)

/* The same certificate, of the same path, may stand in several listeners. */
struct look {
	struct worker *worker;
	const struct conf_listener *listener;
};

static void
find_first(void *owner, const struct tls_cert_info *c)
{
	const struct look *look = owner;
	struct expiry *e = &look->worker->expiry;

	if (!e->any || c->not_after < e->first)
		e->first = c->not_after;
	e->any = true;
}

static void
tell_one(void *owner, const struct tls_cert_info *c)
{
	struct look *look = owner;
	const char *name = look->listener->name;
	int64_t days = tls_days_left(c->not_after,
	    look->worker->loop->clock.wall);
	const struct log_field fields[] = {
		{ "listener", slice_of(name), 0 },
		{ "path", slice_of(c->path), 0 },
		{ "days", SLICE_NONE, days },
	};

	if (days > EXPIRY_DAYS)
		return;
	if (days < 0)
		log_event(look->worker->log, LOG_LEVEL_WARN, "certificate",
		    fields, 3, "listener %s: %s (%s) has expired", name,
		    c->path, c->subject);
	else
		log_event(look->worker->log, LOG_LEVEL_WARN, "certificate",
		    fields, 3, "listener %s: %s (%s) expires in %lld days",
		    name, c->path, c->subject, (long long)days);
}

static void
each_cert(struct look *look, void (*fn)(void *, const struct tls_cert_info *))
{
	const struct conf *c = look->worker->conf;

	for (size_t i = 0; c != NULL && i < c->nlisteners; i++) {
		look->listener = &c->listeners[i];
		if (look->listener->tls.server != NULL)
			tls_server_each_cert(look->listener->tls.server, fn,
			    look);
	}
}

static void
tell_all(struct worker *w)
{
	struct look look = { .worker = w };

	each_cert(&look, tell_one);
}

static void
refresh_ocsp(struct worker *w)
{
	struct slice rest, line;
	struct text warnings;
	const char *nl;

	text_init(&warnings);
	for (size_t i = 0; i < w->conf->nlisteners; i++)
		if (w->conf->listeners[i].tls.server != NULL)
			tls_server_refresh_ocsp(
			    w->conf->listeners[i].tls.server,
			    w->loop->clock.wall, &warnings);
	rest = text_slice(&warnings);
	while (rest.n > 0 && (nl = memchr(rest.p, '\n', rest.n)) != NULL) {
		line = slice_make(rest.p, (size_t)(nl - rest.p));
		log_warn(w->log, "certificate", "%.*s", SLICE_ARG(line));
		rest = slice_skip(rest, line.n + 1);
	}
	text_fini(&warnings);
}

static void
on_hour(struct timer *t)
{
	struct expiry *e = list_entry(t, struct expiry, timer);

	loop_after(e->worker->loop, &e->timer, HOUR);
	refresh_ocsp(e->worker);
	if (++e->hours % 24 == 0)
		tell_all(e->worker);
}

void
expiry_init(struct expiry *e, struct worker *w)
{
	e->worker = w;
	e->hours = 0;
	e->any = false;
	timer_init(&e->timer, on_hour);
}

void
expiry_fini(struct expiry *e)
{
	timer_stop(&e->worker->loop->wheel, &e->timer);
}

void
expiry_look(struct expiry *e)
{
	struct look look = { .worker = e->worker };

	e->any = false;
	each_cert(&look, find_first);
}

void
expiry_start(struct expiry *e)
{
	expiry_fini(e);
	e->hours = 0;
	expiry_look(e);
	if (!e->any)
		return;
	loop_after(e->worker->loop, &e->timer, HOUR);
	tell_all(e->worker);
}

bool
expiry_days(const struct expiry *e, int64_t *days)
{
	*days = tls_days_left(e->first, e->worker->loop->clock.wall);
	return e->any;
}
