/*
 * pgarray.c
 *		Writing arrays as array_recv() of PostgreSQL reads them: number of
 *		dimensions, whether there are NULLs, element type, then size and lower
 *		bound of the dimension, then each element with its length, all
 *		big-endian.
 */
#include "pgarray.h"

#include <stdlib.h>
#include <string.h>

#define HEADER_SIZE 20
#define NULL_ELEMENT 0xffffffffu

static void
put(struct pgarray *array, const void *bytes, size_t size)
{
	if (size == 0 || size > array->room - array->size)
		return; /* the size given to pgarray_begin() was exact */
	memcpy(array->bytes + array->size, bytes, size);
	array->size += size;
}

static void
put_u32(struct pgarray *array, uint32_t value)
{
	const uint8_t bytes[4] = {(uint8_t) (value >> 24), (uint8_t) (value >> 16),
							  (uint8_t) (value >> 8), (uint8_t) value};

	put(array, bytes, sizeof(bytes));
}

bool
pgarray_begin(struct pgarray *array, uint32_t type, size_t count,
			  size_t payload)
{
	array->size = 0;
	array->room = HEADER_SIZE + 4 * count + payload;
	array->bytes = malloc(array->room);
	if (!array->bytes)
		return false;
	put_u32(array, 1);
	put_u32(array, 1); /* NULLs are allowed to occur */
	put_u32(array, type);
	put_u32(array, (uint32_t) count);
	put_u32(array, 1);
	return true;
}

void
pgarray_add_bytes(struct pgarray *array, const void *bytes, size_t size)
{
	put_u32(array, (uint32_t) size);
	put(array, bytes, size);
}

void
pgarray_add_bool(struct pgarray *array, bool value)
{
	const uint8_t byte = value;

	pgarray_add_bytes(array, &byte, 1);
}

void
pgarray_add_int2(struct pgarray *array, int16_t value)
{
	const uint8_t bytes[2] = {(uint8_t) ((uint16_t) value >> 8),
							  (uint8_t) value};

	pgarray_add_bytes(array, bytes, sizeof(bytes));
}

void
pgarray_add_int4(struct pgarray *array, int32_t value)
{
	put_u32(array, 4);
	put_u32(array, (uint32_t) value);
}

void
pgarray_add_int8(struct pgarray *array, int64_t value)
{
	put_u32(array, 8);
	put_u32(array, (uint32_t) ((uint64_t) value >> 32));
	put_u32(array, (uint32_t) (uint64_t) value);
}

void
pgarray_add_null(struct pgarray *array)
{
	put_u32(array, NULL_ELEMENT);
}

void
pgarray_free(struct pgarray *array)
{
	free(array->bytes);
	*array = (struct pgarray){0};
}
