/*
 * command_mail.c
 *		send, read, ack.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "command.h"
#include "delivery.h"
#include "field.h"
#include "inbox.h"
#include "letter.h"
#include "outbox.h"
#include "peer.h"
#include "suite.h"
#include "utf8.h"

#define STDIN_MAX (ENVELOPE_MAX_CIPHERTEXT + 1) /* bytes */

/* The text to send. */
struct text
{
	char *bytes; /* take_text() allocates it */
	size_t size;
};

/* Reads stdin; one newline at its end is not part of the text. */
static enum result
read_stdin(struct text *out, struct fault *fault)
{
	out->bytes = malloc(STDIN_MAX);
	if (out->bytes == NULL)
		return fault_set(fault, RESULT_REFUSED, NULL, "out of memory");
	if (isatty(STDIN_FILENO))
		fputs("e2emsg: type the message, end with Ctrl-D\n", stderr);
	out->size = fread(out->bytes, 1, STDIN_MAX, stdin);
	if (ferror(stdin))
		return fault_errno(fault, "can't read", "stdin");
	if (out->size == STDIN_MAX)
		return fault_set(fault, RESULT_USAGE, NULL, "the text is too long");
	if (out->size > 0 && out->bytes[out->size - 1] == '\n')
		out->size--;
	return RESULT_OK;
}

static enum result
take_text(struct app *app, struct text *out)
{
	const char *text = app->arg_count > 1 ? app->args[1] : "-";
	enum result result = RESULT_OK;

	if (strcmp(text, "-") == 0)
		result = read_stdin(out, &app->fault);
	else
	{
		out->bytes = strdup(text);
		out->size = strlen(text);
	}
	if (result == RESULT_OK &&
		(out->bytes == NULL || !utf8_valid(out->bytes, out->size)))
		result = fault_set(&app->fault, RESULT_USAGE, NULL,
						   "the text is not UTF-8");
	if (result == RESULT_OK && out->size == 0)
		result =
			fault_set(&app->fault, RESULT_USAGE, NULL, "the message is empty");
	return result;
}

/* The hint says first that the message is kept. */
static void
say_kept(struct fault *fault)
{
	const struct fault before = *fault;

	snprintf(fault->hint, sizeof(fault->hint),
			 "The message is kept: e2emsg send --retry, or the same command "
			 "again, sends it once.%s%.200s",
			 before.hint[0] ? " " : "", before.hint);
}

/* Hands one entry to the server and prints what it became. */
static enum result
deliver(struct app *app, const char *name)
{
	struct outbox_receipt receipt;
	char id[UUID_TEXT_SIZE];
	enum result result =
		outbox_deliver(&app->session, name, app_has(app, FLAG_UNSIGNED_OK),
					   &receipt, &app->fault);

	if (result != RESULT_OK && store_has(&app->session.store, name))
		say_kept(&app->fault);
	if (result != RESULT_OK)
		return result;
	uuid_print(&receipt.id, id);
	session_notice(&app->session, "sent to %s, key version %u, suite %d",
				   receipt.peer, receipt.version, receipt.suite);
	if (app->options.json)
		app_print_json(
			json_pack("{s:s, s:s, s:s, s:I, s:i}", "messageId", id, "sentAt",
					  receipt.sent_at, "peer", receipt.peer, "keyVersion",
					  (json_int_t) receipt.version, "suite", receipt.suite));
	else
		puts(id);
	return RESULT_OK;
}

/* Sends what waits in the outbox; what needs trust does not stop the rest. */
static enum result
send_waiting(struct app *app)
{
	char **names;
	size_t count;
	struct fault first = {0};
	enum result worst = RESULT_OK;
	enum result result =
		outbox_list(&app->session, &names, &count, &app->fault);

	if (result == RESULT_OK && count == 0)
		session_notice(&app->session, "nothing waits in the outbox");
	for (size_t i = 0; i < count && result != RESULT_NETWORK; i++)
	{
		result = deliver(app, names[i]);
		if (result != RESULT_OK && worst == RESULT_OK)
		{
			worst = result;
			first = app->fault;
		}
	}
	store_list_free(names, count);
	if (worst == RESULT_OK)
		return result;
	app->fault = first;
	return worst;
}

/* Says so when earlier mail still waits. */
static enum result
mention_waiting(struct app *app)
{
	char **names;
	size_t count;
	enum result result =
		outbox_list(&app->session, &names, &count, &app->fault);

	if (result == RESULT_OK && count > 0)
		session_notice(&app->session,
					   "earlier mail waits in the outbox: e2emsg send --retry "
					   "sends it");
	store_list_free(names, count);
	return result;
}

/* Seals a new message, or finds the same one waiting, and sends it. */
static enum result
send_text(struct app *app, const struct text *text)
{
	const char *peer = app->args[0];
	char name[STORE_NAME_MAX];
	struct contact *contact = NULL;
	enum result result = outbox_find(&app->session, peer, text->bytes,
									 text->size, name, &app->fault);

	if (result != RESULT_OK)
		return result;
	if (name[0] != '\0')
	{
		session_notice(&app->session, "this message waits in the outbox: "
									  "sending that one");
		return deliver(app, name);
	}
	result = peer_find(&app->session, peer, &contact, &app->fault);
	if (result == RESULT_OK)
		result = peer_may_receive(&app->session, contact,
								  app_has(app, FLAG_UNSIGNED_OK), &app->fault);
	if (result == RESULT_OK)
		result = outbox_put(&app->session, contact,
							app->options.suite >= 0 ? app->options.suite
													: contact->suite,
							text->bytes, text->size, name, &app->fault);
	return result == RESULT_OK ? deliver(app, name) : result;
}

enum result
command_send(struct app *app)
{
	struct text text = {0};
	bool retry = app_has(app, FLAG_RETRY);
	enum result result;

	if (retry == (app->arg_count > 0))
		return fault_set(&app->fault, RESULT_USAGE, NULL,
						 "usage: e2emsg send PEER [TEXT|-], or send --retry");
	result = retry ? RESULT_OK : app_username(app, app->args[0]);
	if (result == RESULT_OK && !retry)
		result = take_text(app, &text);
	if (result == RESULT_OK)
		result = app_open(app);
	if (result == RESULT_OK)
		result = retry ? send_waiting(app) : send_text(app, &text);
	if (result == RESULT_OK && !retry)
		result = mention_waiting(app);
	if (text.bytes != NULL)
		OPENSSL_cleanse(text.bytes, text.size);
	free(text.bytes);
	return result;
}

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
 * Prints a record.  To people a receipt is news of what they sent; when all is
 * shown, that has it beside itself.
 */
static void
print_record(const struct app *app, const struct mail *mail,
			 const json_t *record, const char *delivery)
{
	const json_t *subject;

	if (app->options.json || !delivery_is_receipt(record))
	{
		if (app->options.json || !is_silent(record))
			letter_print(record, delivery, app->options.json);
		return;
	}
	subject = delivery_subject(mail, record);
	if (subject != NULL && !app_has(app, FLAG_ALL))
		letter_print_receipt(record, subject);
}

/* Prints mail, and notes how far that went. */
static enum result
print_mail(struct app *app, const struct mail *mail, const json_t *tried)
{
	struct account *account = &app->session.account;
	json_t *states = delivery_states(mail);
	const char *id;
	json_t *record;

	json_object_foreach(mail->records, id, record)
	{
		if (is_wanted(app, id, record, tried))
			print_record(app, mail, record,
						 json_string_value(json_object_get(states, id)));
	}
	json_decref(states);
	if (fflush(stdout) != 0 || ferror(stdout))
		return fault_errno(&app->fault, "can't write to", "stdout");
	if (account->shown >= mail->last_seq)
		return RESULT_OK;
	account->shown = mail->last_seq;
	return account_save(&app->session.store, account, &app->fault);
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
read_mail(struct app *app, struct mail *mail, json_t **tried)
{
	struct session *session = &app->session;
	struct inbox_counts counts = {0};
	struct fault fetching;
	json_t *newest;
	enum result fetched;
	enum result result = RESULT_OK;

	if (app_has(app, FLAG_RETRY))
		result = inbox_retry(session, mail, &counts, tried, &app->fault);
	if (result != RESULT_OK)
		return result;
	fetched = inbox_fetch(session, mail, &counts, &fetching);
	newest = unread_texts(app, mail);
	result = print_mail(app, mail, *tried);
	if (result == RESULT_OK && fetched == RESULT_OK &&
		!app_has(app, FLAG_NO_ACK))
		result = inbox_acknowledge(session, mail, mail->last_seq, &app->fault);
	if (result == RESULT_OK && app_has(app, FLAG_RECEIPTS))
		send_receipts(app, newest);
	json_decref(newest);
	if (result != RESULT_OK)
		return result;
	if (fetched == RESULT_OK)
		return inbox_result(&counts, &app->fault);
	app->fault = fetching;
	return fetched;
}

enum result
command_read(struct app *app)
{
	struct mail mail = {0};
	json_t *tried = NULL;
	enum result result = app_open(app);

	if (result == RESULT_OK)
		result = mail_load(&app->session.store, &app->session.account, &mail,
						   &app->fault);
	if (result == RESULT_OK)
		result = read_mail(app, &mail, &tried);
	json_decref(tried);
	mail_free(&mail);
	return result;
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
		result = app_open(app);
	if (result == RESULT_OK)
		result = mail_load(&app->session.store, &app->session.account, &mail,
						   &app->fault);
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
