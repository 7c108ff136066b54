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
