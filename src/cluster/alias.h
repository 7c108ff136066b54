#pragma once

#include <stdint.h>

#include "base/list.h"
#include "net/tls_client.h"

/*
 * The names by which TLS connections to one server ask for it, each with the
 * last session agreed under it.  Whoever sends the Host as the name may have
 * many: those used last are kept, ALIASES_MOST of them.
 *
 * Counted: a connection holds its alias, as it writes into its slot.  Two
 * connections may stand for each other only if they have the same alias.
 */
#define ALIASES_MOST 64u

struct alias {
	struct list node;	/* in aliases; on none once it is forgotten */
	unsigned refs;		/* of its connections, and of the list */
	uint64_t hash;
	struct tls_session_slot slot;
	char name[];
};

struct aliases {
	struct list list;	/* head: used last */
	unsigned n;
};

void aliases_init(struct aliases *a);
void aliases_fini(struct aliases *a);

/* That of this name, with a reference for the caller.  Never NULL. */
struct alias *alias_get(struct aliases *a, const char *name);
struct alias *alias_hold(struct alias *alias);	/* another one; NULL may be */
void alias_put(struct alias **alias);
