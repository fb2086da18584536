/*
 * home.h
 *		The folder that holds the accounts.
 *
 * It is $XDG_DATA_HOME/e2emsg, by default ~/.local/share/e2emsg (XDG Base
 * Directory Specification 0.8); each account has a folder of its username.
 */
#ifndef E2EMSG_HOME_H
#define E2EMSG_HOME_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "result.h"
#include "username.h"

/*
 * Where accounts live: "home" when it is not NULL (--home), or the default.
 * Makes the folder, and those above it, when "create" is set.
 */
extern CHECKED enum result home_path(const char *home, bool create,
									 char out[PATH_MAX], struct fault *fault);

/* How many accounts there are; "last" is the name of one, if any. */
extern size_t home_count_accounts(const char *home,
								  char last[USERNAME_TEXT_SIZE]);

/* The name of the only account; RESULT_USAGE for none or several. */
extern CHECKED enum result home_only_account(const char *home,
											 char out[USERNAME_TEXT_SIZE],
											 struct fault *fault);

/* Bytes of " --as NAME --home DIR", each of DIR's quoted. */
#define HOME_OPTIONS_SIZE \
	(sizeof(" --as  --home ''") + USERNAME_TEXT_SIZE + 4 * PATH_MAX)

/*
 * The options, for a shell, that a command needs to be about this account:
 * " --as NAME" when the home holds others, " --home DIR" when it is not the
 * default one, or nothing.  "username" is NULL for no account.
 */
extern void home_options(const char *home, const char *username,
						 char out[HOME_OPTIONS_SIZE]);

/* Makes a folder of mode 0700, whatever the umask; it may be there. */
extern CHECKED enum result home_make_folder(const char *path,
											struct fault *fault);

#endif /* E2EMSG_HOME_H */
