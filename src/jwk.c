/*
 * jwk.c
 *		P-256 public keys as JSON Web Keys (RFC 7517, RFC 7518 section 6.2).
 */
#include "jwk.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>
#include <openssl/sha.h>

#include "base64url.h"

#define COORDINATE_CHARS 43 /* base64url of 32 bytes */

/* The members that mean something here; all others are ignored. */
enum member
{
	KTY,
	CRV,
	X,
	Y,
	USE,
	ALG,
	KEY_OPS,
	SECRET, /* a member that only a private or symmetric key has */
	UNKNOWN
};

static const struct
{
	const char *name;
	enum member member;
} members[] = {
	{"kty", KTY},		  {"crv", CRV},	  {"x", X},		   {"y", Y},
	{"use", USE},		  {"alg", ALG},	  {"d", SECRET},   {"k", SECRET},
	{"key_ops", KEY_OPS}, {"p", SECRET},  {"q", SECRET},   {"dp", SECRET},
	{"dq", SECRET},		  {"qi", SECRET}, {"oth", SECRET},
};

/* The operations of RFC 7517 section 4.3, as bits of key_ops. */
static const char *const operations[] = {"sign",	  "verify",	   "encrypt",
										 "decrypt",	  "wrapKey",   "unwrapKey",
										 "deriveKey", "deriveBits"};

#define OPERATION(i) (1u << (i))
#define OPERATION_VERIFY OPERATION(1)
#define OPERATIONS_DERIVE (OPERATION(6) | OPERATION(7))

#define ENCRYPTION_BIT (1u << JWK_ENCRYPTION)
#define IDENTITY_BIT (1u << JWK_IDENTITY)

static bool
equals(const char *text, size_t len, const char *word)
{
	return len == strlen(word) && memcmp(text, word, len) == 0;
}

static void
set_problem(struct jwk_reader *reader, const char *problem)
{
	if (reader->problem == NULL)
		reader->problem = problem;
}

void
jwk_read_begin(struct jwk_reader *reader)
{
	memset(reader, 0, sizeof *reader);
	reader->purposes = ENCRYPTION_BIT | IDENTITY_BIT;
}

static enum member
member_of(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
		if (equals(name, len, members[i].name))
			return members[i].member;
	return UNKNOWN;
}

/* Names the member and notes that it was seen; a second one is a problem. */
static enum member
see_member(struct jwk_reader *reader, const char *name, size_t len)
{
	enum member member = member_of(name, len);

	if (member == SECRET)
		set_problem(reader, "the key holds a private or secret member: send "
							"only the public part");
	else if (member != UNKNOWN && (reader->seen & (1u << member)) != 0)
		set_problem(reader, "a member stands in the key twice");
	reader->seen |= 1u << member;
	return member;
}

static void
read_coordinate(struct jwk_reader *reader, const char *value, size_t len,
				uint8_t out[JWK_COORDINATE_SIZE], const char *problem)
{
	if (len != COORDINATE_CHARS || !base64url_decode_bytes(value, len, out))
		set_problem(reader, problem);
}

static void
read_use(struct jwk_reader *reader, const char *value, size_t len)
{
	if (equals(value, len, "enc"))
		reader->purposes &= ENCRYPTION_BIT;
	else if (equals(value, len, "sig"))
		reader->purposes &= IDENTITY_BIT;
	else
		reader->purposes = 0;
}

static void
read_alg(struct jwk_reader *reader, const char *value, size_t len)
{
	if (equals(value, len, "ES256"))
		reader->purposes &= IDENTITY_BIT;
	else if (equals(value, len, "ECDH-ES") ||
			 equals(value, len, "ECDH-ES+A128KW") ||
			 equals(value, len, "ECDH-ES+A192KW") ||
			 equals(value, len, "ECDH-ES+A256KW"))
		reader->purposes &= ENCRYPTION_BIT;
	else
		reader->purposes = 0;
}

void
jwk_read_string(struct jwk_reader *reader, const char *name, size_t name_len,
				const char *value, size_t len)
{
	switch (see_member(reader, name, name_len))
	{
		case KTY:
			if (!equals(value, len, "EC"))
				set_problem(reader, "kty must be \"EC\"");
			break;
		case CRV:
			if (!equals(value, len, "P-256"))
				set_problem(reader, "crv must be \"P-256\"");
			break;
		case X:
			read_coordinate(reader, value, len, reader->key.x,
							"x must be 32 bytes in base64url without padding");
			break;
		case Y:
			read_coordinate(reader, value, len, reader->key.y,
							"y must be 32 bytes in base64url without padding");
			break;
		case USE:
			read_use(reader, value, len);
			break;
		case ALG:
			read_alg(reader, value, len);
			break;
		case KEY_OPS:
			set_problem(reader, "key_ops must be an array of strings");
			break;
		case SECRET:
		case UNKNOWN:
			break;
	}
}

void
jwk_read_other(struct jwk_reader *reader, const char *name, size_t name_len,
			   bool is_array)
{
	switch (see_member(reader, name, name_len))
	{
		case KEY_OPS:
			if (!is_array)
				set_problem(reader, "key_ops must be an array of strings");
			break;
		case SECRET:
		case UNKNOWN:
			break;
		default:
			set_problem(reader, "kty, crv, x, y, use and alg must be strings");
	}
}

void
jwk_read_key_op(struct jwk_reader *reader, const char *op, size_t len)
{
	if (op == NULL)
	{
		set_problem(reader, "key_ops must be an array of strings");
		return;
	}
	for (unsigned i = 0; i < sizeof operations / sizeof operations[0]; i++)
	{
		if (!equals(op, len, operations[i]))
			continue;
		if ((reader->key_ops & OPERATION(i)) != 0)
			set_problem(reader, "key_ops names an operation twice");
		reader->key_ops |= OPERATION(i);
	}
}

/* Does use, alg or key_ops say that the key is for something else? */
static bool
contradicts(const struct jwk_reader *reader, enum jwk_purpose purpose)
{
	unsigned allowed =
		purpose == JWK_IDENTITY ? OPERATION_VERIFY : OPERATIONS_DERIVE;

	if (purpose == JWK_ANY_PURPOSE)
		return false;
	return (reader->purposes & (1u << purpose)) == 0 ||
		   (reader->key_ops & ~allowed) != 0;
}

const char *
jwk_read_end(struct jwk_reader *reader, enum jwk_purpose purpose,
			 struct jwk *key)
{
	const unsigned needed = 1u << KTY | 1u << CRV | 1u << X | 1u << Y;

	if (reader->problem == NULL && (reader->seen & needed) != needed)
		reader->problem = "the members kty, crv, x and y are all needed";
	if (reader->problem == NULL && contradicts(reader, purpose))
		reader->problem =
			purpose == JWK_IDENTITY
				? "use, alg or key_ops do not fit a key that verifies "
				  "signatures"
				: "use, alg or key_ops do not fit a key for ECDH";
	if (reader->problem == NULL && !jwk_on_curve(&reader->key))
		reader->problem = "x and y are not a point of the curve P-256";
	*key = reader->key;
	return reader->problem;
}

/*
 * The curve P-256: building it costs ten times what checking a point does.
 * Made once, only read from then on, by any thread, and never freed.
 */
static EC_GROUP *curve;

static void
make_curve(void)
{
	curve = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
}

/*
 * EC_POINT_oct2point() looks at the range of both coordinates and at the
 * equation of the curve (SEC 1 section 2.3.4); the cofactor of P-256 is 1, so
 * that no other check is left to do.
 */
bool
jwk_on_curve(const struct jwk *key)
{
	static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;
	uint8_t octets[1 + 2 * JWK_COORDINATE_SIZE] = {
		POINT_CONVERSION_UNCOMPRESSED};
	EC_POINT *point;
	bool good;

	if (CRYPTO_THREAD_run_once(&once, make_curve) != 1 || curve == NULL)
		return false;
	memcpy(octets + 1, key->x, sizeof key->x);
	memcpy(octets + 1 + sizeof key->x, key->y, sizeof key->y);
	point = EC_POINT_new(curve);
	good = point != NULL &&
		   EC_POINT_oct2point(curve, point, octets, sizeof octets, NULL) == 1;
	EC_POINT_free(point);
	return good;
}

void
jwk_canonical(const struct jwk *key, char out[JWK_CANONICAL_SIZE])
{
	static const char head[] = "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"";
	static const char middle[] = "\",\"y\":\"";
	static const char tail[] = "\"}";

	memcpy(out, head, sizeof head - 1);
	out += sizeof head - 1;
	base64url_encode_bytes(key->x, sizeof key->x, out);
	out += COORDINATE_CHARS;
	memcpy(out, middle, sizeof middle - 1);
	out += sizeof middle - 1;
	base64url_encode_bytes(key->y, sizeof key->y, out);
	memcpy(out + COORDINATE_CHARS, tail, sizeof tail - 1);
}

void
jwk_thumbprint(const struct jwk *key, uint8_t out[JWK_THUMBPRINT_SIZE])
{
	char canonical[JWK_CANONICAL_SIZE];

	jwk_canonical(key, canonical);
	SHA256((const unsigned char *) canonical, sizeof canonical, out);
}
