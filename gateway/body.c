/*
 * body.c
 *		Reading bodies.
 */
#include "body.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <civetweb.h>

#include "connection.h"
#include "deadline.h"
#include "utf8.h"

/* Fills body->text; false when the sender stops or the deadline passes. */
static bool
read_all(struct mg_connection *connection, struct deadlines *deadlines,
		 size_t length, long timeout_ms, struct body *body)
{
	struct deadline deadline;
	int fd = connection_fd(connection), got = 1;

	if (fd < 0)
		return false; /* its peer is gone already */
	deadline_begin(deadlines, &deadline, fd, timeout_ms);
	while (body->size < length && got > 0)
	{
		got =
			mg_read(connection, body->text + body->size, length - body->size);
		body->size += got > 0 ? (size_t) got : 0;
	}
	return deadline_end(deadlines, &deadline) && body->size == length;
}

enum status
body_read(struct mg_connection *connection, struct deadlines *deadlines,
		  long length, long timeout_ms, struct body *body)
{
	enum status status = STATUS_OK;

	body->size = 0;
	body->text = malloc((size_t) length + 1);
	if (!body->text)
		return STATUS_OVERLOADED;
	if (length > 0 &&
		!read_all(connection, deadlines, (size_t) length, timeout_ms, body))
		status = STATUS_REQUEST_TIMEOUT;
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
