/*
 * body.h
 *		Reading a request's body under a deadline of our own.
 */
#ifndef E2EMSG_BODY_H
#define E2EMSG_BODY_H

#include <stddef.h>

#include "status.h"

struct deadlines;
struct mg_connection;

struct body
{
	char *text; /* with a NUL behind it, never one in it */
	size_t size;
};

/*
 * Reads "length" bytes and checks that they are UTF-8 text.  CivetWeb's own
 * time limit holds for each wait, so that a drip of single bytes could go on
 * for hours; ours holds for the whole body.  On success the caller frees
 * with body_free().
 */
extern enum status body_read(struct mg_connection *connection,
							 struct deadlines *deadlines, long length,
							 long timeout_ms, struct body *body)
	__attribute__((warn_unused_result));

extern void body_free(struct body *body);

#endif /* E2EMSG_BODY_H */
