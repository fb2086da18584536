/*
 * log_file.c
 *		What is remembered of the key log, kept in log.json.
 */
#include <stdio.h>
#include <string.h>

#include "document.h"
#include "field.h"
#include "log_file.h"

static bool
take_former(const json_t *list, struct log_pin *out)
{
	size_t count = json_array_size(list);

	if (!json_is_array(list) || count > LOG_FORMER_MAX)
		return false;
	for (; out->former_count < count; out->former_count++)
		if (!field_bytes(json_array_get(list, out->former_count), "keyId",
						 out->former[out->former_count], NOTE_KEY_ID_SIZE))
			return false;
	return true;
}

static bool
take_problem(const json_t *file, struct log_pin *out)
{
	const char *problem;

	if (!field_present(file, "problem"))
		return true;
	if (!field_text(file, "problem", 1, LOG_PROBLEM_SIZE - 1, &problem))
		return false;
	memcpy(out->problem, problem, strlen(problem) + 1);
	return true;
}

static bool
take_pin(const json_t *file, struct log_pin *out)
{
	const char *verifier, *note;
	int64_t number;

	if (!field_present(file, "verifier"))
		return take_former(json_object_get(file, "former"), out) &&
			   take_problem(file, out);
	if (!field_text(file, "verifier", 1, NOTE_VERIFIER_TEXT_SIZE - 1,
					&verifier) ||
		!field_text(file, "checkpoint", 1, NOTE_MAX_SIZE, &note) ||
		!log_pin_begin(out, verifier, note) ||
		!field_number(file, "number", 0, &number) ||
		number > FIELD_VERSION_MAX ||
		!field_bytes(file, "leafHash", out->leaf_hash, sizeof(out->leaf_hash)))
		return false;
	out->number = (uint32_t) number;
	out->changed = false;
	return take_former(json_object_get(file, "former"), out) &&
		   take_problem(file, out);
}

enum result
log_file_load(const struct store *store, struct log_pin *out,
			  struct fault *fault)
{
	json_t *file;
	enum result result = document_load(store, LOG_FILE_NAME, &file, fault);

	*out = (struct log_pin){0};
	if (result == RESULT_OK && file != NULL && !take_pin(file, out))
	{
		*out = (struct log_pin){0};
		result = document_damaged(store, LOG_FILE_NAME, fault);
	}
	json_decref(file);
	return result;
}

static json_t *
pin_json(const struct log_pin *pin)
{
	char verifier[NOTE_VERIFIER_TEXT_SIZE];
	json_t *former = json_array();
	json_t *file;

	for (size_t i = 0; i < pin->former_count; i++)
		json_array_append_new(
			former,
			json_pack("{s:o}", "keyId",
					  field_from_bytes(pin->former[i], NOTE_KEY_ID_SIZE)));
	note_verifier_format(&pin->verifier, verifier);
	file = log_is_pinned(pin)
			   ? json_pack(
					 "{s:s, s:s, s:I, s:o, s:o}", "verifier", verifier,
					 "checkpoint", pin->note, "number",
					 (json_int_t) pin->number, "leafHash",
					 field_from_bytes(pin->leaf_hash, sizeof(pin->leaf_hash)),
					 "former", former)
			   : json_pack("{s:o}", "former", former);
	if (file != NULL && pin->problem[0] != '\0')
		json_object_set_new(file, "problem", json_string(pin->problem));
	return file;
}

enum result
log_file_save(const struct store *store, struct log_pin *pin,
			  struct fault *fault)
{
	enum result result;

	if (!pin->changed)
		return RESULT_OK;
	result =
		log_is_pinned(pin) || pin->former_count > 0 || pin->problem[0] != '\0'
			? document_save(store, LOG_FILE_NAME, pin_json(pin), fault)
			: store_remove(store, LOG_FILE_NAME, fault);
	if (result == RESULT_OK)
		pin->changed = false;
	return result;
}
