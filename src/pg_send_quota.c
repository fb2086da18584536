/*
 * pg_send_quota.c
 *		How much unacknowledged mail a mailbox takes, and how much of it from
 *		one sender.
 *
 * The mailbox's row has the sums of its mail, so that its quota costs nothing.
 * What each sender has there is counted, and only in a mailbox that holds more
 * than a sender's share of anybody's mail.  No read message is looked at for
 * that, so that the quota bounds what it costs.
 */
#include "postgres.h"

#include "pg_send.h"
#include "settings.h"

/* Messages, and bytes of ciphertext; 0: any number. */
struct limits
{
	int64 count, bytes;
};

static struct limits
mailbox_limits(void)
{
	return (struct limits){.count = mailbox_quota_messages,
						   .bytes = INT64CONST(1024) * mailbox_quota_kb};
}

/* A share of something is never nothing. */
static int64
share_of(int64 quota)
{
	return (quota * sender_quota_percent + 99) / 100;
}

static struct limits
share_limits(void)
{
	struct limits limits = mailbox_limits();

	if (sender_quota_percent % 100 == 0)
		return (struct limits){.count = 0};
	return (struct limits){.count = share_of(limits.count),
						   .bytes = share_of(limits.bytes)};
}

static bool
is_within(const struct limits *limits, int64 count, int64 bytes)
{
	return (limits->count == 0 || count <= limits->count) &&
		   (limits->bytes == 0 || bytes <= limits->bytes);
}

static int64
size_of(const struct envelope *envelope)
{
	return VARSIZE_ANY_EXHDR(envelope->ciphertext);
}

/* Adds up what is fresh for each mailbox.  Returns how many that are. */
static int
add_up(struct sending *sending)
{
	int fresh = 0;

	for (int i = 0; i < sending->count; i++)
	{
		struct envelope *envelope = &sending->envelopes[i];

		if (envelope->verdict != FRESH)
			continue;
		envelope->mailbox->asked_count++;
		envelope->mailbox->asked_bytes += size_of(envelope);
		fresh++;
	}
	return fresh;
}

/* Could a sender be past his share there, if all mail were his? */
static bool
is_near_share(const struct mailbox *mailbox, const struct limits *share)
{
	return !is_within(
		share, mailbox->last_seq - mailbox->read_seq + mailbox->asked_count,
		mailbox->unread_bytes + mailbox->asked_bytes);
}

int
compare_shares(const void *a, const void *b)
{
	const struct share *left = a, *right = b;
	int order = compare_ids(left->mailbox, right->mailbox);

	return order != 0 ? order : compare_ids(left->sender, right->sender);
}

static int
compare_pairs(const void *a, const void *b)
{
	const struct envelope *const *left = a, *const *right = b;
	const struct share of_left = {.mailbox = (*left)->mailbox,
								  .sender = (*left)->sender};
	const struct share of_right = {.mailbox = (*right)->mailbox,
								   .sender = (*right)->sender};

	return compare_shares(&of_left, &of_right);
}

/* One share for each pair of mailbox and sender. */
static void
make_shares(struct envelope **envelopes, int count)
{
	struct share *shares = palloc0(sizeof(struct share) * count);
	struct share *share = shares;

	qsort(envelopes, count, sizeof *envelopes, compare_pairs);
	for (int i = 0; i < count; i++)
	{
		if (i > 0 && compare_pairs(&envelopes[i - 1], &envelopes[i]) != 0)
			share++;
		share->mailbox = envelopes[i]->mailbox;
		share->sender = envelopes[i]->sender;
		envelopes[i]->share = share;
	}
	count_shares(shares, share - shares + 1);
}

/* Looks at the senders' shares in mailboxes where it matters. */
static void
find_shares(struct sending *sending, const struct limits *limits)
{
	struct envelope **near =
		palloc(sizeof(struct envelope *) * (sending->count + 1));
	int count = 0;

	for (int i = 0; i < sending->count; i++)
	{
		struct envelope *envelope = &sending->envelopes[i];

		if (envelope->verdict == FRESH &&
			is_near_share(envelope->mailbox, limits))
			near[count++] = envelope;
	}
	if (count > 0)
		make_shares(near, count);
}

/* One message is within every share, however large it is. */
static bool
has_share(const struct share *share, const struct limits *limits, int64 size)
{
	return share == NULL || share->unread_count == 0 ||
		   is_within(limits, share->unread_count + 1,
					 share->unread_bytes + size);
}

/* Is there room in the mailbox, and in the sender's share of it? */
static bool
has_room(struct envelope *envelope, const struct limits *whole,
		 const struct limits *share)
{
	const struct mailbox *mailbox = envelope->mailbox;
	int64 size = size_of(envelope);

	if (!is_within(whole, mailbox->last_seq - mailbox->read_seq + 1,
				   mailbox->unread_bytes + size))
		return false;
	if (has_share(envelope->share, share, size))
		return true;
	envelope->problem = "the sender's share of the mailbox is full";
	return false;
}

static void
take_room(struct envelope *envelope)
{
	struct mailbox *mailbox = envelope->mailbox;
	int64 size = size_of(envelope);

	envelope->seq = ++mailbox->last_seq;
	mailbox->unread_bytes += size;
	mailbox->counted = true;
	if (envelope->share == NULL)
		return;
	envelope->share->unread_count++;
	envelope->share->unread_bytes += size;
}

/* An envelope equal to one that found no room was not stored either. */
static void
judge_without_room(struct sending *sending)
{
	for (int i = 0; i < sending->count; i++)
	{
		struct envelope *envelope = &sending->envelopes[i];

		if (!envelope->first || envelope->first->verdict != MAILBOX_FULL)
			continue;
		envelope->verdict = MAILBOX_FULL;
		envelope->problem = envelope->first->problem;
	}
}

int
number_envelopes(struct sending *sending)
{
	const struct limits whole = mailbox_limits(), share = share_limits();
	int fresh = add_up(sending), stored = 0;

	if (share.count > 0 || share.bytes > 0)
		find_shares(sending, &share);
	for (int i = 0; i < sending->count; i++)
	{
		struct envelope *envelope = &sending->envelopes[i];

		if (envelope->verdict != FRESH)
			continue;
		if (has_room(envelope, &whole, &share))
		{
			take_room(envelope);
			stored++;
		}
		else
			envelope->verdict = MAILBOX_FULL;
	}
	if (stored < fresh)
		judge_without_room(sending);
	return stored;
}
