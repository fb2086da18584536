/*
 * inbox.h
 *		Mail on its way in: fetched, opened, stored.
 */
#ifndef E2EMSG_INBOX_H
#define E2EMSG_INBOX_H

#include "mail.h"
#include "session.h"

/* What became of the mail of one fetch. */
struct inbox_counts
{
	size_t opened;
	size_t unreadable; /* tampered with, malformed, repeated, no key */
	size_t forgotten;  /* those of the unreadable whose key was forgotten */
	size_t lacking;	   /* those whose key another device has */
	size_t untrusted;  /* a key that is not usable, or a changed identity */
	int64_t missing;   /* numbers that the server passed over */
};

/*
 * Fetches all new mail and stores it.  What can't be opened is stored with
 * its envelope and the reason, and does not stop the rest.  A failure to
 * reach the server stops it; what came before is stored.
 */
extern CHECKED enum result inbox_fetch(struct session *session,
									   struct mail *mail,
									   struct inbox_counts *counts,
									   struct fault *fault);

/*
 * Tries stored envelopes again that could not be opened.  *tried is an object
 * with their messageIds as names, the caller's also after a failure.
 */
extern CHECKED enum result inbox_retry(struct session *session,
									   struct mail *mail,
									   struct inbox_counts *counts,
									   json_t **tried, struct fault *fault);

/*
 * Acknowledges mail through a seq, which must be stored.  Does nothing when
 * that was acknowledged before.
 */
extern CHECKED enum result inbox_acknowledge(struct session *session,
											 const struct mail *mail,
											 int64_t through,
											 struct fault *fault);

/* RESULT_OK, or UNREADABLE, UNTRUSTED or MISSING, in this order. */
extern CHECKED enum result inbox_result(const struct inbox_counts *counts,
										struct fault *fault);

#endif /* E2EMSG_INBOX_H */
