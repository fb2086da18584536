/*
 * audit_withheld.c
 *		Leaves of the key log whose entries the server does not give.
 */
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "audit_withheld.h"

static int
compare_hashes(const void *a, const void *b)
{
	const struct audit_withheld_leaf *one = a, *other = b;

	return memcmp(one->hash, other->hash, sizeof(one->hash));
}

bool
audit_withheld_add(struct audit_withheld *withheld, uint64_t leaf,
				   const uint8_t hash[MERKLE_HASH_SIZE])
{
	struct audit_withheld_leaf *added = calloc(1, sizeof(*added));

	if (added == NULL)
		return false;
	memcpy(added->hash, hash, sizeof(added->hash));
	added->leaf = leaf;
	if (tsearch(added, &withheld->by_hash, compare_hashes) == NULL)
	{
		free(added);
		return false;
	}
	added->previous = withheld->last;
	if (withheld->last != NULL)
		withheld->last->next = added;
	else
		withheld->first = added;
	withheld->last = added;
	withheld->count++;
	withheld->unexplained++;
	return true;
}

/* Takes a leaf out of tree and list. */
static void
drop(struct audit_withheld *withheld, struct audit_withheld_leaf *leaf)
{
	tdelete(leaf, &withheld->by_hash, compare_hashes);
	if (leaf->previous != NULL)
		leaf->previous->next = leaf->next;
	else
		withheld->first = leaf->next;
	if (leaf->next != NULL)
		leaf->next->previous = leaf->previous;
	else
		withheld->last = leaf->previous;
	withheld->count--;
	free(leaf);
}

bool
audit_withheld_explain(struct audit_withheld *withheld, uint32_t count,
					   const uint8_t last[MERKLE_HASH_SIZE])
{
	struct audit_withheld_leaf wanted;
	struct audit_withheld_leaf **node;

	memcpy(wanted.hash, last, sizeof(wanted.hash));
	node = tfind(&wanted, &withheld->by_hash, compare_hashes);
	if (node == NULL || count > withheld->unexplained)
		return false;
	drop(withheld, *node);
	withheld->unexplained -= count;
	return true;
}

static void
keep(void *leaf)
{
	(void) leaf;
}

void
audit_withheld_free(struct audit_withheld *withheld)
{
	struct audit_withheld_leaf *next;

	tdestroy(withheld->by_hash, keep);
	for (struct audit_withheld_leaf *leaf = withheld->first; leaf; leaf = next)
	{
		next = leaf->next;
		free(leaf);
	}
	*withheld = (struct audit_withheld){0};
}
