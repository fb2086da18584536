/*
 * log_entry.c
 *		The canonical bytes of the entries of the key log.
 */
#include "log_entry.h"

#include <string.h>

#include <openssl/sha.h>

/* 0x00, then the text, padded with zeros to the size of the array. */
#define LABEL_SIZE 32
static const char user_label[LABEL_SIZE] = "\0e2emsg key log entry v1";
static const char round_label[LABEL_SIZE] = "\0e2emsg key log round v1";

/* What an entry can hold. */

static bool
username_printable(const char username[USERNAME_MAX + 1])
{
	size_t length = strnlen(username, USERNAME_MAX + 1);

	if (length == 0 || length > USERNAME_MAX)
		return false;
	for (size_t i = 0; i < length; i++)
		if (username[i] <= ' ' || username[i] > '~')
			return false;
	return true;
}

static bool
user_valid(const struct log_user_entry *user)
{
	return username_printable(user->username) && user->number >= 1 &&
		   user->event >= LOG_EVENT_REGISTERED &&
		   user->event <= LOG_EVENT_DELETED && user->time >= 0;
}

static bool
entry_valid(const struct log_entry *entry)
{
	switch (entry->kind)
	{
		case LOG_ENTRY_USER:
			return user_valid(&entry->user);
		case LOG_ENTRY_ROUND:
			return entry->round.round >= 1;
	}
	return false;
}

/* Each of these moves the place by what it writes or reads. */

static void
put(uint8_t **at, const void *bytes, size_t size)
{
	memcpy(*at, bytes, size);
	*at += size;
}

static void
put_number(uint8_t **at, uint64_t number, unsigned width)
{
	while (width-- > 0)
		*(*at)++ = (uint8_t) (number >> 8 * width);
}

static void
put_username(uint8_t **at, const char *username)
{
	memset(*at, 0, USERNAME_MAX);
	memcpy(*at, username, strlen(username));
	*at += USERNAME_MAX;
}

static void
take(const uint8_t **at, void *bytes, size_t size)
{
	memcpy(bytes, *at, size);
	*at += size;
}

static uint64_t
take_number(const uint8_t **at, unsigned width)
{
	uint64_t number = 0;

	while (width-- > 0)
		number = number << 8 | *(*at)++;
	return number;
}

/* False when something stands behind the first zero. */
static bool
take_username(const uint8_t **at, char username[USERNAME_MAX + 1])
{
	size_t length;

	take(at, username, USERNAME_MAX);
	username[USERNAME_MAX] = '\0';
	length = strlen(username);
	while (length < USERNAME_MAX && username[length] == '\0')
		length++;
	return length == USERNAME_MAX;
}

/* Encoding. */

static void
put_user(uint8_t **at, const struct log_user_entry *user)
{
	put_username(at, user->username);
	put(at, user->user_id, sizeof user->user_id);
	put_number(at, user->number, 4);
	put_number(at, (uint64_t) user->event, 1);
	put_number(at, user->key_version, 4);
	put(at, user->thumbprint, sizeof user->thumbprint);
	put(at, user->previous_thumbprint, sizeof user->previous_thumbprint);
	put(at, user->identity_thumbprint, sizeof user->identity_thumbprint);
	put(at, user->signature, sizeof user->signature);
	put(at, user->endorsement, sizeof user->endorsement);
	put_number(at, (uint64_t) user->time, 8);
	put(at, user->previous_entry, sizeof user->previous_entry);
}

static void
put_round(uint8_t **at, const struct log_round_entry *round)
{
	put_number(at, round->round, 8);
	put(at, round->map_root, sizeof round->map_root);
}

size_t
log_entry_encode(const struct log_entry *entry,
				 uint8_t out[LOG_ENTRY_MAX_SIZE])
{
	bool is_user = entry->kind == LOG_ENTRY_USER;
	uint8_t *at = out;

	if (!entry_valid(entry))
		return 0;
	put(&at, is_user ? user_label : round_label, LABEL_SIZE);
	put(&at, entry->service, sizeof entry->service);
	if (is_user)
		put_user(&at, &entry->user);
	else
		put_round(&at, &entry->round);
	return (size_t) (at - out);
}

/* Decoding. */

static bool
take_user(const uint8_t **at, struct log_user_entry *user)
{
	if (!take_username(at, user->username))
		return false;
	take(at, user->user_id, sizeof user->user_id);
	user->number = (uint32_t) take_number(at, 4);
	user->event = (enum log_event) take_number(at, 1);
	user->key_version = (uint32_t) take_number(at, 4);
	take(at, user->thumbprint, sizeof user->thumbprint);
	take(at, user->previous_thumbprint, sizeof user->previous_thumbprint);
	take(at, user->identity_thumbprint, sizeof user->identity_thumbprint);
	take(at, user->signature, sizeof user->signature);
	take(at, user->endorsement, sizeof user->endorsement);
	user->time = (int64_t) take_number(at, 8);
	take(at, user->previous_entry, sizeof user->previous_entry);
	return true;
}

static void
take_round(const uint8_t **at, struct log_round_entry *round)
{
	round->round = take_number(at, 8);
	take(at, round->map_root, sizeof round->map_root);
}

/* The size and the label together say which kind it is. */
static bool
kind_of(const uint8_t *bytes, size_t size, enum log_entry_kind *kind)
{
	if (size == LOG_USER_ENTRY_SIZE &&
		memcmp(bytes, user_label, LABEL_SIZE) == 0)
	{
		*kind = LOG_ENTRY_USER;
		return true;
	}
	*kind = LOG_ENTRY_ROUND;
	return size == LOG_ROUND_ENTRY_SIZE &&
		   memcmp(bytes, round_label, LABEL_SIZE) == 0;
}

bool
log_entry_decode(const uint8_t *bytes, size_t size, struct log_entry *out)
{
	const uint8_t *at;

	memset(out, 0, sizeof *out);
	if (!kind_of(bytes, size, &out->kind))
		return false;
	at = bytes + LABEL_SIZE;
	take(&at, out->service, sizeof out->service);
	if (out->kind == LOG_ENTRY_ROUND)
		take_round(&at, &out->round);
	else if (!take_user(&at, &out->user))
		return false;
	return entry_valid(out);
}

bool
log_entry_service(const char *name, uint8_t out[LOG_SERVICE_SIZE])
{
	return SHA256((const unsigned char *) name, strlen(name), out) != NULL;
}

bool
log_entry_leaf_hash(const struct log_entry *entry,
					uint8_t out[MERKLE_HASH_SIZE])
{
	uint8_t bytes[LOG_ENTRY_MAX_SIZE];
	size_t size = log_entry_encode(entry, bytes);

	if (size == 0)
		return false;
	merkle_leaf_hash(bytes, size, out);
	return true;
}
