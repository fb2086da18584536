/*
 * endorsement.c
 *		The bytes that an identity key signs (docs/protocol.md, "Statements").
 */
#include "endorsement.h"

#include <string.h>

#include <openssl/sha.h>

#define LABEL_SIZE 32

/* What both statements begin with: label, service and username. */
#define HEAD_SIZE (LABEL_SIZE + SHA256_DIGEST_LENGTH + USERNAME_MAX)

/* Writes HEAD_SIZE bytes and returns the place behind them. */
static uint8_t *
write_head(const char *label, const char *service, const char *username,
		   uint8_t *out)
{
	memset(out, 0, HEAD_SIZE);
	memcpy(out + 1, label, strlen(label));
	out += LABEL_SIZE;
	SHA256((const unsigned char *) service, strlen(service), out);
	out += SHA256_DIGEST_LENGTH;
	memcpy(out, username, strnlen(username, USERNAME_MAX));
	return out + USERNAME_MAX;
}

void
endorsement_statement(const char *service, const char *username,
					  uint32_t version,
					  const uint8_t thumbprint[JWK_THUMBPRINT_SIZE],
					  const uint8_t previous_thumbprint[JWK_THUMBPRINT_SIZE],
					  uint8_t out[ENDORSEMENT_SIZE])
{
	out = write_head("e2emsg key endorsement v1", service, username, out);
	*out++ = (uint8_t) (version >> 24);
	*out++ = (uint8_t) (version >> 16);
	*out++ = (uint8_t) (version >> 8);
	*out++ = (uint8_t) version;
	memcpy(out, thumbprint, JWK_THUMBPRINT_SIZE);
	memcpy(out + JWK_THUMBPRINT_SIZE, previous_thumbprint,
		   JWK_THUMBPRINT_SIZE);
}

void
identity_change_statement(const char *service, const char *username,
						  const uint8_t new_thumbprint[JWK_THUMBPRINT_SIZE],
						  const uint8_t old_thumbprint[JWK_THUMBPRINT_SIZE],
						  uint8_t out[IDENTITY_CHANGE_SIZE])
{
	out = write_head("e2emsg identity change v1", service, username, out);
	memcpy(out, new_thumbprint, JWK_THUMBPRINT_SIZE);
	memcpy(out + JWK_THUMBPRINT_SIZE, old_thumbprint, JWK_THUMBPRINT_SIZE);
}
