/*
 * pg_send.h
 *		One call of send_messages(), on its way through four files:
 *
 *		pg_message.c		takes the arguments and gives the answers
 *		pg_send_rules.c		says what becomes of each envelope
 *		pg_send_quota.c		says whether there is room for it
 *		pg_send_tables.c	reads and writes the tables
 */
#ifndef E2EMSG_PG_SEND_H
#define E2EMSG_PG_SEND_H

#include "datatype/timestamp.h"
#include "utils/uuid.h"

#include "envelope.h"

/* The arrays that a call takes, and the statements as they are. */
enum argument
{
	SENDER_IDS,
	RECEIVER_IDS,
	SUITES,
	SENDER_KEY_VERSIONS,
	KEY_VERSIONS,
	IVS,
	CIPHERTEXTS,
	AUTH_TAGS,
	ARRAYS,
	AWAITED = ARRAYS /* in rest_send_messages() only, and may be left out */
};

/* What becomes of an envelope, and its name in error_codes(). */
enum verdict
{
	FRESH, /* stored now, or not judged yet */
	REPEATED,
	INVALID_ENVELOPE,
	UNKNOWN_RECEIVER,
	MAILBOX_BUSY,
	IV_REUSED,
	NOT_ACCEPTED,
	STALE_KEY_VERSION,
	MAILBOX_FULL,
	NOT_LOGGED
};

/* A mailbox that this call has locked. */
struct mailbox
{
	pg_uuid_t id;		  /* comes first: compare_ids() */
	int32 key_version;	  /* the newest */
	int32 logged_version; /* what envelopes must be sealed to; 0: none yet */
	int64 last_seq;
	int64 read_seq;		/* acknowledged, or gone; what is past it counts */
	int64 unread_bytes; /* past read_seq */
	int32 block_count;	/* senders it takes no mail from */
	bool counted;		/* last_seq has moved */
	int64 asked_count, asked_bytes; /* fresh in this call */
};

/* What one sender has in one mailbox past read_seq, where it is looked at. */
struct share
{
	struct mailbox *mailbox;
	pg_uuid_t *sender;
	int64 unread_count, unread_bytes;
};

/* An envelope of the call, or one that the table has. */
struct envelope
{
	int ordinal;
	pg_uuid_t *sender, *receiver; /* NULL when NULL, like the next three */
	bytea *iv, *ciphertext, *auth_tag;
	int32 suite, sender_key_version, key_version;
	bool has_suite, has_sender_key_version, has_key_version;
	bool is_awaited;		 /* somebody wants to have it as it is stored */
	struct mailbox *mailbox; /* NULL when not locked */
	struct envelope *first;	 /* the same one earlier in this call, or NULL */
	struct share *share;	 /* the sender's; NULL where nobody is near his */
	enum verdict verdict;
	const char *problem; /* what the code alone does not say, or NULL */
	int64 seq;
	TimestampTz sent_at; /* when it was stored, now or before */
};

/* All memory is of the call's SPI context. */
struct sending
{
	Datum arrays[ARRAYS]; /* detoasted */
	struct envelope *envelopes;
	int count;
	struct mailbox *mailboxes; /* locked, sorted by id */
	int mailbox_count;
	TimestampTz now; /* after the locks were taken */
};

/* --- the rules --- */

/* Sets problem and verdict of a malformed one. */
extern void check_envelope(struct envelope *envelope);

/* Locks, judges, numbers and stores. */
extern void send_envelopes(struct sending *sending, bool wait);

/* The iv was used before: REPEATED or IV_REUSED, and sent_at. */
extern void judge_again(struct envelope *again, const struct envelope *stored);

/* Orders ids, and mailboxes by their ids. */
extern int compare_ids(const void *a, const void *b);

/* --- the quotas --- */

/*
 * Gives the fresh envelopes numbers without gaps, in the order of the call;
 * MAILBOX_FULL to those that find no room.  Returns how many have one.
 */
extern int number_envelopes(struct sending *sending);

/* Orders shares by mailbox, then by sender. */
extern int compare_shares(const void *a, const void *b);

/* --- the tables --- */

/*
 * Locks the receivers' mailboxes in the order of their ids, so that two calls
 * can't wait in a circle, and fills mailboxes.  Without wait those that
 * somebody holds are left out.
 */
extern void lock_mailboxes(struct sending *sending, bool wait);

/* Ids of the receivers that there are, sorted. */
extern pg_uuid_t *find_receivers(const struct sending *sending, int *count);

/* Calls judge_again() for each fresh envelope whose iv the table has. */
extern void find_known(struct sending *sending);

/* NOT_ACCEPTED to each of these whose receiver blocks the sender. */
extern void find_blocked(struct envelope **envelopes, int count);

/* Counts what is in the table of these shares, sorted by compare_shares(). */
extern void count_shares(struct share *shares, int count);

/* Writes the fresh envelopes and the mailboxes' new numbers. */
extern void store_envelopes(const struct sending *sending);
extern void store_numbers(const struct sending *sending);

/* {"current": key object} for a stale answer, as json. */
extern Datum find_current_key(const pg_uuid_t *receiver);

#endif /* E2EMSG_PG_SEND_H */
