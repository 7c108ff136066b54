/*
 * balance.c - the table of balancing policies.
 *
 * A new policy is a file, its row here, and its name in balance_names.
 */
#include "cluster/balance.h"

#include <string.h>

#include "cluster/hash.h"
#include "cluster/least_conn.h"
#include "cluster/random.h"
#include "cluster/round_robin.h"
#include "cluster/server.h"

static const struct balance_ops *const rows[] = {
	&least_conn_ops,
	&round_robin_ops,
	&random_ops,
	&hash_ops,
};

const char *const balance_names[] =
    { "least_conn", "round_robin", "random", "hash", NULL };

const struct balance_ops *
balance_find(const char *name)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i]->name, name) == 0)
			return rows[i];
	return NULL;
}

bool
pick_was_tried(const struct pick *p, const struct server *s)
{
	for (unsigned i = 0; i < p->ntried; i++)
		if (p->tried[i] == s)
			return true;
	return false;
}

bool
pick_is_out(const struct pick *p, const struct server *s)
{
	return server_is_full(s) || pick_was_tried(p, s);
}

struct score
score_load(const struct server *s)
{
	/* The weight is in thousandths. */
	return (struct score){ ((int64_t)s->active + 1) * 1000,
	    (int64_t)server_weight_now(s) };
}
