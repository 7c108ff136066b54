#pragma once

#include "base/text.h"

/*
 * A new certificate that was set and not committed yet: one at a time, as
 * HAProxy has it.  It outlives the session that set it.
 */
struct cert_draft {
	char *path;		/* NULL: none */
	char *pem;		/* certificate, chain and key; wiped */
	size_t n;
};

void cert_draft_drop(struct cert_draft *d);
