/*
 * envelope.h
 *		What a sealed envelope must look like from outside.
 *
 * Pure C: the extension, the gateway and the client compile this file.
 */
#ifndef E2EMSG_ENVELOPE_H
#define E2EMSG_ENVELOPE_H

#include <stddef.h>
#include <stdint.h>

#define ENVELOPE_IV_SIZE 12			  /* bytes, NIST SP 800-38D 5.2.1.1 */
#define ENVELOPE_TAG_SIZE 16		  /* bytes */
#define ENVELOPE_MAX_CIPHERTEXT 65536 /* bytes; 0 is allowed */

#define SUITE_TUTORIAL 0 /* raw ECDH secret as the AES-256-GCM key, no AAD */
#define SUITE_E2EMSG 1	 /* ECDH, HKDF-SHA-256, AES-256-GCM with AAD */

/* What is wrong when a field that every suite has is absent. */
#define ENVELOPE_INCOMPLETE \
	"suite, keyVersion, iv, ciphertext and authTag are all needed"

/* Stands for a sender_key_version that was not given. */
#define SENDER_KEY_VERSION_LEFT_OUT INT64_MIN

/*
 * Returns what is wrong with an envelope's fields, as one static sentence,
 * or NULL.  Sizes are in bytes.
 */
extern const char *envelope_check(int suite, int64_t sender_key_version,
								  int64_t key_version, size_t iv_size,
								  size_t ciphertext_size, size_t tag_size);

/*
 * The message's name: the first 16 bytes of SHA-256(mailbox, sender, iv) as
 * a UUID of version 8 (RFC 9562 section 5.8).
 */
extern void envelope_message_id(const uint8_t mailbox[16],
								const uint8_t sender[16],
								const uint8_t iv[ENVELOPE_IV_SIZE],
								uint8_t out[16]);

#endif /* E2EMSG_ENVELOPE_H */
