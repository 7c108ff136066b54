#pragma once

#include "conf/reader.h"
#include "http/field.h"

/*
 * What one value alone cannot tell: names that stand twice, addresses that
 * clash, routes to nowhere, text that HTTP does not allow.  Each complains to
 * the reader and fills in what follows from other values.
 */
void check_global(struct reader *r);
void check_listeners(struct reader *r);
void check_pools(struct reader *r);

/* NULL is fine.  Of TCP, so `only` (NULL: any) must not be a UNIX socket. */
void check_congestion(const struct subject *s, const char *name,
    const struct addr *only);
void check_routes(struct reader *r);	/* after listeners and pools */

/* Reads the files of global.errors. */
void check_error_pages(struct reader *r);

/* check_tls.c; then read_certificates.c reads what it names, if r->kit. */
void check_global_tls(struct reader *r);
void check_listener_tls(const struct subject *listener, struct conf_listener *l);
void read_certificates(struct reader *r);
/* check_pool_tls.c; then read_pool_tls.c makes a tls_client, if r->kit. */
void check_pool_tls(const struct subject *pool, struct conf_pool *p);
void read_pools_tls(struct reader *r);

/* Letters, digits, and _ . : - and the marks of more; NULL is no name. */
bool check_is_name(const char *name, const char *more);
bool check_name(const struct subject *s, const char *name, const char *more);

/* Field values, targets, authorities, tokens; a NULL string is fine. */
bool check_text(const struct subject *s, const char *key, const char *string);
bool check_path(const struct subject *s, const char *key, const char *path);
bool check_host(const struct subject *s, const char *key, const char *host);
bool check_word(const struct subject *s, const char *key, const char *word);

/* Fields that are sent: each has a value, and none is steelyard's own. */
enum check_whose { CHECK_RESPONSE, CHECK_PROBE };
void check_fields(struct reader *r, const struct conf_fields *fields,
    enum check_whose whose);

/* Is it about one connection, so that no request carries it further? */
bool check_is_framing(enum field_id id);

/* A field that is matched. */
void check_match(struct reader *r, const struct conf_field *field);
