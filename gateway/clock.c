/*
 * clock.c
 *		Reading and writing time.
 */
#include "clock.h"

#include <string.h>

int64_t
clock_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t
clock_ms(void)
{
	return clock_us() / 1000;
}

struct timespec
clock_deadline(int64_t ms)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += ms / 1000;
	at.tv_nsec += (ms % 1000) * 1000000;
	if (at.tv_nsec >= 1000000000)
	{
		at.tv_sec++;
		at.tv_nsec -= 1000000000;
	}
	return at;
}

/* A moment in the calendar, UTC. */
struct moment
{
	unsigned year, month, day;
	unsigned weekday; /* 0 is Thursday, as on 1 January 1970 */
	unsigned hour, minute, second;
};

/*
 * By hand, because gmtime_r() takes a lock that all threads share, and
 * strftime() is slow.  Years begin with March, so that a leap day is the last
 * one; the months from March on have 153 days in every five.
 */
static struct moment
moment_of(int64_t epoch)
{
	unsigned days = (unsigned) (epoch / 86400) + 719468; /* since 1.3.0000 */
	unsigned time = (unsigned) (epoch % 86400);
	unsigned era = days / 146097, day = days % 146097; /* of 400 years */
	unsigned year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	unsigned month;

	day -= 365 * year + year / 4 - year / 100;
	month = (5 * day + 2) / 153;
	return (struct moment){
		.year = 400 * era + year + (month >= 10),
		.month = month < 10 ? month + 3 : month - 9,
		.day = day - (153 * month + 2) / 5 + 1,
		.weekday = (unsigned) (epoch / 86400 % 7),
		.hour = time / 3600,
		.minute = time / 60 % 60,
		.second = time % 60,
	};
}

/* Writes the last digits of a number over those that stand there. */
static void
put(char *out, unsigned number, int digits)
{
	while (digits-- > 0)
	{
		out[digits] = (char) ('0' + number % 10);
		number /= 10;
	}
}

void
clock_iso(int64_t epoch_ms, char out[CLOCK_ISO_SIZE])
{
	struct moment at = moment_of(epoch_ms / 1000);

	memcpy(out, "0000-00-00T00:00:00.000Z", CLOCK_ISO_SIZE);
	put(out, at.year, 4);
	put(out + 5, at.month, 2);
	put(out + 8, at.day, 2);
	put(out + 11, at.hour, 2);
	put(out + 14, at.minute, 2);
	put(out + 17, at.second, 2);
	put(out + 20, (unsigned) (epoch_ms % 1000), 3);
}

void
clock_http(int64_t epoch, char out[CLOCK_HTTP_SIZE])
{
	static const char weekdays[] = "ThuFriSatSunMonTueWed";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct moment at = moment_of(epoch);

	memcpy(out, "Thu, 00 Jan 0000 00:00:00 GMT", CLOCK_HTTP_SIZE);
	memcpy(out, weekdays + 3 * at.weekday, 3);
	put(out + 5, at.day, 2);
	memcpy(out + 8, months + 3 * (at.month - 1), 3);
	put(out + 12, at.year, 4);
	put(out + 17, at.hour, 2);
	put(out + 20, at.minute, 2);
	put(out + 23, at.second, 2);
}
