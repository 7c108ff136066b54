/*
 * date.c - IMF-fixdate, the one form of a date that HTTP lets us make.
 *
 * Written digit by digit: strftime would ask the locale for the names.
 */
#include <string.h>
#include <time.h>

#include "base/must.h"
#include "http/date.h"

#define SECOND INT64_C(1000000)

static const char days[7][4] = {
	"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"
};
static const char months[12][4] = {
	"Jan", "Feb", "Mar", "Apr", "May", "Jun",
	"Jul", "Aug", "Sep", "Oct", "Nov", "Dec"
};

static int64_t
seconds_of(int64_t wall)
{
	return wall / SECOND - (wall % SECOND < 0);
}

static void
print_two(char *at, int n)
{
	at[0] = (char)('0' + n / 10 % 10);
	at[1] = (char)('0' + n % 10);
}

static void
print_second(int64_t second, char out[DATE_LEN + 1])
{
	time_t t = (time_t)second;
	struct tm tm;
	int year;

	must(gmtime_r(&t, &tm) != NULL);
	year = tm.tm_year + 1900;
	memcpy(out, "Sun, 06 Nov 1994 08:49:37 GMT", DATE_LEN + 1);
	memcpy(out, days[tm.tm_wday], 3);
	print_two(out + 5, tm.tm_mday);
	memcpy(out + 8, months[tm.tm_mon], 3);
	print_two(out + 12, year / 100);
	print_two(out + 14, year % 100);
	print_two(out + 17, tm.tm_hour);
	print_two(out + 20, tm.tm_min);
	print_two(out + 23, tm.tm_sec);
}

void
date_print(int64_t wall, char out[DATE_LEN + 1])
{
	print_second(seconds_of(wall), out);
}

const char *
date_now(struct date_cache *c, int64_t wall)
{
	int64_t second = seconds_of(wall);

	if (second != c->second || c->text[0] == '\0') {
		print_second(second, c->text);
		c->second = second;
	}
	return c->text;
}
