/*
 * server.h
 *		The two CivetWeb servers: the API and the operator's.
 */
#ifndef E2EMSG_SERVER_H
#define E2EMSG_SERVER_H

#include <stdbool.h>

struct gateway;
struct server;

/*
 * Starts to listen: the API at address and port, /live, /ready and /metrics on
 * 127.0.0.1 at admin_port.  NULL when a port can't be had; the log says why.
 */
extern struct server *server_start(struct gateway *gateway);

extern int server_port(const struct server *server);
extern int server_admin_port(const struct server *server);

/*
 * Takes no more connections, waits until the requests in flight are answered
 * or the drain timeout passes, and ends both servers.
 */
extern void server_stop(struct server *server);

#endif /* E2EMSG_SERVER_H */
