/*
 * log_entry_fuzz.c
 *		log_entry.c: bytes that are an entry, and fields that make one.
 *
 * Decoding and encoding are each the other's reverse, and what they refuse is
 * what the layout in the header refuses, read byte by byte.
 */
#include "fuzz.h"
#include "log_entry.h"

#define LABEL_SIZE 32
#define USERNAME_AT 64
#define NUMBER_AT 112
#define EVENT_AT 116
#define TIME_AT 345
#define ROUND_AT 64

static const uint8_t user_label[LABEL_SIZE] = "\0e2emsg key log entry v1";
static const uint8_t round_label[LABEL_SIZE] = "\0e2emsg key log round v1";

static bool
all_zeros(const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i] != 0)
			return false;
	return true;
}

/* Printable characters, one at least, and then zeros only. */
static bool
is_username(const uint8_t bytes[USERNAME_MAX])
{
	size_t length = 0;

	while (length < USERNAME_MAX && bytes[length] > 0x20 &&
		   bytes[length] < 0x7f)
		length++;
	return length > 0 && all_zeros(bytes + length, USERNAME_MAX - length);
}

static bool
is_entry(const uint8_t *bytes, size_t size)
{
	if (size == LOG_USER_ENTRY_SIZE)
		return memcmp(bytes, user_label, LABEL_SIZE) == 0 &&
			   is_username(bytes + USERNAME_AT) &&
			   !all_zeros(bytes + NUMBER_AT, 4) && bytes[EVENT_AT] >= 1 &&
			   bytes[EVENT_AT] <= 6 && bytes[TIME_AT] < 0x80;
	if (size == LOG_ROUND_ENTRY_SIZE)
		return memcmp(bytes, round_label, LABEL_SIZE) == 0 &&
			   !all_zeros(bytes + ROUND_AT, 8);
	return false;
}

static void
check_bytes(const uint8_t *bytes, size_t size)
{
	struct log_entry entry;
	uint8_t again[LOG_ENTRY_MAX_SIZE];
	uint8_t leaf[MERKLE_HASH_SIZE], wanted[MERKLE_HASH_SIZE];
	bool good = log_entry_decode(bytes, size, &entry);

	must(good == is_entry(bytes, size));
	if (!good)
		return;
	must(same_bytes(again, log_entry_encode(&entry, again), bytes, size));
	merkle_leaf_hash(bytes, size, wanted);
	must(log_entry_leaf_hash(&entry, leaf) &&
		 same_bytes(leaf, sizeof leaf, wanted, sizeof wanted));
}

/* The input behind the right label, cut or filled up to the right size. */
static void
check_labelled(const uint8_t label[LABEL_SIZE], size_t entry_size,
			   const uint8_t *data, size_t size)
{
	uint8_t bytes[LOG_ENTRY_MAX_SIZE];

	memcpy(bytes, label, LABEL_SIZE);
	fill_from(bytes + LABEL_SIZE, entry_size - LABEL_SIZE, data, size);
	check_bytes(bytes, entry_size);
}

/* Whatever the fields hold: refused, or read back as the same bytes. */
static void
check_fields(const uint8_t *data, size_t size)
{
	struct log_entry entry, again;
	uint8_t bytes[LOG_ENTRY_MAX_SIZE];
	size_t length;

	fill_from(&entry, sizeof entry, data, size);
	length = log_entry_encode(&entry, bytes);
	if (length == 0)
		return;
	must(is_entry(bytes, length));
	must(log_entry_decode(bytes, length, &again) && again.kind == entry.kind);
	if (entry.kind == LOG_ENTRY_USER)
		must(strcmp(again.user.username, entry.user.username) == 0 &&
			 again.user.number == entry.user.number &&
			 again.user.time == entry.user.time);
	check_bytes(bytes, length);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_bytes(data, size);
	check_labelled(user_label, LOG_USER_ENTRY_SIZE, data, size);
	check_labelled(round_label, LOG_ROUND_ENTRY_SIZE, data, size);
	check_fields(data, size);
	return 0;
}
