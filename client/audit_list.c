/*
 * audit_list.c
 *		What an audit has to say: alarms, or remarks.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit_list.h"

static bool
is_same(const struct audit_item *a, const struct audit_item *b)
{
	return a->leaf == b->leaf && strcmp(a->username, b->username) == 0 &&
		   strcmp(a->text, b->text) == 0;
}

/* Keeps a copy, if there is room. */
static void
keep(struct audit_list *list, const struct audit_item *item)
{
	struct audit_item *grown;

	list->total++;
	if (list->count == AUDIT_LIST_MAX)
		return;
	grown = reallocarray(list->items, list->count + 1, sizeof(*grown));
	if (grown == NULL)
		return;
	list->items = grown;
	grown[list->count++] = *item;
}

void
audit_list_add(struct audit_list *list, uint64_t leaf, const char *username,
			   const char *format, ...)
{
	struct audit_item item = {.leaf = leaf};
	va_list args;

	va_start(args, format);
	vsnprintf(item.text, sizeof(item.text), format, args);
	va_end(args);
	snprintf(item.username, sizeof(item.username), "%s",
			 username ? username : "");
	for (size_t i = 0; i < list->count && list->count < AUDIT_LIST_MAX; i++)
		if (is_same(&list->items[i], &item))
			return;
	keep(list, &item);
}

void
audit_item_print(const struct audit_item *item, char out[AUDIT_LINE_SIZE])
{
	int used = 0;

	if (item->leaf != AUDIT_NO_LEAF)
		used = snprintf(out, AUDIT_LINE_SIZE,
						"leaf %" PRIu64 "%s%s: ", item->leaf,
						item->username[0] ? ", " : "", item->username);
	snprintf(out + used, AUDIT_LINE_SIZE - (size_t) used, "%s", item->text);
}

static json_t *
item_json(const struct audit_item *item)
{
	json_t *object = json_pack("{s:s}", "text", item->text);

	if (item->leaf != AUDIT_NO_LEAF)
		json_object_set_new(object, "leaf",
							json_integer((json_int_t) item->leaf));
	if (item->username[0] != '\0')
		json_object_set_new(object, "user", json_string(item->username));
	return object;
}

json_t *
audit_list_json(const struct audit_list *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->count; i++)
		json_array_append_new(array, item_json(&list->items[i]));
	return array;
}

void
audit_list_free(struct audit_list *list)
{
	free(list->items);
	*list = (struct audit_list){0};
}
