/*
 * set_server.c - the operator steers a server: its state, health, weight and
 * limit.
 *
 * The wording of errors is HAProxy's, since scripts look for it.  Success is
 * an empty answer.
 */
#include <stdlib.h>
#include <string.h>

#include "admin/command.h"
#include "cluster/pool.h"
#include "cluster/server.h"

#define WEIGHT_MOST 256

/* A server's own name may have a '/' in it; a pool's has none. */
struct server *
request_server(struct request *r, const char *name)
{
	const char *slash = strchr(name, '/');
	struct server *s = NULL;
	struct pool *p;
	char pool[256];

	if (slash == NULL || slash == name || slash[1] == '\0') {
		text_add(r->out, "Require 'backend/server'.\n");
		return NULL;
	}
	if ((size_t)(slash - name) < sizeof(pool)) {
		memcpy(pool, name, (size_t)(slash - name));
		pool[slash - name] = '\0';
		p = request_pool(r, pool);
	} else {
		p = NULL;
	}
	if (p == NULL)
		text_add(r->out, "No such backend.\n");
	else if ((s = pool_find_server(p, slash + 1)) == NULL)
		text_add(r->out, "No such server.\n");
	return s;
}

static void
set_state(struct request *r, struct server *s, const char *state)
{
	if (strcmp(state, "ready") == 0)
		server_set_admin(s, SERVER_READY);
	else if (strcmp(state, "drain") == 0)
		server_set_admin(s, SERVER_DRAIN);
	else if (strcmp(state, "maint") == 0)
		server_set_admin(s, SERVER_MAINT);
	else
		text_add(r->out, "'set server <srv> state' expects 'ready', "
		    "'drain' and 'maint'.\n");
}

static void
set_health(struct request *r, struct server *s, const char *word)
{
	bool up = strcmp(word, "up") == 0;

	if (strcmp(word, "stopping") == 0)
		text_add(r->out, "Can't be stopping by its health; state "
		    "drain lets a server finish.\n");
	else if (!up && strcmp(word, "down") != 0)
		text_add(r->out, "'set server <srv> health' expects 'up', "
		    "'stopping', or 'down'.\n");
	else if (!server_set_health(s, up))
		text_add(r->out, "Can't set the health of a server without "
		    "a check.\n");
}

/* NULL, or what is wrong; a percentage is of the configured weight. */
static const char *
read_weight(const struct server *s, const char *word, unsigned *out)
{
	char *end;
	long n = strtol(word, &end, 10);
	bool relative = strcmp(end, "%") == 0;

	if (end == word)
		return "Empty weight string empty or preceded by garbage";
	if (*end != '\0' && !relative)
		return "Trailing garbage in weight string";
	if (relative && n < 0)
		return "Relative weight must be positive.";
	if (!relative && (n < 0 || n > WEIGHT_MOST))
		return "Absolute weight can only be between 0 and 256 "
		    "inclusive.";
	if (relative) {
		n = n > 100 * WEIGHT_MOST ? 100 * WEIGHT_MOST : n;
		n = (long)s->given * n / 100;
	}
	*out = n > WEIGHT_MOST ? WEIGHT_MOST : (unsigned)n;
	return NULL;
}

static void
change_weight(struct request *r, struct server *s, const char *word)
{
	unsigned weight;
	const char *wrong = read_weight(s, word, &weight);

	if (wrong != NULL)
		text_add(r->out, "%s\n", wrong);
	else
		server_set_weight(s, weight);
}

static struct server *
first_server(struct request *r)
{
	return request_server(r, r->argc > 0 ? r->argv[0] : "");
}

void
set_server(struct request *r)
{
	struct server *s = first_server(r);
	const char *value = r->argc > 2 ? r->argv[2] : "";

	if (s == NULL)
		return;
	if (r->argc > 1 && strcmp(r->argv[1], "state") == 0)
		set_state(r, s, value);
	else if (r->argc > 1 && strcmp(r->argv[1], "health") == 0)
		set_health(r, s, value);
	else if (r->argc == 2 && strcmp(r->argv[1], "weight") == 0)
		text_add(r->out, "Require <weight> or <weight%%>.\n");
	else if (r->argc > 1 && strcmp(r->argv[1], "weight") == 0)
		change_weight(r, s, value);
	else
		text_add(r->out, "usage: set server <backend>/<server> "
		    "state | health | weight\n");
}

void
set_weight(struct request *r)
{
	struct server *s = first_server(r);

	if (s != NULL && r->argc < 2)
		text_add(r->out, "Require <weight> or <weight%%>.\n");
	else if (s != NULL)
		change_weight(r, s, r->argv[1]);
}

void
set_maxconn_server(struct request *r)
{
	struct server *s = first_server(r);
	long n;

	if (s == NULL)
		return;
	if (r->argc < 2) {
		text_add(r->out, "Require <maxconn>.\n");
		return;
	}
	if (!request_number(r->argv[1], &n) || n < 0 || n > LIMIT_MOST)
		text_add(r->out, "Invalid maxconn: a number from 0, which is "
		    "no limit, to %d is expected.\n", LIMIT_MOST);
	else
		server_set_most(s, (uint32_t)n);
}

void
get_weight(struct request *r)
{
	struct server *s = first_server(r);

	if (s != NULL)
		text_add(r->out, "%u (initial %u)\n", s->weight, s->given);
}

void
enable_server(struct request *r)
{
	struct server *s = first_server(r);

	if (s != NULL)
		server_set_admin(s, SERVER_READY);
}

void
disable_server(struct request *r)
{
	struct server *s = first_server(r);

	if (s != NULL)
		server_set_admin(s, SERVER_MAINT);
}
