/*
 * backup_file.c
 *		What is known here of the account's backup.
 */
#include "backup_file.h"
#include "document.h"
#include "field.h"

enum result
backup_file_load(const struct store *store, struct backup_file *out,
				 struct fault *fault)
{
	json_t *file;
	int64_t version;
	enum result result = document_load(store, BACKUP_FILE_NAME, &file, fault);

	*out = (struct backup_file){0};
	if (result == RESULT_OK && file != NULL &&
		(!field_number(file, "version", 0, &version) ||
		 version > FIELD_VERSION_MAX ||
		 !field_bytes(file, "backupKey", out->key, sizeof(out->key)) ||
		 !field_bytes(file, "sealedKey", out->sealed_key,
					  sizeof(out->sealed_key)) ||
		 !field_bytes(file, "contents", out->contents, sizeof(out->contents))))
		result = document_damaged(store, BACKUP_FILE_NAME, fault);
	else if (result == RESULT_OK && file != NULL)
		out->version = (uint32_t) version;
	json_decref(file);
	return result;
}

enum result
backup_file_save(const struct store *store, const struct backup_file *file,
				 struct fault *fault)
{
	return document_save(
		store, BACKUP_FILE_NAME,
		json_pack("{s:I, s:o, s:o, s:o}", "version",
				  (json_int_t) file->version, "backupKey",
				  field_from_bytes(file->key, sizeof(file->key)), "sealedKey",
				  field_from_bytes(file->sealed_key, sizeof(file->sealed_key)),
				  "contents",
				  field_from_bytes(file->contents, sizeof(file->contents))),
		fault);
}
