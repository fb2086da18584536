/*
 * admin.h
 *		/live, /ready and /metrics, for whoever watches over the gateway.
 */
#ifndef E2EMSG_ADMIN_H
#define E2EMSG_ADMIN_H

struct mg_connection;

/*
 * CivetWeb's begin_request on the operator's port.  /live says that the
 * process answers; /ready that a call to the database came back and that
 * the gateway is not about to end; /metrics has figures (scrape.h).
 */
extern int admin_request(struct mg_connection *connection);

#endif /* E2EMSG_ADMIN_H */
