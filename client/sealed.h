/*
 * sealed.h
 *		An envelope as it travels: members of a JSON object, both ways.
 */
#ifndef E2EMSG_SEALED_H
#define E2EMSG_SEALED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "envelope.h"
#include "uuid.h"

#define SEALED_TIME_SIZE 25 /* characters of sentAt, with the NUL */

struct sealed
{
	struct uuid sender, receiver;
	int64_t suite;
	uint32_t version;		 /* of the receiver's key */
	uint32_t sender_version; /* of the sender's key; 0: not said */
	uint8_t iv[ENVELOPE_IV_SIZE];
	uint8_t tag[ENVELOPE_TAG_SIZE];
	uint8_t *ciphertext; /* sealed_free() frees it */
	size_t size;		 /* bytes of ciphertext */

	/* What only mail that was delivered has. */
	struct uuid id;
	int64_t seq;
	char sent_at[SEALED_TIME_SIZE];
};

/*
 * Reads a delivered message; false when a member is missing or malformed.
 * An unknown suite is let through: the caller can't open it, that is all.
 * Free with sealed_free(), also after false.
 */
extern bool sealed_read(const json_t *message, struct sealed *out);

extern void sealed_free(struct sealed *sealed);

/* The body of POST /messages; NULL when memory is out. */
extern json_t *sealed_json(const struct sealed *sealed);

#endif /* E2EMSG_SEALED_H */
