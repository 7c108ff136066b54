/*
 * show_config.c - the configuration in force, as a file would have it.
 */
#include <string.h>

#include "admin/command.h"
#include "conf/load.h"

/* An empty line would end the answer. */
static void
add_lines(struct text *t, struct slice s)
{
	while (s.n > 0) {
		const char *nl = memchr(s.p, '\n', s.n);
		size_t n = nl != NULL ? (size_t)(nl - s.p) : s.n;

		if (n > 0)
			text_add(t, "%.*s\n", (int)n, s.p);
		s = slice_skip(s, nl != NULL ? n + 1 : n);
	}
}

void
show_config(struct request *r)
{
	struct text dump;

	text_init(&dump);
	conf_dump(r->worker->conf, &dump);
	if (r->json) {
		text_add(r->out, "{\"path\":");
		text_add_json(r->out, slice_of(r->worker->conf->path));
		text_add(r->out, ",\"config\":");
		text_add_json(r->out, text_slice(&dump));
		text_add(r->out, "}\n");
	} else {
		add_lines(r->out, text_slice(&dump));
	}
	text_fini(&dump);
}
