/*
 * keyring.c
 *		The private keys of an account.
 */
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>

#include "keyring.h"

void
keyring_name(uint32_t version, char out[STORE_NAME_MAX])
{
	if (version == KEYRING_IDENTITY)
		snprintf(out, STORE_NAME_MAX, "identity.pem");
	else
		snprintf(out, STORE_NAME_MAX, "key-%u.pem", version);
}

bool
keyring_has(const struct store *store, uint32_t version)
{
	char name[STORE_NAME_MAX];

	keyring_name(version, name);
	return store_has(store, name);
}

enum result
keyring_make(const struct store *store, uint32_t version, struct keypair *out,
			 struct fault *fault)
{
	char name[STORE_NAME_MAX];
	char text[KEYPAIR_PEM_MAX];
	size_t size = 0;
	enum result result;

	keyring_name(version, name);
	if (!keypair_generate(out) || !keypair_write_pem(out, text, &size))
		result = fault_set(fault, RESULT_REFUSED, NULL,
						   "OpenSSL could not make a key");
	else
		result = store_write(store, name, text, size, fault);
	OPENSSL_cleanse(text, sizeof(text));
	if (result != RESULT_OK)
		keypair_free(out);
	return result;
}

enum result
keyring_load(const struct store *store, uint32_t version, struct keypair *out,
			 struct fault *fault)
{
	char name[STORE_NAME_MAX];
	struct store_text text;
	enum result result;

	keyring_name(version, name);
	result = store_read(store, name, &text, fault);
	if (result != RESULT_OK)
		return result;
	if (text.bytes == NULL)
		result = fault_set(fault, RESULT_UNREADABLE, NULL,
						   "the private key %s is not here", name);
	else if (!keypair_read_pem(text.bytes, text.size, out))
		result = fault_set(fault, RESULT_REFUSED, NULL,
						   "%s/%s is not a P-256 private key in PEM",
						   store->path, name);
	store_release(&text);
	return result;
}

enum result
keyring_load_or_make(const struct store *store, uint32_t version,
					 struct keypair *out, struct fault *fault)
{
	if (keyring_has(store, version))
		return keyring_load(store, version, out, fault);
	return keyring_make(store, version, out, fault);
}

enum result
keyring_forget(const struct store *store, uint32_t version,
			   struct fault *fault)
{
	char name[STORE_NAME_MAX];

	keyring_name(version, name);
	return store_remove(store, name, fault);
}
