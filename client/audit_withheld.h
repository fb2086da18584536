/*
 * audit_withheld.h
 *		Leaves of the key log whose entries the server does not give.
 *
 * It may keep back those of a user whose deletion comes later in the log.
 * That entry says how many there were, and the leaf hash of the last one; the
 * others can only be counted.
 */
#ifndef E2EMSG_AUDIT_WITHHELD_H
#define E2EMSG_AUDIT_WITHHELD_H

#include <stdbool.h>
#include <stdint.h>

#include "merkle.h"

struct audit_withheld_leaf
{
	uint8_t hash[MERKLE_HASH_SIZE];
	uint64_t leaf;
	struct audit_withheld_leaf *next; /* with a higher number, or NULL */
	struct audit_withheld_leaf *previous;
};

/* Start with {0}, end with audit_withheld_free(). */
struct audit_withheld
{
	void *by_hash; /* root of a tree (tsearch(3)) */
	struct audit_withheld_leaf *first, *last;
	uint64_t count;

	/* So many belong to no user who was deleted. */
	uint64_t unexplained;
};

/* Adds the next withheld leaf; false when memory is out. */
extern bool
audit_withheld_add(struct audit_withheld *withheld, uint64_t leaf,
				   const uint8_t hash[MERKLE_HASH_SIZE]) MERKLE_CHECKED;

/*
 * A user was deleted who has "count" entries (1 or more) that were not given;
 * "last" is the leaf hash of the newest.  False when there are no such
 * entries in the log.
 */
extern bool
audit_withheld_explain(struct audit_withheld *withheld, uint32_t count,
					   const uint8_t last[MERKLE_HASH_SIZE]) MERKLE_CHECKED;

extern void audit_withheld_free(struct audit_withheld *withheld);

#endif /* E2EMSG_AUDIT_WITHHELD_H */
