/*
 * backup_fuzz.c
 *		backup.c and recovery.c: a backup taken apart, a code as it was typed.
 *
 * What is accepted lies within the input and is the same when it is written
 * again; an independent walk over the fields finds the same parts.
 */
#include "backup.h"
#include "fuzz.h"
#include "recovery.h"

/* The fields of a type, by a walk of its own; false past the end. */
static bool
count_fields(const uint8_t *data, size_t size, size_t counts[256])
{
	size_t at = 1;

	memset(counts, 0, 256 * sizeof(*counts));
	while (at < size)
	{
		uint64_t length = 0;

		if (size - at < 5)
			return false;
		for (size_t i = 1; i <= 4; i++)
			length = length << 8 | data[at + i];
		counts[data[at]]++;
		at += 5;
		if (length > size - at)
			return false;
		at += (size_t) length;
	}
	return true;
}

static bool
is_within(struct backup_span span, const uint8_t *data, size_t size)
{
	return span.at >= data && span.at <= data + size &&
		   span.size <= (size_t) (data + size - span.at);
}

static void
write_part(struct backup_writer *writer, enum backup_type type, size_t before,
		   struct backup_span part)
{
	uint8_t *value = backup_add(writer, type, before + part.size);

	must(value != NULL);
	memcpy(value, part.at - before, before + part.size);
}

/* Writes the known parts again; they are all of it. */
static void
check_again(const struct backup *backup)
{
	struct backup_writer *writer = malloc(sizeof(*writer));
	struct backup again;
	struct backup_span sealed, other;
	size_t offset = 1, other_offset = 1;
	uint32_t version, other_version;

	must(writer != NULL);
	backup_begin(writer);
	write_part(writer, BACKUP_KEY, 0, backup->key);
	write_part(writer, BACKUP_ACCOUNT, 0, backup->account);
	write_part(writer, BACKUP_IDENTITY, 0, backup->identity);
	while (backup_next(backup, &offset, &version, &sealed))
		write_part(writer, BACKUP_ENCRYPTION, 4, sealed);
	must(backup_parse(writer->bytes, writer->size, &again) == NULL);
	must(same_bytes(again.account.at, again.account.size, backup->account.at,
					backup->account.size));
	offset = 1;
	while (backup_next(backup, &offset, &version, &sealed))
	{
		must(backup_next(&again, &other_offset, &other_version, &other));
		must(version == other_version &&
			 same_bytes(sealed.at, sealed.size, other.at, other.size));
	}
	must(!backup_next(&again, &other_offset, &other_version, &other));
	free(writer);
}

static void
check_backup(const uint8_t *data, size_t size)
{
	struct backup backup;
	struct backup_span sealed;
	size_t counts[256], offset = 1, keys = 0;
	uint32_t version;
	bool taken = backup_parse(data, size, &backup) == NULL;

	if (!taken)
		return;
	must(size > 0 && size <= BACKUP_MAX && data[0] == BACKUP_VERSION);
	must(count_fields(data, size, counts));
	must(counts[BACKUP_KEY] == 1 && counts[BACKUP_ACCOUNT] == 1 &&
		 counts[BACKUP_IDENTITY] == 1 && counts[BACKUP_ENCRYPTION] > 0);
	must(is_within(backup.key, data, size) &&
		 backup.key.size == BACKUP_SEALED_KEY_SIZE);
	must(is_within(backup.account, data, size) &&
		 backup.account.size >= BACKUP_SEALED_EXTRA);
	must(is_within(backup.identity, data, size) &&
		 backup.identity.size >= BACKUP_SEALED_EXTRA);
	while (backup_next(&backup, &offset, &version, &sealed))
	{
		must(is_within(sealed, data, size) &&
			 sealed.size >= BACKUP_SEALED_EXTRA);
		must(version > 0 && version <= INT32_MAX);
		keys++;
	}
	must(keys == counts[BACKUP_ENCRYPTION]);
	check_again(&backup);
}

/* A code that is read is written as one that is read again. */
static void
check_code(const uint8_t *data, size_t size)
{
	uint8_t secret[RECOVERY_SECRET_SIZE], again[RECOVERY_SECRET_SIZE];
	char code[RECOVERY_CODE_SIZE];
	char *text = text_of(data, size);

	if (recovery_read(text, secret) == NULL)
	{
		must(recovery_write(secret, code));
		must(strlen(code) == RECOVERY_CODE_SIZE - 1);
		must(recovery_read(code, again) == NULL &&
			 memcmp(secret, again, sizeof(secret)) == 0);
	}
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t secret[RECOVERY_SECRET_SIZE], again[RECOVERY_SECRET_SIZE];
	char code[RECOVERY_CODE_SIZE];

	check_backup(data, size);
	check_code(data, size);
	fill_from(secret, sizeof(secret), data, size);
	must(recovery_write(secret, code));
	must(recovery_read(code, again) == NULL &&
		 memcmp(secret, again, sizeof(secret)) == 0);
	return 0;
}
