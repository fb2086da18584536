/*
 * program.h
 *		What the load generators share.
 */
#ifndef E2EMSG_BENCH_PROGRAM_H
#define E2EMSG_BENCH_PROGRAM_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Ends the program, with what failed and why (errno). */
static inline void
die(const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what,
			strerror(errno));
	exit(1);
}

/* Microseconds of a clock that nobody sets. */
static inline int64_t
now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

#endif /* E2EMSG_BENCH_PROGRAM_H */
