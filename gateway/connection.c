/*
 * connection.c
 *		What the gateway keeps of an open connection.
 */
#include "connection.h"

#include <stdlib.h>

#include <civetweb.h>
#include <openssl/crypto.h>

#include "socket.h"

struct connection *
connection_new(struct socket_map *sockets)
{
	struct connection *connection = calloc(1, sizeof(*connection));

	if (connection)
	{
		connection->sockets = sockets;
		connection->fd = CONNECTION_FD_UNKNOWN;
	}
	return connection;
}

void
connection_free(struct connection *connection)
{
	if (connection)
	{
		socket_mark(connection->sockets, connection->fd, false);
		OPENSSL_cleanse(connection, sizeof(*connection));
	}
	free(connection);
}

struct connection *
connection_of(const struct mg_connection *civetweb)
{
	return mg_get_user_connection_data(civetweb);
}

int
connection_fd(const struct mg_connection *civetweb)
{
	struct connection *connection = connection_of(civetweb);
	const struct mg_request_info *info = mg_get_request_info(civetweb);

	if (connection->fd == CONNECTION_FD_UNKNOWN)
	{
		connection->fd = socket_of_peer(connection->sockets, info->remote_addr,
										info->remote_port, info->server_port);
		socket_mark(connection->sockets, connection->fd, true);
	}
	return connection->fd;
}
