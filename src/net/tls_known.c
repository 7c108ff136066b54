/*
 * tls_known.c - a certificate whose files stand as they were is not parsed
 * again.
 *
 * Why:       a reload reads a thousand certificates in the loop; to parse and
 *            to check one takes half a millisecond, to look at its files some
 *            microseconds.
 * Invariant: a file that was written within CALM before it was read is not
 *            known: it may change again and look the same.
 * Owns:      nothing: certificates are on the list while they live.
 */
#include <sys/stat.h>

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/tls_cert.h"
#include "net/tls_lib.h"

#define CALM SEC(2)

/* False: it cannot be told by its looks. */
static bool
look(const char *path, int64_t wall, struct tls_looks *out)
{
	struct stat st;
	int64_t changed;

	*out = (struct tls_looks){ .size = 0 };
	if (path == NULL)
		return true;
	if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
		return false;
	changed = (int64_t)st.st_ctim.tv_sec * USEC_PER_SEC;
	*out = (struct tls_looks){ .device = st.st_dev, .inode = st.st_ino,
		.size = st.st_size, .written = st.st_mtim,
		.changed = st.st_ctim };
	return changed + CALM < wall;
}

static bool
is_same(const struct tls_looks *a, const struct tls_looks *b)
{
	return a->inode == b->inode && a->device == b->device &&
	    a->size == b->size && a->written.tv_sec == b->written.tv_sec &&
	    a->written.tv_nsec == b->written.tv_nsec &&
	    a->changed.tv_sec == b->changed.tv_sec &&
	    a->changed.tv_nsec == b->changed.tv_nsec;
}

bool
tls_known_look(const struct tls_files *files, int64_t wall,
    struct tls_looks looks[2])
{
	return look(files->cert, wall, &looks[0]) &&
	    look(files->key, wall, &looks[1]);
}

static struct tls_cert *
copy(const struct tls_cert *from)
{
	struct tls_cert *c = mem_new(sizeof(*c));

	c->path = mem_string(from->path);
	c->chain = X509_chain_up_ref(from->chain);
	if (X509_up_ref(from->leaf) == 1)
		c->leaf = from->leaf;
	if (EVP_PKEY_up_ref(from->key) == 1)
		c->key = from->key;
	c->kind = from->kind;
	c->names = mem_array(from->nnames + 1, sizeof(char *));
	for (; c->nnames < from->nnames; c->nnames++)
		c->names[c->nnames] = mem_string(from->names[c->nnames]);
	if (c->leaf == NULL || c->key == NULL || c->chain == NULL)
		tls_cert_free(&c);
	return c;
}

struct tls_cert *
tls_known_find(const struct tls *t, const struct tls_files *files,
    const struct tls_looks looks[2])
{
	const struct tls_cert *c;

	list_each(c, &t->known, struct tls_cert, known)
		if (is_same(&c->looks[0], &looks[0]) &&
		    is_same(&c->looks[1], &looks[1]) &&
		    strcmp(c->path, files->cert) == 0)
			return copy(c);
	return NULL;
}

void
tls_known_add(struct tls *t, struct tls_cert *c,
    const struct tls_looks looks[2])
{
	memcpy(c->looks, looks, sizeof(c->looks));
	/* A reload asks for them in their order. */
	list_add_tail(&t->known, &c->known);
}
