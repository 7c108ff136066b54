/*
 * watch.c - descriptors and signals of somebody else's, level-triggered.
 *
 * On a virtual loop there is nobody to watch for us: the watch is inert.
 */
#include <event2/event.h>

#include <stdlib.h>

#include "base/mem.h"
#include "net/loop.h"

struct watch {
	struct event *event;
	struct loop *loop;
	int fd;
	unsigned what;
	void (*fn)(void *owner, unsigned what);
	void *owner;
};

static void
on_event(evutil_socket_t fd, short what, void *arg)
{
	struct watch *w = arg;
	unsigned out = 0;

	loop_wake(w->loop);
	if (what & EV_SIGNAL)
		out = (unsigned)fd;
	if (what & EV_READ)
		out |= WATCH_READ;
	if (what & EV_WRITE)
		out |= WATCH_WRITE;
	w->fn(w->owner, out);
}

static short
flags_of(unsigned what)
{
	return (short)(EV_PERSIST | (what & WATCH_READ ? EV_READ : 0) |
	    (what & WATCH_WRITE ? EV_WRITE : 0));
}

static struct watch *
make(struct loop *l, int fd, unsigned what, short flags,
    void (*fn)(void *owner, unsigned what), void *owner)
{
	struct watch *w = mem_new(sizeof(*w));

	w->loop = l;
	w->fd = fd;
	w->what = what;
	w->fn = fn;
	w->owner = owner;
	if (l->base != NULL)
		w->event = event_new(l->base, fd, flags, on_event, w);
	if (w->event != NULL)
		event_add(w->event, NULL);
	return w;
}

struct watch *
watch_new(struct loop *l, int fd, unsigned what,
    void (*fn)(void *owner, unsigned what), void *owner)
{
	return make(l, fd, what, flags_of(what), fn, owner);
}

struct watch *
watch_new_signal(struct loop *l, int signo,
    void (*fn)(void *owner, unsigned signo), void *owner)
{
	return make(l, signo, 0, EV_SIGNAL | EV_PERSIST, fn, owner);
}

void
watch_want(struct watch *w, unsigned what)
{
	if (what == w->what)
		return;
	w->what = what;
	if (w->event == NULL)
		return;
	event_del(w->event);
	if (what == 0)
		return;
	event_assign(w->event, w->loop->base, w->fd, flags_of(what), on_event,
	    w);
	event_add(w->event, NULL);
}

void
watch_free(struct watch **w)
{
	if (*w == NULL)
		return;
	if ((*w)->event != NULL)
		event_free((*w)->event);
	free(*w);
	*w = NULL;
}
