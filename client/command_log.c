/*
 * command_log.c
 *		log, log accept.
 */
#include <inttypes.h>
#include <string.h>

#include "command.h"
#include "field.h"
#include "log_check.h"
#include "log_file.h"
#include "log_follow.h"
#include "log_history.h"
#include "plural.h"
#include "rotation.h"

/* What is remembered of the log. */
static json_t *
log_json(const struct log_pin *pin)
{
	char verifier[NOTE_VERIFIER_TEXT_SIZE];

	if (!log_is_pinned(pin))
		return json_pack("{s:n}", "keyLog");
	note_verifier_format(&pin->verifier, verifier);
	return json_pack("{s:s, s:s, s:I, s:o, s:I, s:s?}", "keyLog",
					 pin->verifier.name, "verifier", verifier, "size",
					 (json_int_t) pin->size, "root",
					 field_from_bytes(pin->root, sizeof(pin->root)),
					 "ownEntries", (json_int_t) pin->number, "problem",
					 pin->problem[0] != '\0' ? pin->problem : NULL);
}

/* The newest checkpoint and the own history, as the server has them now. */
static enum result
look(struct session *session, struct fault *fault)
{
	struct log_pin *pin = &session->log;
	bool off = false;
	struct fault saving;
	enum result result = log_is_pinned(pin)
							 ? log_look(&session->http, pin, fault)
							 : log_begin(&session->http, pin, &off, fault);

	if (off)
		session_notice(session, "the server keeps no key log");
	if (result == RESULT_OK && !off)
		result = session_need_token(session, fault);
	if (result == RESULT_OK && !off)
		return log_check_own(session, fault);
	if (log_file_save(&session->store, pin, &saving) != RESULT_OK)
		session_notice(session, "%s", saving.message);
	return result;
}

enum result
command_log(struct app *app)
{
	struct session *session = &app->session;
	enum result result = app_open(app);

	if (result != RESULT_OK)
		return result;
	result = look(session, &app->fault);
	if (result == RESULT_NETWORK && session->log.problem[0] == '\0')
		return result; /* "no problem" would be a guess */
	app_print_members(app, log_json(&session->log));
	if (result == RESULT_OK && session->log.problem[0] != '\0')
		return log_check_sending(session, &app->fault);
	return result;
}

static void
show_log(const struct app *app, const char *what, const struct log_pin *pin)
{
	char name[LOG_NAME_SIZE];
	json_t *root = field_from_bytes(pin->root, sizeof(pin->root));

	log_name(&pin->verifier, name);
	session_notice(&app->session, "%s: %s, %" PRIu64 " entries, root %s", what,
				   name, pin->size, json_string_value(root));
	json_decref(root);
}

/* The yes, then the change: "fresh" becomes what is pinned. */
static enum result
replace(struct app *app, const struct log_pin *fresh, const char *question)
{
	struct session *session = &app->session;
	enum result result = app_ask(app, question, RESULT_UNTRUSTED);

	if (result != RESULT_OK)
		return result;
	session->log = *fresh;
	session->log.broken = false;
	session->log.changed = true;
	session->log.problem[0] = '\0';
	result = log_file_save(&session->store, &session->log, &app->fault);
	if (result == RESULT_OK)
		session_notice(session, "accepted");
	return result;
}

/* Makes "fresh" of what the server shows; *off: it shows no log. */
static enum result
make_fresh(struct app *app, struct log_pin *fresh, bool *off)
{
	struct session *session = &app->session;
	struct log_view view;
	enum result result =
		log_server_view(&session->http, &view, off, &app->fault);

	*fresh = session->log;
	fresh->problem[0] = '\0';
	fresh->number = 0; /* all of the history is looked at anew */
	if (*off)
		log_pin_leave(fresh);
	else if (result == RESULT_OK &&
			 !log_pin_replace(fresh, view.verifier, view.checkpoint))
		result = fault_set(&app->fault, RESULT_UNTRUSTED, NULL,
						   "the key log that the server shows is not signed "
						   "by the key that it names");
	log_view_free(&view);
	return result;
}

/* What a restored server has lost of this account, it gets again. */
static enum result
restore_keys(struct app *app, uint32_t known)
{
	struct session *session = &app->session;
	enum result result;

	if (known >= session->account.version)
		return RESULT_OK;
	session_notice(session,
				   "the server lost the key versions after %u; "
				   "announcing them again",
				   known);
	session->checking = true; /* the history is known to end too early */
	result = rotation_restore(session, known, &app->fault);
	session->checking = false;
	return result == RESULT_OK ? log_check_after(session, &app->fault)
							   : result;
}

/* Shows both logs, checks the account in the new one, and asks. */
static enum result
accept_now(struct app *app)
{
	struct session *session = &app->session;
	struct log_pin fresh;
	bool off;
	enum result result = make_fresh(app, &fresh, &off);

	if (result != RESULT_OK)
		return result;
	session_notice(session, "%s", session->log.problem);
	if (log_is_pinned(&session->log))
		show_log(app, "pinned", &session->log);
	if (off)
		return replace(app, &fresh, "Go on without a key log?");
	show_log(app, "now", &fresh);
	result = log_history_check(session, &fresh, true, &app->fault);
	if (result == RESULT_UNTRUSTED)
		snprintf(app->fault.hint, sizeof(app->fault.hint),
				 "What the log says of you is not what was done here: no yes "
				 "heals that.");
	if (result != RESULT_OK)
		return result;
	if (fresh.number == 0)
		return fault_set(&app->fault, RESULT_NETWORK,
						 "Try again a little later.",
						 "the key log does not hold your key yet");
	session_notice(session, "%u %s right", fresh.number,
				   PLURAL(fresh.number, "entry of yours in it is",
						  "entries of yours in it are"));
	result = replace(app, &fresh, "Accept this key log?");
	return result == RESULT_OK ? restore_keys(app, fresh.version) : result;
}

enum result
command_log_accept(struct app *app)
{
	struct session *session = &app->session;
	enum result result = app_open(app);

	if (result != RESULT_OK)
		return result;
	if (log_is_pinned(&session->log) && session->log.problem[0] == '\0')
		result = look(session, &app->fault);
	if (result != RESULT_OK && !session->log.broken)
		return result;
	if (session->log.problem[0] != '\0')
		return accept_now(app);
	session_notice(session, "there is nothing to accept");
	return RESULT_OK;
}
