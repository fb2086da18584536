/*
 * home.c
 *		The folder that holds the accounts.
 */
#include <dirent.h>
#include <errno.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "home.h"
#include "username.h"

#define APP_FOLDER "e2emsg"

enum result
home_make_folder(const char *path, struct fault *fault)
{
	if (mkdir(path, 0700) == 0)
		return chmod(path, 0700) == 0
				   ? RESULT_OK
				   : fault_errno(fault, "can't set mode of", path);
	return errno == EEXIST ? RESULT_OK
						   : fault_errno(fault, "can't make", path);
}

/* printf into a path; a path that is too long is refused. */
__attribute__((format(printf, 3, 4))) static enum result
join_path(char out[PATH_MAX], struct fault *fault, const char *format, ...)
{
	va_list args;
	int size;

	va_start(args, format);
	size = vsnprintf(out, PATH_MAX, format, args);
	va_end(args);
	return size > 0 && size < PATH_MAX
			   ? RESULT_OK
			   : fault_set(fault, RESULT_USAGE, NULL, "the path is too long");
}

/* Makes every folder of a path. */
static enum result
make_folders(const char *path, struct fault *fault)
{
	char part[PATH_MAX];
	enum result result = RESULT_OK;

	snprintf(part, sizeof(part), "%s", path);
	for (char *slash = strchr(part + 1, '/'); slash && result == RESULT_OK;
		 slash = strchr(slash + 1, '/'))
	{
		*slash = '\0';
		result = home_make_folder(part, fault);
		*slash = '/';
	}
	return result == RESULT_OK ? home_make_folder(part, fault) : result;
}

/* The user's home folder, NULL when there is none. */
static const char *
user_home(void)
{
	const char *home = getenv("HOME");
	const struct passwd *entry = home ? NULL : getpwuid(geteuid());

	return home ? home : (entry ? entry->pw_dir : NULL);
}

enum result
home_path(const char *home, bool create, char out[PATH_MAX],
		  struct fault *fault)
{
	const char *data = getenv("XDG_DATA_HOME");
	enum result result;

	if (home != NULL)
		result = join_path(out, fault, "%s", home);
	else if (data != NULL && data[0] == '/')
		result = join_path(out, fault, "%s/%s", data, APP_FOLDER);
	else if (user_home() != NULL)
		result = join_path(out, fault, "%s/.local/share/%s", user_home(),
						   APP_FOLDER);
	else
		result = fault_set(fault, RESULT_USAGE, "Set HOME or give --home.",
						   "there is no home folder");
	if (result == RESULT_OK && create)
		result = make_folders(out, fault);
	return result;
}

size_t
home_count_accounts(const char *home, char last[USERNAME_TEXT_SIZE])
{
	DIR *folder = opendir(home);
	size_t count = 0;

	for (struct dirent *entry = folder ? readdir(folder) : NULL; entry;
		 entry = readdir(folder))
	{
		if (!username_valid(entry->d_name))
			continue;
		memcpy(last, entry->d_name, strlen(entry->d_name) + 1);
		count++;
	}
	if (folder != NULL)
		closedir(folder);
	return count;
}

/* Is there an account of another name? */
static bool
has_others(const char *home, const char *username)
{
	char last[USERNAME_TEXT_SIZE];
	size_t count = home_count_accounts(home, last);

	return count > 1 || (count == 1 && strcmp(last, username) != 0);
}

static bool
is_default(const char *home)
{
	char usual[PATH_MAX];
	struct fault unused;

	return home_path(NULL, false, usual, &unused) == RESULT_OK &&
		   strcmp(home, usual) == 0;
}

/* Writes text as one word of a shell; "out" has room for it. */
static void
quote(const char *text, char *out)
{
	bool plain = text[strspn(text, "abcdefghijklmnopqrstuvwxyz"
								   "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
								   "0123456789/._-+,:@%")] == '\0';

	if (!plain)
		*out++ = '\'';
	for (; *text != '\0'; text++)
	{
		if (*text == '\'')
			out = stpcpy(out, "'\\'");
		*out++ = *text;
	}
	if (!plain)
		*out++ = '\'';
	*out = '\0';
}

void
home_options(const char *home, const char *username,
			 char out[HOME_OPTIONS_SIZE])
{
	*out = '\0';
	if (username != NULL && has_others(home, username))
		out = stpcpy(stpcpy(out, " --as "), username);
	if (!is_default(home))
		quote(home, stpcpy(out, " --home "));
}

enum result
home_only_account(const char *home, char out[USERNAME_TEXT_SIZE],
				  struct fault *fault)
{
	size_t count = home_count_accounts(home, out);

	if (count == 0)
		return fault_set(fault, RESULT_USAGE,
						 "Begin with: e2emsg register NAME --server URL" AS,
						 "there is no account in %s", home);
	if (count > 1)
		return fault_set(fault, RESULT_USAGE,
						 "Say which one with --as NAME or E2EMSG_ACCOUNT.",
						 "there are %zu accounts in %s", count, home);
	return RESULT_OK;
}
