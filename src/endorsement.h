/*
 * endorsement.h
 *		The bytes that an identity key signs (docs/protocol.md, "Statements").
 *
 * Pure C: the extension and the client compile this file.  All fields have a
 * fixed width; the first byte is 0x00, which no JWS signing input begins
 * with, so that a session assertion can never pass for a statement.
 */
#ifndef E2EMSG_ENDORSEMENT_H
#define E2EMSG_ENDORSEMENT_H

#include <stdint.h>

#include "jwk.h"

#define USERNAME_MAX 32 /* bytes, ASCII */

/*
 * "This encryption key is my version N at this service": label[32],
 * SHA-256(service name)[32], username padded with zeros[32], version as
 * big-endian[4], thumbprint[32], thumbprint of the version before[32] (zeros
 * before the first).
 */
#define ENDORSEMENT_SIZE 164
extern void
endorsement_statement(const char *service, const char *username,
					  uint32_t version,
					  const uint8_t thumbprint[JWK_THUMBPRINT_SIZE],
					  const uint8_t previous_thumbprint[JWK_THUMBPRINT_SIZE],
					  uint8_t out[ENDORSEMENT_SIZE]);

/*
 * "This is my next identity key", signed by the old one: label[32],
 * SHA-256(service name)[32], username[32], thumbprint of the new identity
 * key[32], of the old one[32].
 */
#define IDENTITY_CHANGE_SIZE 160
extern void
identity_change_statement(const char *service, const char *username,
						  const uint8_t new_thumbprint[JWK_THUMBPRINT_SIZE],
						  const uint8_t old_thumbprint[JWK_THUMBPRINT_SIZE],
						  uint8_t out[IDENTITY_CHANGE_SIZE]);

#endif /* E2EMSG_ENDORSEMENT_H */
