/*
 * contact_test.c
 *		The rules of trust, and key objects that lie; the verdicts of
 *		vectors/trust.json, which the browser client gives, too.
 */
#include <string.h>

#include "contact.h"
#include "endorsement.h"
#include "envelope.h"
#include "field.h"
#include "keypair.h"
#include "tap.h"
#include "vector.h"

#define SERVICE "msg.example.org"
#define VERSIONS 5

/* Bob, his keys, and how to tell of them. */
struct bob
{
	struct keypair identity, other_identity;
	struct keypair keys[VERSIONS + 1]; /* from 1 on */
	struct keypair other_key;
};

static void
make_bob(struct bob *bob)
{
	bool made = keypair_generate(&bob->identity) &&
				keypair_generate(&bob->other_identity) &&
				keypair_generate(&bob->other_key);

	for (int i = 1; made && i <= VERSIONS; i++)
		made = keypair_generate(&bob->keys[i]);
	if (!made)
		exit(EXIT_FAILURE);
}

static void
free_bob(struct bob *bob)
{
	keypair_free(&bob->identity);
	keypair_free(&bob->other_identity);
	keypair_free(&bob->other_key);
	for (int i = 1; i <= VERSIONS; i++)
		keypair_free(&bob->keys[i]);
}

/* The key object that an honest server gives; identity NULL: unsigned. */
static json_t *
tell(const struct bob *bob, const struct keypair *identity, uint32_t version,
	 const struct keypair *key)
{
	uint8_t thumbprint[32], previous[32] = {0}, statement[ENDORSEMENT_SIZE],
							signature[ES256_SIZE];
	json_t *object;

	jwk_thumbprint(&key->public_key, thumbprint);
	if (version > 1)
		jwk_thumbprint(&bob->keys[version - 1].public_key, previous);
	object = json_pack(
		"{s:s, s:s, s:o, s:i, s:o, s:o}", "userId",
		"94cf9ed6-a4b3-8daf-b0c8-a68b722c86ab", "username", "bob", "publicKey",
		field_from_key(&key->public_key), "keyVersion", (int) version,
		"thumbprint", field_from_bytes(thumbprint, 32), "previousThumbprint",
		version > 1 ? field_from_bytes(previous, 32) : json_null());
	if (identity == NULL)
		return object;
	endorsement_statement(SERVICE, "bob", version, thumbprint, previous,
						  statement);
	if (!keypair_sign(identity, statement, sizeof(statement), signature))
		exit(EXIT_FAILURE);
	json_object_set_new(object, "identityKey",
						field_from_key(&identity->public_key));
	json_object_set_new(object, "signature",
						field_from_bytes(signature, sizeof(signature)));
	return object;
}

/* Reads a key object that must be good. */
static struct key_object
seen(const struct bob *bob, const struct keypair *identity, uint32_t version,
	 const struct keypair *key)
{
	json_t *object = tell(bob, identity, version, key);
	struct key_object out;
	struct fault fault;

	if (key_object_read(object, SERVICE, &out, &fault) != RESULT_OK)
	{
		printf("Bail out! %s\n", fault.message);
		exit(EXIT_FAILURE);
	}
	json_decref(object);
	return out;
}

static struct key_object
honest(const struct bob *bob, uint32_t version)
{
	return seen(bob, &bob->identity, version, &bob->keys[version]);
}

static void
check_honest(struct tap *tap, const struct bob *bob)
{
	struct key_object object = honest(bob, 1);
	struct fault fault;
	struct contact contact;

	contact_begin(&contact, &object);
	tap_ok(tap, contact_may_receive(&contact, false, &fault) == RESULT_OK,
		   "a signed peer is trusted on first use");
	tap_ok(tap, strcmp(contact_standing(&contact), "signed") == 0,
		   "and shown as signed");
	tap_ok(tap, contact_judge(&contact, &object) == VERDICT_KNOWN,
		   "the same key again is known");
	for (uint32_t version = 2; version <= VERSIONS; version++)
	{
		object = honest(bob, version);
		tap_ok(tap, contact_judge(&contact, &object) == VERDICT_ROTATED,
			   "a rotation is followed");
		contact_learn(&contact, &object);
	}
	tap_ok(tap, contact.keys[0].version == VERSIONS && contact.key_count == 5,
		   "the newest key comes first, the old ones are kept");
	object = honest(bob, 3);
	contact_learn(&contact, &object);
	tap_ok(tap, contact.key_count == 5, "none twice");
	tap_ok(tap, contact_key(&contact, 3) != NULL, "and found by version");
}

static void
check_jump(struct tap *tap, const struct bob *bob)
{
	struct key_object first = honest(bob, 1), fourth = honest(bob, 4);
	struct contact contact;

	contact_begin(&contact, &first);
	tap_ok(tap, contact_judge(&contact, &fourth) == VERDICT_ROTATED,
		   "versions that were never met may be jumped over");
	contact_learn(&contact, &fourth);
	first = honest(bob, 2);
	tap_ok(tap, contact_judge(&contact, &first) == VERDICT_OLDER,
		   "a version below the highest one met is older");
}

/* A backup says which version was met, mail brings keys of any. */
static void
check_restored(struct tap *tap, const struct bob *bob)
{
	struct key_object old = honest(bob, 2), newest = honest(bob, 3);
	struct contact contact;

	contact_begin(&contact, &newest);
	contact.key_count = 0;
	memset(contact.keys, 0, sizeof(contact.keys));
	tap_ok(tap, !contact_has_newest(&contact),
		   "a restored contact has no key to seal to");
	contact_learn(&contact, &old);
	tap_ok(tap, !contact_has_newest(&contact),
		   "nor has it one after mail under an old key");
	tap_ok(tap, contact_judge(&contact, &newest) == VERDICT_KNOWN,
		   "the newest key is the one of the backup");
	contact_learn(&contact, &newest);
	tap_ok(tap, contact_has_newest(&contact), "and is the one to seal to");
}

static void
check_changed(struct tap *tap, const struct bob *bob)
{
	struct key_object known = honest(bob, 2);
	struct key_object other =
		seen(bob, &bob->other_identity, 3, &bob->keys[3]);
	struct key_object vanished = seen(bob, NULL, 3, &bob->keys[3]);
	struct contact contact;
	struct fault fault;

	contact_begin(&contact, &known);
	contact.verified = true;
	tap_ok(tap, contact_judge(&contact, &other) == VERDICT_CHANGED,
		   "another identity key is a change");
	tap_ok(tap, contact_judge(&contact, &vanished) == VERDICT_VANISHED,
		   "a missing identity key is noticed");
	contact.changed = true;
	tap_ok(tap,
		   contact_may_receive(&contact, true, &fault) == RESULT_UNTRUSTED,
		   "nothing is sent to a changed identity, not even unsigned-ok");
	tap_ok(tap, strcmp(contact_standing(&contact), "changed") == 0,
		   "and it is shown");
	tap_ok(tap, contact_accept(&contact, &other, &fault) == RESULT_OK,
		   "the user's yes");
	tap_ok(tap,
		   contact_may_receive(&contact, false, &fault) == RESULT_OK &&
			   !contact.verified && contact.key_count == 1,
		   "makes it usable, unverified, without the old keys");
	known.user_id.bytes[0] ^= 1;
	tap_ok(tap, contact_judge(&contact, &known) == VERDICT_CHANGED,
		   "another user id under the same name is a change");
}

static void
check_conflict(struct tap *tap, const struct bob *bob)
{
	struct key_object known = honest(bob, 2);
	struct key_object replaced = seen(bob, &bob->identity, 2, &bob->other_key);
	struct key_object third = honest(bob, 3);
	struct key_object older = honest(bob, 1);
	struct contact contact;
	struct fault fault;

	contact_begin(&contact, &known);
	tap_ok(tap, contact_judge(&contact, &replaced) == VERDICT_CONFLICT,
		   "another key under a known version is a conflict");
	tap_ok(tap,
		   contact_accept(&contact, &replaced, &fault) == RESULT_UNTRUSTED,
		   "which no yes heals when it is signed");
	third.previous_thumbprint[0] ^= 1;
	tap_ok(tap, contact_judge(&contact, &third) == VERDICT_CONFLICT,
		   "so is a successor of another key");
	tap_ok(tap, contact_accept(&contact, &older, &fault) == RESULT_UNTRUSTED,
		   "no yes takes back a version");
	tap_ok(tap, contact.keys[0].version == 2, "and nothing was learnt");
}

static void
check_unsigned(struct tap *tap, const struct bob *bob)
{
	struct key_object first = seen(bob, NULL, 1, &bob->keys[1]);
	struct key_object second = seen(bob, NULL, 2, &bob->keys[2]);
	struct key_object replaced = seen(bob, NULL, 2, &bob->other_key);
	struct key_object signed_now = honest(bob, 2);
	struct contact contact;
	struct fault fault;

	contact_begin(&contact, &first);
	tap_ok(tap,
		   contact_may_receive(&contact, false, &fault) == RESULT_UNTRUSTED,
		   "an unsigned peer needs a yes");
	tap_ok(tap, contact_may_receive(&contact, true, &fault) == RESULT_OK,
		   "for once");
	tap_ok(tap,
		   contact_accept(&contact, &first, &fault) == RESULT_OK &&
			   contact_may_receive(&contact, false, &fault) == RESULT_OK,
		   "or for this key");
	contact_learn(&contact, &second);
	tap_ok(tap,
		   contact_may_receive(&contact, false, &fault) == RESULT_UNTRUSTED,
		   "but not for the next one");
	tap_ok(tap,
		   contact_accept(&contact, &replaced, &fault) == RESULT_OK &&
			   contact_may_receive(&contact, false, &fault) == RESULT_OK,
		   "a replaced unsigned key can be accepted too");
	tap_ok(tap, contact_judge(&contact, &signed_now) == VERDICT_APPEARED,
		   "an identity key that appears is noticed");
	tap_ok(tap,
		   contact_accept(&contact, &signed_now, &fault) == RESULT_OK &&
			   strcmp(contact_standing(&contact), "signed") == 0,
		   "and accepted by the user alone");
}

/* A server that changes one member of a good key object. */
static void
check_lie(struct tap *tap, const struct bob *bob, const char *name,
		  json_t *value, const char *what)
{
	json_t *object = tell(bob, &bob->identity, 2, &bob->keys[2]);
	struct key_object out;
	struct fault fault;

	if (value == NULL)
		json_object_del(object, name);
	else
		json_object_set_new(object, name, value);
	tap_ok(tap,
		   key_object_read(object, SERVICE, &out, &fault) == RESULT_UNTRUSTED,
		   what);
	json_decref(object);
}

static void
check_lies(struct tap *tap, const struct bob *bob)
{
	uint8_t bytes[65] = {1};
	json_t *with_d = field_from_key(&bob->keys[2].public_key);
	struct key_object out;
	struct fault fault;
	json_t *object = tell(bob, &bob->identity, 2, &bob->keys[2]);

	json_object_set_new(with_d, "d", field_from_bytes(bytes, 32));
	check_lie(tap, bob, "publicKey",
			  field_from_key(&bob->other_key.public_key), "another key");
	check_lie(tap, bob, "publicKey", with_d, "a key with its private part");
	check_lie(tap, bob, "publicKey", json_object(), "no key at all");
	check_lie(tap, bob, "thumbprint", field_from_bytes(bytes, 32),
			  "another thumbprint");
	check_lie(tap, bob, "previousThumbprint", field_from_bytes(bytes, 32),
			  "another history");
	check_lie(tap, bob, "previousThumbprint", NULL, "no history");
	check_lie(tap, bob, "keyVersion", json_integer(3), "another version");
	check_lie(tap, bob, "keyVersion", json_integer(0), "version 0");
	check_lie(tap, bob, "keyVersion", json_integer(1), "version 1");
	check_lie(tap, bob, "keyVersion", json_string("2"), "a version in quotes");
	check_lie(tap, bob, "keyVersion", json_integer(4294967298),
			  "a version of 2^32 + 2");
	check_lie(tap, bob, "keyVersion", json_real(2.0), "a version of 2.0");
	check_lie(tap, bob, "username", json_string("bob2"), "another username");
	check_lie(tap, bob, "username", json_string("../bob"),
			  "a username that is a path");
	check_lie(tap, bob, "userId", json_string("bob"), "a malformed id");
	check_lie(tap, bob, "signature", NULL, "no signature");
	check_lie(tap, bob, "signature", field_from_bytes(bytes, 64),
			  "another signature");
	check_lie(tap, bob, "signature", field_from_bytes(bytes, 65),
			  "a signature of 65 bytes");
	check_lie(tap, bob, "identityKey",
			  field_from_key(&bob->other_identity.public_key),
			  "another identity key");
	check_lie(tap, bob, "identityKey",
			  field_from_key(&bob->keys[2].public_key),
			  "the encryption key as identity key");
	check_lie(tap, bob, "identityKey", json_string("key"),
			  "an identity key that is a text");
	tap_ok(tap,
		   key_object_read(object, "msg.example.com", &out, &fault) ==
			   RESULT_UNTRUSTED,
		   "a good key object of another service");
	tap_ok(tap, key_object_read(object, SERVICE, &out, &fault) == RESULT_OK,
		   "the good one is good");
	json_decref(object);
	tap_ok(tap,
		   key_object_read(NULL, SERVICE, &out, &fault) == RESULT_UNTRUSTED,
		   "nothing at all is not");
}

/* A number of a vector, or what stands for it. */
static uint8_t
number_of(const json_t *vector, const char *name, uint32_t otherwise)
{
	return (uint8_t) (json_object_get(vector, name)
						  ? vector_number(vector, name)
						  : otherwise);
}

/* The key object of a vector. */
static struct key_object
object_of(const json_t *vector)
{
	struct key_object out = {.username = "bob",
							 .version = vector_number(vector, "version")};
	uint8_t identity = number_of(vector, "identity", 1);
	uint32_t version = out.version;

	out.user_id.bytes[0] = number_of(vector, "user", 1);
	out.has_identity = identity > 0;
	memset(out.identity_thumbprint, identity, sizeof(out.identity_thumbprint));
	memset(out.thumbprint, number_of(vector, "key", version),
		   sizeof(out.thumbprint));
	memset(out.previous_thumbprint, number_of(vector, "previous", version - 1),
		   sizeof(out.previous_thumbprint));
	return out;
}

/* A peer after all that a vector says was met. */
static struct contact
remembered(const json_t *vector)
{
	const json_t *entry, *met = json_object_get(vector, "met");
	bool restored = json_object_get(vector, "restored") != NULL;
	struct contact contact = {0};
	size_t i;

	if (restored)
	{
		struct key_object lost = {.version =
									  vector_number(vector, "restored")};

		lost.user_id.bytes[0] = 1;
		lost.has_identity = true;
		memset(lost.identity_thumbprint, 1, sizeof(lost.identity_thumbprint));
		contact_begin(&contact, &lost);
		contact.key_count = 0;
		memset(contact.keys, 0, sizeof(contact.keys));
	}
	json_array_foreach(met, i, entry)
	{
		struct key_object object = object_of(entry);

		if (i == 0 && !restored)
			contact_begin(&contact, &object);
		else
			contact_learn(&contact, &object);
	}
	return contact;
}

static void
check_verdicts(struct tap *tap)
{
	static const char *const names[] = {
		[VERDICT_KNOWN] = "known",		 [VERDICT_ROTATED] = "rotated",
		[VERDICT_OLDER] = "older",		 [VERDICT_CHANGED] = "changed",
		[VERDICT_VANISHED] = "vanished", [VERDICT_APPEARED] = "appeared",
		[VERDICT_CONFLICT] = "conflict",
	};
	json_t *file = tap_vectors("trust.json");
	json_t *vector;
	size_t i;

	json_array_foreach(json_object_get(file, "verdicts"), i, vector)
	{
		struct contact contact = remembered(vector);
		struct key_object seen = object_of(json_object_get(vector, "seen"));
		const char *verdict = names[contact_judge(&contact, &seen)];
		struct fault fault;
		bool healed = contact_accept(&contact, &seen, &fault) == RESULT_OK;

		tap_ok(tap,
			   strcmp(verdict, vector_text(vector, "verdict")) == 0 &&
				   healed == vector_true(vector, "heals") &&
				   (!healed || memcmp(contact.keys[0].thumbprint,
									  seen.thumbprint, 32) == 0),
			   vector_text(vector, "comment"));
	}
	json_decref(file);
}

/* What the user said of one identity, on one device. */
static struct contact
contact_of(const json_t *said)
{
	struct contact contact = {.has_identity = true};
	const json_t *identity = json_object_get(said, "identity");

	memset(contact.identity_thumbprint,
		   identity ? (int) json_integer_value(identity) : 1,
		   JWK_THUMBPRINT_SIZE);
	contact.verified = vector_true(said, "verified");
	contact.untold = vector_true(said, "untold");
	contact.differs =
		(uint32_t) json_integer_value(json_object_get(said, "differs"));
	return contact;
}

static void
check_devices(struct tap *tap)
{
	json_t *file = tap_vectors("trust.json");
	json_t *vector;
	size_t i;

	json_array_foreach(json_object_get(file, "devices"), i, vector)
	{
		struct contact here = contact_of(json_object_get(vector, "here"));
		struct contact there = contact_of(json_object_get(vector, "there"));
		struct contact after = contact_of(json_object_get(vector, "after"));
		bool is_new =
			here.verified != after.verified || here.differs != after.differs;

		tap_ok(tap,
			   contact_merge(&here, &there) == is_new &&
				   here.verified == after.verified &&
				   here.differs == after.differs &&
				   strcmp(contact_standing(&here),
						  vector_text(vector, "standing")) == 0,
			   vector_text(vector, "comment"));
	}
	json_decref(file);
}

/* Numbers that differ stop sending until the user says otherwise. */
static void
check_differs(struct tap *tap)
{
	struct contact contact = {.has_identity = true, .verified = true};
	struct fault fault;

	contact_compared(&contact, false);
	contact_compared(&contact, false);
	tap_ok(tap,
		   !contact.verified && contact.differs == 1 &&
			   strcmp(contact_standing(&contact), "differs") == 0,
		   "the numbers differ, said twice");
	tap_ok(tap,
		   contact_may_receive(&contact, true, &fault) == RESULT_UNTRUSTED,
		   "nothing is sent, whatever one says of unsigned keys");
	contact_compared(&contact, true);
	tap_ok(tap,
		   contact.verified && contact.differs == 2 &&
			   contact_may_receive(&contact, false, &fault) == RESULT_OK,
		   "until they are the same");
	contact.differs = CONTACT_DIFFERS_MAX - 1;
	contact_compared(&contact, false);
	tap_ok(tap,
		   contact_differs(&contact) && contact.differs == CONTACT_DIFFERS_MAX,
		   "the count stays one that a backup holds");
	contact_compared(&contact, true);
	tap_ok(tap, contact.verified && contact.differs == CONTACT_DIFFERS_MAX - 1,
		   "... also when it is taken back");
}

int
main(void)
{
	struct tap tap = {0};
	struct bob bob = {0};

	make_bob(&bob);
	check_honest(&tap, &bob);
	check_restored(&tap, &bob);
	check_jump(&tap, &bob);
	check_changed(&tap, &bob);
	check_conflict(&tap, &bob);
	check_unsigned(&tap, &bob);
	check_lies(&tap, &bob);
	check_verdicts(&tap);
	check_devices(&tap);
	check_differs(&tap);
	free_bob(&bob);
	return tap_end(&tap);
}
