/*
 * store.h
 *		The folder of one account, and files in it.
 *
 * The folder is HOME/USERNAME (home.h).  It has mode 0700 and its files 0600;
 * a looser mode or another owner is refused.  One process at a time: the file
 * "lock" is held from store_open() to store_close().
 *
 * A file is replaced whole or not at all: written beside the old one,
 * flushed to the disk, then renamed over it.
 */
#ifndef E2EMSG_STORE_H
#define E2EMSG_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include <limits.h>

#include "result.h"

#define STORE_FILE_MAX (1u << 30) /* bytes of the largest file read back */
#define STORE_NAME_MAX 80		  /* bytes of a file's name */

struct store
{
	int folder; /* its descriptor, or -1 */
	int lock;	/* of the file "lock", or -1 */
	bool busy;	/* not opened: another process has it */
	char path[PATH_MAX];
};

#define STORE_CLOSED             \
	(struct store)               \
	{                            \
		.folder = -1, .lock = -1 \
	}

/* Bytes of a file, and a NUL after them.  Wipe with store_release(). */
struct store_text
{
	char *bytes; /* NULL when there is no such file */
	size_t size;
};

/* Opens and locks the folder of an account; waits up to ten seconds. */
extern CHECKED enum result store_open(const char *home, const char *username,
									  bool create, struct store *out,
									  struct fault *fault);

extern void store_close(struct store *store);

/* Reads a whole file; RESULT_OK with bytes NULL when there is none. */
extern CHECKED enum result store_read(const struct store *store,
									  const char *name, struct store_text *out,
									  struct fault *fault);

/* Wipes and frees. */
extern void store_release(struct store_text *text);

/* Replaces a file, whole and on the disk when it returns RESULT_OK. */
extern CHECKED enum result store_write(const struct store *store,
									   const char *name, const void *bytes,
									   size_t size, struct fault *fault);

/*
 * Adds whole lines to a file, on the disk when it returns RESULT_OK.  A torn
 * last line, from a crash, is closed first, so that it harms no other.
 */
extern CHECKED enum result store_append(const struct store *store,
										const char *name, const char *lines,
										size_t size, struct fault *fault);

extern CHECKED enum result store_remove(const struct store *store,
										const char *name, struct fault *fault);

/* Removes all files of a folder, and the folder itself, as far as it goes. */
extern void store_discard(struct store *store);

/* Gives the folder of an account its name; RESULT_REFUSED if that is taken. */
extern CHECKED enum result store_rename(struct store *store, const char *home,
										const char *username,
										struct fault *fault);

extern bool store_has(const struct store *store, const char *name);

/*
 * The names that begin with "prefix", sorted.  Free each of them and the
 * array; NULL and a count of 0 when there are none.
 */
extern CHECKED enum result store_list(const struct store *store,
									  const char *prefix, char ***names,
									  size_t *count, struct fault *fault);

extern void store_list_free(char **names, size_t count);

#endif /* E2EMSG_STORE_H */
