/*
 * handlers.h
 *		Stubs of the handlers that the table of routes names.
 */
#ifndef E2EMSG_HANDLERS_H
#define E2EMSG_HANDLERS_H

#include "routes.h"

#define STUB(name)                                                \
	void name(struct request *request, const struct route *route, \
			  struct reply *reply)                                \
	{                                                             \
		(void) request;                                           \
		(void) route;                                             \
		(void) reply;                                             \
	}
STUB(serve_sql)
STUB(serve_registration)
STUB(serve_send)
STUB(serve_inbox)
STUB(serve_stream)
STUB(serve_challenge)
STUB(serve_session)
STUB(serve_refresh)
STUB(serve_web)

#endif /* E2EMSG_HANDLERS_H */
