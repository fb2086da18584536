/*
 * sealing.h
 *		An entry of the outbox becomes an envelope.
 */
#ifndef E2EMSG_SEALING_H
#define E2EMSG_SEALING_H

#include "session.h"

/*
 * Seals the entry's text or receipt for the contact's newest key, under a
 * fresh iv, and stores the entry under its name.
 */
extern CHECKED enum result sealing_seal(const struct session *session,
										const struct contact *contact,
										json_t *entry, const char *name,
										struct fault *fault);

/* The id that the server must give to an envelope; false if it is none. */
extern bool sealing_expect_id(const struct session *session,
							  const json_t *envelope, struct uuid *out);

#endif /* E2EMSG_SEALING_H */
