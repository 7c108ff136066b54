/*
 * nearest.c - which known word is meant by an unknown one.
 *
 * The distance is Levenshtein's, and two neighbours that changed places count
 * once: letters added, dropped, changed or swapped.  Up to a third of them may
 * differ.
 */
#include <string.h>

#include "conf/nearest.h"

#define WORD_MAX 64	/* longer words are not guessed at */

static size_t
smallest(size_t a, size_t b, size_t c)
{
	if (b < a)
		a = b;
	return c < a ? c : a;
}

static size_t
distance(const char *a, size_t na, const char *b, size_t nb)
{
	size_t rows[3][WORD_MAX + 1];

	for (size_t j = 0; j <= nb; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= na; i++) {
		size_t *row = rows[i % 3], *last = rows[(i - 1) % 3];
		const size_t *swap = rows[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= nb; j++) {
			row[j] = smallest(last[j] + 1, row[j - 1] + 1,
			    last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && swap[j - 2] + 1 < row[j])
				row[j] = swap[j - 2] + 1;
		}
	}
	return rows[na % 3][nb];
}

void
nearest_init(struct nearest *n, const char *word)
{
	n->word = word;
	n->best = NULL;
	n->distance = 1 + (strlen(word) + 1) / 3;
}

void
nearest_offer(struct nearest *n, const char *candidate)
{
	size_t na = strlen(n->word), nb = strlen(candidate), d;

	if (na > WORD_MAX || nb > WORD_MAX)
		return;
	d = distance(n->word, na, candidate, nb);
	if (d >= n->distance || d >= nb)
		return;
	n->distance = d;
	n->best = candidate;
}
