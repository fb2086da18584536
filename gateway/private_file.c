/*
 * private_file.c
 *		Small files that nobody else may read: secrets and signing keys.
 */
#include "private_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>

/* Says why this open file can't be trusted, or NULL. */
static const char *
distrust(int fd, size_t room)
{
	struct stat st;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return "it is not a regular file";
	if (st.st_uid != geteuid())
		return "it belongs to another user";
	if (st.st_mode & (S_IRWXG | S_IRWXO))
		return "group or others can get at it; run chmod 600 on it";
	if (st.st_size > (off_t) room)
		return "it is too large";
	return NULL;
}

bool
private_file_read(const char *path, char *out, size_t room, size_t *size,
				  const char **why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t got = -1;

	*why = NULL;
	if (fd < 0)
		return false;
	*why = distrust(fd, room);
	if (!*why)
		got = read(fd, out, room);
	if (got < 0)
		OPENSSL_cleanse(out, room);
	else
		*size = (size_t) got;
	close(fd);
	return got >= 0;
}

/* Writes a draft beside the file, and it is on the disk; its name goes to out.
 */
static bool
write_draft(const char *path, const char *bytes, size_t size,
			char out[PRIVATE_FILE_PATH_SIZE])
{
	bool done;
	int fd;

	if (snprintf(out, PRIVATE_FILE_PATH_SIZE, "%s.%ld", path,
				 (long) getpid()) >= PRIVATE_FILE_PATH_SIZE)
	{
		errno = ENAMETOOLONG;
		return false;
	}
	unlink(out); /* of a process with this number that was killed */
	fd = open(out, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	done = write(fd, bytes, size) == (ssize_t) size && fsync(fd) == 0;
	close(fd);
	if (!done)
		unlink(out);
	return done;
}

/* The folder must remember the name, too. */
static bool
sync_folder(const char *path)
{
	char folder[PRIVATE_FILE_PATH_SIZE];
	const char *slash = strrchr(path, '/');
	bool done;
	int fd;

	snprintf(folder, sizeof(folder), "%.*s", slash ? (int) (slash - path) : 1,
			 slash ? path : ".");
	fd = open(folder[0] ? folder : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	done = fd >= 0 && fsync(fd) == 0;
	if (fd >= 0)
		close(fd);
	return done;
}

bool
private_file_create(const char *path, const char *bytes, size_t size)
{
	char draft[PRIVATE_FILE_PATH_SIZE];
	bool done;

	if (!write_draft(path, bytes, size, draft))
		return false;
	done = link(draft, path) == 0 || errno == EEXIST;
	unlink(draft);
	return done && sync_folder(path);
}

bool
private_file_replace(const char *path, const char *bytes, size_t size)
{
	char draft[PRIVATE_FILE_PATH_SIZE];

	return write_draft(path, bytes, size, draft) && rename(draft, path) == 0 &&
		   sync_folder(path);
}
