/*
 * explain_pool.c - which server of a pool a request would get, and why.
 *
 * Why:       it asks the very functions that a pick goes by, with a pick that
 *            is dry; whatever it says of a server stands in one of them.
 * Not here:  what is asked (explain.c).
 */
#include <stdio.h>

#include "admin/explain.h"
#include "cluster/hash_key.h"
#include "cluster/pool.h"
#include "cluster/server.h"

#define FORM "%-24s %-10s %8s %8s %8s %10s  %s\n"

enum outcome { OUTCOME_TAKEN, OUTCOME_QUEUED, OUTCOME_REFUSED };

struct verdict {
	enum outcome outcome;
	struct server *taken;
	struct server *full;	/* whose room would be waited for */
};

/* As an exchange does (proxy/exchange.c). */
static struct verdict
judge(struct pool *p, const struct pick *pick)
{
	struct verdict v = { OUTCOME_QUEUED, NULL, NULL };
	struct pick dry = *pick;

	dry.dry = true;
	dry.full = &v.full;
	if (queue_has_precedence(p))
		goto queue;
	v.taken = pool_pick(p, &dry, true);
	if (v.taken != NULL || p->nusable == 0) {
		v.outcome = v.taken != NULL ? OUTCOME_TAKEN : OUTCOME_REFUSED;
		return v;
	}
queue:
	if (p->nqueue >= p->conf->max_queue)
		v.outcome = OUTCOME_REFUSED;
	return v;
}

static const char *
word_for(const struct pick *pick, const struct verdict *v,
    const struct server *s)
{
	const char *objection = pool_objection(s->pool, s);

	if (s == v->taken)
		return "taken";
	if (objection != NULL)
		return objection;
	if (pick_was_tried(pick, s))
		return "tried";
	return server_is_full(s) ? "full" : "usable";
}

/* Nothing where the policy ranks no one. */
static bool
rank(const struct server *s, double *out)
{
	struct score x;

	if (pool_objection(s->pool, s) != NULL)
		return false;
	x = s->pool->balance->score(s);
	if (x.below == 0)
		return false;
	*out = (double)x.above / (double)x.below;
	return true;
}

static double
weight_of(const struct server *s)
{
	return (double)server_weight_now(s) / 1000;
}

static void
put_row(struct request *r, const struct server *s, const char *word)
{
	char status[32], weight[16], active[16], most[16] = "-";
	char score[32] = "-";
	double x;

	server_status(s, status);
	(void)snprintf(weight, sizeof(weight), "%.4g", weight_of(s));
	(void)snprintf(active, sizeof(active), "%u", s->active);
	if (s->most > 0)
		(void)snprintf(most, sizeof(most), "%u", server_limit(s));
	if (rank(s, &x))
		(void)snprintf(score, sizeof(score), "%.4f", x);
	text_add(r->out, FORM, s->name, status, weight, active, most, score,
	    word);
}

static void
put_row_json(struct request *r, const struct server *s, const char *word)
{
	char status[32];
	double x;

	server_status(s, status);
	text_add(r->out, "{\"server\":");
	text_add_json(r->out, slice_of(s->name));
	text_add(r->out, ",\"status\":\"%s\",\"weight\":%u,"
	    "\"effective_weight\":%.3f,\"active\":%u,\"max\":%u,\"score\":",
	    status, s->weight, weight_of(s), s->active, server_limit(s));
	if (rank(s, &x))
		text_add(r->out, "%.6f", x);
	else
		text_add(r->out, "null");
	text_add(r->out, ",\"verdict\":\"%s\"}", word);
}

static void
put_outcome(struct request *r, const struct pool *p, const struct verdict *v)
{
	if (v->outcome == OUTCOME_TAKEN)
		text_add(r->out, "server %s (%s) would get it\n",
		    v->taken->name, v->taken->addr_text);
	else if (p->nusable == 0)
		text_add(r->out, "503: no server of the pool takes requests\n");
	else if (v->outcome == OUTCOME_REFUSED)
		text_add(r->out, "503: every server is full, and so is the "
		    "queue\n");
	else if (v->full != NULL)
		text_add(r->out, "it would wait for room at server %s\n",
		    v->full->name);
	else
		text_add(r->out, "it would wait for room behind %u others\n",
		    p->nqueue + p->ncalled);
}

static void
put_outcome_json(struct request *r, const struct verdict *v)
{
	static const char *const names[] = {
		[OUTCOME_TAKEN] = "taken", [OUTCOME_QUEUED] = "queued",
		[OUTCOME_REFUSED] = "refused",
	};

	text_add(r->out, ",\"outcome\":\"%s\",\"taken\":", names[v->outcome]);
	if (v->taken != NULL)
		text_add_json(r->out, slice_of(v->taken->name));
	else
		text_add(r->out, "null");
}

static void
put_head(struct request *r, const struct pool *p, struct slice key)
{
	text_add(r->out, "pool %s: balance %s, %u of %u servers usable%s%s, "
	    "%u requests wait\n", p->name, p->balance->name, p->nusable,
	    p->nservers, p->panic ? ", in panic" : "",
	    p->on_backup ? ", on its backups" : "", p->nqueue);
	if (p->balance->keyed && key.n > 0) {
		text_add(r->out, "key: ");
		text_add_escaped(r->out, key);
		text_add_char(r->out, '\n');
	} else if (p->balance->keyed) {
		text_add(r->out, "no key: by load, the lesser of two by lot\n");
	}
	text_add(r->out, "score: %s\n" FORM, p->balance->score_is, "server",
	    "status", "weight", "active", "max", "score", "verdict");
}

static void
put_head_json(struct request *r, const struct pool *p, struct slice key)
{
	text_add(r->out, "\"pool\":");
	text_add_json(r->out, slice_of(p->name));
	text_add(r->out, ",\"balance\":\"%s\",\"usable\":%u,\"panic\":%s,"
	    "\"on_backup\":%s,\"queued\":%u,\"key\":", p->balance->name,
	    p->nusable, p->panic ? "true" : "false",
	    p->on_backup ? "true" : "false", p->nqueue);
	if (p->balance->keyed && key.n > 0)
		text_add_json(r->out, key);
	else
		text_add(r->out, "null");
	text_add(r->out, ",\"score_is\":\"%s\",\"servers\":[",
	    p->balance->score_is);
}

void
explain_pool(struct request *r, struct pool *p, const struct pick *pick)
{
	struct verdict v = judge(p, pick);
	struct slice key = pick->key;
	const char *comma = "", *word;
	char text[ADDR_TEXT];
	struct server *s;

	if (key.n == 0 && p->balance->keyed)
		key = hash_key(&p->conf->hash.key, pick, text);
	if (r->json)
		put_head_json(r, p, key);
	else
		put_head(r, p, key);
	list_each(s, &p->servers, struct server, node) {
		word = word_for(pick, &v, s);
		if (r->json) {
			text_add(r->out, "%s", comma);
			put_row_json(r, s, word);
			comma = ",";
		} else {
			put_row(r, s, word);
		}
	}
	if (r->json) {
		text_add_char(r->out, ']');
		put_outcome_json(r, &v);
	} else {
		put_outcome(r, p, &v);
	}
}
