/*
 * daemon.c - the process: brings everything up, runs the loop, takes it down.
 *
 * Order at the start: pidfile, log, sockets, then the user is dropped, and only
 * then is it said that we are ready.
 */
#include "daemon/daemon.h"

#include <sys/file.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/version.h"
#include "daemon/notify.h"
#include "daemon/privileges.h"
#include "net/conn.h"
#include "net/resolver.h"

/* Held and locked as long as we live: a second process is told so. */
static bool
open_pidfile(struct daemon *d, struct text *error)
{
	const char *path = d->options->pidfile;
	char pid[24];
	int n;

	if (path == NULL)
		return true;
	d->pidfile = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (d->pidfile < 0) {
		text_add(error, "pidfile %s: %s\n", path, strerror(errno));
		return false;
	}
	if (flock(d->pidfile, LOCK_EX | LOCK_NB) != 0) {
		text_add(error, "pidfile %s: %s\n", path, errno == EWOULDBLOCK ?
		    "another steelyard that runs holds it" : strerror(errno));
		close(d->pidfile);
		d->pidfile = -1;	/* not ours to remove */
		return false;
	}
	n = snprintf(pid, sizeof(pid), "%d\n", (int)getpid());
	if (ftruncate(d->pidfile, 0) != 0 ||
	    write(d->pidfile, pid, (size_t)n) != n) {
		text_add(error, "pidfile %s: %s\n", path, strerror(errno));
		return false;
	}
	return true;
}

static void
close_pidfile(struct daemon *d)
{
	if (d->pidfile < 0)
		return;
	unlink(d->options->pidfile);
	close(d->pidfile);
	d->pidfile = -1;
}

static void
on_watchdog(struct timer *t)
{
	struct daemon *d = list_entry(t, struct daemon, watchdog);

	notify_alive();
	loop_after(d->loop, &d->watchdog, d->watchdog_every);
}

static void
start_watchdog(struct daemon *d)
{
	d->watchdog_every = notify_interval();
	timer_init(&d->watchdog, on_watchdog);
	if (d->watchdog_every > 0)
		loop_after(d->loop, &d->watchdog, d->watchdog_every);
}

static bool
make_worker(struct daemon *d)
{
	static struct dialer *const sockets =
	    (struct dialer *)(uintptr_t)&dialer_sockets;
	struct admin_daemon above = { daemon_reload, d };

	d->loop = loop_new();
	if (d->loop == NULL)
		return false;
	d->log = log_new(&d->loop->clock);
	d->tls = tls_new();
	d->worker = worker_new(d->loop, d->log, sockets);
	d->worker->tls = d->tls;
	d->worker->cluster.names.resolver = &resolver_dns;
	d->admin = admin_new(d->worker, &above);
	return true;
}

static bool
drop_privileges(const struct conf *conf, struct text *errors)
{
	struct text why;
	bool good;

	text_init(&why);
	good = privileges_drop(conf, &why);
	if (!good) {
		daemon_add_place(errors, conf);
		text_add(errors, "%s\n", why.p);
	}
	text_fini(&why);
	return good;
}

static bool
bring_up(struct daemon *d, struct conf *conf, struct text *errors)
{
	signals_start(d);	/* they are heard in the loop, not before */
	return open_pidfile(d, errors) && daemon_start(d, conf, errors) &&
	    drop_privileges(conf, errors);
}

static void
take_down(struct daemon *d, bool ran)
{
	if (d->loop == NULL)
		return;
	signals_stop(d);
	timer_stop(&d->loop->wheel, &d->watchdog);
	admin_free(&d->admin);
	worker_free(&d->worker);
	tls_free(&d->tls);
	if (ran)
		log_info(d->log, "stop", "steelyard has stopped");
	log_free(&d->log);
	close_pidfile(d);
	loop_free(&d->loop);
}

static void
announce(struct daemon *d, const struct conf *conf, const struct text *warnings,
    void (*started)(void *owner), void *owner)
{
	start_watchdog(d);
	log_info(d->log, "start", "steelyard %s has started with %s: "
	    "%zu listeners, %zu routes, %zu pools", STEELYARD_VERSION,
	    d->options->file, conf->nlisteners, conf->nroutes, conf->npools);
	daemon_log_warnings(d, warnings);
	started(owner);
	notify_ready("running");
}

int
daemon_run(const struct options *o, void (*started)(void *owner), void *owner)
{
	struct daemon d = { .options = o, .pidfile = -1 };
	struct text errors, warnings;
	struct conf *conf = NULL;
	int status = EX_OSERR;

	signals_hold();
	text_init(&errors);
	text_init(&warnings);
	timer_init(&d.watchdog, on_watchdog);
	if (make_worker(&d)) {
		conf = daemon_load(o->file, d.tls, d.worker, &errors,
		    &warnings);
		status = conf == NULL ? EX_CONFIG :
		    bring_up(&d, conf, &errors) ? 0 : EX_OSERR;
	}
	if (status == EX_CONFIG)
		fputs(errors.p, stderr);
	else if (status != 0)
		fprintf(stderr, "steelyard: cannot start:\n%s",
		    errors.p != NULL ? errors.p : "");
	else
		announce(&d, conf, &warnings, started, owner);
	text_fini(&warnings);
	text_fini(&errors);
	conf_put(&conf);
	while (status == 0 && !d.quit && !d.worker->stopped)
		loop_tick(d.loop, 0);
	take_down(&d, status == 0);
	return status;
}
