/*
 * check.c - what concerns the process as a whole, and its listeners.
 */
#include <string.h>

#include "base/map.h"
#include "conf/check.h"
#include "conf/needs.h"
#include "conf/read_text.h"
#include "net/congestion.h"

static void
check_stats_socket(struct reader *r)
{
	struct conf_global *g = &r->conf->global;
	struct subject s = { r, "global.stats_socket", &g->stats_socket,
	    source_where(&r->source, 1) };
	const char *path = g->stats_socket.path;

	if (path != NULL && path[0] != '/')
		subject_complain(&s, "path", "\"%s\" is not absolute; begin it "
		    "with '/'", read_shown(path, &r->conf->arena));
}

static void
check_log(struct reader *r)
{
	struct conf_log *log = &r->conf->global.log;
	struct subject s = { r, "global.log", log,
	    source_where(&r->source, 1) };
	struct slice target = slice_of(log->target);

	if (slice_eq(target, SLICE("stderr")) ||
	    slice_eq(target, SLICE("stdout")) ||
	    slice_eq(target, SLICE("syslog")) ||
	    slice_starts(target, SLICE("syslog:/")) ||
	    slice_starts(target, SLICE("/")))
		return;
	subject_complain(&s, "target", "\"%s\" is no target; write \"stderr\", "
	    "\"stdout\", \"syslog\", \"syslog:/path\" or the absolute path of "
	    "a file", read_shown(log->target, &r->conf->arena));
}

static void
check_resolve(struct reader *r)
{
	const struct conf_resolve *c = &r->conf->global.resolve;
	struct subject s = { r, "global.resolve", c, r->conf->global.where };

	if (c->min > c->max)
		subject_complain(&s, "min", "is more than max; write a "
		    "shorter one, or a longer max");
}

void
check_global(struct reader *r)
{
	struct conf_global *g = &r->conf->global;
	struct subject root = { r, "", r->conf, source_where(&r->source, 1) };
	struct subject s = { r, "global", g, subject_where(&root, "global") };

	if (subject_has(&root, "global"))
		g->where = s.where;
	g->max_connections_said = subject_has(&s, "max_connections");
	check_word(&s, "name", g->name);
	check_stats_socket(r);
	check_log(r);
	check_resolve(r);
	check_error_pages(r);
	check_global_tls(r);
	needs_check(&s);
}

static void
check_clash(struct reader *r, const struct subject *s, size_t index)
{
	struct conf_listener *l = &r->conf->listeners[index];

	for (size_t i = 0; i < index; i++) {
		struct conf_listener *o = &r->conf->listeners[i];
		struct subject other = { r, "listener", o, o->where };
		struct conf_where at = subject_where(&other, "address");

		if (o->address.text == NULL)
			continue;
		if (addr_eq(&l->address.addr, &o->address.addr))
			subject_complain(s, "address", "\"%s\" stands already "
			    "at %s:%u; give this listener another address",
			    l->address.text, at.file, at.line);
		else if (addr_clashes(&l->address.addr, &o->address.addr))
			subject_complain(s, "address", "\"%s\" clashes with "
			    "\"%s\" at %s:%u, since one takes every address "
			    "of that port; delete one or change the port",
			    l->address.text, o->address.text, at.file, at.line);
		else
			continue;
		return;
	}
}

/* The stats socket would take the path away from the listener. */
static void
check_stats_clash(struct reader *r, const struct subject *s,
    const struct conf_listener *l)
{
	const char *path = r->conf->global.stats_socket.path;

	if (path != NULL && slice_starts(slice_of(l->address.text),
	    SLICE("unix:")) && strcmp(l->address.text + 5, path) == 0)
		subject_complain(s, "address", "\"%s\" is the stats socket "
		    "already; choose another path", l->address.text);
}

static void
check_limits(struct reader *r, struct conf_listener *l)
{
	struct subject s = { r, "listener.limits", &l->limits, l->where };

	if (l->limits.request_line <= l->limits.head)
		return;
	if (subject_has(&s, "request_line"))
		subject_complain(&s, "request_line", "%u bytes are more than "
		    "the %u of listener.limits.head, of which they are a part; "
		    "raise head or lower this", l->limits.request_line,
		    l->limits.head);
	l->limits.request_line = l->limits.head;
}

/* Nobody is believed by chance. */
static void
check_proxy_protocol(const struct subject *s, const struct conf_listener *l)
{
	if (l->proxy_protocol && l->proxy_protocol_from.n == 0)
		subject_complain(s, "proxy_protocol", "a PROXY header can "
		    "claim any client, so say who may send one: write "
		    "proxy_protocol_from = ( \"10.0.0.0/8\" );");
	else if (l->proxy_protocol_from.n > 0 &&
	    !subject_has(s, "proxy_protocol"))
		subject_complain(s, "proxy_protocol_from", "does nothing "
		    "alone; write proxy_protocol = true;");
}

void
check_congestion(const struct subject *s, const char *name,
    const struct addr *only)
{
	char names[CONGESTION_NAMES];

	if (name == NULL)
		return;
	if (only != NULL && addr_is_unix(only)) {
		subject_complain(s, "congestion", "is for TCP, and the address "
		    "is a UNIX socket; delete it");
	} else if (!congestion_is_allowed(name)) {
		congestion_allowed(names);
		subject_complain(s, "congestion", "\"%s\" is none that the "
		    "kernel allows; write one of %s, or add to the setting "
		    "net.ipv4.tcp_allowed_congestion_control",
		    read_shown(name, &s->r->conf->arena),
		    names[0] != '\0' ? names : "those it shows");
	}
}

static void
check_listener(struct reader *r, size_t index, struct map *names)
{
	struct conf_listener *l = &r->conf->listeners[index], *first;
	struct subject s = { r, "listener", l, l->where };

	if (check_name(&s, l->name, "") &&
	    !map_add(names, slice_of(l->name), l)) {
		struct conf_where at;

		first = map_get(names, slice_of(l->name));
		at = first->where;
		subject_complain(&s, "name", "\"%s\" is the name of the "
		    "listener at %s:%u already; choose another", l->name,
		    at.file, at.line);
	}
	if (l->address.text != NULL) {
		check_congestion(&s, l->congestion, &l->address.addr);
		check_clash(r, &s, index);
		check_stats_clash(r, &s, l);
	}
	check_proxy_protocol(&s, l);
	check_limits(r, l);
	check_listener_tls(&s, l);
	needs_check(&s);
}

void
check_listeners(struct reader *r)
{
	struct conf *c = r->conf;
	struct subject root = { r, "", c, source_where(&r->source, 1) };
	struct map names;

	map_init(&names);
	for (size_t i = 0; i < c->nlisteners; i++)
		check_listener(r, i, &names);
	map_fini(&names);
	if (c->nlisteners == 0 && (c->listeners != NULL ||
	    !subject_has(&root, "listeners")))
		subject_complain(&root, "listeners", "there is none; write "
		    "listeners = ( { name = \"web\"; "
		    "address = \"0.0.0.0:80\"; } );");
}
