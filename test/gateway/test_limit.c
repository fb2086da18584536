/*
 * test_limit.c
 *		Token buckets under a clock of the test's own.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "limit.h"
#include "tap.h"

#define SECOND (int64_t) 1000000
#define START (1000 * SECOND)

static struct limit *
limit_of(long per_minute)
{
	struct limit *limit = limit_new();

	if (!limit)
		exit(EXIT_FAILURE);
	limit_set(limit, per_minute);
	return limit;
}

/* A call of the caller with this name, at most 16 characters. */
static struct limit_state
call(struct limit *limit, const char *name, int64_t now_us)
{
	uint8_t key[LIMIT_KEY_SIZE] = {0};
	struct limit_state state;

	memcpy(key, name, strnlen(name, sizeof(key)));
	limit_take(limit, key, now_us, &state);
	return state;
}

/* How many calls go on at one moment, of at most "tries". */
static int
burst(struct limit *limit, const char *name, int64_t now_us, int tries)
{
	int count = 0;

	for (int i = 0; i < tries; i++)
		count += !call(limit, name, now_us).refused;
	return count;
}

static bool
is(struct limit_state state, bool refused, long left, int reset_s)
{
	return state.refused == refused && state.left == left &&
		   state.reset_s == reset_s;
}

static void
one_caller(struct tap *tap)
{
	struct limit *limit = limit_of(10);

	tap_ok(tap, is(call(limit, "alice", START), false, 9, 6),
		   "nine are left; full in six seconds");
	tap_ok(tap, burst(limit, "alice", START, 8) == 8, "eight more");
	tap_ok(tap, is(call(limit, "alice", START), false, 0, 6),
		   "the last of a minute's worth; the next comes in six seconds");
	tap_ok(tap, is(call(limit, "alice", START), true, 0, 6), "none");
	tap_ok(tap, is(call(limit, "alice", START + 5 * SECOND), true, 0, 1),
		   "one second after five of them");
	tap_ok(tap, burst(limit, "alice", START + 6 * SECOND, 5) == 1,
		   "one call comes back in six seconds");
	tap_ok(tap, burst(limit, "alice", START + 36 * SECOND, 50) == 5,
		   "five in thirty more");
	tap_ok(tap, burst(limit, "alice", START + 3600 * SECOND, 50) == 10,
		   "never more than a minute's worth");
	tap_ok(tap, burst(limit, "alice", START, 50) == 0,
		   "a clock that goes back gives nothing");
	limit_free(limit);
}

/* Whatever the number is, so many at once and no more. */
static void
exact_numbers(struct tap *tap)
{
	static const int numbers[] = {1, 7, 59, 601, 7001, 99999, 100000};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
	{
		struct limit *limit = limit_of(numbers[i]);

		tap_ok(tap, burst(limit, "alice", START, 100001) == numbers[i],
			   "so many at once and no more");
		limit_free(limit);
	}
}

static void
several_callers(struct tap *tap)
{
	struct limit *limit = limit_of(1);

	tap_ok(tap, burst(limit, "alice", START, 3) == 1, "alice");
	tap_ok(tap, burst(limit, "bob", START, 3) == 1,
		   "another key has a bucket of its own");
	tap_ok(tap, burst(limit, "", START, 3) == 1, "and so have 16 zeros");
	tap_ok(tap, call(limit, "alice", START).reset_s == 60, "one a minute");
	limit_free(limit);
}

/* A flood of names takes the places of those that asked least. */
static void
full_table(struct tap *tap)
{
	struct limit *limit = limit_of(10);
	char name[24];
	int refused = 0;

	if (burst(limit, "alice", START, 10) != 10)
		refused = -1;
	for (int i = 0; i < 40000; i++)
	{
		snprintf(name, sizeof(name), "name-%d", i);
		refused += call(limit, name, START).refused;
	}
	tap_ok(tap, refused == 0, "a full table refuses nobody who is new");
	tap_ok(tap, is(call(limit, "alice", START), true, 0, 6),
		   "and remembers who asked most");
	limit_free(limit);
}

static void
other_numbers(struct tap *tap)
{
	struct limit *limit = limit_of(0);

	tap_ok(tap, burst(limit, "alice", START, 10000) == 10000, "0: no limit");
	limit_set(limit, 10);
	tap_ok(tap, burst(limit, "alice", START, 50) == 10, "then there is one");
	limit_set(limit, 2);
	tap_ok(tap, is(call(limit, "alice", START), true, 0, 30), "a lower one");
	limit_set(limit, 60);
	tap_ok(tap, burst(limit, "alice", START + 10 * SECOND, 50) == 10,
		   "a higher one: ten come back in ten seconds");
	limit_free(limit);
}

#define THREADS 8
#define CALLS 20000

static void *
call_often(void *argument)
{
	struct limit *limit = argument;

	return (void *) (intptr_t) burst(limit, "alice", START, CALLS);
}

static void
threads(struct tap *tap)
{
	struct limit *limit = limit_of(1000);
	pthread_t thread[THREADS];
	intptr_t count = 0;

	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&thread[i], NULL, call_often, limit) != 0)
			exit(EXIT_FAILURE);
	for (int i = 0; i < THREADS; i++)
	{
		void *result;

		pthread_join(thread[i], &result);
		count += (intptr_t) result;
	}
	tap_ok(tap, count == 1000, "threads share one bucket");
	limit_free(limit);
}

int
main(void)
{
	struct tap tap = {0};

	one_caller(&tap);
	exact_numbers(&tap);
	several_callers(&tap);
	full_table(&tap);
	other_numbers(&tap);
	threads(&tap);
	return tap_end(&tap);
}
