/*
 * tls_index.c - which certificates the name that a client asks for means.
 *
 * Two look-ups of a hash map, however many certificates there are: the name,
 * then "*" for its first label (RFC 6125 6.4.3: one label, the leftmost).
 * Of certificates with one name and one kind of key the first counts.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "net/tls_cert.h"

static void
put(struct tls_index *x, struct tls_cert *c, const char *name)
{
	struct slice key = slice_of(name);
	struct tls_site *site = map_get(&x->map, key);

	if (site == NULL) {
		site = &x->sites[x->nsites++];
		map_add(&x->map, key, site);
	}
	if (site->certs[c->kind] == NULL)
		site->certs[c->kind] = c;
}

/* The default: the first, and those of other kinds for one of its names. */
static void
set_first(struct tls_index *x, struct tls_cert *first)
{
	const struct tls_site *site;

	x->first.certs[first->kind] = first;
	for (size_t i = 0; i < first->nnames; i++) {
		site = map_get(&x->map, slice_of(first->names[i]));
		for (int k = 0; k < TLS_KEY_KINDS; k++)
			if (x->first.certs[k] == NULL)
				x->first.certs[k] = site->certs[k];
	}
}

void
tls_index_init(struct tls_index *x, struct tls_cert *const *certs, size_t n)
{
	size_t names = 0;

	memset(x, 0, sizeof(*x));
	map_init(&x->map);
	for (size_t i = 0; i < n; i++)
		names += certs[i]->nnames;
	x->sites = mem_array(names + 1, sizeof(*x->sites));
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < certs[i]->nnames; k++)
			put(x, certs[i], certs[i]->names[k]);
	if (n > 0)
		set_first(x, certs[0]);
}

void
tls_index_fini(struct tls_index *x)
{
	map_fini(&x->map);
	free(x->sites);
	memset(x, 0, sizeof(*x));
}

const struct tls_site *
tls_index_find(const struct tls_index *x, struct slice name)
{
	char lower[256];
	const struct tls_site *site;
	const char *dot;

	if (name.n > 0 && name.p[name.n - 1] == '.')
		name.n--;
	if (name.n == 0 || name.n >= sizeof(lower))
		return NULL;
	for (size_t i = 0; i < name.n; i++)
		lower[i] = slice_lower(name.p[i]);
	name.p = lower;
	/* "*.a" is a certificate's way to say more than one name. */
	if (lower[0] == '*')
		return NULL;
	site = map_get(&x->map, name);
	dot = memchr(lower, '.', name.n);
	if (site != NULL || dot == NULL || dot == lower)
		return site;
	name = slice_skip(name, (size_t)(dot - lower) - 1);
	lower[dot - lower - 1] = '*';
	return map_get(&x->map, name);
}
