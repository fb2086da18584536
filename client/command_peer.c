/*
 * command_peer.c
 *		verify, trust.
 */
#include <string.h>

#include "backup_sync.h"
#include "base64url.h"
#include "command.h"
#include "field.h"
#include "keyring.h"
#include "outbox.h"
#include "peer.h"
#include "safety.h"

#define THUMBPRINT_CHARS 43

/* The safety number of this account and a peer's identity key. */
static enum result
make_number(struct app *app, const char *peer,
			const uint8_t thumbprint[JWK_THUMBPRINT_SIZE],
			char out[SAFETY_DIGITS + 1])
{
	const struct account *account = &app->session.account;
	struct safety_side mine = {.username = account->username};
	struct safety_side theirs = {.username = peer};
	struct keypair identity = {0};
	enum result result;

	if (!account->has_identity)
		return fault_set(&app->fault, RESULT_UNTRUSTED, NULL,
						 "this account has no identity key, and so no safety "
						 "number");
	result = keyring_load(&app->session.store, KEYRING_IDENTITY, &identity,
						  &app->fault);
	if (result != RESULT_OK)
		return result;
	jwk_thumbprint(&identity.public_key, mine.identity_thumbprint);
	keypair_free(&identity);
	memcpy(theirs.identity_thumbprint, thumbprint, JWK_THUMBPRINT_SIZE);
	if (!safety_number(account->service, &mine, &theirs, out))
		return fault_set(&app->fault, RESULT_REFUSED, NULL,
						 "OpenSSL could not hash");
	return RESULT_OK;
}

static void
print_number(const struct app *app, const struct contact *contact,
			 const char *digits)
{
	char grouped[SAFETY_GROUPED_SIZE];

	safety_group(digits, grouped);
	if (app->options.json)
		app_print_json(json_pack("{s:s, s:s, s:s}", "peer", contact->username,
								 "safetyNumber", digits, "trust",
								 contact_standing(contact)));
	else
		puts(grouped);
}

/* There is nobody to compare a number with but somebody else. */
static enum result
refuse_oneself(struct app *app)
{
	if (strcmp(app->args[0], app->session.account.username) != 0)
		return RESULT_OK;
	return fault_set(&app->fault, RESULT_USAGE,
					 "Name the person with whom you compare the number.",
					 "%s is you: a safety number is that of two people",
					 app->args[0]);
}

/* Whose identity changed has two safety numbers, so none to compare. */
static enum result
refuse_changed(const struct contact *contact, struct fault *fault)
{
	(void) fault_set(fault, RESULT_UNTRUSTED, NULL,
					 "the identity of %s changed", contact->username);
	snprintf(fault->hint, sizeof(fault->hint),
			 "e2emsg trust %s" AS " shows what changed.", contact->username);
	return RESULT_UNTRUSTED;
}

/* What the comparison has shown so far, and what to do. */
static void
tell_standing(const struct session *session, const struct contact *contact)
{
	const char *name = contact->username;

	if (contact_differs(contact))
		session_notice(session,
					   "you compared, and the numbers differ: somebody may "
					   "be reading along; nothing is sent to %s until you "
					   "decide (e2emsg verify %s --confirm" AS
					   ", e2emsg trust %s" AS ")",
					   name, name, name);
	else if (contact->verified)
		session_notice(session, "%s is verified", name);
	else
		session_notice(session,
					   "compare this with %s by another way; if it is the "
					   "same: e2emsg verify %s --confirm" AS
					   "; if not: e2emsg verify %s --differs" AS,
					   name, name, name);
}

enum result
command_verify(struct app *app)
{
	struct session *session = &app->session;
	struct contact *contact;
	char digits[SAFETY_DIGITS + 1];
	enum result result = app_username(app, app->args[0]);

	if (app_has(app, FLAG_CONFIRM) && app_has(app, FLAG_DIFFERS))
		return fault_set(&app->fault, RESULT_USAGE, NULL,
						 "it is either --confirm or --differs");
	if (result == RESULT_OK)
		result = app_open(app);
	if (result == RESULT_OK)
		result = refuse_oneself(app);
	if (result == RESULT_OK)
		result = peer_find(session, app->args[0], &contact, &app->fault);
	if (result != RESULT_OK)
		return result;
	if (contact->changed)
		return refuse_changed(contact, &app->fault);
	if (!contact->has_identity)
		return fault_set(&app->fault, RESULT_UNTRUSTED, NULL,
						 "%s has no identity key, and so no safety number",
						 contact->username);
	result = make_number(app, contact->username, contact->identity_thumbprint,
						 digits);
	if (result == RESULT_OK &&
		(app_has(app, FLAG_CONFIRM) || app_has(app, FLAG_DIFFERS)))
	{
		contact_compared(contact, app_has(app, FLAG_CONFIRM));
		result =
			contacts_save(&session->store, &session->contacts, &app->fault);
	}
	if (result != RESULT_OK)
		return result;
	print_number(app, contact, digits);
	tell_standing(session, contact);
	if (app_has(app, FLAG_DIFFERS))
		backup_try(session); /* other devices must not send either */
	return RESULT_OK;
}

/* Says what is remembered and what the server shows now. */
static void
show_identity(const struct app *app, const char *what, bool has_identity,
			  const uint8_t thumbprint[JWK_THUMBPRINT_SIZE], uint32_t version)
{
	char text[THUMBPRINT_CHARS + 1] = "";

	base64url_encode_bytes(thumbprint, JWK_THUMBPRINT_SIZE, text);
	session_notice(&app->session, "%s: %s%s, key version %u", what,
				   has_identity ? "identity key " : "no identity key",
				   has_identity ? text : "", version);
}

/* What the key is, unless it is what was remembered: NULL then. */
static const char *
what_is_new(const struct contact *contact, const struct key_object *seen)
{
	enum verdict verdict = contact_judge(contact, seen);

	if (verdict != VERDICT_KNOWN)
		return verdict_meaning(verdict);
	if (contact->changed)
		return "what had changed is as before again";
	return contact->has_identity ? NULL
								 : "there is no identity key: the server "
								   "could have made up this key";
}

/* Why a yes is needed: there may be two reasons. */
static void
tell_why(const struct session *session, const struct contact *contact,
		 const struct key_object *seen)
{
	const char *news = what_is_new(contact, seen);

	if (contact_differs(contact))
		session_notice(session,
					   "%s: the safety number was compared, and was another "
					   "one",
					   contact->username);
	if (news != NULL)
		session_notice(session, "%s: %s", contact->username, news);
}

static void
show_change(struct app *app, const struct contact *contact,
			const struct key_object *seen)
{
	char digits[SAFETY_DIGITS + 1];
	char grouped[SAFETY_GROUPED_SIZE];
	struct fault unused;

	tell_why(&app->session, contact, seen);
	show_identity(app, "remembered", contact->has_identity,
				  contact->identity_thumbprint, contact->met);
	show_identity(app, "now", seen->has_identity, seen->identity_thumbprint,
				  seen->version);
	unused = app->fault;
	if (seen->has_identity &&
		make_number(app, seen->username, seen->identity_thumbprint, digits) ==
			RESULT_OK)
	{
		safety_group(digits, grouped);
		session_notice(&app->session, "safety number now: %s", grouped);
	}
	app->fault = unused;
}

/* Is it what was remembered, or what comes after that? */
static bool
continues(const struct contact *contact, const struct key_object *seen)
{
	enum verdict verdict = contact_judge(contact, seen);

	return verdict == VERDICT_KNOWN || verdict == VERDICT_ROTATED;
}

/* Does the key object hold something that only a yes of the user settles? */
static bool
needs_yes(const struct contact *contact, const struct key_object *seen)
{
	if (contact->changed || contact_differs(contact) ||
		!continues(contact, seen))
		return true;
	return !contact->has_identity &&
		   (seen->version > contact->met || !contact->accepted);
}

/* Asks what the yes is for: the numbers weigh more than the key. */
static enum result
ask_to_accept(struct app *app, const struct contact *contact,
			  const struct key_object *seen)
{
	char question[80];

	snprintf(question, sizeof(question),
			 contact_differs(contact) && continues(contact, seen)
				 ? "Write to %s although the numbers differ?"
				 : "Accept this key of %s?",
			 contact->username);
	return app_ask(app, question, RESULT_UNTRUSTED);
}

/* The user said yes: remembers that, and takes back what was sealed before. */
static enum result
accept_key(struct session *session, struct contact *contact,
		   const struct key_object *seen, struct fault *fault)
{
	bool is_other = !continues(contact, seen);
	enum result result = contact_accept(contact, seen, fault);

	if (result == RESULT_OK && is_other)
		result = outbox_unseal(session, contact->username, fault);
	return result == RESULT_OK
			   ? contacts_save(&session->store, &session->contacts, fault)
			   : result;
}

enum result
command_trust(struct app *app)
{
	struct session *session = &app->session;
	struct contact *contact;
	struct key_object seen;
	enum result result = app_username(app, app->args[0]);

	if (result == RESULT_OK)
		result = app_open(app);
	if (result == RESULT_OK)
		result = peer_find(session, app->args[0], &contact, &app->fault);
	if (result == RESULT_OK)
		result = peer_look(session, app->args[0], &seen, &app->fault);
	if (result != RESULT_OK)
		return result;
	if (!needs_yes(contact, &seen))
	{
		session_notice(session, "there is nothing to accept: %s is %s",
					   contact->username, contact_standing(contact));
		return RESULT_OK;
	}
	show_change(app, contact, &seen);
	result = ask_to_accept(app, contact, &seen);
	if (result == RESULT_OK)
		result = accept_key(session, contact, &seen, &app->fault);
	if (result == RESULT_OK)
		session_notice(session, "accepted: %s is %s", contact->username,
					   contact_standing(contact));
	return result;
}
