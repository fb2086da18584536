/*
 * slow_json.h
 *		JSON as jsontext.c must take it, looked at after it was parsed.
 */
#ifndef E2EMSG_SLOW_JSON_H
#define E2EMSG_SLOW_JSON_H

#include <jansson.h>

#include "fuzz.h"

#define SLOW_JSON_DEPTH 32

/* How deeply objects and arrays nest; 0 for another value. */
static inline int
slow_json_depth(json_t *value)
{
	const char *name;
	json_t *member;
	int deepest = 0;
	size_t i;

	json_object_foreach(value, name, member)
	{
		int depth = slow_json_depth(member);

		deepest = depth > deepest ? depth : deepest;
	}
	json_array_foreach(value, i, member)
	{
		int depth = slow_json_depth(member);

		deepest = depth > deepest ? depth : deepest;
	}
	return json_is_object(value) || json_is_array(value) ? deepest + 1 : 0;
}

/* The object or array of that text, or NULL; the caller releases it. */
static inline json_t *
slow_json(const void *text, size_t size)
{
	json_t *value = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);

	if (slow_json_depth(value) <= SLOW_JSON_DEPTH)
		return value;
	json_decref(value);
	return NULL;
}

#endif /* E2EMSG_SLOW_JSON_H */
