/* The counter of health and its thresholds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "cluster/health.h"

static struct health
up(int rise, int fall)
{
	struct health h;

	health_init(&h, rise, fall, true, 1);
	assert_true(health_pass(&h));
	return h;
}

static void
assert_status(const struct health *h, const char *want)
{
	char text[24];

	health_status(h, text);
	assert_string_equal(text, want);
}

/* '+' passes, '-' fails; after each the status that must show. */
struct step {
	char probe;
	const char *status;
};

static void
walk(struct health *h, const struct step *steps)
{
	enum health_state was;
	bool changed;

	for (; steps->probe != '\0'; steps++) {
		was = h->state;
		changed = steps->probe == '+' ? health_pass(h) :
		    health_fail(h);
		assert_status(h, steps->status);
		assert_int_equal(changed, h->state != was);
	}
}

static void
falls_after_three_and_rises_after_two(void **state)
{
	static const struct step steps[] = {
		{ '+', "UP" }, { '-', "UP 2/3" }, { '-', "UP 1/3" },
		{ '-', "DOWN" }, { '-', "DOWN" }, { '+', "DOWN 1/2" },
		{ '-', "DOWN" }, { '+', "DOWN 1/2" }, { '+', "UP" },
		{ '-', "UP 2/3" }, { '+', "UP" }, { '-', "UP 2/3" },
		{ '-', "UP 1/3" }, { '+', "UP 2/3" }, { '-', "UP 1/3" },
		{ '-', "DOWN" }, { 0 },
	};
	struct health h = up(2, 3);

	(void)state;
	assert_int_equal(h.value, 4);
	walk(&h, steps);
}

static void
one_probe_decides_while_checking(void **state)
{
	static const struct step fails[] = {
		{ '-', "DOWN" }, { '+', "DOWN 1/2" }, { '+', "UP" }, { 0 },
	};
	struct health h;

	(void)state;
	health_init(&h, 2, 3, true, 7);
	assert_status(&h, "checking");
	assert_false(health_is_up(&h));
	assert_int_equal(h.result, CHECK_INI);
	assert_int_equal(h.changed, 7);
	walk(&h, fails);
	h = up(2, 3);
	assert_true(health_is_up(&h));
}

static void
thresholds_of_one_decide_at_once(void **state)
{
	static const struct step steps[] = {
		{ '-', "DOWN" }, { '+', "UP" }, { '-', "DOWN" }, { 0 },
	};
	struct health h = up(1, 1);

	(void)state;
	walk(&h, steps);
}

static void
without_a_check_nothing_changes(void **state)
{
	struct health h;

	(void)state;
	health_init(&h, 2, 3, false, 1);
	assert_status(&h, "no check");
	assert_true(health_is_up(&h));
	assert_false(health_fail(&h));
	assert_false(health_pass(&h));
	assert_status(&h, "no check");
}

static void
counts_probes(void **state)
{
	struct health h = up(2, 3);

	(void)state;
	(void)health_fail(&h);
	(void)health_fail(&h);
	assert_int_equal(h.passed, 1);
	assert_int_equal(h.failed, 2);
}

static void
retune_keeps_the_state_and_fits_the_value(void **state)
{
	struct health h = up(2, 3);

	(void)state;
	(void)health_fail(&h);
	health_retune(&h, 3, 5, true);
	assert_status(&h, "UP 4/5");
	health_retune(&h, 2, 1, true);
	assert_status(&h, "UP");
	assert_int_equal(h.value, 2);
	(void)health_fail(&h);
	assert_status(&h, "DOWN");
	(void)health_pass(&h);
	health_retune(&h, 1, 1, true);
	assert_status(&h, "DOWN");
	assert_true(health_pass(&h));
}

static void
a_server_that_was_unchecked_is_up_until_probes_differ(void **state)
{
	struct health h;

	(void)state;
	health_init(&h, 2, 3, false, 1);
	health_retune(&h, 2, 3, true);
	assert_status(&h, "UP");
	assert_int_equal(h.value, 4);
	health_retune(&h, 2, 3, false);
	assert_status(&h, "no check");
}

static void
interval_follows_the_state(void **state)
{
	struct conf_health c = { .interval = 2000, .fast_interval = 500,
	    .down_interval = 9000 };
	struct conf_health plain = { .interval = 2000 };
	struct health h;

	(void)state;
	health_init(&h, 2, 3, true, 1);
	assert_int_equal(health_interval(&h, &c), 500);
	h = up(2, 3);
	assert_int_equal(health_interval(&h, &c), 2000);
	(void)health_fail(&h);
	assert_int_equal(health_interval(&h, &c), 500);
	assert_int_equal(health_interval(&h, &plain), 2000);
	(void)health_fail(&h);
	(void)health_fail(&h);
	assert_int_equal(health_interval(&h, &c), 9000);
	assert_int_equal(health_interval(&h, &plain), 2000);
	(void)health_pass(&h);
	assert_int_equal(health_interval(&h, &c), 500);
}

static void
names_every_result(void **state)
{
	static const char *const names[] = {
		"UNK", "INI", "SOCKERR", "L4OK", "L4TOUT", "L4CON", "L6OK",
		"L6TOUT", "L6RSP", "L7OK", "L7OKC", "L7TOUT", "L7RSP",
		"L7STS",
	};
	unsigned passed = 0;

	(void)state;
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_string_equal(health_result_name(i), names[i]);
		passed += health_result_passed(i);
		assert_int_equal(health_result_passed(i),
		    strstr(names[i], "OK") != NULL &&
		    strcmp(names[i], "SOCKERR") != 0);
	}
	assert_int_equal(passed, 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(falls_after_three_and_rises_after_two),
		cmocka_unit_test(one_probe_decides_while_checking),
		cmocka_unit_test(thresholds_of_one_decide_at_once),
		cmocka_unit_test(without_a_check_nothing_changes),
		cmocka_unit_test(counts_probes),
		cmocka_unit_test(retune_keeps_the_state_and_fits_the_value),
		cmocka_unit_test(
		    a_server_that_was_unchecked_is_up_until_probes_differ),
		cmocka_unit_test(interval_follows_the_state),
		cmocka_unit_test(names_every_result),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
