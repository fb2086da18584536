/*
 * mail.h
 *		The mail that this account has stored: mail.jsonl, one record a line.
 *
 * A record is a JSON object; its members are in docs/protocol.md, "Files".
 * Lines are only added: a later record with the same messageId stands in
 * for an earlier one.  The file is in plaintext, protected by its mode.
 */
#ifndef E2EMSG_MAIL_H
#define E2EMSG_MAIL_H

#include <stdbool.h>

#include <jansson.h>

#include "account.h"
#include "result.h"
#include "sealed.h"
#include "store.h"

/* Start with {0}, end with mail_free(). */
struct mail
{
	json_t *records;  /* messageId -> record, in order of arrival */
	json_t *seen;	  /* ids that no envelope may bring again */
	json_t *fresh;	  /* records that are not on the disk yet */
	int64_t last_seq; /* of the mail known, 0 when there is none */
};

/* Reads all mail; lines that a crash has torn are passed over. */
extern CHECKED enum result mail_load(const struct store *store,
									 const struct account *account,
									 struct mail *out, struct fault *fault);
extern void mail_free(struct mail *mail);

/* Knows one more record, and owns it; mail_flush() stores it. */
extern CHECKED enum result mail_add(struct mail *mail,
									const struct account *account,
									json_t *record, struct fault *fault);

/* Stores what was added; it is on the disk when it returns RESULT_OK. */
extern CHECKED enum result mail_flush(const struct store *store,
									  struct mail *mail, struct fault *fault);

/* Stores the record of a message that was sent, without reading the rest. */
extern CHECKED enum result mail_store_sent(const struct store *store,
										   const json_t *record,
										   struct fault *fault);

/*
 * Was this envelope here before, or is it one of our own that somebody sent
 * back (suite 0 has the same key both ways)?
 */
extern bool mail_has_envelope(const struct mail *mail,
							  const struct sealed *sealed);

/* Was mail of this peer opened that came after the number? */
extern bool mail_has_later(const struct mail *mail, const struct uuid *peer,
						   int64_t seq);

/* Did this account ever write to that user? */
extern bool mail_wrote_to(const struct mail *mail, const struct uuid *peer);

/* Did this sender use this client message id (16 bytes) before? */
extern bool mail_has_client_id(const struct mail *mail,
							   const struct uuid *sender,
							   const uint8_t id[16]);

#endif /* E2EMSG_MAIL_H */
