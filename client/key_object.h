/*
 * key_object.h
 *		A user's encryption key as the server hands it out.
 *
 * The server is not believed: the thumbprint is computed again, and the
 * identity key's signature over the endorsement statement is verified
 * (docs/protocol.md, "Key object").
 */
#ifndef E2EMSG_KEY_OBJECT_H
#define E2EMSG_KEY_OBJECT_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "jwk.h"
#include "result.h"
#include "signature.h"
#include "username.h"
#include "uuid.h"

struct key_object
{
	struct uuid user_id;
	char username[USERNAME_TEXT_SIZE];
	uint32_t version;
	struct jwk key;
	uint8_t thumbprint[JWK_THUMBPRINT_SIZE];
	uint8_t previous_thumbprint[JWK_THUMBPRINT_SIZE]; /* zeros in version 1 */
	bool has_identity;
	struct jwk identity;							  /* if has_identity */
	uint8_t identity_thumbprint[JWK_THUMBPRINT_SIZE]; /* or zeros */
	uint8_t signature[ES256_SIZE];					  /* or zeros */
};

/*
 * Reads and verifies a key object of the service.  RESULT_UNTRUSTED when it
 * contradicts itself: a thumbprint that is not the key's, a signature that
 * is missing or does not verify, an identity key that is the encryption key.
 */
extern CHECKED enum result key_object_read(const json_t *object,
										   const char *service,
										   struct key_object *out,
										   struct fault *fault);

#endif /* E2EMSG_KEY_OBJECT_H */
