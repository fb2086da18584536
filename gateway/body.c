/*
 * body.c
 *		Reading bodies.
 */
#include "body.h"

#include <stdbool.h>
#include <stdint.h>
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

/*
 * How many bytes at the begin are ASCII without a NUL, which most texts are
 * to their end?  Looks at eight at a time: taking 1 from a NUL sets its
 * highest bit.  Never says too many.
 */
static size_t
plain_prefix(const char *text, size_t size)
{
	const uint64_t ones = 0x0101010101010101, tops = 0x8080808080808080;
	uint64_t word;
	size_t at = 0;

	for (; at + sizeof(word) <= size; at += sizeof(word))
	{
		memcpy(&word, text + at, sizeof(word));
		if (((word - ones) | word) & tops)
			break;
	}
	return at;
}

static bool
is_text(const char *text, size_t size)
{
	size_t plain = plain_prefix(text, size);

	return memchr(text + plain, '\0', size - plain) == NULL &&
		   utf8_valid(text + plain, size - plain);
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
	if (status == STATUS_OK && !is_text(body->text, body->size))
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
