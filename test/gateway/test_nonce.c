/*
 * test_nonce.c
 *		Challenges: ours only, for one name, for two minutes.
 */
#include <string.h>

#include "nonce.h"
#include "tap.h"

#define NOW 1700000000

/* No character of a nonce can be changed. */
static bool
every_change_is_noticed(const struct secret *secret, const char *nonce)
{
	char changed[NONCE_CHARS + 1];
	int64_t expires_at;

	for (size_t i = 0; i < NONCE_CHARS; i++)
		for (int c = 1; c < 128; c++)
		{
			memcpy(changed, nonce, sizeof(changed));
			if (changed[i] == c)
				continue;
			changed[i] = (char) c;
			if (nonce_check(secret, "alice", changed, NOW, &expires_at))
				return false;
		}
	return true;
}

int
main(void)
{
	static const uint8_t bytes[SECRET_SIZE] = {1};
	static const uint8_t other_bytes[SECRET_SIZE] = {2};
	char long_name[NONCE_USERNAME_LIMIT + 2];
	char nonce[NONCE_CHARS + 1], again[NONCE_CHARS + 1];
	struct secret secret, other;
	struct tap tap = {0};
	int64_t expires_at = 0;

	if (!secret_derive(&secret, bytes) || !secret_derive(&other, other_bytes))
		return EXIT_FAILURE;
	tap_ok(&tap,
		   nonce_make(&secret, "alice", NOW, nonce) &&
			   strlen(nonce) == NONCE_CHARS,
		   "a nonce is made");
	tap_ok(&tap,
		   nonce_make(&secret, "alice", NOW, again) &&
			   strcmp(nonce, again) != 0,
		   "the next one is another");
	tap_ok(&tap,
		   nonce_check(&secret, "alice", nonce, NOW, &expires_at) &&
			   expires_at == NOW + NONCE_LIFETIME_S,
		   "it is good and says when it expires");
	tap_ok(&tap,
		   nonce_check(&secret, "alice", nonce, NOW + NONCE_LIFETIME_S - 1,
					   &expires_at),
		   "until its last second");
	tap_ok(&tap,
		   !nonce_check(&secret, "alice", nonce, NOW + NONCE_LIFETIME_S,
						&expires_at),
		   "and then it has expired");
	tap_ok(&tap, !nonce_check(&secret, "alicf", nonce, NOW, &expires_at),
		   "not for another name");
	tap_ok(&tap, !nonce_check(&secret, "alic", nonce, NOW, &expires_at),
		   "not for a shorter name");
	tap_ok(&tap, !nonce_check(&other, "alice", nonce, NOW, &expires_at),
		   "not with another secret");
	tap_ok(&tap, !nonce_check(&secret, "alice", "", NOW, &expires_at),
		   "not an empty one");
	tap_ok(&tap, every_change_is_noticed(&secret, nonce),
		   "not with any character changed");
	memset(long_name, 'a', sizeof(long_name));
	long_name[sizeof(long_name) - 1] = '\0';
	tap_ok(&tap, !nonce_make(&secret, long_name, NOW, nonce),
		   "none for a name past the limit");
	long_name[NONCE_USERNAME_LIMIT] = '\0';
	tap_ok(&tap, nonce_make(&secret, long_name, NOW, nonce),
		   "one for a name at the limit");
	secret_wipe(&secret);
	secret_wipe(&other);
	return tap_end(&tap);
}
