/*
 * document.c
 *		JSON files of an account's folder.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "document.h"

enum result
document_damaged(const struct store *store, const char *name,
				 struct fault *fault)
{
	return fault_set(fault, RESULT_REFUSED,
					 "Restore it from a copy, or move it away.",
					 "%s/%s is damaged", store->path, name);
}

enum result
document_load(const struct store *store, const char *name, json_t **out,
			  struct fault *fault)
{
	struct store_text text;
	enum result result = store_read(store, name, &text, fault);

	*out = NULL;
	if (result != RESULT_OK || text.bytes == NULL)
		return result;
	*out = json_loadb(text.bytes, text.size,
					  JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	store_release(&text);
	if (json_is_object(*out))
		return RESULT_OK;
	json_decref(*out);
	*out = NULL;
	return document_damaged(store, name, fault);
}

/* The value as text with a newline; the caller wipes and frees it. */
static char *
dump_line(const json_t *value, size_t flags, size_t *size)
{
	char *text = value ? json_dumps(value, flags) : NULL;
	char *line;

	if (text == NULL)
		return NULL;
	*size = strlen(text) + 1;
	line = malloc(*size + 1);
	if (line != NULL)
	{
		memcpy(line, text, *size - 1);
		line[*size - 1] = '\n';
		line[*size] = '\0';
	}
	OPENSSL_cleanse(text, *size - 1);
	free(text);
	return line;
}

enum result
document_save(const struct store *store, const char *name, json_t *value,
			  struct fault *fault)
{
	size_t size;
	char *text = dump_line(value, JSON_INDENT(2), &size);
	enum result result;

	json_decref(value);
	if (text == NULL)
		return fault_set(fault, RESULT_REFUSED, NULL, "out of memory");
	result = store_write(store, name, text, size, fault);
	OPENSSL_cleanse(text, size);
	free(text);
	return result;
}

/* Adds the line to the text, and wipes where the text was before. */
static bool
add_line(struct store_text *text, const char *line, size_t size)
{
	char *grown =
		OPENSSL_clear_realloc(text->bytes, text->size, text->size + size);

	if (grown == NULL)
		return false;
	memcpy(grown + text->size, line, size);
	text->bytes = grown;
	text->size += size;
	return true;
}

enum result
document_append(const struct store *store, const char *name,
				const json_t *values, struct fault *fault)
{
	struct store_text text = {0};
	enum result result = RESULT_OK;
	json_t *value;
	size_t i;

	json_array_foreach(values, i, value)
	{
		size_t size = 0;
		char *line = dump_line(value, JSON_COMPACT, &size);

		if (line == NULL || !add_line(&text, line, size))
			result = fault_set(fault, RESULT_REFUSED, NULL, "out of memory");
		if (line != NULL)
			OPENSSL_cleanse(line, size);
		free(line);
	}
	if (result == RESULT_OK && text.size > 0)
		result = store_append(store, name, text.bytes, text.size, fault);
	OPENSSL_clear_free(text.bytes, text.size);
	return result;
}
