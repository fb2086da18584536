/*
 * store.c
 *		The folder of one account, and files in it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "home.h"
#include "store.h"

#define LOCK_WAIT_MS 10000
#define LOCK_STEP_MS 50

/* Refuses a file or folder that others can get at. */
static enum result
check_mode(int descriptor, bool folder, const char *path, struct fault *fault)
{
	struct stat about;
	char hint[sizeof(fault->hint)];

	if (fstat(descriptor, &about) != 0)
		return fault_errno(fault, "can't look at", path);
	if (folder ? !S_ISDIR(about.st_mode) : !S_ISREG(about.st_mode))
		return fault_set(fault, RESULT_REFUSED, NULL, "%s is not a %s", path,
						 folder ? "folder" : "file");
	if (about.st_uid != geteuid())
		return fault_set(fault, RESULT_REFUSED,
						 "Run e2emsg as its owner, or give it to yourself.",
						 "%s belongs to another user (%u)", path,
						 (unsigned) about.st_uid);
	if ((about.st_mode & 077) == 0)
		return RESULT_OK;
	snprintf(hint, sizeof(hint), "Run: chmod %s '%s'", folder ? "700" : "600",
			 path);
	return fault_set(fault, RESULT_REFUSED, hint,
					 "others can get at %s (mode %03o)", path,
					 (unsigned) about.st_mode & 0777);
}

/* Opens a file of mode 0600, whatever the umask, and checks it. */
static enum result
open_file(const struct store *store, const char *name, int flags, int *out,
		  struct fault *fault)
{
	enum result result;

	*out = openat(store->folder, name, flags | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (*out < 0)
		return fault_errno(fault, "can't open", name);
	if ((flags & O_EXCL) != 0 && fchmod(*out, 0600) != 0)
		result = fault_errno(fault, "can't set mode of", name);
	else
	{
		char path[PATH_MAX + STORE_NAME_MAX];

		snprintf(path, sizeof(path), "%s/%s", store->path, name);
		result = check_mode(*out, false, path, fault);
	}
	if (result != RESULT_OK)
	{
		close(*out);
		*out = -1;
	}
	return result;
}

/* Opens a file that may have to be made, by us or, just now, by another. */
static enum result
open_or_create(const struct store *store, const char *name, int flags,
			   int *out, struct fault *fault)
{
	if (!store_has(store, name))
	{
		enum result result =
			open_file(store, name, flags | O_CREAT | O_EXCL, out, fault);

		if (result == RESULT_OK || !store_has(store, name))
			return result;
	}
	return open_file(store, name, flags, out, fault);
}

static enum result
take_lock(struct store *store, struct fault *fault)
{
	const struct timespec step = {.tv_nsec = LOCK_STEP_MS * 1000000L};
	enum result result =
		open_or_create(store, "lock", O_RDWR, &store->lock, fault);

	if (result != RESULT_OK)
		return result;
	for (int waited = 0; waited < LOCK_WAIT_MS; waited += LOCK_STEP_MS)
	{
		if (flock(store->lock, LOCK_EX | LOCK_NB) == 0)
			return RESULT_OK;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return fault_errno(fault, "can't lock", store->path);
		nanosleep(&step, NULL);
	}
	store->busy = true;
	return fault_set(fault, RESULT_REFUSED, "Wait until it ends.",
					 "another e2emsg is using %s", store->path);
}

static enum result
open_folder(struct store *store, struct fault *fault)
{
	store->folder =
		open(store->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (store->folder < 0 && errno == ENOENT)
		return fault_set(fault, RESULT_USAGE,
						 "Begin with: e2emsg register NAME --server URL" AS,
						 "there is no account at %s", store->path);
	if (store->folder < 0)
		return fault_errno(fault, "can't open", store->path);
	return check_mode(store->folder, true, store->path, fault);
}

enum result
store_open(const char *home, const char *username, bool create,
		   struct store *out, struct fault *fault)
{
	enum result result = RESULT_OK;

	*out = STORE_CLOSED;
	if (snprintf(out->path, sizeof(out->path), "%s/%s", home, username) >=
		(int) sizeof(out->path))
		return fault_set(fault, RESULT_USAGE, NULL, "the path is too long");
	if (create)
		result = home_make_folder(out->path, fault);
	if (result == RESULT_OK)
		result = open_folder(out, fault);
	if (result == RESULT_OK)
		result = take_lock(out, fault);
	if (result != RESULT_OK)
		store_close(out);
	return result;
}

void
store_close(struct store *store)
{
	bool busy = store->busy;

	if (store->lock >= 0)
		close(store->lock);
	if (store->folder >= 0)
		close(store->folder);
	*store = STORE_CLOSED;
	store->busy = busy;
}

bool
store_has(const struct store *store, const char *name)
{
	return faccessat(store->folder, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Reads until "size" bytes are there; false on an error or an early end. */
static bool
read_all(int descriptor, char *bytes, size_t size)
{
	while (size > 0)
	{
		ssize_t got = read(descriptor, bytes, size);

		if (got == 0 || (got < 0 && errno != EINTR))
			return false;
		if (got > 0)
		{
			bytes += got;
			size -= (size_t) got;
		}
	}
	return true;
}

static bool
write_all(int descriptor, const char *bytes, size_t size)
{
	while (size > 0)
	{
		ssize_t done = write(descriptor, bytes, size);

		if (done < 0 && errno != EINTR)
			return false;
		if (done > 0)
		{
			bytes += done;
			size -= (size_t) done;
		}
	}
	return true;
}

enum result
store_read(const struct store *store, const char *name, struct store_text *out,
		   struct fault *fault)
{
	struct stat about;
	enum result result;
	int file;

	*out = (struct store_text){0};
	if (!store_has(store, name))
		return RESULT_OK;
	result = open_file(store, name, O_RDONLY, &file, fault);
	if (result != RESULT_OK)
		return result;
	if (fstat(file, &about) != 0 || about.st_size < 0 ||
		about.st_size > STORE_FILE_MAX)
	{
		result = fault_set(fault, RESULT_REFUSED, NULL,
						   "the file %s is too large", name);
		goto end;
	}
	out->size = (size_t) about.st_size;
	out->bytes = calloc(1, out->size + 1);
	if (out->bytes == NULL || !read_all(file, out->bytes, out->size))
	{
		result = fault_errno(fault, "can't read", name);
		store_release(out);
	}

end:
	close(file);
	return result;
}

void
store_release(struct store_text *text)
{
	if (text->bytes != NULL)
		OPENSSL_cleanse(text->bytes, text->size);
	free(text->bytes);
	*text = (struct store_text){0};
}

enum result
store_write(const struct store *store, const char *name, const void *bytes,
			size_t size, struct fault *fault)
{
	char fresh[STORE_NAME_MAX + 8];
	enum result result;
	int file;

	snprintf(fresh, sizeof(fresh), ".%s.new", name);
	if (unlinkat(store->folder, fresh, 0) != 0 && errno != ENOENT)
		return fault_errno(fault, "can't remove", fresh);
	result =
		open_file(store, fresh, O_WRONLY | O_CREAT | O_EXCL, &file, fault);
	if (result != RESULT_OK)
		return result;
	if (!write_all(file, bytes, size) || fsync(file) != 0)
		result = fault_errno(fault, "can't write", fresh);
	close(file);
	if (result == RESULT_OK &&
		(renameat(store->folder, fresh, store->folder, name) != 0 ||
		 fsync(store->folder) != 0))
		result = fault_errno(fault, "can't replace", name);
	if (result != RESULT_OK)
		unlinkat(store->folder, fresh, 0);
	return result;
}

/* Does the file end in the middle of a line? */
static bool
is_torn(int file)
{
	char last;

	return lseek(file, -1, SEEK_END) >= 0 && read(file, &last, 1) == 1 &&
		   last != '\n';
}

enum result
store_append(const struct store *store, const char *name, const char *lines,
			 size_t size, struct fault *fault)
{
	int file;
	enum result result =
		open_or_create(store, name, O_RDWR | O_APPEND, &file, fault);

	if (result != RESULT_OK)
		return result;
	if ((is_torn(file) && !write_all(file, "\n", 1)) ||
		!write_all(file, lines, size) || fsync(file) != 0 ||
		fsync(store->folder) != 0)
		result = fault_errno(fault, "can't add to", name);
	close(file);
	return result;
}

enum result
store_remove(const struct store *store, const char *name, struct fault *fault)
{
	if (unlinkat(store->folder, name, 0) != 0 && errno != ENOENT)
		return fault_errno(fault, "can't remove", name);
	if (fsync(store->folder) != 0)
		return fault_errno(fault, "can't flush", store->path);
	return RESULT_OK;
}

void
store_discard(struct store *store)
{
	struct fault unused;
	char **names;
	size_t count;

	if (store->folder < 0 ||
		store_list(store, "", &names, &count, &unused) != RESULT_OK)
		return;
	for (size_t i = 0; i < count; i++)
		unlinkat(store->folder, names[i], 0);
	store_list_free(names, count);
	rmdir(store->path);
}

enum result
store_rename(struct store *store, const char *home, const char *username,
			 struct fault *fault)
{
	char path[PATH_MAX];
	int parent = open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum result result = RESULT_OK;

	if (snprintf(path, sizeof(path), "%s/%s", home, username) >=
		(int) sizeof(path))
		result = fault_set(fault, RESULT_USAGE, NULL, "the path is too long");
	else if (parent < 0 || renameat2(AT_FDCWD, store->path, AT_FDCWD, path,
									 RENAME_NOREPLACE) != 0)
		result = fault_errno(fault, "can't make", path);
	else
	{
		memcpy(store->path, path, strlen(path) + 1);
		if (fsync(parent) != 0)
			result = fault_errno(fault, "can't make", path);
	}
	if (parent >= 0)
		close(parent);
	return result;
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

/* Adds a copy of the name to the array. */
static bool
keep_name(char ***names, size_t *count, const char *name)
{
	char **grown = reallocarray(*names, *count + 1, sizeof(*grown));

	if (grown == NULL)
		return false;
	*names = grown;
	grown[*count] = strdup(name);
	if (grown[*count] == NULL)
		return false;
	(*count)++;
	return true;
}

enum result
store_list(const struct store *store, const char *prefix, char ***names,
		   size_t *count, struct fault *fault)
{
	DIR *folder = opendir(store->path);
	enum result result = RESULT_OK;

	*names = NULL;
	*count = 0;
	if (folder == NULL)
		return fault_errno(fault, "can't list", store->path);
	for (struct dirent *entry = readdir(folder); entry && result == RESULT_OK;
		 entry = readdir(folder))
		if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0 &&
			!keep_name(names, count, entry->d_name))
			result = fault_errno(fault, "can't list", store->path);
	closedir(folder);
	if (result != RESULT_OK)
	{
		store_list_free(*names, *count);
		*names = NULL;
		*count = 0;
	}
	if (*count > 0)
		qsort(*names, *count, sizeof(**names), compare_names);
	return result;
}

void
store_list_free(char **names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	free(names);
}
