/*
 * clock.c
 *		Reading and writing time.
 */
#include "clock.h"

#include <stdio.h>

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

void
clock_iso(int64_t epoch_ms, char out[CLOCK_ISO_SIZE])
{
	time_t seconds = (time_t) (epoch_ms / 1000);
	char text[20];
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out, CLOCK_ISO_SIZE, "%s.%03dZ", text, (int) (epoch_ms % 1000));
}

void
clock_http(int64_t epoch, char out[CLOCK_HTTP_SIZE])
{
	static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed",
									"Thu", "Fri", "Sat"};
	static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr",
									   "May", "Jun", "Jul", "Aug",
									   "Sep", "Oct", "Nov", "Dec"};
	time_t seconds = (time_t) epoch;
	char text[24];
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%Y %H:%M:%S GMT", &tm);
	snprintf(out, CLOCK_HTTP_SIZE, "%s, %02d %s %s", days[tm.tm_wday % 7],
			 tm.tm_mday % 100, months[tm.tm_mon % 12], text);
}
