/*
 * connection.h
 *		What the gateway keeps of an open connection.
 */
#ifndef E2EMSG_CONNECTION_H
#define E2EMSG_CONNECTION_H

#include "crowd.h"
#include "token.h"

struct mg_connection;
struct socket_map;

struct connection
{
	struct crowd_member member;
	struct socket_map *sockets;
	int fd;					 /* CONNECTION_FD_UNKNOWN until a body needs it */
	struct token_memo token; /* of the request before */
};

#define CONNECTION_FD_UNKNOWN (-2)

/* NULL without memory. */
extern struct connection *connection_new(struct socket_map *sockets);

/* Before its socket is closed. */
extern void connection_free(struct connection *connection);

/* The record of CivetWeb's connection; NULL if there was no memory for it. */
extern struct connection *connection_of(const struct mg_connection *civetweb);

/* Its socket, looked up once; -1 when its peer is gone already. */
extern int connection_fd(const struct mg_connection *civetweb);

#endif /* E2EMSG_CONNECTION_H */
