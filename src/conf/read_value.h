#pragma once

#include <libconfig.h>

#include "conf/reader.h"

/* Reads one plain value into the member at; complains if it is wrong. */
void read_value(struct reader *r, const struct option *o, void *at,
    const config_setting_t *setting);

/* The default of the option. */
void read_standard(struct reader *r, const struct option *o, void *at);

/* "expected a group: { ... }, not a string" */
void read_complain_type(struct reader *r, const struct option *o,
    const config_setting_t *setting);

struct conf_where read_where(const struct reader *r,
    const config_setting_t *setting);
