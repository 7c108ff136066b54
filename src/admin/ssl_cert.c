/*
 * ssl_cert.c - certificates: shown, and replaced while all else goes on.
 *
 *	set (draft) --> commit: every listener that uses the path
 *	            \--> abort
 *
 * Why:       a renewed certificate is no reason to reload; the words are
 *            HAProxy's, so that tools for renewal work unchanged.
 * Not here:  files, which are not written; whether PEM is right
 *            (net/tls_cert.c).
 */
#include "admin/ssl_cert.h"

#include <stdlib.h>
#include <string.h>

#include "admin/command.h"
#include "base/map.h"
#include "base/mem.h"
#include "net/tls_server.h"
#include "proxy/listener.h"

void
cert_draft_drop(struct cert_draft *d)
{
	if (d->pem != NULL)
		explicit_bzero(d->pem, d->n);
	free(d->pem);
	free(d->path);
	*d = (struct cert_draft){ NULL, NULL, 0 };
}

/* --- looking */

struct look {
	struct request *r;
	const struct conf_listener *listener;
	const char *path;		/* only this one */
	struct arena arena;
	struct map seen;
	struct text users;		/* listeners */
	bool any;
};

static void
each_cert(struct look *k, void (*fn)(void *, const struct tls_cert_info *))
{
	const struct conf *c = k->r->worker->conf;

	for (size_t i = 0; i < c->nlisteners; i++) {
		k->listener = &c->listeners[i];
		if (k->listener->tls.server != NULL)
			tls_server_each_cert(k->listener->tls.server, fn, k);
	}
}

static void
put_path(void *owner, const struct tls_cert_info *c)
{
	struct look *k = owner;
	struct slice path = arena_copy(&k->arena, slice_of(c->path));

	if (map_add(&k->seen, path, k))
		text_add(k->r->out, "%s\n", c->path);
}

static void
put_list(struct look *k)
{
	const struct cert_draft *d = k->r->draft;

	if (d->path != NULL)
		text_add(k->r->out, "# transaction\n*%s\n", d->path);
	text_add(k->r->out, "# filename\n");
	arena_init(&k->arena, NULL);
	map_init(&k->seen);
	each_cert(k, put_path);
	map_fini(&k->seen);
	arena_reset(&k->arena);
}

static void
put_time(struct text *t, const char *format, int64_t seconds)
{
	char iso[32];

	log_time_iso(seconds * USEC_PER_SEC, iso);
	text_add(t, format, iso);
}

static long long
days_left(const struct look *k, const struct tls_cert_info *c)
{
	return (long long)tls_days_left(c->not_after,
	    k->r->worker->loop->clock.wall);
}

static void
put_facts(struct look *k, const struct tls_cert_info *c)
{
	struct text *t = k->r->out;

	text_add(t, "Filename: %s\nStatus: Used\nSerial: %s\n", c->path,
	    c->serial);
	put_time(t, "notBefore: %s\n", c->not_before);
	put_time(t, "notAfter: %s\n", c->not_after);
	text_add(t, "Days left: %lld\nNames: %s\nAlgorithm: %s\n"
	    "SHA256 FingerPrint: %s\nSubject: ", days_left(k, c), c->names,
	    c->key, c->fingerprint);
	text_add_escaped(t, slice_of(c->subject));
	text_add(t, "\nIssuer: ");
	text_add_escaped(t, slice_of(c->issuer));
	text_add_char(t, '\n');
	if (c->ocsp_until != 0)
		put_time(t, "OCSP stapled until: %s\n", c->ocsp_until);
}

static void
put_one(void *owner, const struct tls_cert_info *c)
{
	struct look *k = owner;

	if (strcmp(c->path, k->path) != 0)
		return;
	if (!k->any)
		put_facts(k, c);
	k->any = true;
	text_add(&k->users, " %s%s", k->listener->name,
	    c->is_default ? " (default)" : "");
}

static void
put_detail(struct look *k)
{
	text_init(&k->users);
	each_cert(k, put_one);
	if (k->any)
		text_add(k->r->out, "Listeners:%s\n", k->users.p);
	else
		text_add(k->r->out, "Can't display the certificate: Not "
		    "found!\n");
	text_fini(&k->users);
}

/* "a.example *.b.example" */
static void
put_names_json(struct text *t, const char *names)
{
	struct slice rest = slice_trim(slice_of(names));
	const char *comma = "";

	text_add(t, ",\"names\":[");
	while (rest.n > 0) {
		const char *sp = memchr(rest.p, ' ', rest.n);
		size_t n = sp != NULL ? (size_t)(sp - rest.p) : rest.n;

		text_add(t, "%s", comma);
		text_add_json(t, slice_make(rest.p, n));
		comma = ",";
		rest = slice_trim(slice_skip(rest, n));
	}
	text_add_char(t, ']');
}

static void
put_member(struct text *t, const char *name, const char *value)
{
	text_add(t, ",\"%s\":", name);
	text_add_json(t, slice_of(value));
}

static void
put_json(void *owner, const struct tls_cert_info *c)
{
	struct look *k = owner;
	struct text *t = k->r->out;

	if (k->path != NULL && strcmp(c->path, k->path) != 0)
		return;
	text_add(t, "%s{\"path\":", k->any ? "," : "");
	k->any = true;
	text_add_json(t, slice_of(c->path));
	put_member(t, "listener", k->listener->name);
	text_add(t, ",\"default\":%s", c->is_default ? "true" : "false");
	put_member(t, "subject", c->subject);
	put_member(t, "issuer", c->issuer);
	put_names_json(t, c->names);
	put_member(t, "serial", c->serial);
	put_member(t, "fingerprint", c->fingerprint);
	put_member(t, "key", c->key);
	put_time(t, ",\"not_before\":\"%s\"", c->not_before);
	put_time(t, ",\"not_after\":\"%s\"", c->not_after);
	text_add(t, ",\"days_left\":%lld,\"status\":\"used\"",
	    days_left(k, c));
	if (c->ocsp_until != 0)
		put_time(t, ",\"ocsp_until\":\"%s\"", c->ocsp_until);
	text_add_char(t, '}');
}

void
show_ssl_cert(struct request *r)
{
	struct look k = { .r = r, .path = r->argc > 0 ? r->argv[0] : NULL };

	if (r->json) {
		text_add_char(r->out, '[');
		each_cert(&k, put_json);
		text_add(r->out, "]\n");
	} else if (k.path != NULL) {
		put_detail(&k);
	} else {
		put_list(&k);
	}
}

/* --- replacing */

static void
find_path(void *owner, const struct tls_cert_info *c)
{
	struct look *k = owner;

	k->any = k->any || strcmp(c->path, k->path) == 0;
}

static bool
is_used(struct request *r, const char *path)
{
	struct look k = { .r = r, .path = path };

	each_cert(&k, find_path);
	return k.any;
}

/* False, and the answer says why, when a draft is of another path. */
static bool
may_touch(struct request *r, const char *path)
{
	const struct cert_draft *d = r->draft;

	if (d->path == NULL || strcmp(d->path, path) == 0)
		return true;
	text_add(r->out, "The ongoing transaction is about '%s' but you are "
	    "trying to set '%s'\n", d->path, path);
	return false;
}

void
set_ssl_cert(struct request *r)
{
	struct cert_draft *d = r->draft;
	const char *path = r->argc > 0 ? r->argv[0] : NULL;
	bool fresh = d->path == NULL;

	if (path == NULL || r->payload.n == 0) {
		text_add(r->out, "set ssl cert expects a filename and a "
		    "certificate as a payload\n");
		return;
	}
	if (!may_touch(r, path))
		return;
	if (!is_used(r, path)) {
		text_add(r->out, "Can't replace a certificate which is not "
		    "referenced by the configuration!\n");
		return;
	}
	cert_draft_drop(d);
	d->path = mem_string(path);
	d->pem = mem_text(r->payload.p, r->payload.n);
	d->n = r->payload.n;
	text_add(r->out, "Transaction %s for certificate %s!\n",
	    fresh ? "created" : "updated", path);
}

/* Is there a draft, and is it the one that is spoken of? */
static bool
has_draft(struct request *r, const char *command)
{
	if (r->argc < 1) {
		text_add(r->out, "%s expects a filename\n", command);
		return false;
	}
	if (r->draft->path == NULL) {
		text_add(r->out, "No ongoing transaction!\n");
		return false;
	}
	return may_touch(r, r->argv[0]);
}

/* All who use it; what is wrong with it is wrong for all. */
static bool
replace(struct request *r, const struct cert_draft *d, struct text *errors,
    struct text *warnings)
{
	const struct conf *c = r->worker->conf;
	struct slice pem = { d->pem, d->n };
	struct look k = { .r = r, .path = d->path };
	unsigned n = 0;

	for (size_t i = 0; i < c->nlisteners; i++) {
		k.listener = &c->listeners[i];
		k.any = false;
		if (k.listener->tls.server == NULL)
			continue;
		tls_server_each_cert(k.listener->tls.server, find_path, &k);
		if (!k.any)
			continue;
		text_clear(warnings);
		if (!tls_server_replace(k.listener->tls.server, d->path, pem,
		    SLICE_NONE, r->worker->loop->clock.wall, errors, warnings))
			return false;
		n++;
	}
	if (n == 0)
		text_add(errors, "%s: no listener uses it any more\n",
		    d->path);
	return n > 0;
}

void
commit_ssl_cert(struct request *r)
{
	struct cert_draft *d = r->draft;
	struct text errors, warnings;

	if (!has_draft(r, "commit ssl cert"))
		return;
	text_init(&errors);
	text_init(&warnings);
	if (replace(r, d, &errors, &warnings)) {
		text_add(r->out, "Committing %s.\n", d->path);
		text_add_slice(r->out, text_slice(&warnings));
		text_add(r->out, "Success!\n");
		log_info(r->worker->log, "certificate", "%s was replaced "
		    "through the stats socket", d->path);
		expiry_look(&r->worker->expiry);
		cert_draft_drop(d);
	} else {
		text_add(r->out, "Can't commit the certificate!\n");
		text_add_slice(r->out, text_slice(&errors));
	}
	text_fini(&warnings);
	text_fini(&errors);
}

void
abort_ssl_cert(struct request *r)
{
	if (!has_draft(r, "abort ssl cert"))
		return;
	text_add(r->out, "Transaction aborted for certificate '%s'!\n",
	    r->draft->path);
	cert_draft_drop(r->draft);
}
