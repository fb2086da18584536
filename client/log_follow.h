/*
 * log_follow.h
 *		Follows the server's key log from the pinned checkpoint on.
 *
 * What speaks against the log itself becomes the pin's problem, and the
 * result RESULT_UNTRUSTED.  None of these saves the pin.
 */
#ifndef E2EMSG_LOG_FOLLOW_H
#define E2EMSG_LOG_FOLLOW_H

#include "http.h"
#include "log_pin.h"
#include "log_server.h"

/* Room for "name (key 01234567)". */
#define LOG_NAME_SIZE (NOTE_MAX_NAME + 16)

/* What to say beside a problem of the log. */
#define LOG_BROKEN_HINT                                                       \
	"Nothing is sent any more. Ask the operator, or another user, what they " \
	"see (e2emsg log" AS "); e2emsg log accept" AS " ends this."

/* How people are told of a log: logs of one name differ by the key. */
extern void log_name(const struct note_verifier *verifier,
					 char out[LOG_NAME_SIZE]);

/*
 * Makes the sentence (printf style) the pin's problem, unless it has one, and
 * the fault; returns RESULT_UNTRUSTED.
 */
extern enum result log_break(struct log_pin *pin, struct fault *fault,
							 const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * What a peer alone says is wrong: as above when the peer's word counts, else
 * the pin's hearsay.  The fault and RESULT_UNTRUSTED either way.
 */
extern enum result log_doubt(struct log_pin *pin, bool word_counts,
							 struct fault *fault, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* What to say of a log that was pinned and is gone. */
extern enum result log_vanished(struct log_pin *pin, struct fault *fault);

/* Pins the server's log, on first use.  *off: it keeps none. */
extern CHECKED enum result log_begin(struct http *http, struct log_pin *pin,
									 bool *off, struct fault *fault);

/*
 * Verifies a signed checkpoint against the pinned one, which moves forward
 * when this one is newer.  *seen is filled in for RESULT_OK.
 */
extern CHECKED enum result log_follow(struct http *http, struct log_pin *pin,
									  const char *note,
									  struct checkpoint *seen,
									  struct fault *fault);

/* The same with the newest checkpoint, which the server is asked for. */
extern CHECKED enum result log_look(struct http *http, struct log_pin *pin,
									struct fault *fault);

/*
 * Compares the checkpoint that a peer saw (FRAME_HEAD_SIZE bytes) with the
 * pinned log, after a look at the newest one where the peer saw more; pins the
 * log on first use.  What the log's key signed speaks for itself; of anything
 * else the peer's word counts, or is hearsay: a key id is short enough for an
 * operator to find another key that has it.
 */
extern CHECKED enum result log_compare(struct http *http, struct log_pin *pin,
									   const char *peer, bool word_counts,
									   const uint8_t *head,
									   struct fault *fault);

#endif /* E2EMSG_LOG_FOLLOW_H */
