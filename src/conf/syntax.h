#pragma once

#include <stdbool.h>

#include "base/text.h"
#include "conf/source.h"

/*
 * Is the text well-formed in libconfig's grammar?  False with one sentence
 * that says where it is not and what to do about it.
 */
bool syntax_check(const struct source *source, struct text *errors);
