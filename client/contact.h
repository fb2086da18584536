/*
 * contact.h
 *		A peer as this account remembers it, and the rules of trust.
 *
 * The rules (docs/protocol.md, "Trust"), all decided here and nowhere else:
 *
 *	- an identity key is trusted on first use, and remembered;
 *	- another identity, or none where there was one, stops sending and flags
 *	  reading until the user says otherwise;
 *	- a lower key version, another key under a known version, or a history
 *	  that does not fit is refused;
 *	- a peer without identity key needs a yes for the very key in use;
 *	- a safety number that was compared and was another one stops sending
 *	  until it is compared again, or the user says otherwise.
 *
 * Pure: no I/O.
 */
#ifndef E2EMSG_CONTACT_H
#define E2EMSG_CONTACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "key_object.h"

#define CONTACT_KEYS_MAX 16 /* versions kept; older ones are asked for */

#define CONTACT_DIFFERS_MAX 0x7fffffff /* that a backup holds; odd */

struct contact_key
{
	uint32_t version;
	struct jwk key;
	uint8_t thumbprint[JWK_THUMBPRINT_SIZE];
};

struct contact
{
	struct uuid id;
	char username[USERNAME_TEXT_SIZE];
	bool has_identity;
	struct jwk identity;							  /* if has_identity */
	uint8_t identity_thumbprint[JWK_THUMBPRINT_SIZE]; /* if has_identity */
	bool verified; /* the user compared the safety number */
	/*
	 * How often the user said that the numbers differ, and took that back, in
	 * turns: of two devices the one with the higher count knows more.
	 */
	uint32_t differs;
	bool untold;   /* that they differ was said here; no backup has it yet */
	bool changed;  /* another identity was met; trust() ends that */
	bool accepted; /* unsigned: the user said yes to keys[0] */
	int suite;	   /* of the peer's last message; ours at first */
	uint32_t met;  /* highest version; its key is not here after a restore */
	size_t key_count; /* 0: restored from a backup, and not met since */
	struct contact_key keys[CONTACT_KEYS_MAX]; /* highest version first */
};

enum verdict
{
	VERDICT_KNOWN,	  /* the remembered identity and highest version met */
	VERDICT_ROTATED,  /* the remembered identity, a newer key */
	VERDICT_OLDER,	  /* the remembered identity, an older version */
	VERDICT_CHANGED,  /* another identity key, or another user id */
	VERDICT_VANISHED, /* no identity key where there was one */
	VERDICT_APPEARED, /* an identity key where there was none */
	VERDICT_CONFLICT  /* a known version has another key or history */
};

/* What a verified key object says about a remembered peer. */
extern enum verdict contact_judge(const struct contact *known,
								  const struct key_object *seen);

/* One sentence for people, static. */
extern const char *verdict_meaning(enum verdict verdict);

/* A peer met for the first time. */
extern void contact_begin(struct contact *out, const struct key_object *seen);

/* Keeps the key of a verdict KNOWN, ROTATED or OLDER. */
extern void contact_learn(struct contact *contact,
						  const struct key_object *seen);

/*
 * The user's yes to what the key object says: its identity, or the lack of
 * one, and its key.  What was verified of another identity is forgotten.
 * RESULT_UNTRUSTED for what no yes can heal: a version that went back, or a
 * key that a remembered identity key endorsed beside another one.
 */
extern CHECKED enum result contact_accept(struct contact *contact,
										  const struct key_object *seen,
										  struct fault *fault);

/* What to say of a key that is never used: OLDER or CONFLICT. */
extern enum result contact_refuse(const struct contact *contact,
								  enum verdict verdict, struct fault *fault);

/* Did the user say that the safety numbers differ, and nothing since? */
extern bool contact_differs(const struct contact *contact);

/* The user has compared the safety number: was it the same? */
extern void contact_compared(struct contact *contact, bool same);

/*
 * What another device of the account says of the identity that is known here,
 * if it is that one.  Was it news?
 */
extern bool contact_merge(struct contact *contact,
						  const struct contact *other);

/* The key of a version, or NULL when it is not kept. */
extern const struct contact_key *contact_key(const struct contact *contact,
											 uint32_t version);

/* Is the key of the highest version met here?  Not at once after a restore. */
extern bool contact_has_newest(const struct contact *contact);

/* "verified", "signed", "unsigned", "differs" or "changed". */
extern const char *contact_standing(const struct contact *contact);

/*
 * May something be sealed to keys[0]?  unsigned_ok is the user's yes for
 * this once.  RESULT_UNTRUSTED and why not, otherwise.
 */
extern CHECKED enum result contact_may_receive(const struct contact *contact,
											   bool unsigned_ok,
											   struct fault *fault);

#endif /* E2EMSG_CONTACT_H */
