/*
 * seat.c - from the rows of a pool to the servers it should have.
 *
 *	numeric row     one seat
 *	name            one seat, at the first address
 *	resolve_all,
 *	a service       a seat for each record, "row/address:port"
 */
#include "cluster/seat.h"

#include <netinet/in.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "cluster/cluster.h"
#include "cluster/pool.h"

#define WEIGHT_MOST 256

static struct seat *
add(struct seats *s, const struct conf_server *conf, const char *name)
{
	struct seat *seat;

	s->v = mem_grow(s->v, s->n + 1, sizeof(*s->v));
	seat = &s->v[s->n++];
	*seat = (struct seat){ .conf = conf, .name = mem_string(name),
	    .weight = (unsigned)conf->weight, .backup = conf->backup };
	return seat;
}

/* False: by a seat before it, or by a row that says the address itself. */
static bool
take(struct seats *s, const struct addr *a)
{
	char text[ADDR_TEXT];
	struct slice key;

	addr_print(a, text);
	key = slice_of(text);
	return map_get(&s->taken, key) == NULL &&
	    map_add(&s->taken, arena_copy(&s->keys, key), s);
}

/* Rows that say their address; only names can meet one again. */
static void
take_numeric(struct seats *s, const struct conf_pool *p)
{
	bool any = false;

	for (size_t i = 0; i < p->nservers; i++)
		any = any || p->servers[i].address.is_name;
	for (size_t i = 0; any && i < p->nservers; i++)
		if (!p->servers[i].address.is_name)
			(void)take(s, &p->servers[i].address.addr);
}

static void
set_port(struct addr *a, uint16_t port)
{
	if (a->sa.sa_family == AF_INET)
		a->in.sin_port = htons(port);
	else
		a->in6.sin6_port = htons(port);
}

/* Of those that serve at the same time. */
static unsigned
heaviest(const struct name *known, bool backup)
{
	unsigned most = 0;

	for (size_t i = 0; i < known->n; i++)
		if (known->v[i].backup == backup && known->v[i].weight > most)
			most = known->v[i].weight;
	return most;
}

/*
 * Weights of DNS go to 65535, ours to 256: they are made smaller alike.  One
 * of 0 is to be chosen rarely, not never (RFC 2782); only the row's says so.
 */
static unsigned
service_weight(const struct conf_server *conf, unsigned weight, unsigned most)
{
	if (conf->weight == 0 || most == 0)
		return (unsigned)conf->weight;
	if (most > WEIGHT_MOST)
		weight = weight * WEIGHT_MOST / most;
	return weight > 0 ? weight : 1;
}

static void
add_record(struct seats *s, const struct conf_server *conf,
    const struct record *r, const struct name *known)
{
	const struct conf_address *a = &conf->address;
	bool many = conf->resolve_all || a->is_service;
	const char *row = conf->name == a->text ? a->host : conf->name;
	char text[ADDR_TEXT];
	struct addr addr = r->addr;
	struct seat *seat;
	struct text name;

	if (!a->is_service)
		set_port(&addr, a->port);
	if (!take(s, &addr))
		return;
	addr_print(&addr, text);
	text_init(&name);
	text_add(&name, "%s/%s", row, text);
	seat = add(s, conf, many ? name.p : conf->name);
	text_fini(&name);
	seat->addr = addr;
	if (!a->is_service)
		return;
	seat->weight = service_weight(conf, r->weight,
	    heaviest(known, r->backup));
	seat->backup = seat->backup || r->backup;
}

static void
add_name(struct seats *s, const struct conf_server *conf,
    const struct name *known)
{
	bool many = conf->resolve_all || conf->address.is_service;
	size_t before = s->n;

	for (size_t i = 0; known != NULL && i < known->n; i++) {
		add_record(s, conf, &known->v[i], known);
		if (!many && s->n > before)
			return;
	}
	if (s->n == before)
		add(s, conf, conf->name);
}

void
seats_init(struct seats *s, const struct pool *p)
{
	*s = (struct seats){ .v = NULL };
	map_init(&s->taken);
	arena_init(&s->keys, NULL);
	take_numeric(s, p->conf);
	for (size_t i = 0; i < p->conf->nservers; i++) {
		const struct conf_server *conf = &p->conf->servers[i];

		if (conf->address.is_name)
			add_name(s, conf, names_find(
			    &p->cluster->names, &conf->address));
		else
			add(s, conf, conf->name)->addr = conf->address.addr;
	}
}

void
seats_fini(struct seats *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->v[i].name);
	free(s->v);
	map_fini(&s->taken);
	arena_reset(&s->keys);
}
