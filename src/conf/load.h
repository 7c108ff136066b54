#pragma once

#include "base/text.h"
#include "conf/model.h"

/*
 * Reads and checks a file.  NULL when it has errors: all of them then stand
 * in errors, a line each, "file:line: section.key: what is wrong; the cure".
 * Touches nothing but the file, what it includes, and error pages it names.
 *
 * balances: names of the balancing policies there are, NULL-ended (cluster
 * knows them; conf must not).
 */
struct conf *conf_load(const char *path, const char *const *balances,
    struct text *errors);

/* What TLS may agree on: without HTTP/2, with it, and HTTP/2 alone. */
enum conf_alpn { ALPN_ONE, ALPN_BOTH, ALPN_TWO, CONF_ALPNS };

/*
 * What is needed to read certificates and to make a tls_server of each listener
 * that has some.
 */
struct conf_tls_kit {
	struct tls *tls;			/* NULL: TLS cannot be had */
	struct tls_tickets *tickets;		/* of the worker; NULL: none yet */
	const char *const *alpn[CONF_ALPNS];	/* by preference */
	size_t nalpn[CONF_ALPNS];
	/* What who speaks plain HTTP is answered, whole. */
	void (*plain_reply)(const struct conf *c, struct text *out);
	int64_t wall;
	struct text *warnings;			/* lines as those of errors */
};

/* As conf_load, and reads certificates. */
struct conf *conf_load_tls(const char *path, const char *const *balances,
    const struct conf_tls_kit *kit, struct text *errors);

/* The same from a string, for tests; name stands for the file in messages. */
struct conf *conf_load_string(const char *name, const char *string,
    const char *const *balances, struct text *errors);

/* The effective configuration, defaults included, as a file that loads to the
 * same snapshot. */
void conf_dump(const struct conf *c, struct text *out);
