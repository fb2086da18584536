/*
 * bucket.c
 *		Which of 65,536 buckets a username falls into.
 */
#include "bucket.h"

#include <openssl/evp.h>

uint16_t
bucket_of_username(const char *username, size_t len)
{
	static const char label[] = "e2emsg bucket v1"; /* its NUL belongs to it */
	unsigned char digest[EVP_MAX_MD_SIZE] = {0};
	EVP_MD_CTX *context = EVP_MD_CTX_new();

	if (context != NULL && EVP_DigestInit_ex(context, EVP_sha256(), NULL))
	{
		EVP_DigestUpdate(context, label, sizeof label);
		EVP_DigestUpdate(context, username, len);
		EVP_DigestFinal_ex(context, digest, NULL);
	}
	EVP_MD_CTX_free(context);
	return (uint16_t) (digest[0] << 8 | digest[1]);
}
