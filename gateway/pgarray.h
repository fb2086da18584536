/*
 * pgarray.h
 *		One-dimensional PostgreSQL arrays in the binary format.
 */
#ifndef E2EMSG_PGARRAY_H
#define E2EMSG_PGARRAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* OIDs of element types, fixed in pg_type.dat. */
#define PGARRAY_BOOL 16
#define PGARRAY_BYTEA 17
#define PGARRAY_INT8 20
#define PGARRAY_INT2 21
#define PGARRAY_INT4 23
#define PGARRAY_UUID 2950

struct pgarray
{
	uint8_t *bytes; /* owned */
	size_t size, room;
};

/*
 * Begins an array of "count" elements that take "payload" bytes in all.
 * Then exactly count elements must be added.  False without memory.
 */
extern bool pgarray_begin(struct pgarray *array, uint32_t type, size_t count,
						  size_t payload) __attribute__((warn_unused_result));

extern void pgarray_add_bytes(struct pgarray *array, const void *bytes,
							  size_t size);
extern void pgarray_add_bool(struct pgarray *array, bool value);
extern void pgarray_add_int2(struct pgarray *array, int16_t value);
extern void pgarray_add_int4(struct pgarray *array, int32_t value);
extern void pgarray_add_int8(struct pgarray *array, int64_t value);
extern void pgarray_add_null(struct pgarray *array);
extern void pgarray_free(struct pgarray *array);

#endif /* E2EMSG_PGARRAY_H */
