/*
 * nearest.c - which known word is meant by an unknown one.
 *
 * The distance is Levenshtein's, and two neighbours that changed places count
 * once: letters added, dropped, changed or swapped.  Up to a third of them may
 * differ.  What is said elsewhere for a value may differ in all of them.
 */
#include <ctype.h>
#include <string.h>

#include "conf/nearest.h"

#define WORD_MAX 64	/* longer words are not guessed at */

static size_t
smallest(size_t a, size_t b, size_t c)
{
	if (b < a)
		a = b;
	return c < a ? c : a;
}

static size_t
distance(const char *a, size_t na, const char *b, size_t nb)
{
	size_t rows[3][WORD_MAX + 1];

	for (size_t j = 0; j <= nb; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= na; i++) {
		size_t *row = rows[i % 3], *last = rows[(i - 1) % 3];
		const size_t *swap = rows[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= nb; j++) {
			row[j] = smallest(last[j] + 1, row[j - 1] + 1,
			    last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && swap[j - 2] + 1 < row[j])
				row[j] = swap[j - 2] + 1;
		}
	}
	return rows[na % 3][nb];
}

void
nearest_init(struct nearest *n, const char *word)
{
	n->word = word;
	n->best = NULL;
	n->distance = 1 + (strlen(word) + 1) / 3;
}

void
nearest_offer(struct nearest *n, const char *candidate)
{
	size_t na = strlen(n->word), nb = strlen(candidate), d;

	if (na > WORD_MAX || nb > WORD_MAX)
		return;
	d = distance(n->word, na, candidate, nb);
	if (d >= n->distance || d >= nb)
		return;
	n->distance = d;
	n->best = candidate;
}

/* The first row counts whose value the option knows. */
static const struct { const char *said, *value; } said_elsewhere[] = {
	{ "http", "h1" }, { "http1", "h1" }, { "http/1", "h1" },
	{ "http1.1", "h1" }, { "http/1.1", "h1" }, { "1", "h1" },
	{ "1.1", "h1" },
	{ "http2", "h2" }, { "http/2", "h2" }, { "http2.0", "h2" },
	{ "http/2.0", "h2" }, { "h2c", "h2" }, { "grpc", "h2" },
	{ "2", "h2" }, { "h3", "h2" }, { "http3", "h2" }, { "http/3", "h2" },
	{ "alpn", "auto" }, { "both", "auto" },
	{ "https", "http" }, { "ssl", "tls" }, { "connect", "tcp" },
	{ "tlsv1.2", "1.2" }, { "tls1.2", "1.2" }, { "tls1_2", "1.2" },
	{ "tlsv1.3", "1.3" }, { "tls1.3", "1.3" }, { "tls1_3", "1.3" },
	{ "1", "v1" }, { "2", "v2" }, { "true", "v2" }, { "on", "v2" },
	{ "yes", "v2" },
	{ "true", "required" }, { "on", "required" }, { "yes", "required" },
	{ "peer", "required" },
	{ "true", "make" }, { "on", "make" }, { "yes", "make" },
	{ "generate", "make" }, { "trust", "keep" }, { "pass", "keep" },
	{ "false", "off" }, { "no", "off" }, { "none", "off" },
	{ "disabled", "off" }, { "0", "off" },
	{ "false", "none" }, { "no", "none" }, { "off", "none" },
	{ "disabled", "none" },
	{ "reject", "refuse" }, { "error", "refuse" }, { "pass", "allow" },
	{ "keep", "allow" }, { "ignore", "drop" },
	{ "close", "shutdown" }, { "reset", "shutdown" },
	{ "kill", "shutdown" }, { "finish", "drain" },
	{ "wait", "queue" }, { "overflow", "next" },
	{ "503", "fail" }, { "none", "fail" }, { "any", "all" },
	{ "ketama", "ring" }, { "consistent", "ring" },
	{ "notice", "info" }, { "err", "error" }, { "crit", "error" },
	{ "combined", "common" }, { "clf", "common" }, { "text", "haproxy" },
	{ "httplog", "haproxy" },
	{ "old", "intermediate" }, { "strict", "modern" },
	{ "on", "true" }, { "yes", "true" }, { "1", "true" },
	{ "enabled", "true" }, { "off", "false" }, { "no", "false" },
	{ "0", "false" }, { "none", "false" }, { "disabled", "false" },
	{ "least_connections", "least_conn" }, { "least", "least_conn" },
	{ "least_request", "least_conn" }, { "rr", "round_robin" },
	{ "p2c", "random" }, { "source", "hash" }, { "uri", "hash" },
	{ "ip_hash", "hash" }, { "ring_hash", "hash" }, { "maglev", "hash" },
	{ "consistent", "hash" },
};

static const char *
known(const char *const *values, const char *wanted)
{
	for (; *values != NULL; values++)
		if (strcmp(*values, wanted) == 0)
			return *values;
	return NULL;
}

const char *
nearest_value(const char *const *values, const char *word)
{
	char lower[WORD_MAX + 1];
	struct nearest n;
	const char *value;
	size_t i;

	for (i = 0; i < WORD_MAX && word[i] != '\0'; i++)
		lower[i] = (char)tolower((unsigned char)word[i]);
	lower[i] = '\0';
	if (word[i] != '\0')
		return NULL;
	for (i = 0; i < sizeof(said_elsewhere) / sizeof(said_elsewhere[0]);
	    i++) {
		if (strcmp(said_elsewhere[i].said, lower) != 0)
			continue;
		value = known(values, said_elsewhere[i].value);
		if (value != NULL)
			return value;
	}
	nearest_init(&n, lower);
	for (; *values != NULL; values++)
		nearest_offer(&n, *values);
	return n.best;
}
