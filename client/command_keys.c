/*
 * command_keys.c
 *		rotate, keys, keys forget.
 */
#include <stdlib.h>
#include <string.h>

#include "base64url.h"
#include "command.h"
#include "field.h"
#include "keyring.h"
#include "mail.h"
#include "rotation.h"

#define THUMBPRINT_CHARS 43

/* Is all mail that was sealed to this old version stored here? */
static bool
is_through(const struct app *app, const struct mail *mail, uint32_t version)
{
	int64_t through = account_through(&app->session.account, version);

	return through >= 0 && through <= mail->last_seq;
}

/* What is to be said of a key: a word, and for people what it means. */
struct key_state
{
	const char *word;
	const char *meaning;
};

static struct key_state
key_state(const struct app *app, const struct mail *mail, uint32_t version)
{
	uint32_t current = app->session.account.version;

	if (version == current)
		return (struct key_state){"current", ""};
	if (version > current)
		return (struct key_state){"unannounced", ": rotate again"};
	if (is_through(app, mail, version))
		return (struct key_state){"spare", ": all its mail is here"};
	return (struct key_state){"needed", ": mail may need it"};
}

/* Prints one line for the key of a version. */
static enum result
print_key(struct app *app, const struct mail *mail, uint32_t version)
{
	struct keypair pair = {0};
	uint8_t thumbprint[JWK_THUMBPRINT_SIZE];
	char text[THUMBPRINT_CHARS + 1] = "";
	struct key_state state = key_state(app, mail, version);
	enum result result =
		keyring_load(&app->session.store, version, &pair, &app->fault);

	if (result != RESULT_OK)
		return result;
	jwk_thumbprint(&pair.public_key, thumbprint);
	keypair_free(&pair);
	base64url_encode_bytes(thumbprint, sizeof(thumbprint), text);
	if (app->options.json)
		app_print_json(json_pack("{s:I, s:s, s:s}", "keyVersion",
								 (json_int_t) version, "thumbprint", text,
								 "state", state.word));
	else
		printf("%4u  %s  %s%s\n", version, text, state.word, state.meaning);
	return RESULT_OK;
}

enum result
command_rotate(struct app *app)
{
	uint32_t before;
	enum result result = app_open(app);

	if (result != RESULT_OK)
		return result;
	before = app->session.account.version;
	result = rotation_run(&app->session, &app->fault);
	if (app->session.account.version == before)
		return result;
	session_notice(&app->session, "rotated; the old private key is kept");
	if (app->options.json)
		app_print_json(json_pack("{s:I}", "keyVersion",
								 (json_int_t) app->session.account.version));
	else
		printf("%u\n", app->session.account.version);
	return result;
}

enum result
command_keys(struct app *app)
{
	struct mail mail;
	enum result result = app_open_mail(app, &mail);

	for (uint32_t version = 1;
		 result == RESULT_OK && version <= app->session.account.version + 1;
		 version++)
		if (keyring_has(&app->session.store, version))
			result = print_key(app, &mail, version);
	mail_free(&mail);
	return result;
}

/* Is it an old key that may go? */
static enum result
check_forget(struct app *app, const struct mail *mail, uint32_t version)
{
	if (version > app->session.account.version &&
		!keyring_has(&app->session.store, version))
		return fault_set(&app->fault, RESULT_USAGE, NULL,
						 "there is no version %u", version);
	if (version >= app->session.account.version)
		return fault_set(&app->fault, RESULT_USAGE,
						 "Rotate first; then the old version can go.",
						 "version %u is not an old key", version);
	if (!keyring_has(&app->session.store, version))
		return fault_set(&app->fault, RESULT_USAGE, NULL,
						 "there is no key of version %u here", version);
	if (is_through(app, mail, version) || app_has(app, FLAG_FORCE))
		return RESULT_OK;
	return fault_set(
		&app->fault, RESULT_REFUSED,
		"Run e2emsg read" AS " first. With --force the key goes, and "
		"mail sealed to it is lost.",
		"mail that was not read yet may need version %u", version);
}

enum result
command_keys_forget(struct app *app)
{
	struct mail mail = {0};
	int64_t version;
	enum result result =
		app_number(app, app->args[0], 1, FIELD_VERSION_MAX, &version);

	if (result == RESULT_OK)
		result = app_open_mail(app, &mail);
	if (result == RESULT_OK)
		result = check_forget(app, &mail, (uint32_t) version);
	if (result == RESULT_OK)
		result = keyring_forget(&app->session.store, (uint32_t) version,
								&app->fault);
	if (result == RESULT_OK)
		session_notice(&app->session, "the key of version %lld is gone",
					   (long long) version);
	mail_free(&mail);
	return result;
}
