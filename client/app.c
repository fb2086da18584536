/*
 * app.c
 *		One run of the command: its options, its session, its output.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app.h"
#include "field.h"
#include "home.h"
#include "keyring.h"
#include "term.h"
#include "username.h"

enum result
app_open(struct app *app)
{
	char only[USERNAME_TEXT_SIZE];
	const char *name = app->options.account;
	enum result result =
		home_path(app->options.home, false, app->home, &app->fault);

	if (result == RESULT_OK)
		home_options(app->home, NULL, app->session.as);
	if (result == RESULT_OK && name == NULL)
	{
		result = home_only_account(app->home, only, &app->fault);
		name = only;
	}
	if (result == RESULT_OK)
		result = app_username(app, name);
	if (result == RESULT_OK)
		result = session_open(app->home, name, app->options.server, stderr,
							  &app->session, &app->fault);
	return result;
}

enum result
app_open_mail(struct app *app, struct mail *mail)
{
	enum result result = app_open(app);

	*mail = (struct mail){0};
	if (result == RESULT_OK)
		result = mail_load(&app->session.store, &app->session.account, mail,
						   &app->fault);
	return result;
}

enum result
app_warn_of_plain_http(struct app *app, const char *server)
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

enum result
app_new_account(struct app *app, const char *username)
{
	const struct options *options = &app->options;
	enum result result = app_username(app, username);

	app->session.notices = stderr;
	if (result != RESULT_OK)
		return result;
	if (options->server == NULL)
		return fault_set(&app->fault, RESULT_USAGE, NULL,
						 "say where: --server URL, or E2EMSG_SERVER");
	if (options->service != NULL && !account_service_valid(options->service))
		return fault_set(&app->fault, RESULT_USAGE, NULL,
						 "--service is not usable");
	result = app_warn_of_plain_http(app, options->server);
	return result == RESULT_OK
			   ? home_path(options->home, true, app->home, &app->fault)
			   : result;
}

bool
app_has(const struct app *app, enum flag flag)
{
	return (app->options.given & flag) != 0;
}

void
app_print_json(json_t *object)
{
	char *text = json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII);

	/* DEL is ASCII, but not for terminals; it stands in strings alone. */
	for (const char *at = text; at != NULL && *at != '\0'; at++)
	{
		if (*at == 0x7F)
			fputs("\\u007f", stdout);
		else
			putchar(*at);
	}
	putchar('\n');
	free(text);
	json_decref(object);
}

void
app_print_members(const struct app *app, json_t *object)
{
	const char *name;
	json_t *value;

	if (app->options.json)
	{
		app_print_json(object);
		return;
	}
	json_object_foreach(object, name, value)
	{
		printf("%-19s ", name);
		if (json_is_integer(value))
			printf("%lld", (long long) json_integer_value(value));
		else
			term_line(stdout,
					  json_is_null(value) ? "none" : json_string_value(value));
		putchar('\n');
	}
	json_decref(object);
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

void
app_print_account(const struct app *app)
{
	app_print_members(app, account_json(app));
}

enum result
app_ask(struct app *app, const char *question, enum result no)
{
	char answer[8] = "";

	if (app_has(app, FLAG_YES))
		return RESULT_OK;
	if (!isatty(STDIN_FILENO))
		return fault_set(&app->fault, RESULT_USAGE, NULL,
						 "there is no terminal to ask on: add --yes if you "
						 "want this");
	fprintf(stderr, "%s [yes/no] ", question);
	if (fgets(answer, sizeof(answer), stdin) != NULL &&
		(strcmp(answer, "yes\n") == 0 || strcmp(answer, "y\n") == 0))
		return RESULT_OK;
	return fault_set(&app->fault, no, NULL,
					 no == RESULT_UNTRUSTED ? "nothing was accepted"
											: "nothing was done");
}

enum result
app_username(struct app *app, const char *text)
{
	if (username_valid(text))
		return RESULT_OK;
	return fault_set(&app->fault, RESULT_USAGE,
					 "A name has 3 to 32 of a-z, 0-9, dot, hyphen and "
					 "underscore, and begins with a letter.",
					 "%s is not a username", text);
}

enum result
app_number(struct app *app, const char *text, int64_t min, int64_t max,
		   int64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoll(text, &end, 10);
	if (errno == 0 && text[0] >= '0' && text[0] <= '9' && *end == '\0' &&
		*out >= min && *out <= max)
		return RESULT_OK;
	return fault_set(&app->fault, RESULT_USAGE, NULL,
					 "%s is not a number that fits here", text);
}
