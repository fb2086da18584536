/*
 * assertion.c
 *		How a user signs in: a compact JWS over the server's nonce.
 */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "assertion.h"
#include "base64url.h"

static const char header[] =
	"{\"alg\":\"ES256\",\"typ\":\"e2emsg-session+jwt\"}";

/* Appends base64url of the bytes; false when "out" is full. */
static bool
append_part(const void *bytes, size_t size, char out[ASSERTION_MAX])
{
	size_t used = strlen(out);
	size_t chars = base64url_encoded_length(size);

	if (used + chars + 2 > ASSERTION_MAX)
		return false;
	if (used > 0)
		out[used++] = '.';
	base64url_encode_bytes(bytes, size, out + used);
	out[used + chars] = '\0';
	return true;
}

bool
assertion_signing_input(const char *username, const char *service,
						const char *nonce, char out[ASSERTION_MAX])
{
	json_t *claims = json_pack("{s:s, s:s, s:s}", "sub", username, "aud",
							   service, "nonce", nonce);
	char *payload = claims ? json_dumps(claims, JSON_COMPACT) : NULL;
	bool done;

	out[0] = '\0';
	done = payload != NULL && append_part(header, strlen(header), out) &&
		   append_part(payload, strlen(payload), out);
	free(payload);
	json_decref(claims);
	return done;
}

bool
assertion_make(const struct keypair *identity, const char *username,
			   const char *service, const char *nonce, char out[ASSERTION_MAX])
{
	uint8_t signature[ES256_SIZE];

	return assertion_signing_input(username, service, nonce, out) &&
		   keypair_sign(identity, (const uint8_t *) out, strlen(out),
						signature) &&
		   append_part(signature, sizeof(signature), out);
}
