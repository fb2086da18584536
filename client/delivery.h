/*
 * delivery.h
 *		What receipts say of the mail that was sent.
 *
 * A receipt is believed when it comes from the addressee of the message that
 * it is about, under the identity that is remembered.  It says the same of all
 * text messages that were sent there before.
 */
#ifndef E2EMSG_DELIVERY_H
#define E2EMSG_DELIVERY_H

#include <jansson.h>

#include "mail.h"

/* The record of a sent message that this record is a receipt about, or NULL.
 */
extern const json_t *delivery_subject(const struct mail *mail,
									  const json_t *record);

/*
 * messageId -> "delivered" or "read", of sent text messages that receipts are
 * there for.  The caller frees it; NULL when memory is out.
 */
extern json_t *delivery_states(const struct mail *mail);

/* Has the record a receipt and no text? */
extern bool delivery_is_receipt(const json_t *record);

#endif /* E2EMSG_DELIVERY_H */
