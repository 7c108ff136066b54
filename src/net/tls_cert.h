#pragma once

#include <sys/types.h>

#include <openssl/x509.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/arena.h"
#include "base/list.h"
#include "base/map.h"
#include "base/slice.h"
#include "base/text.h"
#include "net/tls_server.h"

/*
 * A certificate with its chain, key and OCSP response; and which of them a name
 * asks for.
 */
enum tls_key_kind { TLS_KEY_RSA, TLS_KEY_EC, TLS_KEY_ED, TLS_KEY_KINDS };

/* What a file looks like from outside. */
struct tls_looks {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec written, changed;
};

struct tls_cert {
	struct list known;		/* tls_known.c */
	struct tls_looks looks[2];	/* of its file, and its key's if apart */
	char *path, *ocsp_path;		/* ocsp_path may be NULL */
	X509 *leaf;
	STACK_OF(X509) *chain;		/* without the leaf; maybe empty */
	EVP_PKEY *key;
	enum tls_key_kind kind;
	char **names;			/* lower case; "*.example.com" */
	size_t nnames;
	uint8_t *staple;		/* a usable OCSP response, DER */
	size_t nstaple;
	int64_t staple_until;		/* seconds since 1970 */
};

/*
 * Of PEM bytes; key empty: it stands in cert.  NULL with a line added to errors.
 * wall decides about warnings.  The caller's path stands in the lines.
 */
struct tls_cert *tls_cert_new(struct tls *tls, const char *path, struct slice cert,
    struct slice key, int64_t wall, struct text *errors, struct text *warnings);

/* Of files, which are not parsed again while they stand as they were; reads the
 * OCSP response too. */
struct tls_cert *tls_cert_read(struct tls *tls, const struct tls_files *files, int64_t wall,
    struct text *errors, struct text *warnings);
void tls_cert_free(struct tls_cert **c);

/* --- files that stand as they were (tls_known.c) */

/* False: they are missing, or too fresh to be known by their looks. */
bool tls_known_look(const struct tls_files *files, int64_t wall, struct tls_looks looks[2]);
/* NULL, or another certificate made of the same objects. */
struct tls_cert *tls_known_find(const struct tls *t, const struct tls_files *files,
    const struct tls_looks looks[2]);
void tls_known_add(struct tls *t, struct tls_cert *c, const struct tls_looks looks[2]);

/* Reads ocsp_path again (tls_ocsp.c). */
void tls_cert_staple(struct tls_cert *c, int64_t wall, struct text *warnings);

/* Of a leaf, into an arena. */
struct slice tls_name_text(const X509_NAME *name, struct arena *a);
struct slice tls_serial_text(const X509 *leaf, struct arena *a);
struct slice tls_fingerprint_text(const X509 *leaf, struct arena *a);
struct slice tls_alt_names_text(const X509 *leaf, struct arena *a);
int64_t tls_time(const ASN1_TIME *t);	/* seconds since 1970 */
void tls_cert_describe(const struct tls_cert *c, struct arena *a, struct tls_cert_info *out);

/* A file's bytes, at most 1 MiB; false with a line in errors.  secret: warns
 * when others may read it, and what was read should be wiped. */
bool tls_file_read(const char *path, bool secret, struct text *out, struct text *errors,
    struct text *warnings);
void tls_text_wipe(struct text *t);

/* --- by name */

/* The certificates for one name: at most one of each kind of key. */
struct tls_site {
	struct tls_cert *certs[TLS_KEY_KINDS];
};

/* Borrows the certificates. */
struct tls_index {
	struct map map;
	struct tls_site *sites;
	size_t nsites;
	struct tls_site first;	/* the default: the first certificate, and those
				 * of other kinds that share a name with it */
};

void tls_index_init(struct tls_index *x, struct tls_cert *const *certs, size_t n);
void tls_index_fini(struct tls_index *x);

/* Exactly this name, or "*." for its first label; NULL: neither. */
const struct tls_site *tls_index_find(const struct tls_index *x, struct slice name);
