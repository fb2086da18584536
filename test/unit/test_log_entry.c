/*
 * test_log_entry.c
 *		log_entry.c against the layout written down by hand, and hostile bytes.
 */
#include <string.h>

#include <openssl/sha.h>

#include "log_entry.h"
#include "support.h"
#include "tap.h"

/* Fields whose bytes say where they belong. */
static struct log_entry
user_entry(void)
{
	struct log_entry entry;
	struct log_user_entry *user = &entry.user;

	memset(&entry, 0, sizeof entry);
	entry.kind = LOG_ENTRY_USER;
	memset(entry.service, 0xa1, sizeof entry.service);
	memcpy(user->username, "alice", 6);
	memset(user->user_id, 0xa2, sizeof user->user_id);
	user->number = 0x01020304;
	user->event = LOG_EVENT_ROTATED;
	user->key_version = 0xf5060708;
	memset(user->thumbprint, 0xa3, sizeof user->thumbprint);
	memset(user->previous_thumbprint, 0xa4, sizeof user->previous_thumbprint);
	memset(user->identity_thumbprint, 0xa5, sizeof user->identity_thumbprint);
	memset(user->signature, 0xa6, sizeof user->signature);
	memset(user->endorsement, 0xa7, sizeof user->endorsement);
	user->time = 0x0102030405060708;
	memset(user->previous_entry, 0xa8, sizeof user->previous_entry);
	return entry;
}

static struct log_entry
round_entry(void)
{
	struct log_entry entry;

	memset(&entry, 0, sizeof entry);
	entry.kind = LOG_ENTRY_ROUND;
	memset(entry.service, 0xb1, sizeof entry.service);
	entry.round.round = 0xf102030405060708;
	memset(entry.round.map_root, 0xb2, sizeof entry.round.map_root);
	return entry;
}

/* The layout of the header, offset by offset. */
static void
user_bytes(uint8_t out[LOG_USER_ENTRY_SIZE])
{
	memset(out, 0, LOG_USER_ENTRY_SIZE);
	memcpy(out + 1, "e2emsg key log entry v1", 23);
	memset(out + 32, 0xa1, 32);
	memcpy(out + 64, "alice", 5);
	memset(out + 96, 0xa2, 16);
	memcpy(out + 112, "\x01\x02\x03\x04", 4);
	out[116] = 2;
	memcpy(out + 117, "\xf5\x06\x07\x08", 4);
	memset(out + 121, 0xa3, 32);
	memset(out + 153, 0xa4, 32);
	memset(out + 185, 0xa5, 32);
	memset(out + 217, 0xa6, 64);
	memset(out + 281, 0xa7, 64);
	memcpy(out + 345, "\x01\x02\x03\x04\x05\x06\x07\x08", 8);
	memset(out + 353, 0xa8, 32);
}

static void
round_bytes(uint8_t out[LOG_ROUND_ENTRY_SIZE])
{
	memset(out, 0, LOG_ROUND_ENTRY_SIZE);
	memcpy(out + 1, "e2emsg key log round v1", 23);
	memset(out + 32, 0xb1, 32);
	memcpy(out + 64, "\xf1\x02\x03\x04\x05\x06\x07\x08", 8);
	memset(out + 72, 0xb2, 32);
}

/* Decodes a copy that ends where the memory ends. */
static bool
decode(const uint8_t *bytes, size_t size, struct log_entry *out)
{
	uint8_t *copy = malloc(size > 0 ? size : 1);
	bool good;

	memcpy(copy, bytes, size);
	good = log_entry_decode(copy, size, out);
	free(copy);
	return good;
}

static bool
decodes(const uint8_t *bytes, size_t size)
{
	struct log_entry entry;

	return decode(bytes, size, &entry);
}

static bool
encodes(const struct log_entry *entry)
{
	uint8_t bytes[LOG_ENTRY_MAX_SIZE];

	return log_entry_encode(entry, bytes) > 0;
}

static void
test_layout(struct tap *tap)
{
	struct log_entry entry = user_entry(), again;
	uint8_t wanted[LOG_ENTRY_MAX_SIZE], bytes[LOG_ENTRY_MAX_SIZE];

	user_bytes(wanted);
	memset(bytes, 0x77, sizeof bytes);
	tap_ok(tap,
		   log_entry_encode(&entry, bytes) == 385 &&
			   memcmp(bytes, wanted, 385) == 0,
		   "a user's entry is 385 bytes, field by field");
	tap_ok(tap,
		   decode(bytes, 385, &again) &&
			   memcmp(&again, &entry, sizeof entry) == 0,
		   "and read back");
	entry = round_entry();
	round_bytes(wanted);
	memset(bytes, 0x77, sizeof bytes);
	tap_ok(tap,
		   log_entry_encode(&entry, bytes) == 104 &&
			   memcmp(bytes, wanted, 104) == 0 && bytes[104] == 0x77,
		   "the end of a round is 104 bytes, field by field");
	tap_ok(tap,
		   decode(bytes, 104, &again) && again.kind == LOG_ENTRY_ROUND &&
			   memcmp(again.service, entry.service, 32) == 0 &&
			   again.round.round == entry.round.round &&
			   memcmp(again.round.map_root, entry.round.map_root, 32) == 0,
		   "and read back");
}

static void
test_hashes(struct tap *tap)
{
	/* printf 'chat.example' | sha256sum */
	static const uint8_t service[32] = {
		0x8d, 0x2e, 0xb3, 0x2d, 0x90, 0x70, 0x18, 0x5c, 0xf9, 0xeb, 0x96,
		0x6f, 0x52, 0x5c, 0x6e, 0xc6, 0x57, 0x3a, 0x43, 0xb9, 0x8a, 0xb1,
		0x10, 0x41, 0x9d, 0xb9, 0xd2, 0x8f, 0x33, 0xb3, 0x4e, 0x38};
	struct log_entry entry = user_entry();
	uint8_t input[1 + LOG_ENTRY_MAX_SIZE] = {0x00};
	uint8_t wanted[32], got[32];

	user_bytes(input + 1);
	SHA256(input, 1 + LOG_USER_ENTRY_SIZE, wanted);
	tap_ok(tap,
		   log_entry_leaf_hash(&entry, got) && memcmp(got, wanted, 32) == 0,
		   "the leaf hash of a user's entry");
	entry = round_entry();
	round_bytes(input + 1);
	SHA256(input, 1 + LOG_ROUND_ENTRY_SIZE, wanted);
	tap_ok(tap,
		   log_entry_leaf_hash(&entry, got) && memcmp(got, wanted, 32) == 0,
		   "the leaf hash of the end of a round");
	entry.round.round = 0;
	tap_ok(tap, !log_entry_leaf_hash(&entry, got),
		   "no leaf hash of what is no entry");
	tap_ok(tap,
		   log_entry_service("chat.example", got) &&
			   memcmp(got, service, 32) == 0,
		   "the hash of the service's name");
}

static void
test_sizes(struct tap *tap)
{
	uint8_t bytes[LOG_ENTRY_MAX_SIZE + 20] = {0};
	bool good = true;

	user_bytes(bytes);
	for (size_t size = 0; size < sizeof bytes; size++)
		good = good && decodes(bytes, size) == (size == LOG_USER_ENTRY_SIZE);
	tap_ok(tap, good, "a user's entry of any other size");
	round_bytes(bytes);
	for (size_t size = 0; size < sizeof bytes; size++)
		good = good && decodes(bytes, size) == (size == LOG_ROUND_ENTRY_SIZE);
	tap_ok(tap, good, "the end of a round of any other size");
}

static void
test_usernames(struct tap *tap)
{
	struct log_entry entry = user_entry(), again;
	uint8_t bytes[LOG_ENTRY_MAX_SIZE];
	bool good;

	memset(entry.user.username, 'u', USERNAME_MAX);
	entry.user.username[USERNAME_MAX] = '\0';
	tap_ok(tap,
		   log_entry_encode(&entry, bytes) == LOG_USER_ENTRY_SIZE &&
			   decode(bytes, LOG_USER_ENTRY_SIZE, &again) &&
			   strcmp(again.user.username, entry.user.username) == 0,
		   "the longest username");
	entry.user.username[USERNAME_MAX] = 'u';
	good = !encodes(&entry);
	memset(entry.user.username, 0, sizeof entry.user.username);
	good = good && !encodes(&entry);
	for (int character = 1; character < 256; character++)
	{
		entry.user.username[0] = (char) character;
		good =
			good && encodes(&entry) == (character > 0x20 && character < 0x7f);
	}
	tap_ok(tap, good, "usernames that are empty, too long or not printable");
	user_bytes(bytes);
	memset(bytes + 64, 0, 32);
	good = !decodes(bytes, LOG_USER_ENTRY_SIZE);
	user_bytes(bytes);
	bytes[95] = 'x';
	good = good && !decodes(bytes, LOG_USER_ENTRY_SIZE);
	user_bytes(bytes);
	bytes[70] = 'x';
	good = good && !decodes(bytes, LOG_USER_ENTRY_SIZE);
	user_bytes(bytes);
	bytes[64] = 0;
	good = good && !decodes(bytes, LOG_USER_ENTRY_SIZE);
	tap_ok(tap, good, "an empty username, and one with something behind it");
}

static void
test_ranges(struct tap *tap)
{
	struct log_entry entry;
	uint8_t bytes[LOG_ENTRY_MAX_SIZE];
	bool good = true;

	for (int event = 0; event < 256; event++)
	{
		entry = user_entry();
		entry.user.event = (enum log_event) event;
		user_bytes(bytes);
		bytes[116] = (uint8_t) event;
		good =
			good && encodes(&entry) == (event >= 1 && event <= 6) &&
			decodes(bytes, LOG_USER_ENTRY_SIZE) == (event >= 1 && event <= 6);
	}
	tap_ok(tap, good, "events 1 to 6");
	entry = user_entry();
	entry.user.number = 0;
	user_bytes(bytes);
	memset(bytes + 112, 0, 4);
	tap_ok(tap, !encodes(&entry) && !decodes(bytes, LOG_USER_ENTRY_SIZE),
		   "number 0");
	entry = user_entry();
	entry.user.time = -1;
	user_bytes(bytes);
	bytes[345] = 0x80;
	tap_ok(tap, !encodes(&entry) && !decodes(bytes, LOG_USER_ENTRY_SIZE),
		   "a negative time");
	entry = round_entry();
	entry.round.round = 0;
	round_bytes(bytes);
	memset(bytes + 64, 0, 8);
	tap_ok(tap, !encodes(&entry) && !decodes(bytes, LOG_ROUND_ENTRY_SIZE),
		   "round 0");
	entry.kind = (enum log_entry_kind) 2;
	tap_ok(tap, !encodes(&entry), "another kind");
}

/* Refused, or written back as the same bytes. */
static bool
only_canonical(const uint8_t *bytes, size_t size, int *accepted)
{
	uint8_t again[LOG_ENTRY_MAX_SIZE];
	struct log_entry entry;

	if (!decode(bytes, size, &entry))
		return true;
	(*accepted)++;
	return log_entry_encode(&entry, again) == size &&
		   memcmp(again, bytes, size) == 0;
}

/* Each bit of an entry, flipped alone; the label's bits must all matter. */
static bool
flips_agree(uint8_t *bytes, size_t size)
{
	bool good = true;

	for (size_t bit = 0; bit < size * 8; bit++)
	{
		int accepted = 0;

		bytes[bit / 8] ^= (uint8_t) (1u << bit % 8);
		good = good && only_canonical(bytes, size, &accepted) &&
			   (bit >= 32 * 8 || accepted == 0);
		bytes[bit / 8] ^= (uint8_t) (1u << bit % 8);
	}
	return good;
}

static void
test_flips(struct tap *tap)
{
	uint8_t bytes[LOG_ENTRY_MAX_SIZE];

	user_bytes(bytes);
	tap_ok(tap, flips_agree(bytes, LOG_USER_ENTRY_SIZE),
		   "each bit of a user's entry");
	round_bytes(bytes);
	tap_ok(tap, flips_agree(bytes, LOG_ROUND_ENTRY_SIZE),
		   "each bit of the end of a round");
}

static void
test_hostile(struct tap *tap)
{
	uint64_t state = 73;
	int accepted = 0;
	bool good = true;

	for (int i = 0; i < 40000; i++)
	{
		uint8_t bytes[LOG_ENTRY_MAX_SIZE + 8] = {0};
		size_t size = i % 2 == 0 ? LOG_USER_ENTRY_SIZE : LOG_ROUND_ENTRY_SIZE;

		if (i % 2 == 0)
			user_bytes(bytes);
		else
			round_bytes(bytes);
		for (uint64_t change = next_random(&state) % 4; change > 0; change--)
			bytes[next_random(&state) % size] = (uint8_t) next_random(&state);
		if (next_random(&state) % 8 == 0)
			size = next_random(&state) % sizeof bytes;
		good = good && only_canonical(bytes, size, &accepted);
	}
	tap_ok(tap, good && accepted > 5000 && accepted < 38000,
		   "40,000 bent entries");
}

int
main(void)
{
	struct tap tap = {0};

	test_layout(&tap);
	test_hashes(&tap);
	test_sizes(&tap);
	test_usernames(&tap);
	test_ranges(&tap);
	test_flips(&tap);
	test_hostile(&tap);
	return tap_end(&tap);
}
