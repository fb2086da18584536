/*
 * result.h
 *		How a call ended, and what to tell the user when it failed.
 *
 * The value of a result is the exit code of the command.
 */
#ifndef E2EMSG_RESULT_H
#define E2EMSG_RESULT_H

#include <stdbool.h>

enum result
{
	RESULT_OK = 0,
	RESULT_REFUSED =
		1, /* the server or the user said no, or this machine failed */
	RESULT_USAGE = 2,	   /* the command line is wrong */
	RESULT_NETWORK = 3,	   /* no answer, or the server can't serve now */
	RESULT_AUTH = 4,	   /* not signed in, or not allowed */
	RESULT_UNTRUSTED = 5,  /* a key that the user has not accepted */
	RESULT_UNREADABLE = 6, /* an envelope that can't be opened */
	RESULT_MISSING = 7	   /* a gap in the numbers of mail */
};

/* Every function that returns a result must have it looked at. */
#define CHECKED __attribute__((warn_unused_result))

/*
 * Stands behind each command to copy, in messages and hints: there " --as
 * NAME" and " --home DIR" are printed when it needs them to be about the same
 * account (home_options(), term_advice()).
 */
#define AS "\x1a"

/* The sentence that explains a failure, and what to do about it. */
struct fault
{
	char message[512];
	char hint[320]; /* may be empty */
	bool for_good;	/* the same again, later, fails too */
};

/*
 * Writes the message (printf style) and the hint (NULL for none) and returns
 * "result", so that a caller can say: return fault_set(...).
 */
extern enum result fault_set(struct fault *fault, enum result result,
							 const char *hint, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* The same for a failed system call: adds the text of errno. */
extern enum result fault_errno(struct fault *fault, const char *what,
							   const char *path);

/* What an exit code means, as one line; NULL past the last one. */
extern const char *result_meaning(int result);

#endif /* E2EMSG_RESULT_H */
