/*
 * set_maxconn.c - how many clients a listener, and all of them, may have.
 *
 * In HAProxy's words and with its meanings of 0.  Success is an empty answer.
 * Not here:  a server's limit (set_server.c).
 */
#include "admin/command.h"
#include "proxy/listener.h"

/* 0 to most; -1, and the answer says why. */
static int64_t
read_limit(struct request *r, int at, int64_t most)
{
	long n;

	if (r->argc <= at || !request_number(r->argv[at], &n))
		text_add(r->out, "Expects an integer value.\n");
	else if (n < 0 || n > most)
		text_add(r->out, "Value out of range.\n");
	else
		return n;
	return -1;
}

/* By name or by "#id". */
static struct listener *
find_listener(struct worker *w, const char *name)
{
	struct listener *l;
	long id;

	if (name[0] != '#')
		return listener_find(w, name);
	if (!request_number(name + 1, &id))
		return NULL;
	list_each(l, &w->listeners, struct listener, node)
		if ((long)l->id == id)
			return l;
	return NULL;
}

void
set_maxconn_frontend(struct request *r)
{
	struct listener *l = NULL;
	int64_t n;

	if (r->argc < 1)
		text_add(r->out, "A frontend name is expected.\n");
	else if ((l = find_listener(r->worker, r->argv[0])) == NULL)
		text_add(r->out, "No such frontend.\n");
	if (l != NULL && (n = read_limit(r, 1, LIMIT_MOST)) >= 0)
		listener_set_limit(l, (uint32_t)n);
}

void
set_maxconn_global(struct request *r)
{
	struct worker *w = r->worker;
	int64_t n = read_limit(r, 0, w->conf->global.max_connections);

	if (n >= 0)
		worker_set_limit(w, n);
}
