/*
 * model.c - the life of a snapshot, and finding things in it by name.
 *
 * Why: whoever points into a snapshot holds a reference, so that a reload
 *      never pulls it away from an exchange in flight.
 */
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "conf/model.h"

struct conf *
conf_get(struct conf *c)
{
	must(c->refs > 0);
	c->refs++;
	return c;
}

void
conf_put(struct conf **c)
{
	struct conf *old = *c;

	*c = NULL;
	if (old == NULL)
		return;
	must(old->refs > 0);
	if (--old->refs > 0)
		return;
	for (size_t i = 0; i < old->nlisteners; i++)
		tls_server_put(&old->listeners[i].tls.server);
	for (size_t i = 0; i < old->npools; i++)
		tls_client_put(&old->pools[i].tls.client);
	arena_reset(&old->arena);
	free(old);
}

struct conf_pool *
conf_find_pool(const struct conf *c, const char *name)
{
	for (size_t i = 0; i < c->npools; i++)
		if (c->pools[i].name != NULL &&
		    strcmp(c->pools[i].name, name) == 0)
			return &c->pools[i];
	return NULL;
}

struct conf_listener *
conf_find_listener(const struct conf *c, const char *name)
{
	for (size_t i = 0; i < c->nlisteners; i++)
		if (c->listeners[i].name != NULL &&
		    strcmp(c->listeners[i].name, name) == 0)
			return &c->listeners[i];
	return NULL;
}
