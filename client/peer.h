/*
 * peer.h
 *		Keys of peers: fetched, verified, judged by contact.h, remembered.
 */
#ifndef E2EMSG_PEER_H
#define E2EMSG_PEER_H

#include "contact.h"
#include "session.h"

/* A key to read with, and whether the message must be flagged. */
struct peer_key
{
	struct contact *contact; /* holds until the next key is fetched */
	struct contact_key key;
	bool flagged; /* not the identity that is remembered */
};

/*
 * The contact of a username, met now when it was not met before.  The user's
 * own one has the account's current key.  RESULT_REFUSED when the server
 * knows no such user.
 */
extern CHECKED enum result peer_find(struct session *session,
									 const char *username,
									 struct contact **out,
									 struct fault *fault);

/*
 * May something be sent to the contact: somebody whom the user does not block
 * (RESULT_REFUSED), and contact_may_receive()?
 */
extern CHECKED enum result peer_may_receive(const struct session *session,
											const struct contact *contact,
											bool unsigned_ok,
											struct fault *fault);

/*
 * Asks for a user's current key object and verifies it, without a change to
 * what is remembered.
 */
extern CHECKED enum result peer_look(struct session *session,
									 const char *username,
									 struct key_object *out,
									 struct fault *fault);

/*
 * Takes a current key object that the server sent by itself (in a refusal)
 * for the contact.  RESULT_UNTRUSTED when its identity changed, which is
 * remembered, or when it is refused.
 */
extern CHECKED enum result peer_update(struct session *session,
									   struct contact *contact,
									   const json_t *object,
									   struct fault *fault);

/*
 * A sender's key of a version (0: the current one), to read with.
 * RESULT_UNTRUSTED when what the server gives is not usable, or when it has
 * no such key.
 */
extern CHECKED enum result
peer_sender_key(struct session *session, const struct uuid *sender,
				uint32_t version, struct peer_key *out, struct fault *fault);

#endif /* E2EMSG_PEER_H */
