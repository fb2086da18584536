/*
 * backup.c
 *		A backup's bytes (docs/protocol.md, "Backup").
 */
#include <string.h>

#include "backup.h"
#include "recovery.h"
#include "suite.h"
#include "wire.h"

#define HEAD_SIZE 5					/* type and length of a field */
#define VERSION_SIZE 4				/* in front of an encryption key */
#define AAD_SIZE (BINDING_SIZE + 5) /* kind and version */

/* One field as it stands in the bytes, known or not. */
struct field
{
	uint8_t type;
	struct backup_span value;
};

/* The next field; false when it runs past the end.  *offset is before it. */
static bool
next_field(struct backup_span all, size_t *offset, struct field *out)
{
	size_t left = all.size - *offset;
	const uint8_t *head = all.at + *offset;

	if (left < HEAD_SIZE)
		return false;
	out->type = head[0];
	out->value =
		(struct backup_span){head + HEAD_SIZE, wire_get_u32(head + 1)};
	if (out->value.size > left - HEAD_SIZE)
		return false;
	*offset += HEAD_SIZE + out->value.size;
	return true;
}

bool
backup_next(const struct backup *backup, size_t *offset, uint32_t *version,
			struct backup_span *sealed)
{
	struct field field;

	while (*offset < backup->all.size &&
		   next_field(backup->all, offset, &field))
	{
		if (field.type != BACKUP_ENCRYPTION)
			continue;
		*version = wire_get_u32(field.value.at);
		*sealed = (struct backup_span){field.value.at + VERSION_SIZE,
									   field.value.size - VERSION_SIZE};
		return true;
	}
	return false;
}

/* Takes a part that is there once. */
static const char *
take_once(struct backup_span *part, struct backup_span value)
{
	if (part->at != NULL)
		return "a part is there twice";
	if (value.size < BACKUP_SEALED_EXTRA)
		return "a part is too short";
	*part = value;
	return NULL;
}

static const char *
take_key(struct backup *out, struct backup_span value)
{
	if (value.size != BACKUP_SEALED_KEY_SIZE)
		return "the backup key has another size";
	return take_once(&out->key, value);
}

/* Looks at an encryption key; those before it have been looked at. */
static const char *
check_version(const struct backup *out, struct backup_span value)
{
	struct backup before = {
		.all = {out->all.at, (size_t) (value.at - out->all.at) - HEAD_SIZE}};
	struct backup_span sealed;
	uint32_t version, other;
	size_t offset = 1;

	if (value.size < VERSION_SIZE + BACKUP_SEALED_EXTRA)
		return "an encryption key is too short";
	version = wire_get_u32(value.at);
	if (version == 0 || version > INT32_MAX)
		return "a key version is out of bounds";
	while (backup_next(&before, &offset, &other, &sealed))
		if (other == version)
			return "a key version is there twice";
	return NULL;
}

static const char *
take_field(struct backup *out, const struct field *field)
{
	switch (field->type)
	{
		case BACKUP_KEY:
			return take_key(out, field->value);
		case BACKUP_ACCOUNT:
			return take_once(&out->account, field->value);
		case BACKUP_IDENTITY:
			return take_once(&out->identity, field->value);
		case BACKUP_ENCRYPTION:
			return check_version(out, field->value);
		default:
			return NULL;
	}
}

const char *
backup_parse(const uint8_t *bytes, size_t size, struct backup *out)
{
	size_t offset = 1;
	size_t keys = 0;

	*out = (struct backup){.all = {bytes, size}};
	if (size == 0 || size > BACKUP_MAX || bytes[0] != BACKUP_VERSION)
		return "it is of another version or size";
	while (offset < size)
	{
		struct field field;
		const char *problem;

		if (!next_field(out->all, &offset, &field))
			return "a field runs past the end";
		problem = take_field(out, &field);
		if (problem != NULL)
			return problem;
		keys += field.type == BACKUP_ENCRYPTION;
	}
	if (out->key.at == NULL || out->account.at == NULL ||
		out->identity.at == NULL || keys == 0)
		return "a part is missing";
	return NULL;
}

/* What a part is bound to. */
static bool
make_aad(const struct backup_part *part, uint8_t out[AAD_SIZE])
{
	out[BINDING_SIZE] = (uint8_t) part->kind;
	wire_put_u32(out + BINDING_SIZE + 1, part->version);
	return recovery_binding("e2emsg backup v1", part->service, part->username,
							out);
}

bool
backup_open(const uint8_t key[BACKUP_KEY_SIZE], const struct backup_part *part,
			struct backup_span sealed, uint8_t *plaintext)
{
	uint8_t aad[AAD_SIZE];
	size_t size = sealed.size - BACKUP_SEALED_EXTRA;
	const uint8_t *ciphertext = sealed.at + ENVELOPE_IV_SIZE;

	return sealed.size >= BACKUP_SEALED_EXTRA && make_aad(part, aad) &&
		   suite_decrypt(key, sealed.at, aad, sizeof(aad), ciphertext, size,
						 ciphertext + size, plaintext);
}

bool
backup_seal(const uint8_t key[BACKUP_KEY_SIZE], const struct backup_part *part,
			const uint8_t iv[ENVELOPE_IV_SIZE], const uint8_t *plaintext,
			size_t size, uint8_t *sealed)
{
	uint8_t aad[AAD_SIZE];
	uint8_t *ciphertext = sealed + ENVELOPE_IV_SIZE;

	memcpy(sealed, iv, ENVELOPE_IV_SIZE);
	return make_aad(part, aad) &&
		   suite_encrypt(key, iv, aad, sizeof(aad), plaintext, size,
						 ciphertext, ciphertext + size);
}

void
backup_begin(struct backup_writer *writer)
{
	writer->bytes[0] = BACKUP_VERSION;
	writer->size = 1;
	writer->full = false;
}

uint8_t *
backup_add(struct backup_writer *writer, enum backup_type type, size_t size)
{
	uint8_t *head = writer->bytes + writer->size;

	if (writer->full || size > BACKUP_MAX - HEAD_SIZE ||
		writer->size > BACKUP_MAX - HEAD_SIZE - size)
	{
		writer->full = true;
		return NULL;
	}
	head[0] = (uint8_t) type;
	wire_put_u32(head + 1, (uint32_t) size);
	writer->size += HEAD_SIZE + size;
	return head + HEAD_SIZE;
}
