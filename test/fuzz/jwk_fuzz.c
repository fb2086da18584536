/*
 * jwk_fuzz.c
 *		jwk.c: members in any order, and points that may be on the curve.
 *
 * The input is a list of lines.  The first character of a line says what it
 * is, the rest is the text:
 *
 *		"name=value		a string
 *		[name			an array, and {name anything else
 *		:operation		a string in key_ops, and ; anything else there
 */
#include <openssl/bn.h>
#include <openssl/sha.h>

#include "base64url.h"
#include "fuzz.h"
#include "jwk.h"

#define PRIME \
	"ffffffff00000001000000000000000000000000ffffffffffffffffffffffff"
#define CURVE_B \
	"5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b"

static void
read_line(struct jwk_reader *reader, const char *line, size_t length)
{
	const char *name = line + 1, *equals;
	size_t name_length = length - 1;

	switch (line[0])
	{
		case '"':
			equals = memchr(name, '=', name_length);
			if (equals != NULL)
				jwk_read_string(reader, name, (size_t) (equals - name),
								equals + 1,
								(size_t) (line + length - (equals + 1)));
			break;
		case '[':
		case '{':
			jwk_read_other(reader, name, name_length, line[0] == '[');
			break;
		case ':':
			jwk_read_key_op(reader, name, name_length);
			break;
		case ';':
			jwk_read_key_op(reader, NULL, 0);
			break;
	}
}

static const char *
read_lines(const char *text, size_t size, enum jwk_purpose purpose,
		   struct jwk *key)
{
	struct jwk_reader reader;

	jwk_read_begin(&reader);
	while (size > 0)
	{
		const char *end = memchr(text, '\n', size);
		size_t length = end != NULL ? (size_t) (end - text) : size;

		if (length > 0)
			read_line(&reader, text, length);
		if (end == NULL)
			break;
		text += length + 1;
		size -= length + 1;
	}
	return jwk_read_end(&reader, purpose, key);
}

/* y^2 = x^3 - 3 x + b, with both below p. */
static bool
slow_on_curve(const struct jwk *key)
{
	BN_CTX *context = BN_CTX_new();
	BIGNUM *p = NULL, *b = NULL, *left = BN_new(), *right = BN_new();
	BIGNUM *x = BN_bin2bn(key->x, sizeof key->x, NULL);
	BIGNUM *y = BN_bin2bn(key->y, sizeof key->y, NULL);
	bool good;

	must(BN_hex2bn(&p, PRIME) && BN_hex2bn(&b, CURVE_B));
	must(BN_mod_sqr(right, x, p, context) && BN_sub_word(right, 3) &&
		 BN_mod_mul(right, right, x, p, context) &&
		 BN_mod_add(right, right, b, p, context) &&
		 BN_mod_sqr(left, y, p, context));
	good = BN_cmp(x, p) < 0 && BN_cmp(y, p) < 0 && BN_cmp(left, right) == 0;
	BN_free(x);
	BN_free(y);
	BN_free(left);
	BN_free(right);
	BN_free(p);
	BN_free(b);
	BN_CTX_free(context);
	return good;
}

/* How many of the lines begin so? */
static size_t
count_of(const char *text, size_t size, const char *start)
{
	size_t length = strlen(start), count = 0;
	bool fresh = true;

	for (; size > 0; text++, size--)
	{
		if (fresh && size >= length && memcmp(text, start, length) == 0)
			count++;
		fresh = *text == '\n';
	}
	return count;
}

/* What must be there once, and what must not. */
static void
check_members(const char *text, size_t size)
{
	must(count_of(text, size, "\"kty=EC") == 1);
	must(count_of(text, size, "\"kty=") == 1);
	must(count_of(text, size, "\"crv=P-256") == 1);
	must(count_of(text, size, "\"crv=") == 1);
	must(count_of(text, size, "\"use=") <= 1);
	must(count_of(text, size, "\"x=") == 1);
	must(count_of(text, size, "\"y=") == 1);
	must(count_of(text, size, "\"d=") == 0);
	must(count_of(text, size, "\"k=") == 0);
	must(count_of(text, size, "{x\n") == 0);
	must(count_of(text, size, ";") == 0);
}

/* The canonical text holds the key, and the thumbprint is its hash. */
static void
check_key(const struct jwk *key)
{
	char canonical[JWK_CANONICAL_SIZE + 1] = "", wanted[sizeof canonical];
	char x[44] = "", y[44] = "";
	uint8_t thumbprint[JWK_THUMBPRINT_SIZE], digest[SHA256_DIGEST_LENGTH];

	base64url_encode_bytes(key->x, sizeof key->x, x);
	base64url_encode_bytes(key->y, sizeof key->y, y);
	snprintf(wanted, sizeof wanted,
			 "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}", x,
			 y);
	jwk_canonical(key, canonical);
	must(strcmp(canonical, wanted) == 0);
	jwk_thumbprint(key, thumbprint);
	SHA256((const uint8_t *) wanted, strlen(wanted), digest);
	must(same_bytes(thumbprint, sizeof thumbprint, digest, sizeof digest));
}

/* A key that is good for something is good when its use is not asked. */
static void
check_lines(const char *text, size_t size)
{
	struct jwk encryption, identity, any;
	const char *not_encryption =
		read_lines(text, size, JWK_ENCRYPTION, &encryption);
	const char *not_identity = read_lines(text, size, JWK_IDENTITY, &identity);
	const char *wrong = read_lines(text, size, JWK_ANY_PURPOSE, &any);

	must(wrong == NULL || (not_encryption != NULL && not_identity != NULL));
	if (wrong != NULL)
		return;
	check_members(text, size);
	check_key(&any);
	must(slow_on_curve(&any) && jwk_on_curve(&any));
}

static void
check_point(const uint8_t *data, size_t size)
{
	struct jwk key;

	fill_from(&key, sizeof key, data, size);
	must(jwk_on_curve(&key) == slow_on_curve(&key));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_lines((const char *) data, size);
	check_point(data, size);
	return 0;
}
