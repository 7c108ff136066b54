/*
 * test_trunk.c - pieces of all sizes, and that packing changes none of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/trunk.h"

#define PIECES 200u

struct piece {
	unsigned char *p;
	size_t n;
	unsigned char byte;
};

static void
fill(struct piece *x)
{
	/* Half of it zeros, as a library's objects are. */
	memset(x->p, 0, x->n);
	memset(x->p, x->byte, x->n / 4);
	memset(x->p + x->n - x->n / 4, x->byte, x->n / 4);
}

static void
check(const struct piece *x)
{
	for (size_t i = 0; i < x->n; i++)
		assert_int_equal(x->p[i],
		    i < x->n / 4 || i >= x->n - x->n / 4 ? x->byte : 0);
}

static size_t
any_size(struct rng *rng)
{
	uint64_t r = rng_next(rng);

	return r % 64 == 0 ? 70000 : r % 16 == 0 ? (r >> 8) % 17000 :
	    (r >> 8) % 300;
}

static void
step(struct trunk *t, struct piece *x, struct rng *rng)
{
	size_t n = any_size(rng);

	if (x->p != NULL) {
		check(x);
		if (rng_next(rng) % 4 == 0) {
			x->p = trunk_grow(t, x->p, n);
		} else {
			trunk_put(t, x->p);
			x->p = NULL;
			return;
		}
	} else {
		x->p = trunk_get(t, n);
	}
	assert_int_equal((uintptr_t)x->p % 16, 0);
	x->n = n;
	x->byte = (unsigned char)(1 + rng_next(rng) % 255);
	fill(x);
}

static void
keeps_every_piece(bool plain)
{
	struct piece pieces[PIECES] = { { NULL, 0, 0 } };
	struct trunks all;
	struct trunk *t;
	struct rng rng;

	rng_init(&rng, 7);
	trunks_init(&all, plain);
	t = trunk_new(&all);
	for (int i = 0; i < 20000; i++) {
		step(t, &pieces[rng_next(&rng) % PIECES], &rng);
		if (rng_next(&rng) % 128 != 0)
			continue;
		trunk_pack(t);
		assert_true(trunk_is_packed(t));
		trunk_unpack(t);
		assert_false(trunk_is_packed(t));
	}
	for (unsigned i = 0; i < PIECES; i++) {
		if (pieces[i].p != NULL)
			check(&pieces[i]);
		trunk_put(t, pieces[i].p);
	}
	trunk_free(&all, &t);
	assert_null(t);
	trunks_fini(&all);
}

static void
keeps_what_is_in_it(void **state)
{
	(void)state;
	keeps_every_piece(false);
}

static void
does_with_malloc(void **state)
{
	(void)state;
	keeps_every_piece(true);
}

static void
grows_what_is_there(void **state)
{
	struct trunks all;
	struct trunk *t;
	char *p;

	(void)state;
	trunks_init(&all, false);
	t = trunk_new(&all);
	p = trunk_grow(t, NULL, 4);
	memcpy(p, "abc", 4);
	for (size_t n = 8; n < 200000; n *= 2) {
		p = trunk_grow(t, p, n);
		assert_string_equal(p, "abc");
	}
	trunk_put(t, p);
	trunk_put(t, NULL);
	trunk_free(&all, &t);
	trunks_fini(&all);
}

/* Those of its pages that the kernel holds. */
static unsigned
pages_at(const void *p)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t at = (uintptr_t)p / page * page;
	unsigned char is_there[8];
	unsigned n = 0;

	assert_int_equal(mincore((void *)at, 8 * page, is_there), 0);
	for (int i = 0; i < 8; i++)
		n += is_there[i] & 1;
	return n;
}

static void
gives_its_pages_back(void **state)
{
	struct trunks all;
	struct trunk *t;
	char *p;

	(void)state;
	trunks_init(&all, false);
	t = trunk_new(&all);
	p = trunk_get(t, 40000);
	memset(p, 0, 40000);
	p[20000] = 'x';
	assert_true(pages_at(p) >= 8);
	trunk_pack(t);
	assert_int_equal(pages_at(p), 0);
	trunk_unpack(t);
	assert_int_equal(p[20000], 'x');
	assert_int_equal(p[20001], 0);
	assert_true(pages_at(p) <= 2);
	trunk_put(t, p);
	trunk_free(&all, &t);
	trunks_fini(&all);
}

/* More than there are in one region; those that were put back come again. */
static void
makes_many(void **state)
{
	struct trunk *many[300];
	struct trunks all;
	char *p[300];

	(void)state;
	trunks_init(&all, false);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 300; i++) {
			many[i] = trunk_new(&all);
			p[i] = trunk_get(many[i], 3000);
			memset(p[i], i, 3000);
			if (i % 2 == 0)
				trunk_pack(many[i]);
		}
		for (int i = 0; i < 300; i++) {
			trunk_unpack(many[i]);
			assert_int_equal((unsigned char)p[i][2999],
			    (unsigned char)i);
			trunk_put(many[i], p[i]);
			trunk_free(&all, &many[i]);
		}
		assert_int_equal(all.nregions, 5);
	}
	trunks_fini(&all);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_what_is_in_it),
		cmocka_unit_test(does_with_malloc),
		cmocka_unit_test(grows_what_is_there),
		cmocka_unit_test(gives_its_pages_back),
		cmocka_unit_test(makes_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
