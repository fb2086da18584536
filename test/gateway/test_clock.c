/*
 * test_clock.c
 *		Dates, against the C library.
 */
#include <string.h>
#include <time.h>

#include "clock.h"
#include "tap.h"

#define YEAR_10000 INT64_C(253402300800)

static bool
agrees(int64_t epoch)
{
	char expected[40], iso[CLOCK_ISO_SIZE], http[CLOCK_HTTP_SIZE];
	time_t seconds = (time_t) epoch;
	struct tm tm;

	gmtime_r(&seconds, &tm);
	clock_iso(epoch * 1000 + epoch % 1000, iso);
	strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%S.", &tm);
	snprintf(expected + 20, 16, "%03dZ", (int) (epoch % 1000));
	if (strcmp(iso, expected) != 0)
		return false;
	clock_http(epoch, http);
	strftime(expected, sizeof(expected), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	return strcmp(http, expected) == 0;
}

int
main(void)
{
	struct tap tap = {0};
	bool good = true;

	for (int64_t day = 0; day < 400 * 366; day++)
		good = good && agrees(day * 86400) && agrees(day * 86400 + 86399);
	tap_ok(&tap, good, "each day of 400 years, its first and last second");
	for (int64_t second = 0; second < YEAR_10000; second += 9999991)
		good = good && agrees(second);
	tap_ok(&tap, good, "seconds up to the year 9999");
	tap_ok(&tap, agrees(YEAR_10000 - 1), "and the last of it");
	return tap_end(&tap);
}
