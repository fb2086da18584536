/*
 * command_account.c
 *		register, login, whoami, token.
 */
#include <string.h>

#include "command.h"
#include "field.h"
#include "home.h"
#include "keyring.h"
#include "registration.h"

/* Says so when everybody on the way can read along. */
static enum result
warn_of_plain_http(struct app *app, const char *server)
{
	char base[ACCOUNT_URL_MAX + 1];
	bool plain;
	enum result result = http_check_url(server, base, &plain, &app->fault);

	if (result == RESULT_OK && plain)
		session_notice(&app->session,
					   "%s is plain http: everybody on the way sees the "
					   "token and who writes to whom",
					   base);
	return result;
}

/* The account as JSON. */
static json_t *
account_json(const struct app *app)
{
	const struct account *account = &app->session.account;
	struct keypair identity = {0};
	struct fault unused;
	json_t *object = json_pack(
		"{s:s, s:o, s:s, s:s, s:I, s:s, s:s?}", "username", account->username,
		"userId", field_from_uuid(&account->id), "server",
		app->session.http.base, "service", account->service, "keyVersion",
		(json_int_t) account->version, "folder", app->session.store.path,
		"keyLog",
		log_is_pinned(&app->session.log) ? app->session.log.verifier.name
										 : NULL);

	if (account->has_identity &&
		keyring_load(&app->session.store, KEYRING_IDENTITY, &identity,
					 &unused) == RESULT_OK)
	{
		uint8_t thumbprint[JWK_THUMBPRINT_SIZE];

		jwk_thumbprint(&identity.public_key, thumbprint);
		json_object_set_new(object, "identityThumbprint",
							field_from_bytes(thumbprint, sizeof(thumbprint)));
	}
	keypair_free(&identity);
	return object;
}

enum result
command_register(struct app *app)
{
	struct registration wanted = {
		.username = app->args[0],
		.server = app->options.server,
		.service = app->options.service,
		.without_identity = app_has(app, FLAG_UNSIGNED),
	};
	enum result result = app_username(app, wanted.username);

	app->session.notices = stderr;
	if (result != RESULT_OK)
		return result;
	if (wanted.server == NULL)
		return fault_set(&app->fault, RESULT_USAGE, NULL,
						 "say where: --server URL, or E2EMSG_SERVER");
	if (wanted.service != NULL && !account_service_valid(wanted.service))
		return fault_set(&app->fault, RESULT_USAGE, NULL,
						 "--service is not usable");
	result = warn_of_plain_http(app, wanted.server);
	if (result == RESULT_OK)
		result = home_path(app->options.home, true, app->home, &app->fault);
	if (result == RESULT_OK)
		result = registration_run(app->home, &wanted, stderr, &app->session,
								  &app->fault);
	if (result != RESULT_OK && app->session.account.version == 0)
		return result;
	session_notice(&app->session, "registered; the private keys are in %s",
				   app->session.store.path);
	app_print_members(app, account_json(app));
	return result;
}

enum result
command_login(struct app *app)
{
	struct session *session = &app->session;
	enum result result = app_open(app);

	if (result == RESULT_OK)
		result = warn_of_plain_http(app, session->http.base);
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
		app_print_members(app, account_json(app));
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
