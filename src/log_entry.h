/*
 * log_entry.h
 *		The canonical bytes of the entries of the key log.
 *
 * Pure C: the extension, the gateway and the client compile this file.  All
 * fields have a fixed width, numbers are big-endian, and the first byte is
 * 0x00 as in endorsement.h, so that an entry can never pass for anything else
 * that is signed.  There are two kinds: what happened to a user's keys, and
 * the last entry of each round, which closes it.
 */
#ifndef E2EMSG_LOG_ENTRY_H
#define E2EMSG_LOG_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "endorsement.h"
#include "jwk.h"
#include "merkle.h"

#define LOG_SERVICE_SIZE 32	  /* bytes, SHA-256 of the service's name */
#define LOG_USER_ID_SIZE 16	  /* bytes, a UUID */
#define LOG_SIGNATURE_SIZE 64 /* bytes, ES256 (RFC 7518 section 3.4) */

/*
 * An entry about a user: label[32], service[32], username padded with
 * zeros[32], user id[16], number[4], event[1], key version[4],
 * thumbprint[32], previous thumbprint[32], identity thumbprint[32],
 * signature[64], endorsement[64], time[8], previous entry[32].
 *
 * The end of a round: label[32], service[32], round[8], map root[32].
 */
#define LOG_USER_ENTRY_SIZE 385
#define LOG_ROUND_ENTRY_SIZE 104
#define LOG_ENTRY_MAX_SIZE LOG_USER_ENTRY_SIZE

enum log_entry_kind
{
	LOG_ENTRY_USER,
	LOG_ENTRY_ROUND,
};

/* What happened; the numbers stand in the log. */
enum log_event
{
	LOG_EVENT_REGISTERED = 1,
	LOG_EVENT_ROTATED = 2,
	LOG_EVENT_IDENTITY_ADDED = 3,
	LOG_EVENT_IDENTITY_REPLACED = 4,
	LOG_EVENT_IDENTITY_RESET = 5,
	LOG_EVENT_DELETED = 6,
};

struct log_user_entry
{
	char username[USERNAME_MAX + 1]; /* printable ASCII, with a NUL */
	uint8_t user_id[LOG_USER_ID_SIZE];
	uint32_t number; /* of this user's entry, from 1 */
	enum log_event event;
	uint32_t key_version;

	/* Zeros where there is no such key. */
	uint8_t thumbprint[JWK_THUMBPRINT_SIZE];
	uint8_t previous_thumbprint[JWK_THUMBPRINT_SIZE];
	uint8_t identity_thumbprint[JWK_THUMBPRINT_SIZE];

	/* Zeros where nobody signed. */
	uint8_t signature[LOG_SIGNATURE_SIZE];
	uint8_t endorsement[LOG_SIGNATURE_SIZE];

	int64_t time; /* milliseconds since 1970 in UTC, not negative */

	/* Leaf hash of this user's entry before, zeros in the first. */
	uint8_t previous_entry[MERKLE_HASH_SIZE];
};

struct log_round_entry
{
	uint64_t round;						/* from 1 */
	uint8_t map_root[MERKLE_HASH_SIZE]; /* reserved: zeros, not checked */
};

struct log_entry
{
	enum log_entry_kind kind;
	uint8_t service[LOG_SERVICE_SIZE];
	union
	{
		struct log_user_entry user;
		struct log_round_entry round;
	};
};

/* What stands for the service in its entries. */
extern bool log_entry_service(const char *name,
							  uint8_t out[LOG_SERVICE_SIZE]) MERKLE_CHECKED;

/*
 * Returns the bytes written, or 0 for fields that an entry can't have:
 * a username that is empty, too long or not printable; an event that there is
 * not; number or round 0; a negative time.
 */
extern size_t log_entry_encode(const struct log_entry *entry,
							   uint8_t out[LOG_ENTRY_MAX_SIZE]) MERKLE_CHECKED;

/*
 * The reverse.  Accepts exactly what log_entry_encode writes.  Whether the
 * entry follows from the one before, and whether its signatures are right, is
 * for the caller to see; so is the service.
 */
extern bool log_entry_decode(const uint8_t *bytes, size_t size,
							 struct log_entry *out) MERKLE_CHECKED;

/* The hash of the leaf that holds the entry; false as in log_entry_encode. */
extern bool log_entry_leaf_hash(const struct log_entry *entry,
								uint8_t out[MERKLE_HASH_SIZE]) MERKLE_CHECKED;

#endif /* E2EMSG_LOG_ENTRY_H */
