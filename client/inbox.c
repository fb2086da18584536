/*
 * inbox.c
 *		Mail on its way in: fetched, opened, stored.
 */
#include "blocks.h"
#include "field.h"
#include "inbox.h"
#include "opening.h"
#include "plural.h"
#include "server.h"

#define MISSING_BECAUSE \
	"another copy of this account may have taken it, or the server withholds it"

static void
count(struct inbox_counts *counts, enum opening opening)
{
	if (opening == OPENING_OPENED)
		counts->opened++;
	else if (opening == OPENING_FLAGGED || opening == OPENING_UNTRUSTED)
		counts->untrusted++;
	else if (opening != OPENING_AGAIN && opening != OPENING_BLOCKED)
		counts->unreadable++;
	if (opening == OPENING_FORGOTTEN)
		counts->forgotten++;
	if (opening == OPENING_NO_KEY)
		counts->lacking++;
}

/*
 * Says which numbers the server passed over: those through expired, because
 * nobody read them in time, as it says.
 */
static void
note_gap(const struct session *session, struct inbox_counts *counts,
		 int64_t last, int64_t seq, int64_t expired)
{
	if (seq > last + 1 && expired > last)
	{
		if (expired > seq - 1)
			expired = seq - 1;
		session_notice(session,
					   "the server says that mail through %lld expired before "
					   "it was read",
					   (long long) expired);
		last = expired;
	}
	if (seq == last + 1)
		return;
	counts->missing += seq - last - 1;
	if (seq == last + 2)
		session_notice(session, "mail %lld is missing: " MISSING_BECAUSE,
					   (long long) last + 1);
	else
		session_notice(session,
					   "mail %lld to %lld is missing: " MISSING_BECAUSE,
					   (long long) last + 1, (long long) seq - 1);
}

/* Opens a message, unless the user blocks its sender. */
static enum result
open_message(struct session *session, const struct mail *mail, json_t *message,
			 const struct sealed *sealed, enum opening *opening,
			 json_t **record, struct fault *fault)
{
	if (!blocks_have(session->blocks, &sealed->sender))
		return opening_try(session, mail, message, sealed, opening, record,
						   fault);
	*opening = OPENING_BLOCKED;
	*record = opening_pass_over(sealed, *opening);
	return RESULT_OK;
}

/* Opens one message of a page and adds its record to the mail. */
static enum result
take_message(struct session *session, struct mail *mail, json_t *message,
			 int64_t expired, int64_t *last, struct inbox_counts *counts,
			 struct fault *fault)
{
	struct sealed sealed;
	enum opening opening = OPENING_REPEATED;
	json_t *record = NULL;
	enum result result = RESULT_OK;

	if (!sealed_read(message, &sealed) || sealed.seq <= *last)
	{
		result = fault_set(fault, RESULT_REFUSED, NULL,
						   "the server sent something that is not mail");
		goto end;
	}
	note_gap(session, counts, *last, sealed.seq, expired);
	if (mail_has_envelope(mail, &sealed))
	{
		session_notice(session, "mail %lld is an envelope that came before",
					   (long long) sealed.seq);
		record = opening_pass_over(&sealed, opening);
	}
	else
		result = open_message(session, mail, message, &sealed, &opening,
							  &record, fault);
	if (result == RESULT_OK)
		result = mail_add(mail, &session->account, record, fault);
	if (result == RESULT_OK)
	{
		count(counts, opening);
		*last = sealed.seq;
	}

end:
	sealed_free(&sealed);
	return result;
}

/* Fetches and stores one page; *more: was there anything on it? */
static enum result
take_page(struct session *session, struct mail *mail, int64_t *last,
		  struct inbox_counts *counts, bool *more, struct fault *fault)
{
	json_t *page = NULL;
	json_t *messages;
	json_t *message;
	int64_t expired;
	size_t i;
	struct fault flush;
	enum result stored;
	enum result result = server_mail(session, *last, &page, fault);

	if (result != RESULT_OK)
		return result;
	messages = json_object_get(page, "messages");
	if (!field_number(page, "expired", 0, &expired))
		expired = 0;
	*more = json_array_size(messages) > 0;
	if (!json_is_array(messages))
		result = fault_set(fault, RESULT_REFUSED, NULL,
						   "the server sent something that is not mail");
	json_array_foreach(messages, i, message)
	{
		result =
			take_message(session, mail, message, expired, last, counts, fault);
		if (result != RESULT_OK)
			break;
	}
	stored = mail_flush(&session->store, mail, &flush);
	if (result == RESULT_OK && stored != RESULT_OK)
	{
		*fault = flush;
		result = stored;
	}
	json_decref(page);
	return result;
}

enum result
inbox_fetch(struct session *session, struct mail *mail,
			struct inbox_counts *counts, struct fault *fault)
{
	int64_t last = mail->last_seq > session->account.acknowledged
					   ? mail->last_seq
					   : session->account.acknowledged;
	bool more = true;
	enum result result = RESULT_OK;

	while (result == RESULT_OK && more)
		result = take_page(session, mail, &last, counts, &more, fault);
	return result;
}

/* Opens one stored envelope again; what that gives replaces its record. */
static enum result
retry_envelope(struct session *session, struct mail *mail, json_t *message,
			   struct inbox_counts *counts, struct fault *fault)
{
	struct sealed sealed;
	enum opening opening;
	json_t *record = NULL;
	enum result result = RESULT_OK;

	if (sealed_read(message, &sealed))
	{
		result = open_message(session, mail, message, &sealed, &opening,
							  &record, fault);
		if (result == RESULT_OK)
			count(counts, opening);
		if (result == RESULT_OK &&
			(opening == OPENING_OPENED || opening == OPENING_FLAGGED ||
			 opening == OPENING_AGAIN || opening == OPENING_BLOCKED))
			result =
				mail_add(mail, &session->account, json_incref(record), fault);
		json_decref(record);
	}
	sealed_free(&sealed);
	return result;
}

/* The envelopes that are stored sealed: messageId -> message. */
static json_t *
sealed_envelopes(const struct mail *mail)
{
	json_t *envelopes = json_object();
	const char *id;
	json_t *record;

	json_object_foreach(mail->records, id, record)
	{
		json_t *envelope = json_object_get(record, "envelope");

		if (json_is_object(envelope))
			json_object_set(envelopes, id, envelope);
	}
	return envelopes;
}

enum result
inbox_retry(struct session *session, struct mail *mail,
			struct inbox_counts *counts, json_t **tried, struct fault *fault)
{
	const char *id;
	json_t *envelope;
	enum result result = RESULT_OK;

	*tried = sealed_envelopes(mail);
	json_object_foreach(*tried, id, envelope)
	{
		result = retry_envelope(session, mail, envelope, counts, fault);
		if (result != RESULT_OK)
			return result;
	}
	return mail_flush(&session->store, mail, fault);
}

enum result
inbox_acknowledge(struct session *session, const struct mail *mail,
				  int64_t through, struct fault *fault)
{
	struct account *account = &session->account;
	int64_t now;
	enum result result;

	if (through <= account->acknowledged)
		return RESULT_OK;
	if (through > mail->last_seq && mail->last_seq == 0)
		return fault_set(fault, RESULT_USAGE, "Run e2emsg read" AS " first.",
						 "no mail is stored here");
	if (through > mail->last_seq)
		return fault_set(fault, RESULT_USAGE, "Run e2emsg read" AS " first.",
						 "only mail that is stored here, through %lld, can "
						 "be acknowledged",
						 (long long) mail->last_seq);
	result = server_acknowledge(session, through, &now, fault);
	if (result != RESULT_OK)
		return result;
	account->acknowledged = through;
	return account_save(&session->store, account, fault);
}

/* What helps with mail that could not be opened, or NULL. */
static const char *
unreadable_hint(const struct inbox_counts *counts)
{
	if (counts->unreadable == counts->forgotten)
		return NULL;
	return counts->lacking > 0
			   ? "The envelopes are kept. A key that is lacking is on another "
				 "device of yours: have that one write the backup, then run "
				 "e2emsg read --retry" AS "."
			   : "The envelopes are kept; e2emsg read --retry" AS
				 " tries them "
				 "again.";
}

enum result
inbox_result(const struct inbox_counts *counts, struct fault *fault)
{
	if (counts->unreadable > 0)
		return fault_set(fault, RESULT_UNREADABLE, unreadable_hint(counts),
						 "%zu message%s could not be opened",
						 counts->unreadable,
						 PLURAL(counts->unreadable, "", "s"));
	if (counts->untrusted > 0)
		return fault_set(
			fault, RESULT_UNTRUSTED,
			"See e2emsg verify PEER" AS " and e2emsg trust PEER" AS ".",
			"%zu %s that you have not accepted", counts->untrusted,
			PLURAL(counts->untrusted, "message is from a key",
				   "messages are from keys"));
	if (counts->missing > 0)
		return fault_set(
			fault, RESULT_MISSING,
			"Another copy of this account may have taken that, or "
			"the server withholds it.",
			"%lld message%s missing", (long long) counts->missing,
			PLURAL(counts->missing, " is", "s are"));
	return RESULT_OK;
}
