/*
 * check_tls.c - what options of TLS mean together; where their files are.
 *
 * Not here: what is in the files (read_certificates.c).
 */
#include <string.h>

#include "base/clock.h"
#include "conf/check.h"
#include "conf/read_text.h"

#define YEAR SEC(86400 * 365)

static void
resolve(struct reader *r, const char **path)
{
	if (*path != NULL)
		*path = source_path(&r->source, *path);
}

void
check_global_tls(struct reader *r)
{
	resolve(r, &r->conf->global.tls.ticket_keys);
}

static void
check_clients(const struct subject *s, const struct conf_listener_tls *t)
{
	if (t->verify != TLS_VERIFY_OFF && t->ca == NULL)
		subject_complain(s, "verify", "nobody is believed; write the "
		    "file of the authorities, ca = \"clients-ca.pem\";");
}

/* Nobody asks whether '-' or '_' stands in it: to a CGI they are one. */
static bool
is_same_field(const char *a, const char *b)
{
	for (; *a != '\0' && *b != '\0'; a++, b++) {
		char x = *a == '_' ? '-' : slice_lower(*a);
		char y = *b == '_' ? '-' : slice_lower(*b);

		if (x != y)
			return false;
	}
	return *a == *b;
}

static void
guard(struct reader *r, const char *name)
{
	struct conf_names *g = &r->conf->guarded;
	const char **more;

	for (size_t i = 0; i < g->n; i++)
		if (is_same_field(g->v[i], name))
			return;
	more = arena_get(&r->conf->arena, (g->n + 1) * sizeof(*more));
	if (g->n > 0)
		memcpy(more, g->v, g->n * sizeof(*more));
	more[g->n++] = name;
	g->v = more;
}

static void
check_client_field(const struct subject *s, const char *key,
    const char *name, bool asked)
{
	enum field_id id;

	if (name == NULL || !check_word(s, key, name))
		return;
	id = field_id(slice_of(name));
	if (!asked)
		subject_complain(s, key, "does nothing while no client is "
		    "asked for a certificate; write verify = \"required\"; or "
		    "\"optional\" in listener.tls");
	else if (id != FIELD_OTHER)
		subject_complain(s, key, "%s has a meaning of its own; choose "
		    "a name such as \"X-Client-Subject\"", name);
	else
		guard(s->r, name);
}

static void
check_client_fields(struct reader *r, const struct subject *tls,
    const struct conf_listener_tls *t)
{
	const struct conf_client_fields *f = &t->client_fields;
	struct subject s = { r, "listener.tls.client_fields", f,
	    subject_where(tls, "client_fields") };
	const struct { const char *key, *name; } all[] = {
		{ "verified", f->verified }, { "subject", f->subject },
		{ "issuer", f->issuer }, { "serial", f->serial },
		{ "fingerprint", f->fingerprint }, { "names", f->names },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		check_client_field(&s, all[i].key, all[i].name,
		    t->verify != TLS_VERIFY_OFF);
		for (size_t j = 0; j < i && all[i].name != NULL; j++)
			if (all[j].name != NULL &&
			    is_same_field(all[i].name, all[j].name))
				subject_complain(&s, all[i].key, "\"%s\" is "
				    "taken by %s", all[i].name, all[j].key);
	}
}

static void
check_tls(struct reader *r, const struct subject *s,
    struct conf_listener_tls *t)
{
	check_clients(s, t);
	check_client_fields(r, s, t);
	resolve(r, &t->directory);
	resolve(r, &t->ca);
	resolve(r, &t->crl);
	for (size_t i = 0; i < t->certificates.n; i++) {
		struct conf_certificate *c = &t->certificates.v[i];

		resolve(r, &c->cert);
		resolve(r, &c->key);
		resolve(r, &c->ocsp);
	}
}

/* What hstspreload.org asks for, so that nobody waits for it in vain. */
static void
check_https_only(const struct subject *listener, struct conf_https_only *h)
{
	struct subject s = { listener->r, "listener.https_only", h,
	    subject_where(listener, "https_only") };

	h->on = subject_has(listener, "https_only");
	if (!h->on || h->hsts == 0)
		return;
	if (h->preload && (!h->include_subdomains || h->hsts < YEAR))
		subject_complain(&s, "preload", "is heeded only with "
		    "include_subdomains = true; and hsts of at least \"365d\"");
	h->value = arena_string(&s.r->conf->arena,
	    arena_print(&s.r->conf->arena, "max-age=%lld%s%s",
	    (long long)(h->hsts / USEC_PER_SEC),
	    h->include_subdomains ? "; includeSubDomains" : "",
	    h->preload ? "; preload" : ""));
}

void
check_listener_tls(const struct subject *listener, struct conf_listener *l)
{
	struct subject s = { listener->r, "listener.tls", &l->tls,
	    subject_where(listener, "tls") };

	check_https_only(listener, &l->https_only);
	if (!subject_has(listener, "tls"))
		return;
	check_tls(listener->r, &s, &l->tls);
	if (!conf_has_tls(l) && !subject_has(&s, "certificates"))
		subject_complain(&s, "certificates", "there is none; write "
		    "certificates = ( { cert = \"www.pem\"; key = \"www.key\"; "
		    "} );");
	else if (!conf_has_tls(l) && l->tls.certificates.v != NULL)
		subject_complain(&s, "certificates", "there is none; write "
		    "( { cert = \"www.pem\"; key = \"www.key\"; } )");
}
