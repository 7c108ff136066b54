/*
 * reload.c - a new configuration, all or nothing, inside the process.
 *
 *	read and check > open what is new (log, stats socket, listeners)
 *	> put in force > close what nobody needs any more
 *
 * Up to "put in force" any error leaves everything as it was.
 */
#include <stdio.h>
#include <string.h>

#include "cluster/balance.h"
#include "codec/codec.h"
#include "conf/load.h"
#include "daemon/daemon.h"
#include "daemon/notify.h"
#include "daemon/privileges.h"
#include "net/acceptor.h"
#include "proxy/reply.h"

struct conf *
daemon_load(const char *path, struct tls *tls, struct worker *w,
    struct text *errors, struct text *warnings)
{
	const char *alpn[CONF_ALPNS][CODEC_ROWS];
	struct clock clock;
	struct conf *conf;
	struct conf_tls_kit kit = { .tls = tls,
	    .alpn = { alpn[ALPN_ONE], alpn[ALPN_BOTH], alpn[ALPN_TWO] },
	    .plain_reply = reply_plain_http, .warnings = warnings };

	clock_read(&clock);
	kit.wall = clock.wall;
	kit.nalpn[ALPN_ONE] = codec_names(alpn[ALPN_ONE], HTTP_1_1, HTTP_1_1);
	kit.nalpn[ALPN_BOTH] = codec_names(alpn[ALPN_BOTH], HTTP_1_1, HTTP_2);
	kit.nalpn[ALPN_TWO] = codec_names(alpn[ALPN_TWO], HTTP_2, HTTP_2);
	kit.tickets = w != NULL ? w->tickets : NULL;
	conf = conf_load_tls(path, balance_names, &kit, errors);
	if (conf != NULL && w != NULL)
		privileges_fit(conf, warnings);
	return conf;
}

void
daemon_add_place(struct text *errors, const struct conf *conf)
{
	const struct conf_where *w = &conf->global.where;

	text_add(errors, "%s:%u: ", w->file != NULL ? w->file : conf->path,
	    w->line);
}

/* One that stands is opened anew later: after that a reload cannot fail. */
static bool
prepare_log(struct daemon *d, const struct conf *conf, struct text *errors)
{
	const struct conf *now = d->worker->conf;
	int error;

	if (now != NULL && strcmp(now->global.log.target,
	    conf->global.log.target) == 0)
		return true;
	error = log_prepare(d->log, conf->global.log.target);
	if (error == 0)
		return true;
	daemon_add_place(errors, conf);
	text_add(errors, "global.log.target: cannot open \"%s\": %s\n",
	    conf->global.log.target, strerror(-error));
	return false;
}

static bool
prepare_socket(struct daemon *d, const struct conf *conf, struct text *errors)
{
	const struct conf_stats_socket *s = &conf->global.stats_socket;
	int error = admin_prepare(d->admin, s);

	if (error == 0)
		return true;
	daemon_add_place(errors, conf);
	text_add(errors, "global.stats_socket.path: cannot listen on \"%s\": "
	    "%s%s\n", s->path, strerror(-error),
	    acceptor_advice(s->path, -error));
	return false;
}

static bool
prepare_limits(const struct conf *conf, struct text *errors)
{
	struct text why;
	bool good;

	text_init(&why);
	good = privileges_limits(conf, &why);
	if (!good)
		text_add(errors, "%s: %s\n", conf->path, why.p);
	text_fini(&why);
	return good;
}

/* Everything a snapshot needs, opened; then in force.  Also at the start. */
static bool
put_in_force(struct daemon *d, struct conf *conf, struct text *errors,
    struct text *changes)
{
	const struct conf_global *g = &conf->global;
	bool good = prepare_limits(conf, errors);

	good = prepare_log(d, conf, errors) && good;
	good = prepare_socket(d, conf, errors) && good;
	good = worker_prepare(d->worker, conf, errors) && good;
	if (!good) {
		log_abandon(d->log);
		admin_abandon(d->admin);
		worker_abandon(d->worker);
		return false;
	}
	worker_commit(d->worker, conf, changes);
	log_commit(d->log);
	log_set(d->log, g->log.format, g->log.level);
	admin_commit(d->admin, &d->worker->conf->global.stats_socket);
	return true;
}

bool
daemon_start(struct daemon *d, struct conf *conf, struct text *errors)
{
	struct text changes;
	bool good;

	text_init(&changes);
	good = put_in_force(d, conf, errors, &changes);
	text_fini(&changes);
	return good;
}

/* One event a line. */
static void
log_lines(struct daemon *d, enum log_level level, const char *event,
    const struct text *lines)
{
	struct slice rest = text_slice(lines);

	while (rest.n > 0) {
		const char *nl = memchr(rest.p, '\n', rest.n);
		size_t n = nl != NULL ? (size_t)(nl - rest.p) : rest.n;

		log_event(d->log, level, event, NULL, 0, "%.*s", (int)n,
		    rest.p);
		rest = slice_skip(rest, nl != NULL ? n + 1 : n);
	}
}

void
daemon_log_warnings(struct daemon *d, const struct text *warnings)
{
	log_lines(d, LOG_LEVEL_WARN, "certificate", warnings);
}

static void
log_errors(struct daemon *d, const struct text *errors)
{
	log_lines(d, LOG_LEVEL_ERROR, "reload", errors);
	log_error(d->log, "reload", "the configuration in %s is not put in "
	    "force; the old one stays", d->options->file);
}

bool
daemon_reopen_log(struct daemon *d)
{
	int error = log_reopen(d->log);

	if (error != 0)
		log_error(d->log, "log", "cannot open the log anew: %s; "
		    "going on with the old file", strerror(-error));
	return error == 0;
}

static void
failed(struct daemon *d, const struct text *errors, struct text *answer)
{
	d->worker->reload_errors++;
	log_errors(d, errors);
	text_add(answer, "reload failed: the old configuration stays\n");
	text_add_slice(answer, text_slice(errors));
}

static void
succeeded(struct daemon *d, const struct text *changes, struct text *answer)
{
	struct slice what = text_slice(changes);

	while (what.n > 0 && (*what.p == ';' || *what.p == ' '))
		what = slice_skip(what, 1);
	if (what.n == 0)
		what = SLICE("nothing that stands has changed");
	d->worker->reloads++;
	daemon_reopen_log(d);
	log_info(d->log, "reload", "the configuration in %s is in force: "
	    "%.*s", d->options->file, SLICE_ARG(what));
	text_add(answer, "reloaded: %.*s\n", SLICE_ARG(what));
}

bool
daemon_reload(void *owner, struct text *answer)
{
	struct daemon *d = owner;
	struct text errors, warnings, changes;
	struct conf *conf;
	bool good = false;

	if (d->worker->draining) {
		log_warn(d->log, "reload", "the process is stopping; the "
		    "configuration in %s is not read", d->options->file);
		text_add(answer, "reload failed: the process is stopping\n");
		return false;
	}
	notify_reloading();
	text_init(&errors);
	text_init(&warnings);
	text_init(&changes);
	conf = daemon_load(d->options->file, d->tls, d->worker, &errors,
	    &warnings);
	if (conf != NULL)
		good = put_in_force(d, conf, &errors, &changes);
	daemon_log_warnings(d, &warnings);
	if (good) {
		succeeded(d, &changes, answer);
		text_add_slice(answer, text_slice(&warnings));
	} else
		failed(d, &errors, answer);
	if (conf != NULL)
		conf_put(&conf);
	text_fini(&changes);
	text_fini(&warnings);
	text_fini(&errors);
	notify_ready(good ? "running" : "running; the last reload failed");
	return good;
}
