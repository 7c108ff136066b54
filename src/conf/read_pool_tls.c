/*
 * read_pool_tls.c - from options of TLS to what connections to servers need.
 *
 * Why:       a file that cannot be used is an error of the configuration, told
 *            with all others, before anything changes.
 * Owns:      nothing; the tls_client belongs to the snapshot.
 * Not here:  reading PEM (net/), which option goes with which
 *            (check_pool_tls.c).
 */
#include <string.h>

#include "conf/check.h"
#include "conf/load.h"
#include "net/tls_client.h"

/* Does a line "name: what is wrong" begin with that name? */
static bool
is_about(struct slice line, const char *name)
{
	struct slice n = slice_of(name);

	return n.n > 0 && line.n > n.n && slice_starts(line, n) &&
	    line.p[n.n] == ':';
}

/* The option that a line is about, by its own name or its file's. */
static const char *
key_of(const struct conf_pool_tls *t, struct slice *line)
{
	const struct { const char *key, *path; } files[] = {
		{ "ca", t->ca }, { "crl", t->crl }, { "key", t->key },
		{ "cert", t->cert },
	};
	const struct option *o = option_first("pool.tls");

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (is_about(*line, files[i].path))
			return files[i].key;
	for (; o != NULL; o = option_next(o))
		if (is_about(*line, o->key)) {
			*line = slice_trim(slice_skip(*line,
			    strlen(o->key) + 1));
			return o->key;
		}
	return NULL;
}

static void
tell_line(const struct subject *s, const struct conf_pool_tls *t,
    struct slice line, struct text *warnings)
{
	const char *key = key_of(t, &line);
	struct conf_where at = key != NULL ? subject_where(s, key) : s->where;

	if (warnings == NULL)
		reader_complain(s->r, at, s->section, key, "%.*s",
		    SLICE_ARG(line));
	else
		text_add(warnings, "%s:%u: %s%s%s: %.*s\n", at.file, at.line,
		    s->section, key != NULL ? "." : "", key != NULL ? key : "",
		    SLICE_ARG(line));
}

/* warnings NULL: they are errors. */
static void
tell(const struct subject *s, const struct conf_pool_tls *t,
    const struct text *lines, struct text *warnings)
{
	struct slice rest = text_slice(lines);

	while (rest.n > 0) {
		const char *nl = memchr(rest.p, '\n', rest.n);
		size_t n = nl != NULL ? (size_t)(nl - rest.p) : rest.n;

		tell_line(s, t, slice_make(rest.p, n), warnings);
		rest = slice_skip(rest, nl != NULL ? n + 1 : n);
	}
}

static struct tls_client_settings
settings_of(const struct conf_pool *p, const struct conf_tls_kit *kit)
{
	static const enum conf_alpn alpns[] = { [PROTOCOL_H1] = ALPN_ONE,
		[PROTOCOL_H2] = ALPN_TWO, [PROTOCOL_AUTO] = ALPN_BOTH };
	const struct conf_pool_tls *t = &p->tls;
	enum conf_alpn alpn = alpns[p->protocol];

	return (struct tls_client_settings){
		.insecure = !t->verify,
		.trust = { t->ca, t->crl, (unsigned)t->depth },
		.terms = { t->policy, t->min_version, t->max_version,
		    t->ciphers, t->ciphersuites, t->groups, t->sigalgs,
		    !t->ktls },
		.files = { t->cert, t->key, NULL },
		.verify_name = t->verify_name,
		.alpn = kit->alpn[alpn],
		.nalpn = kit->nalpn[alpn],
		.no_resumption = !t->resumption,
	};
}

static void
read_pool(struct reader *r, struct conf_pool *p)
{
	struct conf_pool_tls *t = &p->tls;
	struct subject pool = { r, "pool", p, p->where };
	struct subject s = { r, "pool.tls", t, subject_where(&pool, "tls") };
	struct tls_client_settings set = settings_of(p, r->kit);
	struct text errors, warnings;

	if (r->kit->tls == NULL) {
		reader_complain(r, s.where, s.section, NULL, "the TLS library "
		    "cannot be used");
		return;
	}
	text_init(&errors);
	text_init(&warnings);
	t->client = tls_client_new(r->kit->tls, &set, r->kit->wall, &errors,
	    &warnings);
	tell(&s, t, &errors, NULL);
	tell(&s, t, &warnings, r->kit->warnings);
	text_fini(&warnings);
	text_fini(&errors);
}

void
read_pools_tls(struct reader *r)
{
	struct conf *c = r->conf;

	for (size_t i = 0; r->kit != NULL && i < c->npools; i++)
		if (c->pools[i].tls.given || c->pools[i].health.tls)
			read_pool(r, &c->pools[i]);
}
