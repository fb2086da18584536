/*
 * command_account.c
 *		register, login, whoami, token.
 */
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "registration.h"

#define ID_TOKEN_MAX 8192 /* characters; a gateway takes no more */

/*
 * A JWT (RFC 7519) from a file or stdin, never from the command line, which
 * others can see.
 */
static enum result
read_id_token(const char *path, char out[ID_TOKEN_MAX + 2],
			  struct fault *fault)
{
	bool is_stdin = strcmp(path, "-") == 0;
	FILE *file = is_stdin ? stdin : fopen(path, "re");
	size_t size;

	if (file == NULL)
		return fault_errno(fault, "can't open", path);
	size = fread(out, 1, ID_TOKEN_MAX + 1, file);
	if (!is_stdin)
		fclose(file);
	while (size > 0 && strchr("\r\n ", out[size - 1]) != NULL)
		size--;
	out[size] = '\0';
	if (size > 0 && size <= ID_TOKEN_MAX &&
		strspn(out, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					"0123456789-_.") == size)
		return RESULT_OK;
	return fault_set(fault, RESULT_USAGE,
					 "It is three texts in base64url with dots between.",
					 "%s holds no token", is_stdin ? "stdin" : path);
}

enum result
command_register(struct app *app)
{
	char id_token[ID_TOKEN_MAX + 2];
	const char *token_path = app->options.id_token;
	struct registration wanted = {
		.username = app->args[0],
		.server = app->options.server,
		.service = app->options.service,
		.id_token = token_path != NULL ? id_token : NULL,
		.without_identity = app_has(app, FLAG_UNSIGNED),
	};
	enum result result = app_new_account(app, wanted.username);

	if (result == RESULT_OK && token_path != NULL)
		result = read_id_token(token_path, id_token, &app->fault);

	if (result == RESULT_OK)
		result = registration_run(app->home, &wanted, stderr, &app->session,
								  &app->fault);
	if (result != RESULT_OK && app->session.account.version == 0)
		return result;
	session_notice(&app->session, "registered; the private keys are in %s",
				   app->session.store.path);
	app_print_account(app);
	return result;
}

enum result
command_login(struct app *app)
{
	struct session *session = &app->session;
	enum result result = app_open(app);

	if (result == RESULT_OK)
		result = app_warn_of_plain_http(app, session->http.base);
	if (result == RESULT_OK)
		result = session_login(session, &app->fault);
	if (result != RESULT_OK)
		return result;
	session_notice(session, "signed in as %s", session->account.username);
	if (strcmp(session->account.server, session->http.base) == 0)
		return RESULT_OK;
	memcpy(session->account.server, session->http.base,
		   sizeof(session->account.server));
	return account_save(&session->store, &session->account, &app->fault);
}

enum result
command_whoami(struct app *app)
{
	enum result result = app_open(app);

	if (result == RESULT_OK)
		app_print_account(app);
	return result;
}

enum result
command_token(struct app *app)
{
	enum result result = app_open(app);

	if (result == RESULT_OK)
		result = session_need_token(&app->session, &app->fault);
	if (result != RESULT_OK)
		return result;
	if (app->options.json)
		app_print_json(json_pack("{s:s}", "token", app->session.token));
	else
		puts(app->session.token);
	return RESULT_OK;
}
