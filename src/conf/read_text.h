#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "conf/reader.h"

/*
 * Reads the text of one value into the member at.  False when it is wrong;
 * this has then been complained about, and the member is as it was.
 * Of a list of strings it is one element, which is appended.
 */
bool read_text(struct reader *r, const struct option *o, void *at,
    const char *text, struct conf_where where);

/* Makes a list of strings empty, with room for n elements. */
void read_text_clear(struct reader *r, const struct option *o, void *at,
    size_t n);

/* For sentences: "none", "tcp"; and a string with its odd bytes shown. */
const char *read_names(const char *const *names, struct arena *a);
const char *read_shown(const char *string, struct arena *a);
