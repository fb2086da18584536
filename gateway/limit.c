/*
 * limit.c
 *		Token buckets in a table of fixed size.
 */
#include "limit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#define SET_BITS 10
#define SETS (1 << SET_BITS)
#define WAYS 8 /* buckets that a key may lie in */
#define WORDS (LIMIT_KEY_SIZE / 4)
#define MINUTE_US (LIMIT_WINDOW_S * 1000000)

/*
 * Instead of tokens a bucket keeps the time when it will be full: a call moves
 * it on by what one token takes to come back.
 */
struct bucket
{
	uint8_t key[LIMIT_KEY_SIZE];
	int64_t full_at_us;
};

struct set
{
	pthread_mutex_t mutex;
	struct bucket buckets[WAYS];
};

struct limit
{
	atomic_long per_minute;
	uint64_t factors[WORDS + 1]; /* random, so that nobody can aim at a set */
	struct set sets[SETS];
};

struct limit *
limit_new(void)
{
	struct limit *limit = calloc(1, sizeof(*limit));

	if (!limit)
		return NULL;
	if (RAND_bytes((unsigned char *) limit->factors, sizeof(limit->factors)) !=
		1)
	{
		free(limit);
		return NULL;
	}
	for (size_t i = 0; i < SETS; i++)
		pthread_mutex_init(&limit->sets[i].mutex, NULL);
	return limit;
}

void
limit_free(struct limit *limit)
{
	if (!limit)
		return;
	for (size_t i = 0; i < SETS; i++)
		pthread_mutex_destroy(&limit->sets[i].mutex);
	free(limit);
}

void
limit_set(struct limit *limit, long per_minute)
{
	atomic_store(&limit->per_minute, per_minute);
}

long
limit_per_minute(const struct limit *limit)
{
	return atomic_load(&limit->per_minute);
}

/*
 * Multiply and shift: any two keys meet in one of SETS tables of random
 * factors, which is all that is wanted of a hash that nobody sees.
 */
static struct set *
set_of(struct limit *limit, const uint8_t key[LIMIT_KEY_SIZE])
{
	uint32_t words[WORDS];
	uint64_t sum = limit->factors[WORDS];

	memcpy(words, key, sizeof(words));
	for (size_t i = 0; i < WORDS; i++)
		sum += limit->factors[i] * words[i];
	return &limit->sets[sum >> (64 - SET_BITS)];
}

/* The key's bucket; if it has none, the fullest one of its set. */
static struct bucket *
find(struct set *set, const uint8_t key[LIMIT_KEY_SIZE])
{
	struct bucket *fullest = &set->buckets[0];

	for (size_t i = 0; i < WAYS; i++)
	{
		struct bucket *bucket = &set->buckets[i];

		if (memcmp(bucket->key, key, LIMIT_KEY_SIZE) == 0)
			return bucket;
		if (bucket->full_at_us < fullest->full_at_us)
			fullest = bucket;
	}
	memcpy(fullest->key, key, LIMIT_KEY_SIZE);
	fullest->full_at_us = 0;
	return fullest;
}

/* Takes a token of token_us if there is one in a bucket for room_us. */
static void
take(struct bucket *bucket, int64_t token_us, int64_t room_us, int64_t now_us,
	 struct limit_state *state)
{
	int64_t used_us =
		bucket->full_at_us > now_us ? bucket->full_at_us - now_us : 0;

	state->refused = used_us + token_us > room_us;
	if (!state->refused)
	{
		used_us += token_us;
		bucket->full_at_us = now_us + used_us;
	}
	state->left = used_us < room_us ? (room_us - used_us) / token_us : 0;
	if (state->left == 0)
		used_us += token_us - room_us;
	state->reset_s = (int) ((used_us + 999999) / 1000000);
}

void
limit_take(struct limit *limit, const uint8_t key[LIMIT_KEY_SIZE],
		   int64_t now_us, struct limit_state *state)
{
	long per_minute = limit_per_minute(limit);
	struct set *set = set_of(limit, key);
	int64_t token_us;

	*state = (struct limit_state){.refused = false};
	if (per_minute == 0)
		return;
	token_us = MINUTE_US / per_minute;
	pthread_mutex_lock(&set->mutex);
	take(find(set, key), token_us, token_us * per_minute, now_us, state);
	pthread_mutex_unlock(&set->mutex);
}
