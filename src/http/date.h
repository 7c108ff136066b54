#pragma once

#include <stdint.h>

#define DATE_LEN 29	/* "Sun, 06 Nov 1994 08:49:37 GMT" */

/* IMF-fixdate (RFC 9110 5.6.7) of a wall time in microseconds. */
void date_print(int64_t wall, char out[DATE_LEN + 1]);

/* The same, remembered for as long as the second lasts. Zeroed at first. */
struct date_cache {
	int64_t second;
	char text[DATE_LEN + 1];
};
const char *date_now(struct date_cache *c, int64_t wall);
