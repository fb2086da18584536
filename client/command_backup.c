/*
 * command_backup.c
 *		backup, restore.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "backup_sync.h"
#include "command.h"
#include "recovery.h"
#include "restoration.h"

#define CODE_VARIABLE "E2EMSG_RECOVERY_CODE"

/* Writes the backup under a new code, after a yes to --new-code. */
static enum result
renew(struct app *app, char code[RECOVERY_CODE_SIZE], uint32_t *version)
{
	enum result result = RESULT_OK;

	if (app_has(app, FLAG_NEW_CODE))
		result = app_ask(app,
						 "Make a new recovery code? The one that is "
						 "written down opens nothing then.",
						 RESULT_REFUSED);
	if (result == RESULT_OK)
		result = backup_renew(&app->session, app_has(app, FLAG_FORCE), code,
							  version, &app->fault);
	if (result == RESULT_NETWORK)
		snprintf(app->fault.hint, sizeof(app->fault.hint),
				 "Run e2emsg backup --new-code" AS
				 ": a code that you had may not "
				 "work any more.");
	return result;
}

/*
 * Writes the backup.  *kept: under the code that it has; or else "code" is a
 * new one, as there was none or the user wants it.
 */
static enum result
write_backup(struct app *app, bool *kept, char code[RECOVERY_CODE_SIZE],
			 uint32_t *version)
{
	enum result result = RESULT_OK;

	*kept = false;
	if (!app_has(app, FLAG_NEW_CODE) && !app_has(app, FLAG_FORCE))
		result = backup_keep(&app->session, kept, version, &app->fault);
	return result == RESULT_OK && !*kept ? renew(app, code, version) : result;
}

enum result
command_backup(struct app *app)
{
	char code[RECOVERY_CODE_SIZE];
	uint32_t version;
	bool kept = false;
	enum result result = app_open(app);

	if (result == RESULT_OK)
		result = write_backup(app, &kept, code, &version);
	if (result == RESULT_OK)
		session_notice(&app->session, "backed up. %s",
					   kept ? "The recovery code stays the same; e2emsg "
							  "backup --new-code" AS " makes another one."
							: "Write this code down: with it and your name, "
							  "anybody gets this account. An older code is "
							  "void.");
	if (result == RESULT_OK && app->options.json)
		app_print_json(json_pack("{s:s?, s:I}", "recoveryCode",
								 kept ? NULL : code, "version",
								 (json_int_t) version));
	else if (result == RESULT_OK && !kept)
		puts(code);
	OPENSSL_cleanse(code, sizeof(code));
	return result;
}

/* The code: from the environment, or a line of stdin; never an argument. */
static enum result
read_code(char out[RECOVERY_TEXT_MAX], struct fault *fault)
{
	const char *given = getenv(CODE_VARIABLE);
	size_t size;

	if (given != NULL)
		snprintf(out, RECOVERY_TEXT_MAX, "%s", given);
	else
	{
		if (isatty(STDIN_FILENO))
			fputs("Recovery code: ", stderr);
		memset(out, 0, RECOVERY_TEXT_MAX);
		if (fgets(out, RECOVERY_TEXT_MAX, stdin) == NULL)
			return fault_set(fault, RESULT_USAGE,
							 "Type it, or put it into " CODE_VARIABLE ".",
							 "there is no recovery code on stdin");
	}
	size = strlen(out);
	if (size > 0 && out[size - 1] == '\n')
		out[size - 1] = '\0';
	return RESULT_OK;
}

enum result
command_restore(struct app *app)
{
	char code[RECOVERY_TEXT_MAX] = "";
	struct restoration wanted = {.username = app->args[0],
								 .server = app->options.server,
								 .service = app->options.service,
								 .code = code};
	enum result result = app_new_account(app, wanted.username);

	if (result == RESULT_OK)
		result = restoration_check(app->home, wanted.username, &app->fault);
	if (result == RESULT_OK)
		result = read_code(code, &app->fault);
	if (result == RESULT_OK)
		result = restoration_run(app->home, &wanted, stderr, &app->session,
								 &app->fault);
	OPENSSL_cleanse(code, sizeof(code));
	if (app->session.account.version == 0)
		return result;
	session_notice(&app->session,
				   "restored. Mail that another device has taken is not given "
				   "out again.");
	app_print_account(app);
	return result;
}
