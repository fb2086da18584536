/*
 * private_file.h
 *		Small files that nobody else may read: secrets and signing keys.
 *
 * They are regular files of the gateway's own user, with mode 0600.  A file
 * comes into being whole, whoever else makes it at the same time, and is
 * replaced whole, on the disk when the call returns.
 */
#ifndef E2EMSG_PRIVATE_FILE_H
#define E2EMSG_PRIVATE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#define PRIVATE_FILE_PATH_SIZE 1024

/*
 * Reads at most "room" bytes.  On failure *why says what is wrong, or is NULL
 * when errno tells; the buffer is wiped then.
 */
extern bool private_file_read(const char *path, char *out, size_t room,
							  size_t *size, const char **why)
	__attribute__((warn_unused_result));

/* Makes the file unless there is one; false when errno tells why not. */
extern bool private_file_create(const char *path, const char *bytes,
								size_t size)
	__attribute__((warn_unused_result));

/* Makes or replaces the file; false when errno tells why not. */
extern bool private_file_replace(const char *path, const char *bytes,
								 size_t size)
	__attribute__((warn_unused_result));

#endif /* E2EMSG_PRIVATE_FILE_H */
