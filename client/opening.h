/*
 * opening.h
 *		One delivered message becomes one record of the mail.
 */
#ifndef E2EMSG_OPENING_H
#define E2EMSG_OPENING_H

#include "mail.h"
#include "sealed.h"
#include "session.h"

/* What became of a message; a record has the name of it as its "state". */
enum opening
{
	OPENING_OPENED,
	OPENING_FLAGGED,   /* opened, but the sender's identity changed */
	OPENING_TAMPERED,  /* changed on the way, or not for this key */
	OPENING_MALFORMED, /* opened, but not what a client writes */
	OPENING_UNKNOWN,   /* of a suite that this client does not know */
	OPENING_NO_KEY, /* of a key version that is not here, nor in the backup */
	OPENING_FORGOTTEN, /* the private key was forgotten */
	OPENING_UNTRUSTED, /* the sender's key is not usable */
	OPENING_REPEATED,  /* the envelope was here before */
	OPENING_AGAIN,	   /* the message was here, in another envelope */
	OPENING_BLOCKED	   /* the user blocks the sender */
};

/*
 * Opens "message", as the server gave it, which "sealed" was read from.
 * *record is new and the caller's.  Fails only for reasons that lie in the
 * network or this machine, and then there is no record.
 */
extern CHECKED enum result
opening_try(struct session *session, const struct mail *mail, json_t *message,
			const struct sealed *sealed, enum opening *opening,
			json_t **record, struct fault *fault);

/*
 * The record of an envelope that is not opened, REPEATED or BLOCKED; NULL when
 * memory is out.
 */
extern json_t *opening_pass_over(const struct sealed *sealed,
								 enum opening opening);

#endif /* E2EMSG_OPENING_H */
