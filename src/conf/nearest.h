#pragma once

#include <stddef.h>

/*
 * The word that somebody most likely meant.  Offer each candidate; best is
 * the nearest one, or NULL when none is near enough to be worth a question.
 */
struct nearest {
	const char *word;
	const char *best;
	size_t distance;
};

void nearest_init(struct nearest *n, const char *word);
void nearest_offer(struct nearest *n, const char *candidate);

/*
 * The one of an option's values, with NULL behind the last, that is meant: by
 * what is said for it elsewhere, such as "http/2" for "h2", or else the nearest
 * one, in whatever case; NULL when none is.
 */
const char *nearest_value(const char *const *values, const char *word);
