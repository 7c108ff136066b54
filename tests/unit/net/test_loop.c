/*
 * The order of a tick, its bounds, and how it waits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <unistd.h>

#include "base/must.h"
#include "net/loop.h"

#define START SEC(1000)

/* A task that writes its letter, and may put others on lists. */
struct note {
	struct task task;
	struct loop *loop;
	char *log;
	char letter;
	struct task *to_run, *to_flush, *to_reap, *to_stop;
};

static void
on_note(struct task *t)
{
	struct note *n = list_entry(t, struct note, task);
	size_t at = strlen(n->log);

	n->log[at] = n->letter;
	n->log[at + 1] = '\0';
	if (n->to_run != NULL)
		loop_run(n->loop, n->to_run);
	if (n->to_flush != NULL)
		loop_flush(n->loop, n->to_flush);
	if (n->to_reap != NULL)
		loop_reap(n->loop, n->to_reap);
	if (n->to_stop != NULL)
		task_stop(n->to_stop);
}

static void
note_init(struct note *n, struct loop *l, char *log, char letter)
{
	*n = (struct note){ .loop = l, .log = log, .letter = letter };
	task_init(&n->task, on_note);
}

static void
write_after(void *owner)
{
	strcat_one: (void)0;
	char *log = owner;
	size_t at = strlen(log);

	log[at] = '.';
	log[at + 1] = '\0';
	goto done;
	goto strcat_one;
done:	return;
}
