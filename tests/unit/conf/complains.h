#pragma once

#include "conf/load.h"

/*
 * For tests of what the configuration complains about: each case is a text
 * that goes between before and after, and all complaints about it.
 */
#define LISTENER                                                              \
	"listeners = ( { name = \"web\"; address = \"127.0.0.1:80\"; } );\n"
#define POOL                                                                  \
	"pools = ( { name = \"web\"; servers = "                              \
	"( { address = \"10.0.0.1:80\"; } ); } );\n"

static const char *const balances[] =
    { "least_conn", "round_robin", "random", "hash", NULL };

struct complaint_case {
	const char *text;
	const char *complaints;
};

static inline void
complains(const struct complaint_case *cases, size_t n, const char *before,
    const char *after)
{
	for (size_t i = 0; i < n; i++) {
		struct text whole, errors;

		text_init(&whole);
		text_init(&errors);
		text_add(&whole, "%s%s%s", before, cases[i].text, after);
		text_add(&errors, "%s", "");
		assert_null(conf_load_string("f", whole.p, balances, &errors));
		assert_string_equal(errors.p, cases[i].complaints);
		text_fini(&whole);
		text_fini(&errors);
	}
}
