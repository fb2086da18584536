/*
 * body.c
 *		Reading bodies.
 */
#include "body.h"

#include <stdbool.h>
#include <stdlib.h>

#include <civetweb.h>

#include "clock.h"
#include "socket.h"
#include "utf8.h"

/*
 * How many bytes mg_read() may be asked for without blocking for more than
 * one: what the kernel holds, and else a single byte, because CivetWeb does
 * not say how much it has in its own buffer.  (A short body came with the
 * header and is taken from there byte by byte, without a system call.)
 */
static size_t
next_piece(int fd, size_t missing)
{
	long ready = fd >= 0 ? socket_readable(fd) : 0;

	if (ready <= 1)
		return 1;
	return (size_t) ready < missing ? (size_t) ready : missing;
}

/* Fills body->text; its size says how far that went. */
static enum status
read_all(struct mg_connection *connection, int fd, size_t length,
		 int64_t deadline, struct body *body)
{
	bool drained = false; /* CivetWeb's own buffer is known to be empty */

	while (body->size < length)
	{
		size_t piece = next_piece(fd, length - body->size);
		long before = fd >= 0 ? socket_readable(fd) : 0;
		int64_t left = deadline - clock_ms();
		int got;

		if (left <= 0 || (drained && before == 0 && !socket_wait(fd, left)))
			return STATUS_REQUEST_TIMEOUT;
		got = mg_read(connection, body->text + body->size, piece);
		if (got <= 0)
			return STATUS_REQUEST_TIMEOUT;
		drained = drained || (before > 0 && socket_readable(fd) < before);
		body->size += (size_t) got;
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
							   info->server_port) + 1;
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
	status = read_all(connection, socket_of(connection), (size_t) length,
					  deadline, body);
	body->text[body->size] = '\0';
	if (status == STATUS_OK &&
		!utf8_is_text((const uint8_t *) body->text, body->size))
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
