/*
 * status.h
 *		Every answer that is not a success, in one table.
 *
 * A status has a code for programs, an HTTP status, a title and a hint for
 * people and, when SQL raises it, a private SQLSTATE of class ME.  The table
 * of the extension is src/error.sql; a test holds the two together.
 */
#ifndef E2EMSG_STATUS_H
#define E2EMSG_STATUS_H

#include <stddef.h>
#include <stdio.h>

enum status
{
	STATUS_OK,

	/* Raised by the extension */
	STATUS_INVALID_REQUEST,
	STATUS_INVALID_USERNAME,
	STATUS_INVALID_KEY,
	STATUS_BAD_SIGNATURE,
	STATUS_INVALID_ENVELOPE,
	STATUS_INVALID_BASE64URL,
	STATUS_USERNAME_TAKEN,
	STATUS_UNKNOWN_USER,
	STATUS_UNKNOWN_RECEIVER,
	STATUS_UNKNOWN_KEY_VERSION,
	STATUS_NOT_IN_LOG,
	STATUS_NO_BACKUP,
	STATUS_VERSION_CONFLICT,
	STATUS_STALE_KEY_VERSION,
	STATUS_IV_REUSED,
	STATUS_KEY_REUSED,
	STATUS_AHEAD_OF_MAILBOX,
	STATUS_MAILBOX_FULL,
	STATUS_NOT_ACCEPTED,
	STATUS_TOO_MANY_BLOCKS,
	STATUS_INVALID_ASSERTION,
	STATUS_FORBIDDEN,
	STATUS_MAILBOX_BUSY,
	STATUS_NOT_LOGGED,
	STATUS_KEY_LOG_OFF,

	/* The gateway's own */
	STATUS_BAD_JSON,
	STATUS_BAD_REQUEST_FRAMING,
	STATUS_MISSING_TOKEN,
	STATUS_INVALID_TOKEN,
	STATUS_EXPIRED_TOKEN,
	STATUS_REGISTRATION_CLOSED,
	STATUS_ORIGIN_NOT_ALLOWED,
	STATUS_NOT_FOUND,
	STATUS_METHOD_NOT_ALLOWED,
	STATUS_REQUEST_TIMEOUT,
	STATUS_LENGTH_REQUIRED,
	STATUS_BODY_TOO_LARGE,
	STATUS_UNSUPPORTED_MEDIA_TYPE,
	STATUS_RATE_LIMITED,
	STATUS_HEADERS_TOO_LARGE,
	STATUS_INTERNAL_ERROR,
	STATUS_NOT_IMPLEMENTED,
	STATUS_DATABASE_UNAVAILABLE,
	STATUS_OVERLOADED,
	STATUS_STREAM_CAPACITY,
	STATUS_COUNT
};

struct status_row
{
	const char *sqlstate; /* NULL when SQL never raises it */
	const char *code;
	int http;
	const char *title;
	const char *hint; /* said when nobody knows a better one */
};

/* The row of a status other than STATUS_OK. */
extern const struct status_row *status_row(enum status status);

/* What a SQLSTATE means to a REST client; the unknown is an internal error. */
extern enum status status_of_sqlstate(const char *sqlstate);

/* The status with this code; the unknown is an internal error. */
extern enum status status_of_code(const char *code);

/* What CivetWeb's own refusal with this HTTP status is called here. */
extern enum status status_of_http(int http);

/* Prints the table: SQLSTATE, code, HTTP status, title, parted by tabs. */
extern void status_print(FILE *out);

#endif /* E2EMSG_STATUS_H */
