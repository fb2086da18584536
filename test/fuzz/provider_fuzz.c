/*
 * provider_fuzz.c
 *		provider.c: the input as an identity provider's token, and as a
 *		header and claims that its key signs.
 *
 * Whether our signature is taken and what the claims are worth is found out
 * a second time, from the JSON.
 */
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compact_jws.h"
#include "fuzz.h"
#include "provider.h"
#include "slow_json.h"

#define NOW 1700000100
#define ISSUER "https://idp.example"
#define AUDIENCE "e2emsg"
#define CLAIM "preferred_username"

/* The keys of RFC 7515 A.3, and an RSA key that signed a seed. */
#define X "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define Y "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define D "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"
static const char jwks[] =
	"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"ec\",\"x\":\"" X
	"\",\"y\":\"" Y
	"\"},{\"kty\":\"RSA\",\"kid\":\"rsa\",\"e\":\"AQAB\",\"n\":\""
	"kMHJyhYRV-5Yf56ItKp5L29-Rk5F1-zfGVm4xYfqc_-EKtv4InN4C3ykpXNTPplriQq5"
	"fWxtdU5xiRuyRK9rUcd2exD0lV6bXn9H8xTnlKeTMKm4qRx520ugbneoPgoRyLRQu5wd"
	"oP6Xvsn1nMKpSkeG0xzjP_KDrhOov3cJGf6myT2Fk8TNERhJGpxdQqmfz1kM9yM78Kg5"
	"z6xww00xhJb9vWOKI0p2TPdgG_rNxAFfK6u5xOfTmCbrAacnq5TxYk-DU6wmta88vXXo"
	"yYYDhYVcyc-yMVc_f-PTlwwFZ5cPVBpQiFFe7DuQhefaZBG0mJXFDSYTamJPou_DBAZu"
	"DQ"
	"\"}]}";

static struct provider *provider;
static EVP_PKEY *key;

/* The keys as a file, which goes again at once. */
static void
open_provider(void)
{
	static struct config config = {.idp_issuer = ISSUER,
								   .idp_audience = AUDIENCE,
								   .idp_username_claim = CLAIM};
	char path[] = "/tmp/provider_fuzz.XXXXXX", problem[JWKS_PROBLEM_SIZE];
	int fd = mkstemp(path);

	must(fd >= 0 && write(fd, jwks, strlen(jwks)) == (ssize_t) strlen(jwks));
	memcpy(config.idp_jwks_file, path, sizeof(path));
	provider = provider_open(&config, problem);
	must(provider != NULL && provider_key_count(provider) == 2);
	close(fd);
	unlink(path);
}

static void
make_key(void)
{
	uint8_t point[65] = {4}, scalar[32];
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	OSSL_PARAM *params;
	BIGNUM *number;

	must(base64url_decode_bytes(X, 43, point + 1) &&
		 base64url_decode_bytes(Y, 43, point + 33) &&
		 base64url_decode_bytes(D, 43, scalar));
	number = BN_bin2bn(scalar, 32, NULL);
	must(OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME,
										 "prime256v1", 0) &&
		 OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY,
										  point, sizeof(point)) &&
		 OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, number));
	params = OSSL_PARAM_BLD_to_param(build);
	must(EVP_PKEY_fromdata_init(context) == 1 &&
		 EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEYPAIR, params) == 1);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	EVP_PKEY_CTX_free(context);
	BN_free(number);
}

/* r and s, 32 bytes each. */
static void
sign(const struct compact *token, uint8_t out[64])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint8_t der[80];
	const uint8_t *at = der;
	size_t size = sizeof(der);
	ECDSA_SIG *pair;

	must(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
		 EVP_DigestSign(context, der, &size, (const uint8_t *) token->text,
						token->size) == 1);
	pair = d2i_ECDSA_SIG(NULL, &at, (long) size);
	BN_bn2binpad(ECDSA_SIG_get0_r(pair), out, 32);
	BN_bn2binpad(ECDSA_SIG_get0_s(pair), out + 32, 32);
	ECDSA_SIG_free(pair);
	EVP_MD_CTX_free(context);
}

static enum token_result
verify(const char *text, size_t size, struct provider_identity *identity)
{
	const char *why = "";
	enum token_result result =
		provider_verify(provider, text, size, NOW, identity, &why);

	must((result == TOKEN_BAD) == (why != NULL));
	return result;
}

/* ---- the second verifier ---- */

static bool
slow_header(json_t *header)
{
	const char *alg = NULL, *typ = "JWT", *kid = "ec", *unused;

	return json_unpack_ex(header, NULL, JSON_STRICT,
						  "{s:s, s?:s, s?:s, s?:s, s?:s}", "alg", &alg, "typ",
						  &typ, "kid", &kid, "x5t", &unused, "x5t#S256",
						  &unused) == 0 &&
		   strcmp(alg, "ES256") == 0 && strcmp(kid, "ec") == 0 &&
		   (strcasecmp(typ, "JWT") == 0 || strcasecmp(typ, "at+jwt") == 0 ||
			strcasecmp(typ, "application/JWT") == 0 ||
			strcasecmp(typ, "application/at+jwt") == 0);
}

/* Ours alone, or a list of strings with ours in it. */
static bool
slow_audience(json_t *aud)
{
	size_t count = json_is_array(aud) ? json_array_size(aud) : 1, ours = 0;

	for (size_t i = 0; i < count; i++)
	{
		json_t *one = json_is_array(aud) ? json_array_get(aud, i) : aud;

		if (!json_is_string(one))
			return false;
		ours += strcmp(json_string_value(one), AUDIENCE) == 0;
	}
	return ours > 0;
}

static enum token_result
slow_claims(json_t *claims, struct provider_identity *identity)
{
	json_int_t exp, nbf = 0, iat = 0;
	const char *iss, *name;
	json_t *aud;

	if (json_unpack(claims, "{s:s, s:o, s:I, s?:I, s?:I, s:s}", "iss", &iss,
					"aud", &aud, "exp", &exp, "nbf", &nbf, "iat", &iat, CLAIM,
					&name) != 0 ||
		strcmp(iss, ISSUER) != 0 || !slow_audience(aud) || nbf > NOW + 60 ||
		iat > NOW + 60 || name[0] == '\0' ||
		strlen(name) >= PROVIDER_USERNAME_SIZE)
		return TOKEN_BAD;
	memcpy(identity->username, name, strlen(name) + 1);
	return exp > NOW ? TOKEN_GOOD : TOKEN_EXPIRED;
}

static enum token_result
slow_verify(const uint8_t *data, size_t size,
			struct provider_identity *identity)
{
	const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
	size_t length = end ? (size_t) (end - data) : size;
	json_t *header = slow_json(data, length);
	json_t *claims = end ? slow_json(end + 1, size - length - 1) : NULL;
	enum token_result result = TOKEN_BAD;

	if (length <= PROVIDER_HEADER_MAX && slow_header(header))
		result = slow_claims(claims, identity);
	json_decref(header);
	json_decref(claims);
	return result;
}

/* ---- the target ---- */

/* Signed by the provider, and with another byte that nobody signed. */
static void
check_signed(const uint8_t *data, size_t size)
{
	struct compact token = compact_begin(data, size);
	struct provider_identity identity, wanted;
	enum token_result result;
	uint8_t signature[64];

	sign(&token, signature);
	compact_end(&token, signature, sizeof(signature));
	result = verify(token.text, token.size, &identity);
	must(result == (token.size <= PROVIDER_TOKEN_MAX
						? slow_verify(data, size, &wanted)
						: TOKEN_BAD));
	must(result == TOKEN_BAD ||
		 strcmp(identity.username, wanted.username) == 0);
	token.text[size % token.size] ^= 1;
	must(verify(token.text, token.size, &identity) == TOKEN_BAD);
	free(token.text);
}

/* Only the seed that is signed can be good. */
static void
check_token(const char *text, size_t size)
{
	struct provider_identity identity;

	if (verify(text, size, &identity) != TOKEN_BAD)
		must(strcmp(identity.username, "alice") == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!provider)
	{
		open_provider();
		make_key();
	}
	check_token((const char *) data, size);
	check_signed(data, size);
	return 0;
}
