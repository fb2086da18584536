/*
 * test_limit.c
 *		Token buckets under a clock of the test's own.
 */
#include <stdio.h>
#include <stdlib.h>

#include "limit.h"
#include "tap.h"

#define SECOND (int64_t) 1000000
#define START (1000 * SECOND)

/* How many calls go on at one moment, of at most "tries". */
static int
burst(struct limit *limit, const char *address, const char *name,
	  int64_t now_us, int tries)
{
	int count = 0;

	for (int i = 0; i < tries; i++)
		count += limit_take(limit, address, name, now_us) == 0;
	return count;
}

static void
one_caller(struct tap *tap)
{
	struct limit *limit = limit_new(10);

	if (!limit)
		exit(EXIT_FAILURE);
	tap_ok(tap, burst(limit, "127.0.0.1", "alice", START, 50) == 10,
		   "a minute's worth at once");
	tap_ok(tap, limit_take(limit, "127.0.0.1", "alice", START) == 6,
		   "then six seconds to wait");
	tap_ok(tap,
		   limit_take(limit, "127.0.0.1", "alice", START + 5 * SECOND) == 1,
		   "one after five of them");
	tap_ok(tap, burst(limit, "127.0.0.1", "alice", START + 6 * SECOND, 5) == 1,
		   "one call comes back in six seconds");
	tap_ok(tap,
		   burst(limit, "127.0.0.1", "alice", START + 36 * SECOND, 50) == 5,
		   "five in thirty more");
	tap_ok(tap,
		   burst(limit, "127.0.0.1", "alice", START + 3600 * SECOND, 50) == 10,
		   "never more than a minute's worth");
	limit_free(limit);
}

static void
several_callers(struct tap *tap)
{
	struct limit *limit = limit_new(1);

	if (!limit)
		exit(EXIT_FAILURE);
	tap_ok(tap, burst(limit, "127.0.0.1", "alice", START, 3) == 1, "alice");
	tap_ok(tap, burst(limit, "127.0.0.1", "bob", START, 3) == 1,
		   "another name has a bucket of its own");
	tap_ok(tap, burst(limit, "127.0.0.2", "alice", START, 3) == 1,
		   "and so has another address");
	tap_ok(tap, burst(limit, "127.0.0.1a", "lice", START, 3) == 1,
		   "an address does not run into the name");
	tap_ok(tap, burst(limit, "", "", START, 3) == 1, "no address, no name");
	tap_ok(tap, limit_take(limit, "127.0.0.1", "alice", START) == 60,
		   "one a minute");
	limit_free(limit);
}

/* A flood of names takes the places of those that asked least. */
static void
full_table(struct tap *tap)
{
	struct limit *limit = limit_new(10);
	char name[24];
	int refused = 0;

	if (!limit)
		exit(EXIT_FAILURE);
	if (burst(limit, "127.0.0.1", "alice", START, 10) != 10)
		refused = -1;
	for (int i = 0; i < 20000; i++)
	{
		snprintf(name, sizeof(name), "name-%d", i);
		refused += limit_take(limit, "127.0.0.1", name, START) != 0;
	}
	tap_ok(tap, refused == 0, "a full table refuses nobody who is new");
	tap_ok(tap, limit_take(limit, "127.0.0.1", "alice", START) == 6,
		   "and remembers who asked most");
	limit_free(limit);
}

static void
no_limit(struct tap *tap)
{
	struct limit *limit = limit_new(0);

	if (!limit)
		exit(EXIT_FAILURE);
	tap_ok(tap, burst(limit, "127.0.0.1", "alice", START, 10000) == 10000,
		   "0 is no limit");
	limit_free(limit);
}

int
main(void)
{
	struct tap tap = {0};

	one_caller(&tap);
	several_callers(&tap);
	full_table(&tap);
	no_limit(&tap);
	return tap_end(&tap);
}
