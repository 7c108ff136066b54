/*
 * load.c - from a file to a snapshot.
 *
 *	source.c > syntax.c > libconfig > read_group.c > check_*.c
 *
 * Each step complains about all that it finds; the values and the checks
 * together, so that one run shows every error of a file that can be parsed.
 */
#include <stdlib.h>

#include <libconfig.h>

#include "base/mem.h"
#include "conf/check.h"
#include "conf/load.h"
#include "conf/read_group.h"
#include "conf/syntax.h"

static void
read_root(struct reader *r, const config_t *config)
{
	read_group(r, "", r->conf, config_root_setting(config));
	reader_sort(r);
	check_global(r);
	check_listeners(r);
	check_pools(r);
	check_routes(r);
	read_certificates(r);
	read_pools_tls(r);
}

static void
parse(struct reader *r, struct text *errors)
{
	config_t config;

	if (!syntax_check(&r->source, errors))
		return;
	config_init(&config);
	if (config_read_string(&config, r->source.text.p)) {
		read_root(r, &config);
		reader_tell(r, errors);
	} else {
		unsigned line = config_error_line(&config) > 0 ?
		    (unsigned)config_error_line(&config) : 1;
		struct conf_where w = source_where(&r->source, line);

		text_add(errors, "%s:%u: %s\n", w.file, w.line,
		    config_error_text(&config));
	}
	config_destroy(&config);
}

/* string NULL: path is the name of a file. */
static struct conf *
load(const char *path, const char *string, const char *const *balances,
    const struct conf_tls_kit *kit, struct text *errors)
{
	struct conf *c = mem_new(sizeof(*c));
	size_t before = errors->n;
	struct reader r;
	bool found;

	c->refs = 1;
	arena_init(&c->arena, NULL);
	c->path = arena_string(&c->arena, slice_of(path));
	reader_init(&r, c, balances);
	r.kit = kit;
	found = string != NULL ?
	    source_read_string(&r.source, &c->arena, path, string, errors) :
	    source_read(&r.source, &c->arena, path, errors);
	if (found)
		parse(&r, errors);
	reader_fini(&r);
	if (errors->n > before)
		conf_put(&c);
	return c;
}

struct conf *
conf_load(const char *path, const char *const *balances, struct text *errors)
{
	return load(path, NULL, balances, NULL, errors);
}

struct conf *
conf_load_tls(const char *path, const char *const *balances,
    const struct conf_tls_kit *kit, struct text *errors)
{
	return load(path, NULL, balances, kit, errors);
}

struct conf *
conf_load_string(const char *name, const char *string,
    const char *const *balances, struct text *errors)
{
	return load(name, string, balances, NULL, errors);
}
