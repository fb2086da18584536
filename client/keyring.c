/*
 * keyring.c
 *		The private keys of an account.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "keyring.h"

#define PREFIX "key-"

void
keyring_name(uint32_t version, char out[STORE_NAME_MAX])
{
	if (version == KEYRING_IDENTITY)
		snprintf(out, STORE_NAME_MAX, "identity.pem");
	else
		snprintf(out, STORE_NAME_MAX, PREFIX "%u.pem", version);
}

bool
keyring_has(const struct store *store, uint32_t version)
{
	char name[STORE_NAME_MAX];

	keyring_name(version, name);
	return store_has(store, name);
}

enum result
keyring_put(const struct store *store, uint32_t version,
			const struct keypair *pair, struct fault *fault)
{
	char name[STORE_NAME_MAX];
	char text[KEYPAIR_PEM_MAX];
	size_t size = 0;
	enum result result;

	keyring_name(version, name);
	if (!keypair_write_pem(pair, text, &size))
		result = fault_set(fault, RESULT_REFUSED, NULL,
						   "OpenSSL could not write a key");
	else
		result = store_write(store, name, text, size, fault);
	OPENSSL_cleanse(text, sizeof(text));
	return result;
}

enum result
keyring_make(const struct store *store, uint32_t version, struct keypair *out,
			 struct fault *fault)
{
	enum result result;

	if (!keypair_generate(out))
		return fault_set(fault, RESULT_REFUSED, NULL,
						 "OpenSSL could not make a key");
	result = keyring_put(store, version, out, fault);
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

/* The version of a file's name, or 0. */
static uint32_t
version_of(const char *name)
{
	char expected[STORE_NAME_MAX];
	uint32_t version = (uint32_t) strtoul(name + strlen(PREFIX), NULL, 10);

	keyring_name(version, expected);
	return version > 0 && strcmp(name, expected) == 0 ? version : 0;
}

static int
compare_down(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *) a, right = *(const uint32_t *) b;

	return (left < right) - (left > right);
}

enum result
keyring_versions(const struct store *store, uint32_t **out, size_t *count,
				 struct fault *fault)
{
	char **names;
	size_t name_count;
	enum result result = store_list(store, PREFIX, &names, &name_count, fault);

	*out = NULL;
	*count = 0;
	if (result != RESULT_OK)
		return result;
	*out = calloc(name_count + 1, sizeof(**out));
	for (size_t i = 0; *out != NULL && i < name_count; i++)
		if (version_of(names[i]) > 0)
			(*out)[(*count)++] = version_of(names[i]);
	store_list_free(names, name_count);
	if (*out == NULL)
		return fault_set(fault, RESULT_REFUSED, NULL, "out of memory");
	qsort(*out, *count, sizeof(**out), compare_down);
	return RESULT_OK;
}

enum result
keyring_forget(const struct store *store, uint32_t version,
			   struct fault *fault)
{
	char name[STORE_NAME_MAX];

	keyring_name(version, name);
	return store_remove(store, name, fault);
}
