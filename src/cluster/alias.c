/*
 * alias.c - the names of one server in TLS, and the last session of each.
 *
 * Why:       a session and an idle connection are good for the name that its
 *            certificate was held against, and for no other.
 * Invariant: at most ALIASES_MOST are on the list; one that is forgotten lives
 *            until its last connection has gone.
 */
#include "cluster/alias.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/must.h"

void
aliases_init(struct aliases *a)
{
	list_init(&a->list);
	a->n = 0;
}

static void
forget(struct aliases *a, struct alias *alias)
{
	list_del(&alias->node);
	a->n--;
	alias_put(&alias);
}

void
aliases_fini(struct aliases *a)
{
	struct alias *alias;

	list_each(alias, &a->list, struct alias, node)
		forget(a, alias);
}

/* FNV-1a: names are short, and few. */
static uint64_t
hash_of(const char *name)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (; *name != '\0'; name++)
		h = (h ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
	return h;
}

static struct alias *
find(const struct aliases *a, const char *name, uint64_t hash)
{
	struct alias *alias;

	list_each(alias, &a->list, struct alias, node)
		if (alias->hash == hash && strcmp(alias->name, name) == 0)
			return alias;
	return NULL;
}

static struct alias *
add(struct aliases *a, const char *name, uint64_t hash)
{
	size_t n = strlen(name);
	struct alias *alias = mem_new(sizeof(*alias) + n + 1);

	if (a->n == ALIASES_MOST)
		forget(a, list_entry(a->list.prev, struct alias, node));
	memcpy(alias->name, name, n);
	alias->hash = hash;
	alias->refs = 1;
	a->n++;
	return alias;
}

struct alias *
alias_get(struct aliases *a, const char *name)
{
	uint64_t hash = hash_of(name);
	struct alias *alias = find(a, name, hash);

	if (alias == NULL)
		alias = add(a, name, hash);
	list_del(&alias->node);
	list_add_head(&a->list, &alias->node);
	alias->refs++;
	return alias;
}

struct alias *
alias_hold(struct alias *alias)
{
	if (alias != NULL)
		alias->refs++;
	return alias;
}

void
alias_put(struct alias **aliasp)
{
	struct alias *alias = *aliasp;

	*aliasp = NULL;
	if (alias == NULL)
		return;
	must(alias->refs > 0);
	if (--alias->refs > 0)
		return;
	tls_session_slot_fini(&alias->slot);
	free(alias);
}
