#pragma once

#include <libconfig.h>

#include "conf/reader.h"

/*
 * Fills the struct of a section with defaults, then with what the setting, a
 * group, says.  What is wrong is complained about; the default then stands.
 */
void read_group(struct reader *r, const char *section, void *base,
    const config_setting_t *setting);
