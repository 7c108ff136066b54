#pragma once

/* The reason phrase of RFC 9110 15 for a status; "" if it has none. */
const char *status_reason(unsigned status);
