/*
 * clock.c
 *		Reading and writing time.
 */
#include "clock.h"

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
	unsigned ms = (unsigned) (epoch_ms % 1000);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(out, CLOCK_ISO_SIZE, "%Y-%m-%dT%H:%M:%S.000Z", &tm);
	out[20] = (char) ('0' + ms / 100);
	out[21] = (char) ('0' + ms / 10 % 10);
	out[22] = (char) ('0' + ms % 10);
}

/* The "C" locale is never left, so that strftime() writes English. */
void
clock_http(int64_t epoch, char out[CLOCK_HTTP_SIZE])
{
	time_t seconds = (time_t) epoch;
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(out, CLOCK_HTTP_SIZE, "%a, %d %b %Y %H:%M:%S GMT", &tm);
}
