/*
 * command_read.c
 *		read, ack.
 */
#include <string.h>

#include "command.h"
#include "delivery.h"
#include "document.h"
#include "field.h"
#include "inbox.h"
#include "letter.h"
#include "live.h"
#include "outbox.h"
#include "peer.h"
#include "suite.h"

/* Is it to be printed: all, or what is new, or what was tried again? */
static bool
is_wanted(const struct app *app, const char *id, const json_t *record,
		  const json_t *tried)
{
	int64_t seq;

	if (app_has(app, FLAG_ALL) || json_object_get(tried, id) != NULL)
		return true;
	return field_number(record, "seq", 1, &seq) &&
		   seq > app->session.account.shown;
}

/* Is it nothing that a person wants to see? */
static bool
is_silent(const json_t *record)
{
	static const char *const silent[] = {"again", "blocked", "sealed"};
	const char *state = json_string_value(json_object_get(record, "state"));

	for (size_t i = 0; i < sizeof(silent) / sizeof(*silent); i++)
		if (state != NULL && strcmp(state, silent[i]) == 0)
			return true;
	return false;
}

/*
 * Prints a record, unless it says nothing: false then.  To people a receipt is
 * news of what they sent; when all is shown, that has it beside itself.
 */
static bool
print_record(const struct app *app, const struct mail *mail,
			 const json_t *record, const char *delivery)
{
	const json_t *subject;

	if (app->options.json ||
		(!delivery_is_receipt(record) && !is_silent(record)))
	{
		letter_print(record, delivery, app->options.json);
		return true;
	}
	subject =
		delivery_is_receipt(record) ? delivery_subject(mail, record) : NULL;
	if (subject == NULL || app_has(app, FLAG_ALL))
		return false;
	letter_print_receipt(record, subject);
	return true;
}

/* Prints mail, and notes how far that went.  *nothing: there was none. */
static enum result
print_mail(struct app *app, const struct mail *mail, const json_t *tried,
		   bool *nothing)
{
	struct account *account = &app->session.account;
	json_t *states = delivery_states(mail);
	const char *id;
	json_t *record;

	*nothing = true;
	json_object_foreach(mail->records, id, record)
	{
		if (is_wanted(app, id, record, tried) &&
			print_record(app, mail, record,
						 json_string_value(json_object_get(states, id))))
			*nothing = false;
	}
	json_decref(states);
	if (fflush(stdout) != 0 || ferror(stdout))
		return fault_errno(&app->fault, "can't write to", "stdout");
	if (account->shown >= mail->last_seq)
		return RESULT_OK;
	account->shown = mail->last_seq;
	return account_save(&app->session.store, account, &app->fault);
}

/* Prints a text of the outbox as a record that has no number yet. */
static enum result
print_entry(struct app *app, const char *name, bool *nothing)
{
	json_t *entry, *record;
	enum result result =
		document_load(&app->session.store, name, &entry, &app->fault);

	if (result == RESULT_OK && json_is_string(json_object_get(entry, "text")))
	{
		record =
			json_pack("{s:s, s:s, s:O*, s:O}", "direction", "out", "state",
					  "waiting", "peer", json_object_get(entry, "peer"),
					  "text", json_object_get(entry, "text"));
		letter_print(record, NULL, app->options.json);
		json_decref(record);
		*nothing = false;
	}
	json_decref(entry);
	return result;
}

/* Prints what waits to be sent, which is no mail yet. */
static enum result
print_outbox(struct app *app, bool *nothing)
{
	char **names;
	size_t count;
	enum result result =
		outbox_list(&app->session, &names, &count, &app->fault);

	for (size_t i = 0; i < count && result == RESULT_OK; i++)
		result = print_entry(app, names[i], nothing);
	store_list_free(names, count);
	return result;
}

/*
 * Does the contact get receipts: somebody else, written to or verified, who
 * may be written to, in suite 1?
 */
static bool
gets_receipts(const struct app *app, const struct mail *mail,
			  const struct contact *contact)
{
	struct fault unused;

	return !uuid_equal(&contact->id, &app->session.account.id) &&
		   contact->suite == SUITE_E2EMSG && contact_has_newest(contact) &&
		   peer_may_receive(&app->session, contact, false, &unused) ==
			   RESULT_OK &&
		   (contact->verified || mail_wrote_to(mail, &contact->id));
}

/* The contact who gets a receipt about the record, or NULL. */
static struct contact *
receipt_contact(struct app *app, const struct mail *mail, const json_t *record)
{
	struct uuid peer;
	struct contact *contact =
		field_uuid(record, "peerId", &peer)
			? contacts_by_id(&app->session.contacts, &peer)
			: NULL;

	return contact != NULL && gets_receipts(app, mail, contact) ? contact
																: NULL;
}

/* The newest new text of each peer who gets receipts: username -> id. */
static json_t *
unread_texts(struct app *app, const struct mail *mail)
{
	json_t *newest = json_object();
	const char *id;
	json_t *record;

	json_object_foreach(mail->records, id, record)
	{
		const char *state =
			json_string_value(json_object_get(record, "state"));
		const struct contact *contact;
		int64_t seq;

		if (!field_number(record, "seq", 1, &seq) ||
			seq <= app->session.account.shown || state == NULL ||
			strcmp(state, "opened") != 0 ||
			json_object_get(record, "text") == NULL)
			continue;
		contact = receipt_contact(app, mail, record);
		if (contact != NULL)
			json_object_set_new(newest, contact->username, json_string(id));
	}
	return newest;
}

/* Tells the peers that their mail was read; what fails is a remark. */
static void
send_receipts(struct app *app, const json_t *newest)
{
	struct session *session = &app->session;
	struct outbox_receipt unused;
	struct fault fault;
	char name[STORE_NAME_MAX];
	const char *peer;
	json_t *id;

	json_object_foreach((json_t *) newest, peer, id)
	{
		const struct contact *contact =
			contacts_by_name(&session->contacts, peer);

		if (outbox_put_receipt(session, contact, RECEIPT_READ,
							   json_string_value(id), name,
							   &fault) != RESULT_OK ||
			outbox_deliver(session, name, false, &unused, &fault) != RESULT_OK)
			session_notice(session, "no receipt for %s: %s", peer,
						   fault.message);
	}
}

/* Fetches (and tries again), prints, acknowledges. */
static enum result
read_mail(struct app *app, struct mail *mail, json_t **tried,
		  struct inbox_counts *counts)
{
	struct session *session = &app->session;
	struct fault fetching;
	json_t *newest;
	bool nothing;
	enum result fetched;
	enum result result = RESULT_OK;

	if (app_has(app, FLAG_RETRY))
		result = inbox_retry(session, mail, counts, tried, &app->fault);
	if (result != RESULT_OK)
		return result;
	fetched = inbox_fetch(session, mail, counts, &fetching);
	newest = unread_texts(app, mail);
	result = print_mail(app, mail, *tried, &nothing);
	if (result == RESULT_OK && app_has(app, FLAG_ALL))
		result = print_outbox(app, &nothing);
	if (result == RESULT_OK && fetched == RESULT_OK &&
		!app_has(app, FLAG_NO_ACK))
		result = inbox_acknowledge(session, mail, mail->last_seq, &app->fault);
	if (result == RESULT_OK && app_has(app, FLAG_RECEIPTS))
		send_receipts(app, newest);
	json_decref(newest);
	if (result == RESULT_OK && fetched == RESULT_OK && nothing &&
		!app_has(app, FLAG_WAIT))
		session_notice(session, "no new mail");
	if (result == RESULT_OK && fetched != RESULT_OK)
		app->fault = fetching;
	return result == RESULT_OK ? fetched : result;
}

enum result
read_once(struct app *app, struct inbox_counts *counts, int64_t *last)
{
	struct mail mail = {0};
	json_t *tried = NULL;
	enum result result = mail_load(&app->session.store, &app->session.account,
								   &mail, &app->fault);

	if (result == RESULT_OK)
		result = read_mail(app, &mail, &tried, counts);
	*last = mail.last_seq > app->session.account.acknowledged
				? mail.last_seq
				: app->session.account.acknowledged;
	json_decref(tried);
	mail_free(&mail);
	return result;
}

enum result
command_read(struct app *app)
{
	struct inbox_counts counts = {0};
	int64_t unused;
	enum result result =
		app_has(app, FLAG_WAIT) ? live_run(app, &counts) : app_open(app);

	if (result == RESULT_OK && !app_has(app, FLAG_WAIT))
		result = read_once(app, &counts, &unused);
	return result == RESULT_OK ? inbox_result(&counts, &app->fault) : result;
}

enum result
command_ack(struct app *app)
{
	struct mail mail = {0};
	int64_t through = -1;
	enum result result = RESULT_OK;

	if (app->arg_count > 0)
		result = app_number(app, app->args[0], 0, FIELD_SEQ_MAX, &through);
	if (result == RESULT_OK)
		result = app_open_mail(app, &mail);
	if (result == RESULT_OK)
		result = inbox_acknowledge(&app->session, &mail,
								   through < 0 ? mail.last_seq : through,
								   &app->fault);
	mail_free(&mail);
	if (result != RESULT_OK)
		return result;
	if (app->options.json)
		app_print_json(
			json_pack("{s:I}", "acknowledged",
					  (json_int_t) app->session.account.acknowledged));
	else
		printf("%lld\n", (long long) app->session.account.acknowledged);
	return RESULT_OK;
}
