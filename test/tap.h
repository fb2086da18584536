/*
 * tap.h
 *		The Test Anything Protocol for C tests, and the vectors they read.
 */
#ifndef E2EMSG_TAP_H
#define E2EMSG_TAP_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

/* A run of tests: begin with {0}, end with tap_end(). */
struct tap
{
	int count;
	int failed;
};

static inline void
tap_ok(struct tap *tap, bool good, const char *name)
{
	tap->count++;
	tap->failed += !good;
	printf("%sok %d - %s\n", good ? "" : "not ", tap->count, name);
}

/* Prints the plan; returns the exit code of main(). */
static inline int
tap_end(const struct tap *tap)
{
	printf("1..%d\n", tap->count);
	return tap->failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/*
 * Reads a JSON file below the folder of vectors, E2EMSG_VECTORS or
 * test/vectors.  The caller owns the result; a missing file ends the run.
 */
static inline json_t *
tap_vectors(const char *name)
{
	const char *folder = getenv("E2EMSG_VECTORS");
	char path[4096];
	json_error_t error;
	json_t *vectors;

	snprintf(path, sizeof path, "%s/%s",
			 folder != NULL ? folder : "test/vectors", name);
	vectors = json_load_file(path, JSON_ALLOW_NUL, &error);
	if (vectors == NULL)
	{
		printf("Bail out! %s: %s\n", path, error.text);
		exit(EXIT_FAILURE);
	}
	return vectors;
}

#endif /* E2EMSG_TAP_H */
