/*
 * audit_list.h
 *		What an audit has to say: alarms, or remarks.
 */
#ifndef E2EMSG_AUDIT_LIST_H
#define E2EMSG_AUDIT_LIST_H

#include <stdint.h>

#include <jansson.h>

#include "endorsement.h"
#include "result.h"

#define AUDIT_LIST_MAX 1000			/* items kept; the rest is counted */
#define AUDIT_TEXT_MAX 200			/* bytes of a sentence */
#define AUDIT_NO_LEAF UINT64_MAX	/* of an item about the log as a whole */
#define AUDIT_NAME_MAX USERNAME_MAX /* bytes */

struct audit_item
{
	uint64_t leaf;					   /* its number, or AUDIT_NO_LEAF */
	char username[AUDIT_NAME_MAX + 1]; /* "" when it is about no user */
	char text[AUDIT_TEXT_MAX + 1];	   /* a sentence without a full stop */
};

/* Start with {0}, end with audit_list_free(). */
struct audit_list
{
	struct audit_item *items;
	size_t count;	/* of items that are kept */
	uint64_t total; /* of all */
};

/*
 * Adds an item (printf style) unless the very same one is there.  username
 * may be NULL.  When memory is out, the item is counted and not kept.
 */
extern void audit_list_add(struct audit_list *list, uint64_t leaf,
						   const char *username, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* One item as a line for a person: "leaf 7, alice: the sentence". */
#define AUDIT_LINE_SIZE (AUDIT_TEXT_MAX + AUDIT_NAME_MAX + 40)
extern void audit_item_print(const struct audit_item *item,
							 char out[AUDIT_LINE_SIZE]);

/* Array of {leaf?, user?, text}; NULL when memory is out. */
extern json_t *audit_list_json(const struct audit_list *list);

extern void audit_list_free(struct audit_list *list);

#endif /* E2EMSG_AUDIT_LIST_H */
