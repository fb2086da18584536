/*
 * audit_rules_test.c
 *		Each rule of the key log, kept and broken.
 */
#include <string.h>

#include <openssl/sha.h>

#include "audit_entries.h"
#include "audit_rules.h"
#include "keypair.h"
#include "tap.h"

#define SERVICE "msg.test"

/* A user's life: keys, and the entry that is being made. */
struct world
{
	struct tap tap;
	struct keypair first, second; /* identity keys */
	uint8_t service[LOG_SERVICE_SIZE];
	struct audit_user user; /* after the entries so far */
	struct log_user_entry entry;
	const struct jwk *identity;
};

static void
name_key(uint8_t out[JWK_THUMBPRINT_SIZE], char name)
{
	memset(out, name, JWK_THUMBPRINT_SIZE);
}

/* Signs the entry by an identity key, and names that key. */
static void
sign_entry(struct world *world, const struct keypair *by)
{
	struct log_user_entry *entry = &world->entry;
	uint8_t statement[ENDORSEMENT_SIZE];

	endorsement_statement(SERVICE, entry->username, entry->key_version,
						  entry->thumbprint, entry->previous_thumbprint,
						  statement);
	jwk_thumbprint(&by->public_key, entry->identity_thumbprint);
	if (!keypair_sign(by, statement, sizeof(statement), entry->signature))
		abort();
	world->identity = &by->public_key;
}

/* The first identity key endorses the second one. */
static void
endorse(struct world *world)
{
	struct log_user_entry *entry = &world->entry;
	uint8_t statement[IDENTITY_CHANGE_SIZE];

	identity_change_statement(SERVICE, entry->username,
							  entry->identity_thumbprint,
							  world->user.identity_thumbprint, statement);
	if (!keypair_sign(&world->first, statement, sizeof(statement),
					  entry->endorsement))
		abort();
}

static void
begin(struct world *world)
{
	memset(&world->entry, 0, sizeof(world->entry));
	memset(&world->user, 0, sizeof(world->user));
	strcpy(world->entry.username, "alice");
	memset(world->entry.user_id, 7, LOG_USER_ID_SIZE);
	world->entry.number = 1;
	world->entry.event = LOG_EVENT_REGISTERED;
	world->entry.key_version = 1;
	name_key(world->entry.thumbprint, 'a');
	world->identity = NULL;
}

static struct audit_event
event_of(const struct world *world)
{
	return (struct audit_event){.entry = &world->entry,
								.service = world->service,
								.identity = world->identity};
}

/* The entry counts; the next one begins as its copy, and linked to it. */
static void
next(struct world *world, enum log_event kind)
{
	const struct audit_event event = event_of(world);
	uint8_t leaf_hash[MERKLE_HASH_SIZE];

	memset(leaf_hash, (int) world->entry.number, sizeof(leaf_hash));
	audit_rules_follow(&event, leaf_hash, &world->user);
	memcpy(world->entry.previous_entry, leaf_hash, sizeof(leaf_hash));
	memset(world->entry.endorsement, 0, LOG_SIGNATURE_SIZE);
	world->entry.number++;
	world->entry.event = kind;
}

/* A signed user of version 1, and a next entry of that kind. */
static void
begin_signed(struct world *world, enum log_event kind)
{
	begin(world);
	sign_entry(world, &world->first);
	next(world, kind);
}

static void
begin_unsigned(struct world *world, enum log_event kind)
{
	begin(world);
	next(world, kind);
}

/* A rotation that is right but for its signature. */
static void
rotate(struct world *world, char key)
{
	world->entry.key_version++;
	memcpy(world->entry.previous_thumbprint, world->entry.thumbprint,
		   JWK_THUMBPRINT_SIZE);
	name_key(world->entry.thumbprint, key);
}

static void
begin_rotation(struct world *world)
{
	begin_signed(world, LOG_EVENT_ROTATED);
	rotate(world, 'b');
	sign_entry(world, &world->first);
}

static void
begin_replacement(struct world *world)
{
	begin_signed(world, LOG_EVENT_IDENTITY_REPLACED);
	sign_entry(world, &world->second);
	endorse(world);
}

static struct audit_findings
judge(const struct world *world)
{
	const struct audit_event event = event_of(world);
	struct audit_findings findings;

	audit_rules_judge(world->user.number > 0 ? &world->user : NULL, &event,
					  &findings);
	return findings;
}

static void
expect_fine(struct world *world, const char *name)
{
	struct audit_findings findings = judge(world);

	tap_ok(&world->tap, findings.count == 0, name);
	for (size_t i = 0; i < findings.count; i++)
		printf("# %s\n", findings.problems[i]);
}

/* The problem is among those that were found. */
static void
expect(struct world *world, const char *problem)
{
	struct audit_findings findings = judge(world);
	bool found = false;

	for (size_t i = 0; i < findings.count; i++)
		found |= strcmp(findings.problems[i], problem) == 0;
	tap_ok(&world->tap, found, problem);
	for (size_t i = 0; i < findings.count && !found; i++)
		printf("# %s\n", findings.problems[i]);
}

static void
check_fine(struct world *world)
{
	begin(world);
	expect_fine(world, "an unsigned registration");
	sign_entry(world, &world->first);
	expect_fine(world, "a signed registration");
	begin_rotation(world);
	expect_fine(world, "a rotation");
	next(world, LOG_EVENT_ROTATED);
	rotate(world, 'c');
	sign_entry(world, &world->first);
	expect_fine(world, "another one");
	begin_unsigned(world, LOG_EVENT_ROTATED);
	rotate(world, 'b');
	expect_fine(world, "an unsigned rotation");
	next(world, LOG_EVENT_IDENTITY_ADDED);
	sign_entry(world, &world->first);
	expect_fine(world, "an identity key is added");
	begin_replacement(world);
	expect_fine(world, "an identity key is replaced");
	begin_signed(world, LOG_EVENT_IDENTITY_RESET);
	sign_entry(world, &world->second);
	expect_fine(world, "an identity key is reset");
	tap_ok(&world->tap, audit_rules_remark(&world->entry) != NULL,
		   "which is remarked");
	begin_signed(world, LOG_EVENT_DELETED);
	expect_fine(world, "a deletion");
	tap_ok(&world->tap, audit_rules_remark(&world->entry) != NULL,
		   "which is remarked, too");
	world->identity = NULL;
	expect_fine(world, "a deletion whose identity key is gone");
}

static void
check_first(struct world *world)
{
	begin(world);
	world->entry.number = 2;
	expect(world, "the user's first entry has another number");
	begin(world);
	world->entry.event = LOG_EVENT_ROTATED;
	expect(world, "the user's first entry is not a registration");
	begin(world);
	world->entry.key_version = 2;
	expect(world, "the user's first key has another version than 1");
	begin(world);
	world->entry.previous_entry[31] = 1;
	expect(world, "the user's first entry carries a leaf hash");
}

static void
check_fields(struct world *world)
{
	begin(world);
	strcpy(world->entry.username, "Alice");
	expect(world, "its username is none");
	begin(world);
	name_key(world->entry.thumbprint, '\0');
	expect(world, "it has no encryption key");
	begin(world);
	name_key(world->entry.previous_thumbprint, 'z');
	expect(world, "version and previous thumbprint contradict each other");
	begin_rotation(world);
	name_key(world->entry.previous_thumbprint, '\0');
	expect(world, "version and previous thumbprint contradict each other");
	begin(world);
	sign_entry(world, &world->first);
	memcpy(world->entry.thumbprint, world->entry.identity_thumbprint,
		   JWK_THUMBPRINT_SIZE);
	expect(world, "identity key and encryption key are the same");
	begin_rotation(world);
	world->entry.endorsement[0] = 1;
	expect(world, "it has an endorsement but replaces no identity key");
}

static void
check_signature(struct world *world)
{
	begin(world);
	world->entry.signature[63] = 1;
	expect(world, "it has a signature but no identity key");
	begin(world);
	world->identity = &world->first.public_key;
	expect(world, "an identity key is given that it does not name");
	begin_rotation(world);
	world->identity = NULL;
	expect_fine(world, "no identity key is given");
	tap_ok(&world->tap, judge(world).without_key, "... which is noted");
	begin_rotation(world);
	tap_ok(&world->tap, !judge(world).without_key, "... and only then");
	begin_replacement(world);
	memset(&world->user.identity, 0, sizeof(world->user.identity));
	memset(world->entry.endorsement, 0, LOG_SIGNATURE_SIZE);
	expect_fine(world, "an endorsement by a key that is not given");
	begin_rotation(world);
	world->identity = &world->second.public_key;
	expect(world, "the identity key given is not the one it names");
	begin_rotation(world);
	world->entry.signature[40] ^= 1;
	expect(world, "the signature is not that of its identity key");
	begin_rotation(world);
	memset(world->entry.signature, 0, LOG_SIGNATURE_SIZE);
	expect(world, "the signature is not that of its identity key");
	begin_rotation(world);
	world->service[0] ^= 1;
	expect(world, "the signature is not that of its identity key");
	world->service[0] ^= 1;
}

static void
check_link(struct world *world)
{
	begin_rotation(world);
	world->entry.number = 3;
	expect(world, "its number is not the next one");
	begin_rotation(world);
	world->entry.number = 1;
	expect(world, "its number is not the next one");
	begin_rotation(world);
	world->entry.previous_entry[0] ^= 1;
	expect(world, "it does not carry the leaf hash of the entry before");
	begin_rotation(world);
	strcpy(world->entry.username, "mallory");
	expect(world, "the user had another name before");
	begin_signed(world, LOG_EVENT_REGISTERED);
	expect(world, "the user was registered before");
	begin_signed(world, LOG_EVENT_DELETED);
	next(world, LOG_EVENT_ROTATED);
	expect(world, "the user was deleted before");
}

static void
check_rotation(struct world *world)
{
	begin_rotation(world);
	world->entry.key_version = 3;
	expect(world, "the key version is not the next one");
	begin_rotation(world);
	world->entry.key_version = 1;
	expect(world, "the key version is not the next one");
	begin_rotation(world);
	name_key(world->entry.previous_thumbprint, 'z');
	expect(world, "the previous thumbprint is not that of the version before");
	begin_rotation(world);
	sign_entry(world, &world->second);
	expect(world, "the identity key changed without an event that says so");
	begin_signed(world, LOG_EVENT_ROTATED);
	rotate(world, 'b');
	memset(world->entry.identity_thumbprint, 0, JWK_THUMBPRINT_SIZE);
	expect(world, "the identity key changed without an event that says so");
	begin_signed(world, LOG_EVENT_DELETED);
	sign_entry(world, &world->second);
	expect(world, "the identity key changed without an event that says so");
}

static void
check_identity(struct world *world)
{
	begin_unsigned(world, LOG_EVENT_IDENTITY_ADDED);
	rotate(world, 'b');
	sign_entry(world, &world->first);
	expect(world, "the key version changed without a rotation");
	expect(world, "the encryption key changed without a rotation");
	begin_signed(world, LOG_EVENT_DELETED);
	name_key(world->entry.thumbprint, 'b');
	expect(world, "the encryption key changed without a rotation");
	begin_signed(world, LOG_EVENT_IDENTITY_RESET);
	memset(world->entry.identity_thumbprint, 0, JWK_THUMBPRINT_SIZE);
	expect(world, "the identity key is missing");
	begin_signed(world, LOG_EVENT_IDENTITY_ADDED);
	sign_entry(world, &world->second);
	expect(world, "an identity key was added where there was one already");
	begin_unsigned(world, LOG_EVENT_IDENTITY_REPLACED);
	sign_entry(world, &world->second);
	expect(world, "it replaces no identity key by another");
	expect(world, "the old identity key did not endorse the new one");
	begin_signed(world, LOG_EVENT_IDENTITY_REPLACED);
	endorse(world);
	expect(world, "it replaces no identity key by another");
	begin_replacement(world);
	world->entry.endorsement[5] ^= 1;
	expect(world, "the old identity key did not endorse the new one");
	begin_replacement(world);
	memcpy(world->entry.endorsement, world->entry.signature,
		   LOG_SIGNATURE_SIZE);
	expect(world, "the old identity key did not endorse the new one");
}

/* Many users, two of one name. */
static void
check_users(struct tap *tap)
{
	struct audit_users users = {0};
	struct audit_user user = {0};
	bool good = true;

	for (unsigned i = 0; i < 3000; i++)
	{
		memcpy(user.id, &i, sizeof(i));
		snprintf(user.username, sizeof(user.username), "user%u", i % 2999);
		good &= audit_users_add(&users, &user) != NULL;
	}
	tap_ok(tap, good && users.count == 3000, "three thousand users");
	tap_ok(tap,
		   audit_users_find(&users, user.id) == audit_users_at(&users, 2999),
		   "the last one by id");
	tap_ok(tap,
		   audit_users_named(&users, "user0") == audit_users_at(&users, 0),
		   "the first one of a name");
	tap_ok(tap, audit_users_named(&users, "user") == NULL, "nobody");
	audit_users_free(&users);
}

int
main(void)
{
	struct world world = {0};

	SHA256((const uint8_t *) SERVICE, strlen(SERVICE), world.service);
	if (!keypair_generate(&world.first) || !keypair_generate(&world.second))
		return EXIT_FAILURE;
	check_fine(&world);
	check_first(&world);
	check_fields(&world);
	check_signature(&world);
	check_link(&world);
	check_rotation(&world);
	check_identity(&world);
	check_users(&world.tap);
	keypair_free(&world.first);
	keypair_free(&world.second);
	return tap_end(&world.tap);
}
