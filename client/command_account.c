/*
 * command_account.c
 *		register, login, whoami, token.
 */
#include <string.h>

#include "command.h"
#include "registration.h"

enum result
command_register(struct app *app)
{
	struct registration wanted = {
		.username = app->args[0],
		.server = app->options.server,
		.service = app->options.service,
		.without_identity = app_has(app, FLAG_UNSIGNED),
	};
	enum result result = app_new_account(app, wanted.username);

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
