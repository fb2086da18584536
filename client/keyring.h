/*
 * keyring.h
 *		The private keys of an account: identity.pem, key-1.pem, key-2.pem ...
 *
 * A key is on the disk before its public half leaves the machine.  Old keys
 * stay until the user forgets them: mail sealed to version 3 opens with the
 * key of version 3 alone.
 */
#ifndef E2EMSG_KEYRING_H
#define E2EMSG_KEYRING_H

#include <stdint.h>

#include "keypair.h"
#include "store.h"

#define KEYRING_IDENTITY 0 /* in place of a version */

/* The file's name of a version, or of the identity key. */
extern void keyring_name(uint32_t version, char out[STORE_NAME_MAX]);

extern bool keyring_has(const struct store *store, uint32_t version);

/* Makes a key and stores it.  The caller frees the pair. */
extern CHECKED enum result keyring_make(const struct store *store,
										uint32_t version, struct keypair *out,
										struct fault *fault);

/* Reads a key; RESULT_UNREADABLE when it is not there (any more). */
extern CHECKED enum result keyring_load(const struct store *store,
										uint32_t version, struct keypair *out,
										struct fault *fault);

/* The same, but makes the key when there is none. */
extern CHECKED enum result keyring_load_or_make(const struct store *store,
												uint32_t version,
												struct keypair *out,
												struct fault *fault);

/* Stores a key that came from elsewhere. */
extern CHECKED enum result keyring_put(const struct store *store,
									   uint32_t version,
									   const struct keypair *pair,
									   struct fault *fault);

/* The versions that are here, highest first; the caller frees the array. */
extern CHECKED enum result keyring_versions(const struct store *store,
											uint32_t **out, size_t *count,
											struct fault *fault);

/* Removes a key for good. */
extern CHECKED enum result keyring_forget(const struct store *store,
										  uint32_t version,
										  struct fault *fault);

#endif /* E2EMSG_KEYRING_H */
