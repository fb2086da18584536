/*
 * outbox.h
 *		Mail on its way out: sealed, kept until the server has answered.
 *
 * An entry is the file outgoing-N.json with the text and the sealed
 * envelope.  A try whose answer was lost is made again with the same
 * envelope, iv and all, so that the server stores it once.  After six days it
 * may have forgotten that: then the entry is sealed anew, and its receiver
 * knows the message by the client's id.
 */
#ifndef E2EMSG_OUTBOX_H
#define E2EMSG_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>

#include "contact.h"
#include "frame.h"
#include "session.h"

/* What a delivered entry became. */
struct outbox_receipt
{
	struct uuid id;
	char peer[USERNAME_TEXT_SIZE];
	uint32_t version; /* of the receiver's key */
	int suite;
	char sent_at[32];
};

/* Seals the text for the contact and keeps it; writes the entry's name. */
extern CHECKED enum result outbox_put(struct session *session,
									  const struct contact *contact, int suite,
									  const char *text, size_t size,
									  char name[STORE_NAME_MAX],
									  struct fault *fault);

/*
 * The same with a receipt about a message of the contact's; always suite 1,
 * which alone has receipts.
 */
extern CHECKED enum result
outbox_put_receipt(struct session *session, const struct contact *contact,
				   enum receipt_kind kind, const char *message_id,
				   char name[STORE_NAME_MAX], struct fault *fault);

/*
 * Looks for a waiting entry with this peer and text, six days old at most: the
 * same send, tried before.  An empty name when there is none.
 */
extern CHECKED enum result outbox_find(const struct session *session,
									   const char *peer, const char *text,
									   size_t size, char name[STORE_NAME_MAX],
									   struct fault *fault);

/* The names of waiting entries, oldest first; see store_list(). */
extern CHECKED enum result outbox_list(const struct session *session,
									   char ***names, size_t *count,
									   struct fault *fault);

/*
 * Takes the envelopes off the entries for a peer whose identity the user has
 * accepted: they were sealed for the one before.
 */
extern CHECKED enum result outbox_unseal(const struct session *session,
										 const char *peer,
										 struct fault *fault);

/*
 * Hands an entry to the server.  When the peer has rotated, verifies the new
 * key, seals again with a new iv, and sends that.  The entry goes when the
 * server has stored it or refused it for good; it stays when the answer is
 * lost (RESULT_NETWORK), without a token (RESULT_AUTH), and when the peer's
 * key, or the key log, must be accepted first (RESULT_UNTRUSTED).
 */
extern CHECKED enum result outbox_deliver(struct session *session,
										  const char *name, bool unsigned_ok,
										  struct outbox_receipt *out,
										  struct fault *fault);

#endif /* E2EMSG_OUTBOX_H */
