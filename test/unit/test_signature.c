/*
 * test_signature.c
 *		es256_verify() against Wycheproof; what the statements hold.
 */
#include <string.h>

#include "endorsement.h"
#include "signature.h"
#include "tap.h"

#define MESSAGE_MAX 4096

/* Returns the number of bytes, at most size. */
static size_t
from_hex(json_t *hex, uint8_t *out, size_t size)
{
	const char *text = json_string_value(hex);
	size_t len = 0;

	for (; text[0] != '\0' && len < size; text += 2)
	{
		unsigned value;

		sscanf(text, "%2x", &value);
		out[len++] = (uint8_t) value;
	}
	return len;
}

static void
test_group(struct tap *tap, json_t *group)
{
	uint8_t point[65];
	struct jwk key;
	json_t *one;
	size_t i;

	from_hex(
		json_object_get(json_object_get(group, "publicKey"), "uncompressed"),
		point, sizeof point);
	memcpy(key.x, point + 1, sizeof key.x);
	memcpy(key.y, point + 33, sizeof key.y);
	json_array_foreach(json_object_get(group, "tests"), i, one)
	{
		const char *result = json_string_value(json_object_get(one, "result"));
		uint8_t message[MESSAGE_MAX], sig[ES256_SIZE + 1];
		size_t len =
			from_hex(json_object_get(one, "msg"), message, sizeof message);
		bool good = from_hex(json_object_get(one, "sig"), sig, sizeof sig) ==
						ES256_SIZE &&
					es256_verify(&key, message, len, sig);

		tap_ok(tap, good == (strcmp(result, "valid") == 0),
			   json_string_value(json_object_get(one, "comment")));
	}
}

static void
test_wycheproof(struct tap *tap)
{
	json_t *file =
		tap_vectors("wycheproof/ecdsa_secp256r1_sha256_p1363_test.json");
	json_t *group;
	size_t i;

	json_array_foreach(json_object_get(file, "testGroups"), i, group)
		test_group(tap, group);
	json_decref(file);
}

static void
test_off_curve_key(struct tap *tap)
{
	struct jwk key = {{1}, {1}};
	uint8_t sig[ES256_SIZE] = {[31] = 1, [63] = 1};

	tap_ok(tap, !es256_verify(&key, (const uint8_t *) "", 0, sig),
		   "a key off the curve verifies nothing");
}

static void
test_statements(struct tap *tap)
{
	const uint8_t new_key[32] = {7}, old_key[32] = {9};
	uint8_t out[ENDORSEMENT_SIZE];

	endorsement_statement("service", "abcdefghijklmnopqrstuvwxyzabcdef",
						  0x01020304, new_key, old_key, out);
	tap_ok(tap, out[0] == 0 && out[95] == 'f', "a username of 32 bytes fits");
	tap_ok(tap, memcmp(out + 96, "\1\2\3\4\7", 5) == 0, "version, then key");
	tap_ok(tap, out[132] == 9, "then the key before");
	identity_change_statement("service", "abc", new_key, old_key, out);
	tap_ok(tap, out[0] == 0 && out[96] == 7 && out[128] == 9,
		   "new identity key, then the old one");
}

int
main(void)
{
	struct tap tap = {0};

	test_wycheproof(&tap);
	test_off_curve_key(&tap);
	test_statements(&tap);
	return tap_end(&tap);
}
