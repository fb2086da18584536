/*
 * test_envelope.c
 *		Limits of envelopes; names of messages; buckets.
 */
#include <string.h>

#include "bucket.h"
#include "envelope.h"
#include "tap.h"

static const struct
{
	const char *name;
	int suite;
	int64_t sender_key_version, key_version;
	size_t iv, ciphertext, tag;
	bool good;
} cases[] = {
	{"suite 0", 0, SENDER_KEY_VERSION_LEFT_OUT, 1, 12, 0, 16, true},
	{"suite 1", 1, 1, 1, 12, 65536, 16, true},
	{"suite 1 without a sender's version", 1, SENDER_KEY_VERSION_LEFT_OUT, 1,
	 12, 0, 16, false},
	{"suite 2", 2, 1, 1, 12, 0, 16, false},
	{"suite -1", -1, 1, 1, 12, 0, 16, false},
	{"iv of 11 bytes", 0, 1, 1, 11, 0, 16, false},
	{"iv of 13 bytes", 0, 1, 1, 13, 0, 16, false},
	{"tag of 15 bytes", 0, 1, 1, 12, 0, 15, false},
	{"tag of 17 bytes", 0, 1, 1, 12, 0, 17, false},
	{"one byte too much", 0, 1, 1, 12, 65537, 16, false},
	{"version 0", 0, 1, 0, 12, 0, 16, false},
	{"version -1", 0, 1, -1, 12, 0, 16, false},
	{"version 2^31", 0, 1, INT64_C(1) << 31, 12, 0, 16, false},
	{"version 2^31 - 1", 0, 1, INT32_MAX, 12, 0, 16, true},
	{"sender's version 0", 0, 0, 1, 12, 0, 16, false},
	{"sender's version 2^31", 0, INT64_C(1) << 31, 1, 12, 0, 16, false},
};

static void
test_limits(struct tap *tap)
{
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		tap_ok(tap,
			   (envelope_check(cases[i].suite, cases[i].sender_key_version,
							   cases[i].key_version, cases[i].iv,
							   cases[i].ciphertext, cases[i].tag) == NULL) ==
				   cases[i].good,
			   cases[i].name);
}

static void
test_message_id(struct tap *tap)
{
	const uint8_t mailbox[16] = {[6] = 0x80, [8] = 0x80, [15] = 1};
	const uint8_t sender[16] = {[6] = 0x80, [8] = 0x80, [15] = 2};
	const uint8_t iv[12] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
	const uint8_t want[16] = {0x29, 0x56, 0xcb, 0x93, 0x17, 0x7d, 0x8b, 0x48,
							  0xa2, 0x7f, 0x6e, 0x03, 0xe6, 0x0a, 0x2d, 0x2e};
	uint8_t id[16];

	envelope_message_id(mailbox, sender, iv, id);
	tap_ok(tap, memcmp(id, want, sizeof id) == 0, "a message's name");
}

/* Frozen: see docs/protocol.md. */
static void
test_buckets(struct tap *tap)
{
	tap_ok(tap, bucket_of_username("alice", 5) == 8060, "bucket of alice");
	tap_ok(tap, bucket_of_username("bob", 3) == 38095, "bucket of bob");
	tap_ok(tap, bucket_of_username("", 0) == 6416, "bucket of nothing");
}

int
main(void)
{
	struct tap tap = {0};

	test_limits(&tap);
	test_message_id(&tap);
	test_buckets(&tap);
	return tap_end(&tap);
}
