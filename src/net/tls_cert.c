/*
 * tls_cert.c - a certificate, its chain and its key, out of PEM.
 *
 * Why:       everything that can be wrong is said when it is read, in one line,
 *            and never at a handshake.  Nobody is asked for a passphrase.
 * Owns:      the objects of OpenSSL's; connections hold references of theirs.
 * Not here:  OCSP (tls_ocsp.c), what is told about them (tls_cert_text.c),
 *            which name asks for which (tls_index.c).
 */
#include "net/tls_cert.h"

#include <sys/stat.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/tls_lib.h"

#define FILE_MOST (1u << 20)
#define CHAIN_MOST 32

/* --- files */

static int
fill(int fd, struct text *out)
{
	char block[4096];
	int error = 0;
	ssize_t n;

	while (error == 0 && (n = read(fd, block, sizeof(block))) != 0) {
		if (n < 0) {
			error = errno;
			break;
		}
		text_add_slice(out, slice_make(block, (size_t)n));
		if (out->n > FILE_MOST)
			error = EFBIG;
	}
	OPENSSL_cleanse(block, sizeof(block));
	return error;
}

/* Memory that grows would leave its old bytes behind: it is had at once. */
static void
make_room(int fd, struct text *out)
{
	struct stat st;

	if (out->p != NULL || fstat(fd, &st) != 0 || st.st_size <= 0 ||
	    st.st_size > FILE_MOST)
		return;
	out->cap = (size_t)st.st_size + 2;
	out->p = mem_new(out->cap);
}

static void
warn_of_mode(const char *path, const struct stat *st, struct text *warnings)
{
	if (st->st_mode & S_IROTH)
		text_add(warnings, "%s: this key can be read by everybody\n",
		    path);
}

/* Or a certificate alone, named by mistake. */
static bool
holds_key(const struct text *t)
{
	return t->n == 0 ||
	    memmem(t->p, t->n, "CERTIFICATE-----", 16) == NULL ||
	    memmem(t->p, t->n, "PRIVATE KEY-----", 16) != NULL;
}

bool
tls_file_read(const char *path, bool secret, struct text *out,
    struct text *errors, struct text *warnings)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int error = fd < 0 ? errno : 0;

	if (error == 0) {
		make_room(fd, out);
		error = fill(fd, out);
	}
	if (error == 0 && secret && holds_key(out) && fstat(fd, &st) == 0)
		warn_of_mode(path, &st, warnings);
	if (fd >= 0)
		close(fd);
	if (error != 0)
		text_add(errors, "%s: %s\n", path, strerror(error));
	return error == 0;
}

void
tls_text_wipe(struct text *t)
{
	if (t->p != NULL)
		OPENSSL_cleanse(t->p, t->cap);
	text_fini(t);
}

/* --- PEM */

/* The leaf, then the chain. */
static bool
read_certificates(struct tls_cert *c, struct slice pem, struct text *errors)
{
	BIO *b = BIO_new_mem_buf(pem.p, (int)pem.n);
	X509 *x;

	c->chain = sk_X509_new_null();
	while (b != NULL && sk_X509_num(c->chain) < CHAIN_MOST &&
	    (x = PEM_read_bio_X509(b, NULL, NULL, NULL)) != NULL) {
		if (c->leaf == NULL)
			c->leaf = x;
		else
			sk_X509_push(c->chain, x);
	}
	BIO_free(b);
	if (c->leaf != NULL &&
	    ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE) {
		ERR_clear_error();
		return true;
	}
	if (c->leaf != NULL)
		tls_complain(errors, c->path, "a certificate of the chain");
	else
		text_add(errors, "%s: no certificate in PEM\n", c->path);
	ERR_clear_error();
	return false;
}

/* A passphrase is asked for: there is none. */
static int
on_passphrase(char *buf, int size, int rwflag, void *arg)
{
	bool *asked = arg;

	(void)buf;
	(void)size;
	(void)rwflag;
	*asked = true;
	return -1;
}

static bool
read_key(struct tls_cert *c, struct slice pem, struct text *errors)
{
	BIO *b = BIO_new_mem_buf(pem.p, (int)pem.n);
	bool asked = false;

	if (b != NULL)
		c->key = PEM_read_bio_PrivateKey(b, NULL, on_passphrase,
		    &asked);
	BIO_free(b);
	ERR_clear_error();
	if (c->key != NULL)
		return true;
	text_add(errors, "%s: %s\n", c->path, asked ?
	    "the private key is encrypted; it must be stored without a "
	    "passphrase" :
	    "no private key in PEM that can be read");
	return false;
}

static bool
check_pair(struct tls_cert *c, struct tls *tls, struct text *errors)
{
	int id = EVP_PKEY_get_base_id(c->key);

	if (X509_check_private_key(c->leaf, c->key) != 1) {
		ERR_clear_error();
		text_add(errors, "%s: the private key does not belong to the "
		    "certificate\n", c->path);
		return false;
	}
	c->kind = id == EVP_PKEY_RSA || id == EVP_PKEY_RSA_PSS ? TLS_KEY_RSA :
	    id == EVP_PKEY_EC ? TLS_KEY_EC : TLS_KEY_ED;
	/* The library has a taste of its own: keys too small, MD5... */
	if (SSL_CTX_use_cert_and_key(tls->scratch, c->leaf, c->key, c->chain,
	    1) == 1)
		return true;
	tls_complain(errors, c->path, "cannot be used");
	return false;
}

/* --- names */

static void
add_name(struct tls_cert *c, const ASN1_STRING *s)
{
	const char *p = (const char *)ASN1_STRING_get0_data(s);
	size_t n = (size_t)ASN1_STRING_length(s);

	if (n == 0 || n > 255 || memchr(p, '\0', n) != NULL)
		return;
	c->names = mem_grow(c->names, c->nnames + 1, sizeof(char *));
	c->names[c->nnames] = mem_text(p, n);
	for (char *q = c->names[c->nnames]; *q != '\0'; q++)
		*q = slice_lower(*q);
	c->nnames++;
}

/* The common name counts only where there are no others (RFC 6125 6.4.4). */
static void
read_names(struct tls_cert *c)
{
	GENERAL_NAMES *alt = X509_get_ext_d2i(c->leaf, NID_subject_alt_name,
	    NULL, NULL);
	const X509_NAME *subject = X509_get_subject_name(c->leaf);
	int at;

	for (int i = 0; i < sk_GENERAL_NAME_num(alt); i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(alt, i);

		if (g->type == GEN_DNS)
			add_name(c, g->d.dNSName);
	}
	GENERAL_NAMES_free(alt);
	at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
	if (c->nnames == 0 && at >= 0)
		add_name(c, X509_NAME_ENTRY_get_data(
		    X509_NAME_get_entry(subject, at)));
	ERR_clear_error();
}

/* --- a whole certificate */

int64_t
tls_time(const ASN1_TIME *t)
{
	struct tm tm;

	return t != NULL && ASN1_TIME_to_tm(t, &tm) == 1 ? timegm(&tm) : 0;
}

static void
warn_of_dates(const struct tls_cert *c, int64_t wall, struct text *warnings)
{
	int64_t now = wall / USEC_PER_SEC;

	if (tls_time(X509_get0_notAfter(c->leaf)) < now)
		text_add(warnings, "%s: the certificate has expired\n",
		    c->path);
	else if (tls_time(X509_get0_notBefore(c->leaf)) > now)
		text_add(warnings, "%s: the certificate is not valid yet\n",
		    c->path);
}

struct tls_cert *
tls_cert_new(struct tls *tls, const char *path, struct slice cert,
    struct slice key, int64_t wall, struct text *errors, struct text *warnings)
{
	struct tls_cert *c = mem_new(sizeof(*c));

	c->path = mem_string(path);
	if (!read_certificates(c, cert, errors) ||
	    !read_key(c, key.n > 0 ? key : cert, errors) ||
	    !check_pair(c, tls, errors)) {
		tls_cert_free(&c);
		return NULL;
	}
	read_names(c);
	warn_of_dates(c, wall, warnings);
	return c;
}

static struct tls_cert *
parse_files(struct tls *tls, const struct tls_files *files, int64_t wall,
    struct text *errors, struct text *warnings)
{
	bool apart = files->key != NULL;
	struct tls_cert *c = NULL;
	struct text cert, key;

	text_init(&cert);
	text_init(&key);
	if (tls_file_read(files->cert, !apart, &cert, errors, warnings) &&
	    (!apart || tls_file_read(files->key, true, &key, errors, warnings)))
		c = tls_cert_new(tls, files->cert, text_slice(&cert),
		    text_slice(&key), wall, errors, warnings);
	tls_text_wipe(&cert);
	tls_text_wipe(&key);
	return c;
}

/* One that is known is warned of as often as one that is read. */
static struct tls_cert *
find_known(struct tls *tls, const struct tls_files *files,
    const struct tls_looks looks[2], int64_t wall, struct text *warnings)
{
	const char *secret = files->key != NULL ? files->key : files->cert;
	struct tls_cert *c = tls_known_find(tls, files, looks);
	struct stat st;

	if (c == NULL)
		return NULL;
	if (stat(secret, &st) == 0)
		warn_of_mode(secret, &st, warnings);
	warn_of_dates(c, wall, warnings);
	return c;
}

struct tls_cert *
tls_cert_read(struct tls *tls, const struct tls_files *files, int64_t wall,
    struct text *errors, struct text *warnings)
{
	struct tls_looks looks[2];
	bool has_looks = tls_known_look(files, wall, looks);
	struct tls_cert *c = NULL;

	if (has_looks)
		c = find_known(tls, files, looks, wall, warnings);
	if (c == NULL)
		c = parse_files(tls, files, wall, errors, warnings);
	if (c != NULL && has_looks)
		tls_known_add(tls, c, looks);
	if (c != NULL && files->ocsp != NULL) {
		c->ocsp_path = mem_string(files->ocsp);
		tls_cert_staple(c, wall, warnings);
	}
	return c;
}

void
tls_cert_free(struct tls_cert **cp)
{
	struct tls_cert *c = *cp;

	if (c == NULL)
		return;
	*cp = NULL;
	list_del(&c->known);
	X509_free(c->leaf);
	sk_X509_pop_free(c->chain, X509_free);
	EVP_PKEY_free(c->key);
	for (size_t i = 0; i < c->nnames; i++)
		free(c->names[i]);
	free(c->names);
	free(c->staple);
	free(c->path);
	free(c->ocsp_path);
	free(c);
}
