/*
 * read_certificates.c - from options of TLS to what a listener's conns need.
 *
 * Why:       a certificate that cannot be used is an error of the
 *            configuration, told with all others, before anything changes.
 * Owns:      nothing; the tls_server belongs to the snapshot.
 * Not here:  reading PEM (net/tls_cert.c), which option goes with which
 *            (check_tls.c).
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "conf/check.h"
#include "conf/load.h"
#include "net/tls_server.h"

/* The files of one listener, those of the directory last. */
struct files {
	struct tls_files *v;
	size_t n;
};

static struct subject
subject_of(struct reader *r, const struct conf_listener *l)
{
	struct subject listener = { r, "listener", l, l->where };

	return (struct subject){ r, "listener.tls", &l->tls,
	    subject_where(&listener, "tls") };
}

/* --- who a line "path: what is wrong" is about */

static bool
is_about(struct slice line, const char *path)
{
	struct slice p = slice_of(path);

	return p.n > 0 && line.n > p.n && slice_starts(line, p) &&
	    line.p[p.n] == ':';
}

struct place {
	const char *section, *key;
	struct conf_where where;
	bool is_key;		/* the line began with the key itself */
};

static bool
find_file(const struct subject *tls, const struct conf_listener_tls *t,
    struct slice line, struct place *out)
{
	static const char section[] = "listener.tls.certificate";

	for (size_t i = 0; i < t->certificates.n; i++) {
		const struct conf_certificate *c = &t->certificates.v[i];
		struct subject s = { tls->r, section, c, c->where };
		const char *key = is_about(line, c->key) ? "key" :
		    is_about(line, c->ocsp) ? "ocsp" : "cert";

		if (key[0] != 'c' || is_about(line, c->cert)) {
			*out = (struct place){ section, key,
			    subject_where(&s, key), false };
			return true;
		}
	}
	return false;
}

static struct place
find_place(const struct subject *tls, const struct conf_listener_tls *t,
    struct slice line)
{
	const struct option *o = option_first("listener.tls");
	struct place p = { "listener.tls", "certificates", tls->where, false };

	if (find_file(tls, t, line, &p))
		return p;
	for (; o != NULL; o = option_next(o)) {
		if (!is_about(line, o->key))
			continue;
		p.key = o->key;
		p.where = subject_where(tls, o->key);
		p.is_key = true;
		return p;
	}
	if (is_about(line, t->ca))
		p.key = "ca";
	else if (is_about(line, t->crl))
		p.key = "crl";
	else if (t->directory != NULL)
		p.key = "directory";
	p.where = subject_where(tls, p.key);
	return p;
}

static void
tell_line(const struct subject *tls, const struct conf_listener_tls *t,
    struct slice line, struct text *warnings)
{
	struct place p = find_place(tls, t, line);

	if (p.is_key)
		line = slice_trim(slice_skip(line, strlen(p.key) + 1));
	if (warnings != NULL)
		text_add(warnings, "%s:%u: %s.%s: %.*s\n", p.where.file,
		    p.where.line, p.section, p.key, SLICE_ARG(line));
	else
		reader_complain(tls->r, p.where, p.section, p.key, "%.*s",
		    SLICE_ARG(line));
}

/* warnings NULL: they are errors. */
static void
tell(const struct subject *tls, const struct conf_listener_tls *t,
    const struct text *lines, struct text *warnings)
{
	struct slice rest = text_slice(lines);

	while (rest.n > 0) {
		const char *nl = memchr(rest.p, '\n', rest.n);
		size_t n = nl != NULL ? (size_t)(nl - rest.p) : rest.n;

		tell_line(tls, t, slice_make(rest.p, n), warnings);
		rest = slice_skip(rest, nl != NULL ? n + 1 : n);
	}
}

/* --- which files */

static int
is_pem(const struct dirent *e)
{
	size_t n = strlen(e->d_name);

	return e->d_name[0] != '.' && n > 4 &&
	    strcmp(e->d_name + n - 4, ".pem") == 0;
}

static void
add_directory(const struct subject *s, const char *path, struct files *files)
{
	struct arena *a = &s->r->conf->arena;
	struct dirent **list;
	struct tls_files *v;
	int n = scandir(path, &list, is_pem, alphasort);

	if (n < 0) {
		subject_complain(s, "directory", "%s: %s", path,
		    strerror(errno));
		return;
	}
	if (n == 0)
		subject_complain(s, "directory", "%s: no file *.pem is in it",
		    path);
	v = arena_zero(a, (files->n + (size_t)n + 1) * sizeof(*v));
	if (files->n > 0)
		memcpy(v, files->v, files->n * sizeof(*v));
	files->v = v;
	for (int i = 0; i < n; i++) {
		v[files->n++].cert = arena_string(a, arena_print(a, "%s/%s",
		    path, list[i]->d_name));
		free(list[i]);
	}
	free(list);
}

static struct files
files_of(const struct subject *s, const struct conf_listener_tls *t)
{
	const struct conf_certificates *list = &t->certificates;
	struct files files = { NULL, 0 };

	files.v = arena_zero(&s->r->conf->arena, (list->n + 1) *
	    sizeof(*files.v));
	for (size_t i = 0; i < list->n; i++) {
		const struct conf_certificate *c = &list->v[i];

		if (c->cert != NULL)
			files.v[files.n++] = (struct tls_files){ c->cert,
			    c->key, c->ocsp };
	}
	if (t->directory != NULL)
		add_directory(s, t->directory, &files);
	return files;
}

/* --- one listener */

static struct tls_server_settings
settings_of(const struct conf_listener *l, const struct files *files,
    const struct conf_tls_kit *kit)
{
	const struct conf_listener_tls *t = &l->tls;
	enum conf_alpn alpn = l->limits.http2 ? ALPN_BOTH : ALPN_ONE;

	return (struct tls_server_settings){
		.files = files->v,
		.nfiles = files->n,
		.strict_sni = t->strict_sni,
		.terms = { t->policy, t->min_version, t->max_version,
		    t->ciphers, t->ciphersuites, t->groups, t->sigalgs,
		    !t->ktls },
		.alpn = kit->alpn[alpn],
		.nalpn = kit->nalpn[alpn],
		/* That its ca is missing has been complained about. */
		.verify = t->ca != NULL ? t->verify : TLS_VERIFY_OFF,
		.trust = { t->ca, t->crl, (unsigned)t->depth },
		.no_tickets = !t->tickets,
		.sessions = (unsigned)t->session_cache,
	};
}

static void
read_listener(struct reader *r, struct conf_listener *l,
    struct slice plain_reply)
{
	const struct conf_tls_kit *kit = r->kit;
	struct subject s = subject_of(r, l);
	struct files files = files_of(&s, &l->tls);
	struct tls_server_settings set = settings_of(l, &files, kit);
	struct text errors, warnings;

	if (files.n == 0)
		return;		/* complained about */
	if (kit->tls == NULL) {
		subject_complain(&s, "certificates", "the TLS library cannot "
		    "be used");
		return;
	}
	text_init(&errors);
	text_init(&warnings);
	set.plain_reply = plain_reply;
	l->tls.server = tls_server_new(kit->tls, &set, kit->tickets, kit->wall,
	    &errors, &warnings);
	tell(&s, &l->tls, &errors, NULL);
	tell(&s, &l->tls, &warnings, kit->warnings);
	text_fini(&warnings);
	text_fini(&errors);
}

/* On trial: the ring of the worker takes them when all is well. */
static void
try_ticket_keys(struct reader *r)
{
	const struct conf_global_tls *g = &r->conf->global.tls;
	struct subject s = { r, "global.tls", g, r->conf->global.where };
	struct clock clock = { .wall = r->kit->wall };
	struct tls_tickets *ring;
	struct text errors, warnings;

	if (g->ticket_keys == NULL)
		return;
	ring = tls_tickets_new(&clock);
	text_init(&errors);
	text_init(&warnings);
	tls_tickets_load(ring, g->ticket_keys, &errors, &warnings);
	if (errors.n > 0)
		subject_complain(&s, "ticket_keys", "%.*s",
		    (int)errors.n - 1, errors.p);
	if (warnings.n > 0) {
		struct conf_where w = subject_where(&s, "ticket_keys");

		text_add(r->kit->warnings, "%s:%u: global.tls.ticket_keys: "
		    "%s", w.file, w.line, warnings.p);
	}
	text_fini(&warnings);
	text_fini(&errors);
	tls_tickets_free(&ring);
}

void
read_certificates(struct reader *r)
{
	struct conf *c = r->conf;
	struct text reply;

	if (r->kit == NULL)
		return;
	try_ticket_keys(r);
	text_init(&reply);
	r->kit->plain_reply(c, &reply);
	for (size_t i = 0; i < c->nlisteners; i++)
		if (conf_has_tls(&c->listeners[i]))
			read_listener(r, &c->listeners[i],
			    text_slice(&reply));
	text_fini(&reply);
}
