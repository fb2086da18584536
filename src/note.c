/*
 * note.c
 *		Signed notes (C2SP signed-note) and checkpoints (C2SP tlog-checkpoint).
 */
#include "note.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include "base64url.h"
#include "utf8.h"

/* The signature type, which stands before a public key. */
#define TYPE_ED25519 0x01
#define TYPED_KEY_SIZE (1 + NOTE_PUBLIC_KEY_SIZE)

/* Em dash and space, which begin a signature line. */
#define LINE_START "\xE2\x80\x94 "
#define LINE_START_LENGTH (sizeof LINE_START - 1)

/* What a signature line encodes. */
#define BLOB_SIZE (NOTE_KEY_ID_SIZE + NOTE_SIGNATURE_SIZE)

/* Standard base64 with padding (RFC 4648 section 4), canonical. */

#define BASE64_LENGTH(bytes) (((bytes) + 2) / 3 * 4)
#define BASE64_BYTES(chars) ((chars) / 4 * 3)

/* Writes BASE64_LENGTH(size) characters and a NUL. */
static void
base64_encode(const uint8_t *bytes, size_t size, char *out)
{
	size_t length = base64url_encoded_length(size);

	base64url_encode_bytes(bytes, size, out);
	for (size_t i = 0; i < length; i++)
	{
		if (out[i] == '-')
			out[i] = '+';
		else if (out[i] == '_')
			out[i] = '/';
	}
	for (; length % 4 != 0; length++)
		out[length] = '=';
	out[length] = '\0';
}

/* '=' stands for what base64url has and standard base64 has not. */
static char
to_base64url(char character)
{
	switch (character)
	{
		case '+':
			return '-';
		case '/':
			return '_';
		case '-':
		case '_':
			return '=';
		default:
			return character;
	}
}

/* At most BASE64_BYTES(length) bytes; the text is no longer than a note. */
static bool
base64_decode(const char *text, size_t length, uint8_t *out, size_t *size)
{
	char translated[NOTE_MAX_SIZE];

	if (length % 4 != 0 || length > sizeof translated)
		return false;
	for (int padding = 0; padding < 2 && length > 0 && text[length - 1] == '=';
		 padding++)
		length--;
	for (size_t i = 0; i < length; i++)
		translated[i] = to_base64url(text[i]);
	*size = base64url_decoded_length(length);
	return base64url_decode_bytes(translated, length, out);
}

/* A text for exactly "size" bytes. */
static bool
base64_decode_exactly(const char *text, size_t length, uint8_t *out,
					  size_t size)
{
	size_t decoded;

	return length == BASE64_LENGTH(size) &&
		   base64_decode(text, length, out, &decoded) && decoded == size;
}

/* Texts and names. */

/* UTF-8 without control characters other than newline. */
static bool
text_valid(const char *text, size_t length)
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
			memcpy(signature, line.blob + NOTE_KEY_ID_SIZE,
				   NOTE_SIGNATURE_SIZE);
		}
	}
	return result;
}

/* note_open(); the signature is filled in for NOTE_FINE only. */
static enum note_result
open_note(const char *note, size_t length,
		  const struct note_verifier *verifier, size_t *text_length,
		  uint8_t signature[NOTE_SIGNATURE_SIZE])
{
	size_t lines_at;

	if (length > NOTE_MAX_SIZE || !text_valid(note, length) ||
		!find_text(note, length, text_length))
		return NOTE_MALFORMED;
	lines_at = *text_length + 1;
	return check_signatures(note + lines_at, length - lines_at, note,
							*text_length, verifier, signature);
}

enum note_result
note_open(const char *note, size_t length,
		  const struct note_verifier *verifier, size_t *text_length)
{
	uint8_t signature[NOTE_SIGNATURE_SIZE];

	return open_note(note, length, verifier, text_length, signature);
}

/* Writes a signature line with its newline and a NUL behind it. */
static bool
write_signature_line(const struct note_verifier *verifier,
					 const uint8_t signature[NOTE_SIGNATURE_SIZE], char *out,
					 size_t capacity)
{
	uint8_t blob[BLOB_SIZE];
	char encoded[BASE64_LENGTH(BLOB_SIZE) + 1];
	int length;

	memcpy(blob, verifier->key_id, NOTE_KEY_ID_SIZE);
	memcpy(blob + NOTE_KEY_ID_SIZE, signature, NOTE_SIGNATURE_SIZE);
	base64_encode(blob, sizeof blob, encoded);
	length =
		snprintf(out, capacity, LINE_START "%s %s\n", verifier->name, encoded);
	return length > 0 && (size_t) length < capacity;
}

/* The same with a signature that is made now. */
static bool
make_signature_line(const char *name, const uint8_t seed[NOTE_SEED_SIZE],
					const char *text, size_t text_length, char *out,
					size_t capacity)
{
	struct note_verifier verifier;
	uint8_t public_key[NOTE_PUBLIC_KEY_SIZE];
	uint8_t signature[NOTE_SIGNATURE_SIZE];

	return note_public_key(seed, public_key) &&
		   note_verifier_make(name, public_key, &verifier) &&
		   ed25519_sign(seed, text, text_length, signature) &&
		   write_signature_line(&verifier, signature, out, capacity);
}

bool
note_sign(const char *name, const uint8_t seed[NOTE_SEED_SIZE],
		  const char *text, size_t text_length, char *out, size_t capacity,
		  size_t *length)
{
	char line[LINE_START_LENGTH + NOTE_MAX_NAME + 1 +
			  BASE64_LENGTH(BLOB_SIZE) + 2];
	size_t line_length;

	if (text_length == 0 || text_length > NOTE_MAX_SIZE ||
		text[text_length - 1] != '\n' || !text_valid(text, text_length) ||
		!make_signature_line(name, seed, text, text_length, line, sizeof line))
		return false;
	line_length = strlen(line);
	*length = text_length + 1 + line_length;
	if (*length > capacity || *length > NOTE_MAX_SIZE)
		return false;
	memcpy(out, text, text_length);
	out[text_length] = '\n';
	memcpy(out + text_length + 1, line, line_length);
	return true;
}

/* Checkpoints. */

/* What is left of a text to read. */
struct reader
{
	const char *at;
	size_t left;
};

/* Takes a line that is not empty, without its newline. */
static bool
take_line(struct reader *reader, const char **line, size_t *length)
{
	const char *end = memchr(reader->at, '\n', reader->left);

	if (end == NULL || end == reader->at)
		return false;
	*line = reader->at;
	*length = (size_t) (end - reader->at);
	reader->at = end + 1;
	reader->left -= *length + 1;
	return true;
}

/* Decimal without leading zeros. */
static bool
parse_size(const char *text, size_t length, uint64_t *size)
{
	if (length > 1 && text[0] == '0')
		return false;
	*size = 0;
	for (size_t i = 0; i < length; i++)
	{
		uint64_t digit = (uint64_t) (text[i] - '0');

		if (text[i] < '0' || text[i] > '9' ||
			*size > ((uint64_t) INT64_MAX - digit) / 10)
			return false;
		*size = *size * 10 + digit;
	}
	return true;
}

bool
checkpoint_parse(const char *text, size_t length, struct checkpoint *out)
{
	struct reader reader = {text, length};
	const char *line;
	size_t line_length;

	memset(out, 0, sizeof *out);
	if (!text_valid(text, length) ||
		!take_line(&reader, &line, &line_length) ||
		line_length > NOTE_MAX_NAME)
		return false;
	memcpy(out->origin, line, line_length);
	if (!take_line(&reader, &line, &line_length) ||
		!parse_size(line, line_length, &out->size))
		return false;
	if (!take_line(&reader, &line, &line_length) ||
		!base64_decode_exactly(line, line_length, out->root, sizeof out->root))
		return false;
	out->extensions = reader.at;
	out->extensions_length = reader.left;
	while (reader.left > 0)
		if (!take_line(&reader, &line, &line_length))
			return false;
	return true;
}

enum note_result
note_open_checkpoint(const char *note, size_t length,
					 const struct note_verifier *verifier,
					 struct checkpoint *out)
{
	struct checkpoint checkpoint;
	uint8_t signature[NOTE_SIGNATURE_SIZE];
	size_t text_length;
	enum note_result result =
		open_note(note, length, verifier, &text_length, signature);

	if (result != NOTE_FINE)
		return result;
	if (!checkpoint_parse(note, text_length, &checkpoint))
		return NOTE_MALFORMED;
	if (strcmp(checkpoint.origin, verifier->name) != 0)
		return NOTE_OTHER_ORIGIN;
	*out = checkpoint;
	memcpy(out->signature, signature, sizeof out->signature);
	return NOTE_FINE;
}

/* Writes the text with a NUL behind it; *length is without that. */
static bool
write_checkpoint(const char *name, uint64_t size,
				 const uint8_t root[NOTE_ROOT_SIZE], const char *extensions,
				 char *out, size_t capacity, size_t *length)
{
	char encoded[BASE64_LENGTH(NOTE_ROOT_SIZE) + 1];
	int written;

	base64_encode(root, NOTE_ROOT_SIZE, encoded);
	written = snprintf(out, capacity, "%s\n%" PRIu64 "\n%s\n%s", name, size,
					   encoded, extensions);
	*length = written > 0 ? (size_t) written : 0;
	return *length > 0 && *length < capacity;
}

bool
note_join_checkpoint(const struct note_verifier *verifier, uint64_t size,
					 const uint8_t root[NOTE_ROOT_SIZE],
					 const uint8_t signature[NOTE_SIGNATURE_SIZE], char *out,
					 size_t capacity)
{
	size_t length;

	if (!write_checkpoint(verifier->name, size, root, "\n", out, capacity,
						  &length))
		return false;
	return write_signature_line(verifier, signature, out + length,
								capacity - length);
}

/* The text is read back, so that nothing malformed is ever signed. */
bool
note_sign_checkpoint(const char *name, const uint8_t seed[NOTE_SEED_SIZE],
					 uint64_t size, const uint8_t root[NOTE_ROOT_SIZE],
					 const char *extensions, char *out, size_t capacity,
					 size_t *length)
{
	char text[NOTE_MAX_SIZE];
	struct checkpoint again;
	size_t text_length;

	return note_name_valid(name) &&
		   write_checkpoint(name, size, root,
							extensions != NULL ? extensions : "", text,
							sizeof text, &text_length) &&
		   checkpoint_parse(text, text_length, &again) &&
		   note_sign(name, seed, text, text_length, out, capacity, length);
}
