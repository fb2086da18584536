/*
 * blocks.c
 *		Whom this account blocks: what the server was told, or said last.
 */
#include "blocks.h"
#include "document.h"

#define FILE_NAME "blocks.json"

enum result
blocks_load(const struct store *store, json_t **out, struct fault *fault)
{
	enum result result = document_load(store, FILE_NAME, out, fault);

	if (result != RESULT_OK)
		return result;
	if (*out == NULL)
		*out = json_object();
	return *out ? RESULT_OK
				: fault_set(fault, RESULT_REFUSED, NULL, "out of memory");
}

enum result
blocks_save(const struct store *store, json_t *blocks, struct fault *fault)
{
	return document_save(store, FILE_NAME, json_incref(blocks), fault);
}

bool
blocks_have(const json_t *blocks, const struct uuid *id)
{
	char text[UUID_TEXT_SIZE];

	uuid_print(id, text);
	return json_object_get(blocks, text) != NULL;
}

bool
blocks_change(json_t *blocks, const struct uuid *id, bool blocked)
{
	char text[UUID_TEXT_SIZE];

	uuid_print(id, text);
	if (blocked)
		return json_object_set_new(blocks, text, json_true()) == 0;
	(void) json_object_del(blocks, text); /* which may not be there */
	return true;
}
