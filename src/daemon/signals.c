/*
 * signals.c - what each signal does: see steelyard(8), SIGNALS.
 */
#include <signal.h>
#include <string.h>

#include "daemon/daemon.h"
#include "daemon/notify.h"

static void
on_hup(void *owner, unsigned signo)
{
	struct daemon *d = owner;
	struct text answer;

	(void)signo;
	text_init(&answer);
	daemon_reload(d, &answer);
	text_fini(&answer);
}

/* The first one drains, a second one does not wait. */
static void
on_term(void *owner, unsigned signo)
{
	struct daemon *d = owner;
	struct worker *w = d->worker;

	if (w->draining) {
		log_warn(d->log, "stop", "SIG%s again: not waiting for %u "
		    "connections", sigabbrev_np((int)signo), w->nfronts);
		d->quit = true;
		return;
	}
	notify_stopping("draining");
	log_info(d->log, "drain", "SIG%s: listeners are closed, waiting for "
	    "%u connections with %u requests in flight, at most %lld s",
	    sigabbrev_np((int)signo), w->nfronts, w->nexchanges,
	    (long long)(w->conf->global.drain_timeout / USEC_PER_SEC));
	worker_drain(w);
}

static void
on_quit(void *owner, unsigned signo)
{
	struct daemon *d = owner;

	(void)signo;
	notify_stopping("stopping at once");
	log_warn(d->log, "stop", "SIGQUIT: %u connections are cut",
	    d->worker->nfronts);
	d->quit = true;
}

static void
on_usr1(void *owner, unsigned signo)
{
	struct daemon *d = owner;

	(void)signo;
	if (daemon_reopen_log(d))
		log_info(d->log, "log", "SIGUSR1: the log was opened anew");
}

static void
hold(int how)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	sigprocmask(how, &set, NULL);
}

void
signals_hold(void)
{
	hold(SIG_BLOCK);
}

void
signals_start(struct daemon *d)
{
	static const struct {
		int signo;
		void (*fn)(void *, unsigned);
	} table[] = {
		{ SIGHUP, on_hup }, { SIGTERM, on_term }, { SIGINT, on_term },
		{ SIGQUIT, on_quit }, { SIGUSR1, on_usr1 },
	};

	signal(SIGPIPE, SIG_IGN);
	signal(SIGUSR2, SIG_IGN);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		d->signals[i] = watch_new_signal(d->loop, table[i].signo,
		    table[i].fn, d);
	hold(SIG_UNBLOCK);
}

void
signals_stop(struct daemon *d)
{
	signals_hold();
	for (size_t i = 0; i < sizeof(d->signals) / sizeof(d->signals[0]); i++)
		if (d->signals[i] != NULL)
			watch_free(&d->signals[i]);
}
