/*
 * limit.c
 *		Token buckets in a table of fixed size.
 */
#include "limit.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "secret.h"

#define SETS 512
#define WAYS 8 /* buckets that a hash may lie in */
#define HASH_SIZE 16
#define MINUTE_US 60000000

/*
 * Instead of tokens a bucket keeps the time when it will be full: a call moves
 * it on by what one token takes to come back.
 */
struct bucket
{
	uint8_t hash[HASH_SIZE];
	int64_t full_at_us;
};

struct limit
{
	pthread_mutex_t mutex;
	EVP_MAC_CTX *key;
	int64_t token_us; /* in which one comes back; 0 for no limit */
	struct bucket buckets[SETS][WAYS];
};

struct limit *
limit_new(long per_minute)
{
	struct limit *limit = calloc(1, sizeof(*limit));
	uint8_t bytes[SECRET_SIZE];

	if (!limit)
		return NULL;
	if (RAND_bytes(bytes, sizeof(bytes)) == 1)
		limit->key = secret_key(bytes);
	OPENSSL_cleanse(bytes, sizeof(bytes));
	if (!limit->key || pthread_mutex_init(&limit->mutex, NULL) != 0)
	{
		EVP_MAC_CTX_free(limit->key);
		free(limit);
		return NULL;
	}
	limit->token_us = per_minute > 0 ? MINUTE_US / per_minute : 0;
	return limit;
}

void
limit_free(struct limit *limit)
{
	if (!limit)
		return;
	pthread_mutex_destroy(&limit->mutex);
	EVP_MAC_CTX_free(limit->key);
	free(limit);
}

/* HMAC of the address's hash and the name's, so that neither runs over. */
static bool
hash_caller(const struct limit *limit, const char *address, const char *name,
			uint8_t hash[32])
{
	uint8_t both[64];

	return secret_hmac(limit->key, address, strlen(address), both) &&
		   secret_hmac(limit->key, name, strlen(name), both + 32) &&
		   secret_hmac(limit->key, both, sizeof(both), hash);
}

/* The caller's bucket; if it has none, the fullest one of its set. */
static struct bucket *
find(struct limit *limit, const uint8_t hash[32])
{
	size_t set = (size_t) (hash[30] << 8 | hash[31]) % SETS;
	struct bucket *fullest = &limit->buckets[set][0];

	for (size_t i = 0; i < WAYS; i++)
	{
		struct bucket *bucket = &limit->buckets[set][i];

		if (memcmp(bucket->hash, hash, HASH_SIZE) == 0)
			return bucket;
		if (bucket->full_at_us < fullest->full_at_us)
			fullest = bucket;
	}
	memcpy(fullest->hash, hash, HASH_SIZE);
	fullest->full_at_us = 0;
	return fullest;
}

/* Takes a token, or says how long the next one takes. */
static int64_t
take(const struct limit *limit, struct bucket *bucket, int64_t now_us)
{
	int64_t full_at_us =
		bucket->full_at_us > now_us ? bucket->full_at_us : now_us;
	int64_t wait_us = full_at_us + limit->token_us - MINUTE_US - now_us;

	if (wait_us <= 0)
		bucket->full_at_us = full_at_us + limit->token_us;
	return wait_us > 0 ? wait_us : 0;
}

int
limit_take(struct limit *limit, const char *address, const char *name,
		   int64_t now_us)
{
	uint8_t hash[32];
	int64_t wait_us;

	if (limit->token_us == 0)
		return 0;
	if (!hash_caller(limit, address, name, hash))
		return 1;
	pthread_mutex_lock(&limit->mutex);
	wait_us = take(limit, find(limit, hash), now_us);
	pthread_mutex_unlock(&limit->mutex);
	return (int) ((wait_us + 999999) / 1000000);
}
