/*
 * body.c
 *		Reading bodies.
 */
#include "body.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <civetweb.h>

#include "clock.h"
#include "socket.h"
#include "utf8.h"

#define PROBE_EVERY 32 /* bytes */

/*
 * Fills body->text; its size says how far that went.
 *
 * mg_read() gives what CivetWeb has in its own buffer, which it does not
 * tell the size of, and then blocks until all that was asked for came in.
 * So it is asked for what the kernel holds ready, and else for one byte.  A
 * short body mostly came together with the head and is taken out of the
 * buffer byte by byte, which costs next to nothing; the kernel is asked only
 * now and then.
 */
static enum status
read_all(struct mg_connection *connection, int fd, size_t length,
		 int64_t deadline, struct body *body)
{
	bool drained = false; /* CivetWeb's buffer is known to be empty */

	while (body->size < length)
	{
		bool probe = drained || body->size % PROBE_EVERY == 0;
		size_t ready = probe ? socket_readable(fd) : 0;
		size_t piece = length - body->size;
		int64_t left = deadline - clock_ms();
		int got;

		if (left <= 0 || (drained && ready == 0 && !socket_wait(fd, left)))
			return STATUS_REQUEST_TIMEOUT;
		if (piece > ready)
			piece = ready > 0 ? ready : 1;
		got = mg_read(connection, body->text + body->size, piece);
		if (got <= 0)
			return STATUS_REQUEST_TIMEOUT;
		body->size += (size_t) got;
		drained = drained || (ready > 0 && socket_readable(fd) < ready);
	}
	return STATUS_OK;
}

/*
 * The socket under a connection, looked up once and kept as CivetWeb's
 * connection data, one added so that NULL means "not yet".
 */
static int
socket_of(struct mg_connection *connection)
{
	const struct mg_request_info *info = mg_get_request_info(connection);
	intptr_t known = (intptr_t) info->conn_data;

	if (known == 0)
	{
		known = socket_of_peer(info->remote_addr, info->remote_port,
							   info->server_port) +
				1;
		mg_set_user_connection_data(connection, (void *) known);
	}
	return (int) known - 1;
}

enum status
body_read(struct mg_connection *connection, long length, long timeout_ms,
		  struct body *body)
{
	int64_t deadline = clock_ms() + timeout_ms;
	enum status status;

	body->size = 0;
	body->text = malloc((size_t) length + 1);
	if (!body->text)
		return STATUS_OVERLOADED;
	status = STATUS_OK;
	if (length > 0)
		status = read_all(connection, socket_of(connection), (size_t) length,
						  deadline, body);
	body->text[body->size] = '\0';
	if (status == STATUS_OK && (memchr(body->text, '\0', body->size) != NULL ||
								!utf8_valid(body->text, body->size)))
		status = STATUS_BAD_JSON;
	if (status != STATUS_OK)
		body_free(body);
	return status;
}

void
body_free(struct body *body)
{
	free(body->text);
	*body = (struct body){0};
}
