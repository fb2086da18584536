/*
 * key_object.c
 *		A user's encryption key as the server hands it out.
 */
#include <string.h>

#include "endorsement.h"
#include "field.h"
#include "key_object.h"

/* The thumbprint of the version before: null in version 1, and only there. */
static bool
read_previous(const json_t *object, struct key_object *out)
{
	if (out->version == 1)
		return !field_present(object, "previousThumbprint");
	return field_bytes(object, "previousThumbprint", out->previous_thumbprint,
					   sizeof(out->previous_thumbprint));
}

static bool
read_key(const json_t *object, struct key_object *out)
{
	return field_uuid(object, "userId", &out->user_id) &&
		   field_username(object, "username", out->username) &&
		   field_version(object, "keyVersion", &out->version) &&
		   field_key(object, "publicKey", JWK_ENCRYPTION, &out->key) &&
		   field_bytes(object, "thumbprint", out->thumbprint,
					   sizeof(out->thumbprint)) &&
		   read_previous(object, out);
}

/* Is the key's thumbprint the one that is claimed? */
static bool
thumbprint_fits(const struct key_object *object)
{
	uint8_t computed[JWK_THUMBPRINT_SIZE];

	jwk_thumbprint(&object->key, computed);
	return memcmp(computed, object->thumbprint, sizeof(computed)) == 0;
}

/* Did the identity key sign this key, name, version and history? */
static bool
endorsed(const json_t *object, const char *service, struct key_object *key)
{
	uint8_t statement[ENDORSEMENT_SIZE];

	if (!field_bytes(object, "signature", key->signature,
					 sizeof(key->signature)))
		return false;
	endorsement_statement(service, key->username, key->version,
						  key->thumbprint, key->previous_thumbprint,
						  statement);
	return es256_verify(&key->identity, statement, sizeof(statement),
						key->signature);
}

/* Reads the identity key, if there is one; what is wrong, or NULL. */
static const char *
read_identity(const json_t *object, const char *service,
			  struct key_object *out)
{
	out->has_identity = field_present(object, "identityKey");
	if (!out->has_identity)
		return NULL;
	if (!field_key(object, "identityKey", JWK_IDENTITY, &out->identity))
		return "its identity key is not a P-256 key";
	jwk_thumbprint(&out->identity, out->identity_thumbprint);
	if (memcmp(out->identity.x, out->key.x, sizeof(out->key.x)) == 0)
		return "its identity key is its encryption key";
	if (!endorsed(object, service, out))
		return "the identity key did not sign it";
	return NULL;
}

enum result
key_object_read(const json_t *object, const char *service,
				struct key_object *out, struct fault *fault)
{
	const char *problem = NULL;

	memset(out, 0, sizeof(*out));
	if (!read_key(object, out))
		return fault_set(fault, RESULT_UNTRUSTED, NULL,
						 "the server sent something that is not a key object");
	if (!thumbprint_fits(out))
		problem = "its thumbprint is not that of the key";
	else
		problem = read_identity(object, service, out);
	if (problem == NULL)
		return RESULT_OK;
	return fault_set(fault, RESULT_UNTRUSTED,
					 "The server, or whoever stands before it, may have "
					 "replaced the key. Nothing was sealed to it.",
					 "version %u of the key of %s is not usable: %s",
					 out->version, out->username, problem);
}
