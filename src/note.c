/*
 * note.c
 *		Signed notes (C2SP signed-note).
 */
#include "note.h"

#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include "base64.h"
#include "utf8.h"

/* The signature type, which stands before a public key. */
#define TYPE_ED25519 0x01
#define TYPED_KEY_SIZE (1 + NOTE_PUBLIC_KEY_SIZE)

/* Em dash and space, which begin a signature line. */
#define LINE_START "\xE2\x80\x94 "
#define LINE_START_LENGTH (sizeof LINE_START - 1)

/* What a signature line encodes. */
#define BLOB_SIZE (NOTE_KEY_ID_SIZE + NOTE_SIGNATURE_SIZE)

/* Bytes of the longest line of ours, with its newline and a NUL. */
#define SIGNATURE_LINE_SIZE \
	(LINE_START_LENGTH + NOTE_MAX_NAME + 1 + BASE64_LENGTH(BLOB_SIZE) + 2)

/* Texts and names. */

bool
note_text_valid(const char *text, size_t length)
{
	while (length > 0)
	{
		uint32_t character;
		size_t bytes = utf8_next(text, length, &character);

		if (bytes == 0 || (character < 0x20 && character != '\n'))
			return false;
		text += bytes;
		length -= bytes;
	}
	return true;
}

/* The white space of Unicode above ASCII. */
static bool
is_wide_space(uint32_t character)
{
	return character == 0x85 || character == 0xA0 || character == 0x1680 ||
		   (character >= 0x2000 && character <= 0x200A) ||
		   character == 0x2028 || character == 0x2029 || character == 0x202F ||
		   character == 0x205F || character == 0x3000;
}

/* The specification's rule for a name, in a text that is valid. */
static bool
foreign_name_valid(const char *name, size_t length)
{
	if (length == 0)
		return false;
	while (length > 0)
	{
		uint32_t character;
		size_t bytes = utf8_next(name, length, &character);

		if (bytes == 0 || character <= ' ' || character == '+' ||
			is_wide_space(character))
			return false;
		name += bytes;
		length -= bytes;
	}
	return true;
}

bool
note_name_valid(const char *name)
{
	size_t length = strnlen(name, NOTE_MAX_NAME + 1);

	if (length == 0 || length > NOTE_MAX_NAME)
		return false;
	for (size_t i = 0; i < length; i++)
		if (name[i] <= ' ' || name[i] > '~' || name[i] == '+')
			return false;
	return true;
}

/* Keys. */

bool
note_public_key(const uint8_t seed[NOTE_SEED_SIZE],
				uint8_t public_key[NOTE_PUBLIC_KEY_SIZE])
{
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed,
												 NOTE_SEED_SIZE);
	size_t size = NOTE_PUBLIC_KEY_SIZE;
	bool good = key != NULL &&
				EVP_PKEY_get_raw_public_key(key, public_key, &size) == 1 &&
				size == NOTE_PUBLIC_KEY_SIZE;

	EVP_PKEY_free(key);
	return good;
}

bool
note_generate_key(uint8_t seed[NOTE_SEED_SIZE],
				  uint8_t public_key[NOTE_PUBLIC_KEY_SIZE])
{
	if (RAND_priv_bytes(seed, NOTE_SEED_SIZE) == 1 &&
		note_public_key(seed, public_key))
		return true;
	OPENSSL_cleanse(seed, NOTE_SEED_SIZE);
	return false;
}

static void
typed_key(const struct note_verifier *verifier, uint8_t out[TYPED_KEY_SIZE])
{
	out[0] = TYPE_ED25519;
	memcpy(out + 1, verifier->public_key, NOTE_PUBLIC_KEY_SIZE);
}

/* SHA-256(name, newline, type, public key), the first four bytes. */
static bool
make_key_id(struct note_verifier *verifier)
{
	uint8_t input[NOTE_MAX_NAME + 1 + TYPED_KEY_SIZE];
	uint8_t digest[SHA256_DIGEST_LENGTH];
	size_t length = strlen(verifier->name);

	memcpy(input, verifier->name, length);
	input[length++] = '\n';
	typed_key(verifier, input + length);
	if (SHA256(input, length + TYPED_KEY_SIZE, digest) == NULL)
		return false;
	memcpy(verifier->key_id, digest, NOTE_KEY_ID_SIZE);
	return true;
}

bool
note_verifier_make(const char *name,
				   const uint8_t public_key[NOTE_PUBLIC_KEY_SIZE],
				   struct note_verifier *out)
{
	if (!note_name_valid(name))
		return false;
	memset(out, 0, sizeof *out);
	memcpy(out->name, name, strlen(name));
	memcpy(out->public_key, public_key, NOTE_PUBLIC_KEY_SIZE);
	return make_key_id(out);
}

void
note_verifier_format(const struct note_verifier *verifier,
					 char out[NOTE_VERIFIER_TEXT_SIZE])
{
	const uint8_t *id = verifier->key_id;
	uint8_t typed[TYPED_KEY_SIZE];
	char encoded[BASE64_LENGTH(TYPED_KEY_SIZE) + 1];

	typed_key(verifier, typed);
	base64_encode(typed, sizeof typed, encoded);
	snprintf(out, NOTE_VERIFIER_TEXT_SIZE, "%s+%02x%02x%02x%02x+%s",
			 verifier->name, id[0], id[1], id[2], id[3], encoded);
}

/* Takes the name and the public key and compares with the only right form. */
bool
note_verifier_parse(const char *text, struct note_verifier *out)
{
	size_t name_length = strcspn(text, "+");
	size_t key_at = name_length + 1 + 2 * NOTE_KEY_ID_SIZE + 1;
	char name[NOTE_MAX_NAME + 1] = "";
	uint8_t typed[TYPED_KEY_SIZE];
	char wanted[NOTE_VERIFIER_TEXT_SIZE];

	if (name_length > NOTE_MAX_NAME ||
		strnlen(text, NOTE_VERIFIER_TEXT_SIZE) < key_at ||
		!base64_decode_exactly(text + key_at, strlen(text + key_at), typed,
							   sizeof typed))
		return false;
	memcpy(name, text, name_length);
	if (!note_verifier_make(name, typed + 1, out))
		return false;
	note_verifier_format(out, wanted);
	return strcmp(text, wanted) == 0;
}

/* Signatures. */

static bool
ed25519_sign(const uint8_t seed[NOTE_SEED_SIZE], const char *text,
			 size_t length, uint8_t signature[NOTE_SIGNATURE_SIZE])
{
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed,
												 NOTE_SEED_SIZE);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	size_t size = NOTE_SIGNATURE_SIZE;
	bool good = key != NULL && context != NULL &&
				EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1 &&
				EVP_DigestSign(context, signature, &size,
							   (const uint8_t *) text, length) == 1 &&
				size == NOTE_SIGNATURE_SIZE;

	EVP_MD_CTX_free(context);
	EVP_PKEY_free(key);
	return good;
}

/* Leaves no error behind in OpenSSL's queue for others to find. */
static bool
ed25519_verify(const uint8_t public_key[NOTE_PUBLIC_KEY_SIZE],
			   const char *text, size_t length,
			   const uint8_t signature[NOTE_SIGNATURE_SIZE])
{
	EVP_PKEY *key;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good;

	ERR_set_mark();
	key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key,
									  NOTE_PUBLIC_KEY_SIZE);
	good = key != NULL && context != NULL &&
		   EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
		   EVP_DigestVerify(context, signature, NOTE_SIGNATURE_SIZE,
							(const uint8_t *) text, length) == 1;
	ERR_pop_to_mark();
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(key);
	return good;
}

/* A signature line without its newline, taken apart. */
struct signature_line
{
	const char *name; /* in the note */
	size_t name_length;
	uint8_t blob[BASE64_BYTES(NOTE_MAX_SIZE)]; /* key id and signature */
	size_t blob_size;
};

static bool
parse_signature_line(const char *line, size_t length,
					 struct signature_line *out)
{
	const char *space;

	if (length <= LINE_START_LENGTH ||
		memcmp(line, LINE_START, LINE_START_LENGTH) != 0)
		return false;
	line += LINE_START_LENGTH;
	length -= LINE_START_LENGTH;
	space = memchr(line, ' ', length);
	if (space == NULL)
		return false;
	out->name = line;
	out->name_length = (size_t) (space - line);
	return foreign_name_valid(out->name, out->name_length) &&
		   base64_decode(space + 1, length - out->name_length - 1, out->blob,
						 &out->blob_size) &&
		   out->blob_size > NOTE_KEY_ID_SIZE;
}

/* Name and key id together say whose signature it is. */
static bool
is_signed_by(const struct signature_line *line,
			 const struct note_verifier *verifier)
{
	return line->name_length == strlen(verifier->name) &&
		   memcmp(line->name, verifier->name, line->name_length) == 0 &&
		   memcmp(line->blob, verifier->key_id, NOTE_KEY_ID_SIZE) == 0;
}

/* Finds the last empty line; *text_length includes the newline before it. */
static bool
find_text(const char *note, size_t length, size_t *text_length)
{
	for (size_t at = length; at >= 2; at--)
		if (note[at - 1] == '\n' && note[at - 2] == '\n')
		{
			*text_length = at - 1;
			return true;
		}
	return false;
}

/* All the signature lines, of which there must be one at least. */
static enum note_result
check_signatures(const char *lines, size_t length, const char *text,
				 size_t text_length, const struct note_verifier *verifier,
				 uint8_t signature[NOTE_SIGNATURE_SIZE])
{
	enum note_result result = NOTE_UNSIGNED;
	struct signature_line line;
	int count = 0;

	if (length == 0)
		return NOTE_MALFORMED;
	while (length > 0)
	{
		const char *end = memchr(lines, '\n', length);

		if (end == NULL || ++count > NOTE_MAX_SIGNATURES ||
			!parse_signature_line(lines, (size_t) (end - lines), &line))
			return NOTE_MALFORMED;
		length -= (size_t) (end + 1 - lines);
		lines = end + 1;
		if (!is_signed_by(&line, verifier))
			continue;
		if (line.blob_size != BLOB_SIZE ||
			!ed25519_verify(verifier->public_key, text, text_length,
							line.blob + NOTE_KEY_ID_SIZE))
			result = NOTE_FORGED;
		else if (result == NOTE_UNSIGNED)
		{
			result = NOTE_FINE;
			if (signature != NULL)
				memcpy(signature, line.blob + NOTE_KEY_ID_SIZE,
					   NOTE_SIGNATURE_SIZE);
		}
	}
	return result;
}

enum note_result
note_open(const char *note, size_t length,
		  const struct note_verifier *verifier, size_t *text_length,
		  uint8_t signature[NOTE_SIGNATURE_SIZE])
{
	size_t lines_at;

	if (length > NOTE_MAX_SIZE || !note_text_valid(note, length) ||
		!find_text(note, length, text_length))
		return NOTE_MALFORMED;
	lines_at = *text_length + 1;
	return check_signatures(note + lines_at, length - lines_at, note,
							*text_length, verifier, signature);
}

/* What stands behind the empty line; its length, without the NUL. */
static size_t
write_signature_line(const struct note_verifier *verifier,
					 const uint8_t signature[NOTE_SIGNATURE_SIZE],
					 char out[SIGNATURE_LINE_SIZE])
{
	uint8_t blob[BLOB_SIZE];
	char encoded[BASE64_LENGTH(BLOB_SIZE) + 1];

	memcpy(blob, verifier->key_id, NOTE_KEY_ID_SIZE);
	memcpy(blob + NOTE_KEY_ID_SIZE, signature, NOTE_SIGNATURE_SIZE);
	base64_encode(blob, sizeof blob, encoded);
	return (size_t) snprintf(out, SIGNATURE_LINE_SIZE, LINE_START "%s %s\n",
							 verifier->name, encoded);
}

bool
note_join(const struct note_verifier *verifier, const char *text,
		  size_t text_length, const uint8_t signature[NOTE_SIGNATURE_SIZE],
		  char *out, size_t capacity, size_t *length)
{
	char line[SIGNATURE_LINE_SIZE];
	size_t line_length = write_signature_line(verifier, signature, line);

	*length = text_length + 1 + line_length;
	if (*length > capacity || *length > NOTE_MAX_SIZE)
		return false;
	memcpy(out, text, text_length);
	out[text_length] = '\n';
	memcpy(out + text_length + 1, line, line_length);
	return true;
}

bool
note_sign(const char *name, const uint8_t seed[NOTE_SEED_SIZE],
		  const char *text, size_t text_length, char *out, size_t capacity,
		  size_t *length)
{
	struct note_verifier verifier;
	uint8_t public_key[NOTE_PUBLIC_KEY_SIZE];
	uint8_t signature[NOTE_SIGNATURE_SIZE];

	return text_length > 0 && text_length <= NOTE_MAX_SIZE &&
		   text[text_length - 1] == '\n' &&
		   note_text_valid(text, text_length) &&
		   note_public_key(seed, public_key) &&
		   note_verifier_make(name, public_key, &verifier) &&
		   ed25519_sign(seed, text, text_length, signature) &&
		   note_join(&verifier, text, text_length, signature, out, capacity,
					 length);
}
