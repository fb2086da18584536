/*
 * fuzz.h
 *		What the fuzz targets share.
 */
#ifndef E2EMSG_FUZZ_H
#define E2EMSG_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A target: libFuzzer calls it with inputs that end where the memory ends. */
extern int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the run when something does not hold; libFuzzer keeps the input. */
#define must(good) \
	((good) ? (void) 0 : does_not_hold(#good, __FILE__, __LINE__))

static inline void
does_not_hold(const char *what, const char *file, int line)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
	abort();
}

/* Fills a struct with the start of the input, and with zeros past its end. */
static inline void
fill_from(void *out, size_t room, const uint8_t *data, size_t size)
{
	memset(out, 0, room);
	if (size > 0)
		memcpy(out, data, size < room ? size : room);
}

static inline bool
same_bytes(const void *a, size_t a_size, const void *b, size_t b_size)
{
	return a_size == b_size && (a_size == 0 || memcmp(a, b, a_size) == 0);
}

/* The input with a NUL behind it; the caller frees it. */
static inline char *
text_of(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	must(text != NULL);
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

#endif /* E2EMSG_FUZZ_H */
