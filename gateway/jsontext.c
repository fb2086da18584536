/*
 * jsontext.c
 *		Parsing JSON with bounded recursion.
 */
#include "jsontext.h"

#include <stdbool.h>

/*
 * Counts brackets outside of strings.  A text that is no JSON may be counted
 * wrong, but never too low up to the place where the parser gives up.
 */
static bool
is_shallow(const char *text, size_t size)
{
	bool in_string = false;
	int depth = 0;

	for (size_t i = 0; i < size; i++)
	{
		if (text[i] == '"')
			in_string = !in_string;
		else if (in_string && text[i] == '\\')
			i++;
		else if (!in_string && (text[i] == '[' || text[i] == '{'))
			depth++;
		else if (!in_string && (text[i] == ']' || text[i] == '}'))
			depth--;
		if (depth > JSONTEXT_MAX_DEPTH)
			return false;
	}
	return true;
}

json_t *
jsontext_parse(const void *text, size_t size)
{
	if (!is_shallow(text, size))
		return NULL;
	return json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
}
