/*
 * test_pgarray.c
 *		Arrays as PostgreSQL's array_recv() reads them, byte by byte.
 */
#include <string.h>

#include "pgarray.h"
#include "tap.h"

static bool
equals(const struct pgarray *array, const void *bytes, size_t size)
{
	return array->size == size && array->room == size &&
		   memcmp(array->bytes, bytes, size) == 0;
}

int
main(void)
{
	static const char ints[] = "\0\0\0\1\0\0\0\1\0\0\0\27\0\0\0\2\0\0\0\1"
							   "\0\0\0\4\0\0\0\5\377\377\377\377";
	static const char smalls[] = "\0\0\0\1\0\0\0\1\0\0\0\25\0\0\0\1\0\0\0\1"
								 "\0\0\0\2\377\376";
	static const char bytes[] = "\0\0\0\1\0\0\0\1\0\0\0\21\0\0\0\2\0\0\0\1"
								"\0\0\0\3abc\0\0\0\0";
	static const char larges[] = "\0\0\0\1\0\0\0\1\0\0\0\24\0\0\0\1\0\0\0\1"
								 "\0\0\0\10\376\375\374\373\372\371\370\370";
	struct pgarray array;
	struct tap tap = {0};

	if (!pgarray_begin(&array, PGARRAY_INT4, 2, 4))
		return EXIT_FAILURE;
	pgarray_add_int4(&array, 5);
	pgarray_add_null(&array);
	tap_ok(&tap, equals(&array, ints, sizeof(ints) - 1), "int4, NULL");
	pgarray_free(&array);
	if (!pgarray_begin(&array, PGARRAY_INT2, 1, 2))
		return EXIT_FAILURE;
	pgarray_add_int2(&array, -2);
	tap_ok(&tap, equals(&array, smalls, sizeof(smalls) - 1), "int2");
	pgarray_free(&array);
	if (!pgarray_begin(&array, PGARRAY_INT8, 1, 8))
		return EXIT_FAILURE;
	pgarray_add_int8(&array, -0x102030405060708);
	tap_ok(&tap, equals(&array, larges, sizeof(larges) - 1), "int8");
	pgarray_free(&array);
	if (!pgarray_begin(&array, PGARRAY_BYTEA, 2, 3))
		return EXIT_FAILURE;
	pgarray_add_bytes(&array, "abc", 3);
	pgarray_add_bytes(&array, "", 0);
	tap_ok(&tap, equals(&array, bytes, sizeof(bytes) - 1),
		   "bytea, one of them empty");
	pgarray_add_bytes(&array, "too much", 8);
	tap_ok(&tap, array.size == array.room, "nothing is written past the end");
	pgarray_free(&array);
	return tap_end(&tap);
}
