/*
 * jws_fuzz.c
 *		jws.c: a compact JWS under the policies that there are.
 *
 * The input is a token, or a header and a payload that a signature of the
 * right size is put behind.  The parts, put together again, are the token.
 */
#include <strings.h>

#include "compact_jws.h"
#include "fuzz.h"
#include "jws.h"
#include "slow_json.h"

static const struct jws_policy policies[] = {
	{.alg = "HS256", .signature_size = 32, .typ = "JWT", .kid = "key-1"},
	{.alg = "ES256",
	 .signature_size = 64,
	 .typ = "e2emsg-session+jwt",
	 .typ_exact = true}};

static bool
slow_header(const struct parts *parts, const struct jws_policy *policy)
{
	json_t *header = slow_json(parts->bytes[0], parts->size[0]);
	const char *alg, *typ = NULL, *kid = NULL;
	bool good = json_unpack_ex(header, NULL, JSON_STRICT, "{s:s, s?:s, s?:s}",
							   "alg", &alg, "typ", &typ, "kid", &kid) == 0 &&
				strcmp(alg, policy->alg) == 0;

	if (good && policy->typ_exact)
		good = typ && strcmp(typ, policy->typ) == 0;
	else if (good)
		good = !typ || strcasecmp(typ, policy->typ) == 0;
	good = good && (!kid || (policy->kid && strcmp(kid, policy->kid) == 0));
	json_decref(header);
	return good;
}

static void
check_policy(const char *text, size_t size, const struct jws_policy *policy)
{
	static struct jws jws;
	struct parts parts;
	bool taken = jws_parse(text, size, policy, &jws);
	bool good = parts_of(text, size, &parts) && size <= JWS_MAX_SIZE &&
				parts.size[2] == policy->signature_size &&
				slow_header(&parts, policy);

	must(taken == good);
	if (taken)
	{
		must(jws.signed_text == text && jws.signed_size == parts.signed_size);
		must(same_bytes(jws.payload, jws.payload_size, parts.bytes[1],
						parts.size[1]));
		must(memcmp(jws.signature, parts.bytes[2], parts.size[2]) == 0);
	}
	parts_free(&parts);
}

static void
check_split(const char *text, size_t size)
{
	struct jws_parts parts;
	size_t dots = 0;

	for (size_t i = 0; i < size; i++)
		dots += text[i] == '.';
	if (!jws_split(text, size, &parts))
		return;
	must(dots == 2 && parts.header == text);
	must(parts.header_size > 0 && parts.payload_size > 0 &&
		 parts.signature_size > 0);
	must(parts.payload == text + parts.header_size + 1);
	must(parts.signature == parts.payload + parts.payload_size + 1);
	must(parts.signature + parts.signature_size == text + size);
	must(parts.signed_size == size - parts.signature_size - 1);
}

static void
check_token(const char *text, size_t size)
{
	check_split(text, size);
	for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++)
		check_policy(text, size, &policies[i]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t signature[JWS_SIGNATURE_MAX + 1];

	check_token((const char *) data, size);
	for (size_t i = 0; i < 3; i++)
	{
		struct compact token = compact_begin(data, size);

		compact_end(&token, signature, (const size_t[]){32, 64, 65}[i]);
		check_token(token.text, token.size);
		free(token.text);
	}
	return 0;
}
