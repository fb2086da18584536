/*
 * pg_send_rules.c
 *		What becomes of each envelope of a call, in the order of the rules.
 */
#include "postgres.h"

#include "pg_send.h"

int
compare_ids(const void *a, const void *b)
{
	return memcmp(a, b, UUID_LEN);
}

static const char *
problem_of(const struct envelope *envelope)
{
	if (!envelope->has_suite || !envelope->has_key_version || !envelope->iv ||
		!envelope->ciphertext || !envelope->auth_tag)
		return ENVELOPE_INCOMPLETE;
	return envelope_check(
		envelope->suite,
		envelope->has_sender_key_version ? envelope->sender_key_version
										 : SENDER_KEY_VERSION_LEFT_OUT,
		envelope->key_version, VARSIZE_ANY_EXHDR(envelope->iv),
		VARSIZE_ANY_EXHDR(envelope->ciphertext),
		VARSIZE_ANY_EXHDR(envelope->auth_tag));
}

void
check_envelope(struct envelope *envelope)
{
	envelope->problem = problem_of(envelope);
	if (envelope->problem || !envelope->sender)
		envelope->verdict = INVALID_ENVELOPE;
}

/* A mailbox that could not be locked: is it held, or is there none? */
static void
judge_without_mailbox(struct sending *sending)
{
	int count;
	pg_uuid_t *receivers = find_receivers(sending, &count);

	for (int i = 0; i < sending->count; i++)
	{
		struct envelope *envelope = &sending->envelopes[i];

		if (envelope->mailbox || envelope->verdict != FRESH)
			continue;
		envelope->verdict =
			envelope->receiver && bsearch(envelope->receiver, receivers, count,
										  UUID_LEN, compare_ids)
				? MAILBOX_BUSY
				: UNKNOWN_RECEIVER;
	}
}

static void
find_mailboxes(struct sending *sending)
{
	bool missing = false;

	for (int i = 0; i < sending->count; i++)
	{
		struct envelope *envelope = &sending->envelopes[i];

		if (envelope->receiver)
			envelope->mailbox = bsearch(envelope->receiver, sending->mailboxes,
										sending->mailbox_count,
										sizeof(struct mailbox), compare_ids);
		missing |= !envelope->mailbox && envelope->verdict == FRESH;
	}
	if (missing)
		judge_without_mailbox(sending);
}

static bool
same_bytes(const bytea *a, const bytea *b)
{
	return VARSIZE_ANY_EXHDR(a) == VARSIZE_ANY_EXHDR(b) &&
		   memcmp(VARDATA_ANY(a), VARDATA_ANY(b), VARSIZE_ANY_EXHDR(a)) == 0;
}

/*
 * The iv was used before: by the same envelope, or by another one?  A sender's
 * version may be left out in the retry.
 */
void
judge_again(struct envelope *again, const struct envelope *stored)
{
	bool same_sender_key_version =
		!again->has_sender_key_version ||
		(stored->has_sender_key_version &&
		 again->sender_key_version == stored->sender_key_version);

	if (again->suite == stored->suite &&
		again->key_version == stored->key_version && same_sender_key_version &&
		same_bytes(again->ciphertext, stored->ciphertext) &&
		same_bytes(again->auth_tag, stored->auth_tag))
		again->verdict = REPEATED;
	else
		again->verdict = IV_REUSED;
	again->sent_at = stored->sent_at;
}

/* The receiver takes no mail from the sender. */
static void
judge_sender(struct sending *sending)
{
	struct envelope **asked =
		palloc(sizeof(struct envelope *) * (sending->count + 1));
	int count = 0;

	for (int i = 0; i < sending->count; i++)
	{
		struct envelope *envelope = &sending->envelopes[i];

		if (envelope->verdict == FRESH && envelope->mailbox->block_count > 0)
			asked[count++] = envelope;
	}
	if (count > 0)
		find_blocked(asked, count);
}

static void
judge_version(struct sending *sending)
{
	for (int i = 0; i < sending->count; i++)
	{
		struct envelope *envelope = &sending->envelopes[i];

		if (envelope->verdict != FRESH)
			continue;
		if (envelope->mailbox->logged_version == 0)
			envelope->verdict = NOT_LOGGED;
		else if (envelope->key_version != envelope->mailbox->logged_version)
			envelope->verdict = STALE_KEY_VERSION;
	}
}

/* Receiver, sender, iv: what names a message; 0 when these are equal. */
static int
compare_names(const struct envelope *a, const struct envelope *b)
{
	int order = compare_ids(a->receiver, b->receiver);

	if (order == 0)
		order = compare_ids(a->sender, b->sender);
	if (order == 0)
		order =
			memcmp(VARDATA_ANY(a->iv), VARDATA_ANY(b->iv), ENVELOPE_IV_SIZE);
	return order;
}

static int
compare_envelopes(const void *a, const void *b)
{
	const struct envelope *const *left = a, *const *right = b;
	int order = compare_names(*left, *right);

	return order != 0 ? order : (*left)->ordinal - (*right)->ordinal;
}

/* Of equal envelopes in one call the first is stored. */
static void
judge_equal(struct sending *sending)
{
	struct envelope **fresh =
		palloc(sizeof(struct envelope *) * (sending->count + 1));
	struct envelope *first;
	int count = 0;

	for (int i = 0; i < sending->count; i++)
		if (sending->envelopes[i].verdict == FRESH)
			fresh[count++] = &sending->envelopes[i];
	qsort(fresh, count, sizeof *fresh, compare_envelopes);
	for (int i = 1, from = 0; i < count; i++)
	{
		first = fresh[from];
		if (compare_names(first, fresh[i]) != 0)
			from = i;
		else
		{
			judge_again(fresh[i], first);
			fresh[i]->first = first;
		}
	}
}

/* A retry gets its first answer, whatever has changed since. */
void
send_envelopes(struct sending *sending, bool wait)
{
	lock_mailboxes(sending, wait);
	find_mailboxes(sending);
	find_known(sending);
	judge_sender(sending);
	judge_version(sending);
	judge_equal(sending);
	if (number_envelopes(sending) == 0)
		return;
	store_envelopes(sending);
	store_numbers(sending);
}
