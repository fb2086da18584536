/*
 * backup_test.c
 *		Recovery codes and backups of test/vectors/protocol.json, and what
 *		becomes of a contact that a backup brings back.
 */
#include "backup.h"
#include "backup_account.h"
#include "recovery.h"
#include "vector.h"

static void
check_code(struct tap *tap, const json_t *vector)
{
	const char *text = vector_text(vector, "text");
	bool whole = json_string_length(json_object_get(vector, "text")) ==
				 strlen(text); /* one has U+0000 in it: no C text */
	uint8_t secret[RECOVERY_SECRET_SIZE];
	char code[RECOVERY_CODE_SIZE];
	bool good = whole && recovery_read(text, secret) == NULL;

	if (good && vector_true(vector, "valid"))
	{
		struct bytes expected = vector_hex(vector, "secretHex");

		good = vector_equal(&expected, secret, sizeof(secret)) &&
			   recovery_write(secret, code) &&
			   (!vector_true(vector, "written") || strcmp(code, text) == 0);
		free(expected.at);
	}
	tap_ok(tap, good == vector_true(vector, "valid"),
		   vector_text(vector, "comment"));
}

static void
check_derived(struct tap *tap, const char *service, const json_t *vector)
{
	struct bytes secret = vector_hex(vector, "secretHex");
	struct bytes opener = vector_hex(vector, "openerHex");
	struct bytes locator = vector_bytes(vector, "locator");
	struct recovery_keys keys;

	vector_need(secret.size == RECOVERY_SECRET_SIZE, "secretHex");
	tap_ok(tap,
		   recovery_derive(secret.at, service, vector_text(vector, "username"),
						   &keys) &&
			   vector_equal(&locator, keys.locator, sizeof(keys.locator)) &&
			   vector_equal(&opener, keys.opener, sizeof(keys.opener)),
		   "locator and opener");
	free(secret.at);
	free(opener.at);
	free(locator.at);
}

/* A backup of the vectors, and what opens it. */
struct scene
{
	struct bytes bytes;
	struct backup backup;
	struct backup_part part; /* whose it is */
	struct recovery_keys keys;
	uint8_t key[BACKUP_KEY_SIZE];
};

/* The bytes, with a "tail" a last field of zeros, in memory of their size. */
static void
begin_scene(const json_t *vector, const char *service, struct scene *out)
{
	const json_t *tail = json_object_get(vector, "tail");
	uint8_t secret[RECOVERY_SECRET_SIZE];

	out->bytes = vector_bytes(vector, "backup");
	if (tail != NULL)
	{
		size_t size = vector_number(tail, "size");
		struct bytes longer = {calloc(1, out->bytes.size + 5 + size),
							   out->bytes.size + 5 + size};
		uint8_t *field = longer.at + out->bytes.size;

		vector_need(longer.at != NULL, "tail");
		memcpy(longer.at, out->bytes.at, out->bytes.size);
		field[0] = (uint8_t) vector_number(tail, "type");
		field[2] = (uint8_t) (size >> 16);
		field[3] = (uint8_t) (size >> 8);
		field[4] = (uint8_t) size;
		free(out->bytes.at);
		out->bytes = longer;
	}
	out->part = (struct backup_part){
		.service = service, .username = vector_text(vector, "username")};
	vector_need(
		recovery_read(vector_text(vector, "code"), secret) == NULL &&
			recovery_derive(secret, service, out->part.username, &out->keys),
		"code");
}

/* One part; the caller frees the plaintext, which has a NUL behind it. */
static bool
open_part(const struct scene *scene, const uint8_t *key, enum backup_kind kind,
		  uint32_t version, struct backup_span sealed, struct bytes *out)
{
	struct backup_part part = scene->part;

	part.kind = kind;
	part.version = version;
	out->size = sealed.size - BACKUP_SEALED_EXTRA;
	out->at = calloc(1, out->size + 1);
	return backup_open(key, &part, sealed, out->at);
}

static bool
opens_to_key(const struct scene *scene, enum backup_kind kind,
			 uint32_t version, struct backup_span sealed)
{
	struct keypair pair = {0};
	struct bytes der;
	uint8_t again[KEYPAIR_DER_MAX];
	size_t size = 0;
	bool good = open_part(scene, scene->key, kind, version, sealed, &der) &&
				keypair_read_der(der.at, der.size, &pair) &&
				keypair_write_der(&pair, again, &size) &&
				vector_equal(&der, again, size);

	keypair_free(&pair);
	free(der.at);
	return good;
}

/* All of it but the account; *highest version on the way. */
static bool
opens_keys(struct scene *scene, uint32_t *highest)
{
	struct backup_span sealed;
	struct bytes key;
	size_t offset = 1;
	uint32_t version;
	bool good = open_part(scene, scene->keys.opener, BACKUP_KIND_KEY, 0,
						  scene->backup.key, &key);

	if (good)
		memcpy(scene->key, key.at, sizeof(scene->key));
	free(key.at);
	good = good && opens_to_key(scene, BACKUP_KIND_IDENTITY, 0,
								scene->backup.identity);
	*highest = 0;
	while (good && backup_next(&scene->backup, &offset, &version, &sealed))
	{
		good = opens_to_key(scene, BACKUP_KIND_ENCRYPTION, version, sealed);
		if (version > *highest)
			*highest = version;
	}
	return good;
}

static bool
opens(struct scene *scene, const json_t *vector, struct backup_account *out)
{
	struct bytes text = {0};
	uint32_t highest;
	const char *expected =
		json_string_value(json_object_get(vector, "account"));
	bool good =
		opens_keys(scene, &highest) &&
		open_part(scene, scene->key, BACKUP_KIND_ACCOUNT, 0,
				  scene->backup.account, &text) &&
		(expected == NULL || strcmp(expected, (char *) text.at) == 0) &&
		backup_account_read((char *) text.at, text.size, scene->part.service,
							scene->part.username, highest, out) == NULL;

	free(text.at);
	return good;
}

/*
 * Opens a part, seals it again with the same iv and adds it to the writer, as
 * the vector has it.
 */
static void
add_again(struct backup_writer *writer, const struct scene *scene,
		  const uint8_t *key, enum backup_type type, struct backup_part part,
		  struct backup_span sealed)
{
	size_t before = type == BACKUP_ENCRYPTION ? 4 : 0;
	struct bytes plaintext;
	uint8_t *value = backup_add(writer, type, before + sealed.size);

	vector_need(value != NULL && open_part(scene, key, part.kind, part.version,
										   sealed, &plaintext),
				"part");
	memcpy(value, sealed.at - before, before);
	vector_need(backup_seal(key, &part, sealed.at, plaintext.at,
							plaintext.size, value + before),
				"part");
	free(plaintext.at);
}

static bool
builds(const struct scene *scene)
{
	struct backup_writer *writer = malloc(sizeof(*writer));
	struct backup_part part = scene->part;
	struct backup_span sealed;
	size_t offset = 1;
	bool same;

	vector_need(writer != NULL, "memory");
	backup_begin(writer);
	part.kind = BACKUP_KIND_KEY;
	add_again(writer, scene, scene->keys.opener, BACKUP_KEY, part,
			  scene->backup.key);
	part.kind = BACKUP_KIND_ACCOUNT;
	add_again(writer, scene, scene->key, BACKUP_ACCOUNT, part,
			  scene->backup.account);
	part.kind = BACKUP_KIND_IDENTITY;
	add_again(writer, scene, scene->key, BACKUP_IDENTITY, part,
			  scene->backup.identity);
	part.kind = BACKUP_KIND_ENCRYPTION;
	while (backup_next(&scene->backup, &offset, &part.version, &sealed))
		add_again(writer, scene, scene->key, BACKUP_ENCRYPTION, part, sealed);
	same = !writer->full &&
		   vector_equal(&scene->bytes, writer->bytes, writer->size);
	free(writer);
	return same;
}

static void
check_backup(struct tap *tap, const char *service, const json_t *vector)
{
	struct scene scene;
	struct backup_account account = {0};

	begin_scene(vector, service, &scene);
	tap_ok(tap,
		   backup_parse(scene.bytes.at, scene.bytes.size, &scene.backup) ==
				   NULL &&
			   opens(&scene, vector, &account),
		   vector_text(vector, "comment"));
	if (json_object_get(vector, "ivs") != NULL)
		tap_ok(tap, builds(&scene), "the same bytes again");
	contacts_free(&account.contacts);
	free(scene.bytes.at);
}

static void
check_refused(struct tap *tap, const char *service, const json_t *vector)
{
	struct scene scene;
	struct backup_account account = {0};
	bool parses, opened;

	begin_scene(vector, service, &scene);
	parses =
		backup_parse(scene.bytes.at, scene.bytes.size, &scene.backup) == NULL;
	opened = parses && opens(&scene, vector, &account);
	tap_ok(tap, parses == vector_true(vector, "parses") && !opened,
		   vector_text(vector, "comment"));
	contacts_free(&account.contacts);
	free(scene.bytes.at);
}

static void
check_private_keys(struct tap *tap)
{
	struct keypair pair = {0}, other = {0}, read = {0};
	uint8_t der[KEYPAIR_DER_MAX + 1], mixed[KEYPAIR_DER_MAX];
	size_t size = 0, other_size = 0;

	vector_need(keypair_generate(&pair) && keypair_generate(&other), "key");
	tap_ok(tap,
		   keypair_write_der(&pair, der, &size) && size == 138 &&
			   keypair_read_der(der, size, &read) &&
			   memcmp(&read.public_key, &pair.public_key,
					  sizeof(read.public_key)) == 0,
		   "a private key in DER, and back");
	keypair_free(&read);
	tap_ok(tap, !keypair_read_der(der, size - 1, &read), "not one cut off");
	der[size] = 0;
	tap_ok(tap, !keypair_read_der(der, size + 1, &read),
		   "nor with a byte after it");
	vector_need(keypair_write_der(&other, mixed, &other_size) &&
					other_size == size,
				"key");
	memcpy(mixed + size - 64, der + size - 64, 64);
	tap_ok(tap, !keypair_read_der(mixed, size, &read),
		   "nor with another's public half");
	tap_ok(tap, !keypair_read_der(der, 0, &read), "nor nothing");
	keypair_free(&pair);
	keypair_free(&other);
}

/* More than fits: the writer says so, and stays within its bytes. */
static void
check_writer(struct tap *tap)
{
	struct backup_writer *writer = malloc(sizeof(*writer));

	vector_need(writer != NULL, "memory");
	backup_begin(writer);
	tap_ok(tap,
		   backup_add(writer, BACKUP_ACCOUNT, BACKUP_MAX - 6) != NULL &&
			   writer->size == BACKUP_MAX,
		   "the largest field");
	tap_ok(tap, !backup_add(writer, BACKUP_IDENTITY, 0) && writer->full,
		   "and no other");
	backup_begin(writer);
	tap_ok(tap, !backup_add(writer, BACKUP_ACCOUNT, SIZE_MAX) && writer->full,
		   "nor one past the end of memory");
	free(writer);
}

/* Of a contact whose number differs, and of one that makes no sense. */
static void
check_differs(struct tap *tap, const json_t *file)
{
	static const char *const bad[] = {"0",	  "-1",	   "1.5", "4294967297",
									  "true", "\"1\"", "[]"};
	const json_t *vector = json_array_get(
		json_object_get(json_object_get(file, "recovery"), "backups"), 2);
	const char *text = vector_text(vector, "account");
	const char *at = strstr(text, "\"differs\":1");
	struct backup_account read = {0};
	struct log_pin *log = calloc(1, sizeof(*log));
	struct account account = {.username = "bob", .version = 3};
	json_t *again;

	vector_need(log != NULL && at != NULL &&
					backup_account_read(text, strlen(text),
										vector_text(file, "service"), "bob", 3,
										&read) == NULL,
				"account");
	tap_ok(tap,
		   read.contacts.count == 1 && !read.contacts.list[0].verified &&
			   contact_differs(&read.contacts.list[0]),
		   "a contact whose number differs");
	again = backup_account_json(&account, 3, log, &read.contacts);
	tap_ok(tap,
		   json_integer_value(json_object_get(
			   json_array_get(json_object_get(again, "contacts"), 0),
			   "differs")) == 1,
		   "is written as one");
	json_decref(again);
	read.contacts.list[0].changed = true;
	again = backup_account_json(&account, 3, log, &read.contacts);
	tap_ok(tap, json_array_size(json_object_get(again, "contacts")) == 1,
		   "... also when the server shows another identity since");
	json_decref(again);
	contacts_free(&read.contacts);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
	{
		char changed[2048];

		snprintf(changed, sizeof(changed), "%.*s\"differs\":%s%s",
				 (int) (at - text), text, bad[i],
				 at + strlen("\"differs\":1"));
		tap_ok(tap,
			   backup_account_read(changed, strlen(changed),
								   vector_text(file, "service"), "bob", 3,
								   &read) == NULL &&
				   read.contacts.count == 0,
			   "a count that is none: the contact is passed over");
		contacts_free(&read.contacts);
	}
	free(log);
}

/* What a backup says of contacts, out of two lists and back into one. */
static void
check_contacts(struct tap *tap, const json_t *file)
{
	const json_t *vector = json_array_get(
		json_object_get(json_object_get(file, "recovery"), "backups"), 1);
	const char *text = vector_text(vector, "account");
	struct account account = {.username = "bob", .version = 3};
	struct backup_account read = {0};
	struct log_pin *log = calloc(1, sizeof(*log));
	json_t *again;
	char *written = NULL;

	vector_need(log != NULL &&
					backup_account_read(text, strlen(text),
										vector_text(file, "service"), "bob", 3,
										&read) == NULL &&
					note_verifier_parse(read.verifier, &log->verifier),
				"account");
	tap_ok(tap,
		   read.contacts.count == 1 && read.contacts.list[0].verified &&
			   read.contacts.list[0].met == 2 &&
			   read.contacts.list[0].key_count == 0,
		   "a verified contact, whose key is yet to be met");
	account.id = read.id;
	snprintf(account.service, sizeof(account.service), "%s",
			 vector_text(file, "service"));
	again = backup_account_json(&account, 3, log, &read.contacts);
	written = json_dumps(again, JSON_COMPACT);
	tap_ok(tap, written != NULL && strcmp(written, text) == 0,
		   "and the same text again");
	read.contacts.list[0].changed = true;
	json_decref(again);
	again = backup_account_json(&account, 3, log, &read.contacts);
	free(written);
	written = json_dumps(again, JSON_COMPACT);
	tap_ok(tap, written != NULL && strcmp(written, text) == 0,
		   "with the identity that was accepted, when another was met since");
	json_decref(again);
	free(written);
	free(log);
	contacts_free(&read.contacts);
}

int
main(void)
{
	struct tap tap = {0};
	json_t *file = tap_vectors("protocol.json");
	const json_t *recovery = json_object_get(file, "recovery");
	const char *service = vector_text(file, "service");
	json_t *vector;
	size_t i;

	json_array_foreach(json_object_get(recovery, "codes"), i, vector)
	{
		check_code(&tap, vector);
	}
	json_array_foreach(json_object_get(recovery, "derived"), i, vector)
	{
		check_derived(&tap, service, vector);
	}
	json_array_foreach(json_object_get(recovery, "backups"), i, vector)
	{
		check_backup(&tap, service, vector);
	}
	json_array_foreach(json_object_get(recovery, "refusedBackups"), i, vector)
	{
		check_refused(&tap, service, vector);
	}
	check_private_keys(&tap);
	check_writer(&tap);
	check_contacts(&tap, file);
	check_differs(&tap, file);
	json_decref(file);
	return tap_end(&tap);
}
