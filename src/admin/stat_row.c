/*
 * stat_row.c - the rows of "show stat" in their three forms.
 */
#include "admin/stat_row.h"

#include <string.h>

static const struct column columns[] = {
#define X(name, tags, type) { #name, tags, type },
	STAT_COLUMNS(X)
#undef X
};

void
stat_row_init(struct stat_row *r, enum stat_type object, unsigned iid,
    unsigned sid)
{
	memset(r, 0, sizeof(*r));
	r->object = object;
	r->iid = iid;
	r->sid = sid;
	stat_number(r, STAT_pid, 1);
	stat_number(r, STAT_iid, iid);
	stat_number(r, STAT_sid, sid);
	stat_number(r, STAT_type, object);
	stat_text(r, STAT_mode, "http");
}

void
stat_add_names(struct text *t)
{
	text_add(t, "# ");
	for (unsigned i = 0; i < STAT_NCOLUMNS; i++)
		text_add(t, "%s%s,", i == STAT_DASH ? "-," : "",
		    columns[i].name);
	text_add_char(t, '\n');
}

void
stat_add_csv(struct text *t, const struct stat_row *r)
{
	for (unsigned i = 0; i < STAT_NCOLUMNS; i++) {
		text_add(t, "%s", i == STAT_DASH ? "-," : "");
		cell_add_csv(t, &r->cells[i]);
		text_add_char(t, ',');
	}
	text_add_char(t, '\n');
}

void
stat_add_typed(struct text *t, const struct stat_row *r)
{
	static const char letters[] = "FBS";

	for (unsigned i = 0; i < STAT_NCOLUMNS; i++) {
		if (r->cells[i].kind == CELL_NONE)
			continue;
		text_add(t, "%c.%u.%u.", letters[r->object], r->iid, r->sid);
		cell_add_typed(t, i, &columns[i], &r->cells[i]);
	}
}

void
stat_add_json(struct text *t, const struct stat_row *r)
{
	static const char *const words[] = { "Frontend", "Backend", "Server" };
	const char *comma = "";

	text_add_char(t, '[');
	for (unsigned i = 0; i < STAT_NCOLUMNS; i++) {
		if (r->cells[i].kind == CELL_NONE)
			continue;
		text_add(t, "%s{\"objType\":\"%s\",\"proxyId\":%u,\"id\":%u,",
		    comma, words[r->object], r->iid, r->sid);
		cell_add_json(t, i, &columns[i], &r->cells[i]);
		text_add_char(t, '}');
		comma = ",";
	}
	text_add_char(t, ']');
}
