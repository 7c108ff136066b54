/*
 * fuzz_trunk.c - pieces of memory that a library asks for, and their packing.
 *
 * The input is steps of three bytes: what is done, and two for a size.  Here
 * trunks are packed in a sanitizer's build, too.
 * Invariants: a piece is aligned, and holds what was written to it until it is
 * put back, wherever others begin and end, and however often all is packed.
 */
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "base/trunk.h"
#include "fuzz.h"

#define TRUNKS 2u
#define PIECES 32u

struct piece {
	unsigned char *p, *copy;
	size_t n;
};

struct play {
	struct trunks all;
	struct trunk *trunks[TRUNKS];
	struct piece pieces[TRUNKS][PIECES];
	unsigned char marks;
};

/* Words that are not zero beside such that are, in runs of some lengths. */
static void
fill(struct play *y, struct piece *x, size_t n)
{
	unsigned char mark = ++y->marks;
	size_t run = 1 + mark % 40, k;

	must((uintptr_t)x->p % 16 == 0);
	free(x->copy);
	x->copy = calloc(1, n);
	must(x->copy != NULL);
	for (size_t at = 0; at < n; at += 3 * run) {
		k = run < n - at ? run : n - at;
		memset(x->copy + at, mark, k);
		run += run < 4000 ? 7 : 0;
	}
	memcpy(x->p, x->copy, n);
	x->n = n;
}

static void
check(const struct piece *x, size_t n)
{
	must(memcmp(x->p, x->copy, n) == 0);
}

static void
put(struct play *y, unsigned t, struct piece *x)
{
	if (x->p == NULL)
		return;
	check(x, x->n);
	trunk_put(y->trunks[t], x->p);
	free(x->copy);
	x->p = x->copy = NULL;
}

/* All that is in it goes first. */
static void
change(struct play *y, unsigned t)
{
	for (unsigned i = 0; i < PIECES; i++)
		put(y, t, &y->pieces[t][i]);
	trunk_free(&y->all, &y->trunks[t]);
	y->trunks[t] = trunk_new(&y->all);
}

static void
pack(struct play *y, unsigned t)
{
	trunk_pack(y->trunks[t]);
	must(trunk_is_packed(y->trunks[t]));
	trunk_unpack(y->trunks[t]);
	must(!trunk_is_packed(y->trunks[t]));
	for (unsigned i = 0; i < PIECES; i++)
		if (y->pieces[t][i].p != NULL)
			check(&y->pieces[t][i], y->pieces[t][i].n);
}

static void
grow(struct play *y, unsigned t, struct piece *x, size_t n)
{
	size_t kept = x->n < n ? x->n : n;
	bool was = x->p != NULL;

	x->p = trunk_grow(y->trunks[t], x->p, n);
	if (was)
		check(x, kept);
	fill(y, x, n);
}

static void
step(struct play *y, const uint8_t *b)
{
	size_t n = (size_t)b[1] << 8 | b[2];
	unsigned t = b[0] & 1;
	struct piece *x = &y->pieces[t][(b[0] >> 1) % PIECES];

	n = n % 32 == 0 ? 1 + n + n / 8 : 1 + n % 1100;
	if (b[0] >= 252)
		change(y, t);
	else if (b[0] >= 224)
		pack(y, t);
	else if (b[0] >= 192)
		grow(y, t, x, n);
	else if (x->p != NULL)
		put(y, t, x);
	else
		grow(y, t, x, n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct play y = { .marks = 0 };

	if (n > 1500)
		return 0;
	trunks_init(&y.all, false);
	for (unsigned t = 0; t < TRUNKS; t++)
		y.trunks[t] = trunk_new(&y.all);
	for (size_t i = 0; i + 3 <= n; i += 3)
		step(&y, bytes + i);
	for (unsigned t = 0; t < TRUNKS; t++) {
		for (unsigned i = 0; i < PIECES; i++)
			put(&y, t, &y.pieces[t][i]);
		trunk_free(&y.all, &y.trunks[t]);
	}
	trunks_fini(&y.all);
	return 0;
}
