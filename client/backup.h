/*
 * backup.h
 *		A backup's bytes (docs/protocol.md, "Backup").
 *
 * A backup is the byte 0x01, then fields (type u8, length u32 big-endian,
 * value): the backup key sealed under the opener, and under the backup key the
 * account, the identity key and each encryption key.  Pure: bytes in, bytes
 * out; nothing is allocated.
 */
#ifndef E2EMSG_BACKUP_H
#define E2EMSG_BACKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "envelope.h"

#define BACKUP_VERSION 0x01
#define BACKUP_MAX 65536		  /* bytes */
#define BACKUP_KEY_SIZE 32		  /* bytes, of AES-256 keys */
#define BACKUP_PRIVATE_KEYS 150	  /* at most that many are written */
#define BACKUP_CONTACTS 100		  /* and so many contacts */
#define BACKUP_SEALED_EXTRA 28	  /* bytes of iv and tag */
#define BACKUP_SEALED_KEY_SIZE 60 /* bytes of the sealed backup key */

enum backup_type
{
	BACKUP_KEY = 1,
	BACKUP_ACCOUNT = 2,
	BACKUP_IDENTITY = 3,
	BACKUP_ENCRYPTION = 4 /* version u32, then what is sealed */
};

/* What a sealed part is, as it stands in what it is bound to. */
enum backup_kind
{
	BACKUP_KIND_KEY = 0,
	BACKUP_KIND_IDENTITY = 1,
	BACKUP_KIND_ENCRYPTION = 2,
	BACKUP_KIND_ACCOUNT = 3
};

/* Bytes in a backup. */
struct backup_span
{
	const uint8_t *at;
	size_t size;
};

/* The sealed parts of a backup; they lead into the caller's buffer. */
struct backup
{
	struct backup_span all;
	struct backup_span key, account, identity;
};

/* Whose it is, and which part: what a sealed part is bound to. */
struct backup_part
{
	const char *service, *username;
	enum backup_kind kind;
	uint32_t version; /* of an encryption key, else 0 */
};

/*
 * Takes a backup apart.  Returns NULL, or what is wrong with it as one static
 * sentence: another version, a field that runs past the end, a part that is
 * missing or there twice or too short, a key version out of bounds.  Fields of
 * unknown types are passed over.
 */
extern const char *backup_parse(const uint8_t *bytes, size_t size,
								struct backup *out)
	__attribute__((warn_unused_result));

/*
 * Walks over the encryption keys of a backup that backup_parse() took, in any
 * order: start with *offset = 1; false at the end.
 */
extern bool backup_next(const struct backup *backup, size_t *offset,
						uint32_t *version, struct backup_span *sealed);

/*
 * Opens a part: sealed.size - BACKUP_SEALED_EXTRA bytes.  False, and nothing
 * written, when it was changed or is not this part of this account.
 */
extern bool backup_open(const uint8_t key[BACKUP_KEY_SIZE],
						const struct backup_part *part,
						struct backup_span sealed, uint8_t *plaintext)
	__attribute__((warn_unused_result));

/*
 * Seals size bytes into size + BACKUP_SEALED_EXTRA.  The iv is the caller's:
 * 12 fresh random bytes for every call.
 */
extern bool backup_seal(const uint8_t key[BACKUP_KEY_SIZE],
						const struct backup_part *part,
						const uint8_t iv[ENVELOPE_IV_SIZE],
						const uint8_t *plaintext, size_t size, uint8_t *sealed)
	__attribute__((warn_unused_result));

/* A backup that is being written. */
struct backup_writer
{
	uint8_t bytes[BACKUP_MAX];
	size_t size;
	bool full; /* something did not fit */
};

extern void backup_begin(struct backup_writer *writer);

/*
 * Makes room for a field's value and returns where to write it; NULL, and the
 * writer is full, when it does not fit.  The types come in their order.
 */
extern uint8_t *backup_add(struct backup_writer *writer, enum backup_type type,
						   size_t size) __attribute__((warn_unused_result));

#endif /* E2EMSG_BACKUP_H */
