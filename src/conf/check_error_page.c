/*
 * check_error_page.c - reads the bodies of steelyard's own answers.
 *
 * Why: an error page is needed when things go wrong, which is the wrong time
 *      to open a file.  It is part of the snapshot instead.
 */
#include <errno.h>
#include <string.h>

#include "conf/check.h"

#define PAGE_MAX ((size_t)16 << 10)

static void
load_page(const struct subject *s, struct conf_error_page *page)
{
	struct text bytes;
	const char *wrong;

	page->file = source_path(&s->r->source, page->file);
	text_init(&bytes);
	wrong = source_slurp(page->file, PAGE_MAX, &bytes);
	if (wrong != NULL)
		subject_complain(s, "file", "%s cannot be read: %s%s",
		    page->file, wrong, strcmp(wrong, strerror(EFBIG)) == 0 ?
		    "; at most 16k is allowed" : "");
	else
		page->body = arena_copy(&s->r->conf->arena,
		    text_slice(&bytes));
	text_fini(&bytes);
}

void
check_error_pages(struct reader *r)
{
	struct conf_error_pages *pages = &r->conf->global.errors;

	for (size_t i = 0; i < pages->n; i++) {
		struct conf_error_page *page = &pages->v[i];
		struct subject s = { r, "global.error", page, page->where };

		check_text(&s, "content_type", page->content_type);
		if (page->file != NULL)
			load_page(&s, page);
		for (size_t j = 0; j < i; j++) {
			if (page->status == 0 ||
			    pages->v[j].status != page->status)
				continue;
			subject_complain(&s, "status", "%d has its page at "
			    "%s:%u already; delete one", (int)page->status,
			    pages->v[j].where.file, pages->v[j].where.line);
			break;
		}
	}
}
