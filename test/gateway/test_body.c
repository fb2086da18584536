/*
 * test_body.c
 *		Which bodies are text.  CivetWeb and the watchdog are stubs here.
 */
#include <string.h>

#include <civetweb.h>

#include "body.h"
#include "connection.h"
#include "deadline.h"
#include "tap.h"
#include "utf8.h"

/* A connection is what comes from it, in pieces of five bytes. */
struct mg_connection
{
	const char *bytes;
	size_t size;
};

int
mg_read(struct mg_connection *connection, void *buffer, size_t size)
{
	size = size < 5 ? size : 5;
	size = size < connection->size ? size : connection->size;
	memcpy(buffer, connection->bytes, size);
	connection->bytes += size;
	connection->size -= size;
	return (int) size;
}

int
connection_fd(const struct mg_connection *connection)
{
	(void) connection;
	return 0;
}

void
deadline_begin(struct deadlines *deadlines, struct deadline *deadline, int fd,
			   long ms)
{
	(void) deadlines, (void) deadline, (void) fd, (void) ms;
}

bool
deadline_end(struct deadlines *deadlines, struct deadline *deadline)
{
	(void) deadlines, (void) deadline;
	return true;
}

static enum status
read_body(const char *bytes, size_t size, long length)
{
	struct mg_connection connection = {bytes, size};
	struct body body = {0};
	enum status status = body_read(&connection, NULL, length, 0, &body);

	if (status == STATUS_OK && (memcmp(body.text, bytes, size) != 0 ||
								body.text[size] != '\0' || body.size != size))
		status = STATUS_INTERNAL_ERROR;
	body_free(&body);
	return status;
}

/* Every byte at every place of bodies of up to 40 bytes. */
static bool
every_byte_is_seen(void)
{
	char bytes[40];

	for (size_t size = 1; size <= sizeof(bytes); size++)
		for (size_t at = 0; at < size; at++)
			for (int byte = 0; byte < 0x100; byte++)
			{
				memset(bytes, 'a', size);
				bytes[at] = (char) byte;
				if (read_body(bytes, size, (long) size) !=
					(byte > 0 && byte < 0x80 ? STATUS_OK : STATUS_BAD_JSON))
					return false;
			}
	return true;
}

/* A letter of two bytes at every place. */
static bool
letters_are_taken(void)
{
	char bytes[40];

	for (size_t at = 0; at + 1 < sizeof(bytes); at++)
	{
		memset(bytes, 'a', sizeof(bytes));
		memcpy(bytes + at, "\xc3\xa9", 2);
		if (read_body(bytes, sizeof(bytes), sizeof(bytes)) != STATUS_OK ||
			read_body(bytes, at + 1, (long) at + 1) != STATUS_BAD_JSON)
			return false;
	}
	return true;
}

int
main(void)
{
	struct tap tap = {0};

	tap_ok(&tap, every_byte_is_seen(), "no NUL and no lone byte past ASCII");
	tap_ok(&tap, letters_are_taken(), "UTF-8, whole");
	tap_ok(&tap, read_body("", 0, 0) == STATUS_OK, "an empty body");
	tap_ok(&tap, read_body("abc", 3, 4) == STATUS_REQUEST_TIMEOUT,
		   "less than was announced");
	return tap_end(&tap);
}
