/*
 * token.c
 *		Making and checking session tokens.
 */
#include "token.h"

#include <stdbool.h>
#include <string.h>

#include <jansson.h>
#include <openssl/crypto.h>

#include "base64url.h"
#include "jsontext.h"
#include "jws.h"
#include "text.h"

static bool
has_string(json_t *claims, const char *name, const char *expected)
{
	json_t *value = json_object_get(claims, name);

	return json_is_string(value) &&
		   strcmp(json_string_value(value), expected) == 0;
}

/* "aud" is our audience or a list that holds it (RFC 7519 section 4.1.3). */
static bool
audience_fits(json_t *claims)
{
	json_t *list = json_object_get(claims, "aud");
	json_t *value;
	size_t i;

	if (has_string(claims, "aud", TOKEN_AUDIENCE))
		return true;
	json_array_foreach(list, i, value)
	{
		if (json_is_string(value) &&
			strcmp(json_string_value(value), TOKEN_AUDIENCE) == 0)
			return true;
	}
	return false;
}

/* A date that must not lie in the future, if it stands there at all. */
static bool
is_past(json_t *claims, const char *name, int64_t now)
{
	json_t *date = json_object_get(claims, name);

	return date == NULL ||
		   (json_is_integer(date) && json_integer_value(date) <= now);
}

static bool
take_subject(json_t *claims, char subject[TOKEN_SUBJECT_SIZE])
{
	json_t *sub = json_object_get(claims, "sub");
	size_t size = json_string_length(sub);

	if (size == 0 || size >= TOKEN_SUBJECT_SIZE)
		return false;
	memcpy(subject, json_string_value(sub), size + 1);
	return true;
}

enum token_result
token_claims(const uint8_t *payload, size_t size, int64_t now,
			 struct token_bearer *bearer)
{
	json_t *claims = jsontext_parse(payload, size);
	json_t *exp = json_object_get(claims, "exp");
	enum token_result result = TOKEN_BAD;

	if (!json_is_object(claims) || !json_is_integer(exp))
		goto end;
	if (!has_string(claims, "iss", TOKEN_ISSUER) || !audience_fits(claims) ||
		!is_past(claims, "nbf", now) || !is_past(claims, "iat", now) ||
		!take_subject(claims, bearer->subject))
		goto end;
	bearer->expires_at = json_integer_value(exp);
	result = bearer->expires_at > now ? TOKEN_GOOD : TOKEN_EXPIRED;
end:
	json_decref(claims);
	return result;
}

enum token_result
token_verify(const struct secret *secret, const char *text, size_t size,
			 int64_t now, struct token_bearer *bearer)
{
	const struct jws_policy policy = {.alg = "HS256",
									  .signature_size = 32,
									  .typ = "JWT",
									  .kid = secret->kid};
	struct jws jws;
	uint8_t mac[32];
	bool same;

	if (!jws_parse(text, size, &policy, &jws) ||
		!secret_hmac(secret->token_key, jws.signed_text, jws.signed_size, mac))
		return TOKEN_BAD;
	same = CRYPTO_memcmp(mac, jws.signature, sizeof(mac)) == 0;
	OPENSSL_cleanse(mac, sizeof(mac));
	if (!same)
		return TOKEN_BAD;
	return token_claims(jws.payload, jws.payload_size, now, bearer);
}

enum token_result
token_recall(const struct secret *secret, struct token_memo *memo,
			 const char *text, size_t size, int64_t now,
			 struct token_bearer *bearer)
{
	enum token_result result;

	if (size > 0 && size == memo->size && now == memo->checked_at &&
		CRYPTO_memcmp(text, memo->text, size) == 0)
	{
		*bearer = memo->bearer;
		return TOKEN_GOOD;
	}
	result = token_verify(secret, text, size, now, bearer);
	memo->size = 0;
	if (result == TOKEN_GOOD && size <= sizeof(memo->text))
	{
		memcpy(memo->text, text, size);
		memo->size = size;
		memo->checked_at = now;
		memo->bearer = *bearer;
	}
	return result;
}

static void
write_header(struct text *header, const struct secret *secret)
{
	text_add(header, "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":");
	text_add_json(header, secret->kid);
	text_add(header, "}");
}

static void
write_claims(struct text *claims, const char *subject, int64_t now)
{
	text_add(claims, "{\"iss\":\"" TOKEN_ISSUER "\",\"aud\":\"" TOKEN_AUDIENCE
					 "\",\"sub\":");
	text_add_json(claims, subject);
	text_add(claims, ",\"iat\":");
	text_add_number(claims, now);
	text_add(claims, ",\"exp\":");
	text_add_number(claims, now + TOKEN_LIFETIME_S);
	text_add(claims, "}");
}

static void
add_base64url(struct text *token, const void *bytes, size_t size)
{
	size_t length = base64url_encoded_length(size);

	if (!text_reserve(token, length))
		return;
	base64url_encode_bytes(bytes, size, token->bytes + token->size);
	token->size += length;
}

size_t
token_issue(const struct secret *secret, const char *subject, int64_t now,
			char out[TOKEN_SIZE])
{
	char header_bytes[80], claims_bytes[TOKEN_SIZE];
	struct text header = TEXT_IN(header_bytes), claims = TEXT_IN(claims_bytes);
	struct text token = {.bytes = out, .room = TOKEN_SIZE, .fixed = true};
	uint8_t mac[32];

	write_header(&header, secret);
	write_claims(&claims, subject, now);
	add_base64url(&token, header.bytes, header.size);
	text_add(&token, ".");
	add_base64url(&token, claims.bytes, claims.size);
	if (!secret_hmac(secret->token_key, out, token.size, mac))
		return 0;
	text_add(&token, ".");
	add_base64url(&token, mac, sizeof(mac));
	text_add_bytes(&token, "", 1); /* the NUL */
	return header.failed || claims.failed || token.failed ? 0 : token.size - 1;
}
