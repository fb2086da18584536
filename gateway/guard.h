/*
 * guard.h
 *		Is this request one that every HTTP/1.1 parser reads alike?
 *
 * CivetWeb 1.15 is lenient, and what two parsers read differently carries
 * smuggled requests past a proxy.  The guard takes only requests that leave
 * no room for opinion; all others are refused and the connection is closed.
 * It works on plain structs, so that tests and fuzzers need no server.
 *
 * What RFC 9112 leaves to us:
 *
 *		refused		Expect, 100-continue too; any Transfer-Encoding; a body on
 *					GET and the like; bytes past ASCII in header values;
 *					targets that are no plain path; two spaces in the request
 *					line; Upgrade to anything but h2c; Host, Content-Length,
 *					Content-Type, Authorization, Origin, Upgrade or
 *					Last-Event-ID twice
 *		served		HTTP/1.0 with a Host, but the connection is closed;
 *					"Upgrade: h2c", as if it were not there; white space
 *					before the request line; for CR LF behind the request
 *					line any two of CR, LF and space that begin with CR or
 *					LF: CivetWeb leaves no trace of which they were
 */
#ifndef E2EMSG_GUARD_H
#define E2EMSG_GUARD_H

#include <stdbool.h>
#include <stddef.h>

#include "status.h"

#define GUARD_MAX_FIELDS 63
#define GUARD_MAX_TARGET 2048 /* characters */

struct guard_field
{
	const char *name;
	const char *value;
};

/* A request's head as CivetWeb parsed it. */
struct guard_head
{
	const char *method;
	const char *target;	 /* path without the query */
	const char *query;	 /* or NULL */
	const char *version; /* "1.1" */
	const struct guard_field *fields;
	size_t field_count;
};

/* What the guard found out about a good one. */
struct guard_framing
{
	long content_length; /* bytes, 0 without a body */
	bool keep_alive;	 /* the client wants it and may have it */
};

/*
 * Returns STATUS_OK and fills *framing, or the refusal with one static
 * sentence in *why.
 */
extern enum status guard_check(const struct guard_head *head,
							   struct guard_framing *framing, const char **why)
	__attribute__((warn_unused_result));

/*
 * The value of a header field without white space around it, into a buffer.
 * The name is to be given in small letters.  False when the field is absent
 * or does not fit.
 */
extern bool guard_value(const struct guard_head *head, const char *name,
						char *out, size_t size);

/* Is there a field of this name, given in small letters? */
extern bool guard_has(const struct guard_head *head, const char *name);

/*
 * Did CivetWeb read the whole head, line by line?  It parses in place: over
 * the spaces of the request line, the colons and CR LF it writes NUL, and
 * all pointers point into its buffer.  So the words must follow each other
 * with just those bytes between, and the head must end where the last value
 * ends.  A folded line, a bare LF, a second space, a NUL, a line that begins
 * with a colon, or a 65th field leaves a gap.
 */
extern bool guard_is_whole(const struct guard_head *head);

#endif /* E2EMSG_GUARD_H */
