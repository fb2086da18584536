/*
 * status.c
 *		The error table of the gateway.
 */
#include "status.h"

#include <string.h>

/* clang-format off */
static const struct status_row table[STATUS_COUNT] = {
	/* raised by the extension */
	[STATUS_INVALID_REQUEST] = {"ME001", "invalid_request", 400,
		"The request is not what this call takes",
		"Compare the members and their types with the documentation."},
	[STATUS_INVALID_USERNAME] = {"ME002", "invalid_username", 422,
		"The username is not allowed",
		"Use 3 to 32 characters of a-z 0-9 . _ - beginning with a letter; not a UUID."},
	[STATUS_INVALID_KEY] = {"ME003", "invalid_key", 422,
		"The public key is not usable",
		"Send a P-256 public key as a JWK with the members kty, crv, x and y."},
	[STATUS_BAD_SIGNATURE] = {"ME004", "bad_signature", 422,
		"The signature does not verify",
		"Sign the statement of docs/protocol.md with the identity key; send r and s as 64 bytes."},
	[STATUS_INVALID_ENVELOPE] = {"ME005", "invalid_envelope", 422,
		"The envelope is malformed",
		"iv has 12 bytes, authTag 16, ciphertext up to 65536; versions are positive."},
	[STATUS_INVALID_BASE64URL] = {"ME006", "invalid_base64url", 422,
		"The text is not canonical base64url",
		"Use the alphabet A-Z a-z 0-9 - _ without padding."},
	[STATUS_USERNAME_TAKEN] = {"ME010", "username_taken", 409,
		"The username is taken",
		"Choose another; usernames are never given twice."},
	[STATUS_UNKNOWN_USER] = {"ME011", "unknown_user", 404,
		"No such user",
		"Look at the id or the username."},
	[STATUS_UNKNOWN_RECEIVER] = {"ME012", "unknown_receiver", 404,
		"No such receiver",
		"receiverId is the id of a user, not the username."},
	[STATUS_UNKNOWN_KEY_VERSION] = {"ME013", "unknown_key_version", 404,
		"No such key version",
		"Versions begin with 1."},
	[STATUS_NOT_IN_LOG] = {"ME014", "not_in_log", 404,
		"The key log has no such thing",
		"GET /key-log/checkpoint says how large the signed key log is."},
	[STATUS_NO_BACKUP] = {"ME015", "no_backup", 404,
		"No backup lies there",
		"Look at the username and the recovery code."},
	[STATUS_VERSION_CONFLICT] = {"ME020", "version_conflict", 409,
		"Another version is current",
		"Fetch what is current; the new version is the current one plus 1."},
	[STATUS_STALE_KEY_VERSION] = {"ME021", "stale_key_version", 409,
		"The envelope is sealed to an old key",
		"Verify the current key, seal again to it and send that."},
	[STATUS_IV_REUSED] = {"ME022", "iv_reused", 409,
		"The iv was used for another envelope",
		"Take 12 new random bytes for each envelope."},
	[STATUS_KEY_REUSED] = {"ME023", "key_reused", 422,
		"The key was used before",
		"Make a new key pair."},
	[STATUS_AHEAD_OF_MAILBOX] = {"ME024", "ahead_of_mailbox", 409,
		"The mailbox has not given that number yet",
		"Acknowledge up to a seq that you have read."},
	[STATUS_MAILBOX_FULL] = {"ME025", "mailbox_full", 409,
		"The mailbox is full",
		"Try again when the receiver has read mail."},
	[STATUS_NOT_ACCEPTED] = {"ME026", "not_accepted", 403,
		"The receiver takes no mail from you",
		"The message was not stored; only the receiver can change that."},
	[STATUS_TOO_MANY_BLOCKS] = {"ME027", "too_many_blocks", 409,
		"A mailbox has 1000 blocks at most",
		"Unblock somebody first."},
	[STATUS_INVALID_ASSERTION] = {"ME030", "invalid_assertion", 401,
		"The assertion is not accepted",
		"Take a new challenge and sign it with the identity key."},
	[STATUS_FORBIDDEN] = {"ME031", "forbidden", 403,
		"Not yours",
		"Only the user can do this."},
	[STATUS_MAILBOX_BUSY] = {"ME032", "mailbox_busy", 503,
		"The mailbox is locked",
		"Try again; the same envelope is stored only once."},
	[STATUS_NOT_LOGGED] = {"ME033", "not_logged", 503,
		"The key log does not hold it yet",
		"Try again; rows come into the key log within a moment of their commit."},
	[STATUS_KEY_LOG_OFF] = {"ME034", "key_log_off", 404,
		"This service keeps no key log",
		"The database's owner turned it off with the setting e2emsg.key_log."},
	[STATUS_BAD_JSON] = {"ME007", "bad_json", 400,
		"The body is not JSON",
		"Send one JSON object in UTF-8."},

	/* the gateway's own */
	[STATUS_BAD_REQUEST_FRAMING] = {NULL, "bad_request_framing", 400,
		"The request is not clean HTTP/1.1",
		"Send plain HTTP/1.1: one Host, one Content-Length, CRLF line ends, no folded lines."},
	[STATUS_MISSING_TOKEN] = {NULL, "missing_token", 401,
		"This call needs a token",
		"Send the header Authorization: Bearer TOKEN."},
	[STATUS_INVALID_TOKEN] = {NULL, "invalid_token", 401,
		"The token is not accepted",
		"Open a session with POST /sessions/challenge and POST /sessions."},
	[STATUS_EXPIRED_TOKEN] = {NULL, "expired_token", 401,
		"The token has expired",
		"Open a session with POST /sessions/challenge and POST /sessions."},
	[STATUS_REGISTRATION_CLOSED] = {NULL, "registration_closed", 403,
		"Registration is closed",
		"Ask the operator for an account."},
	[STATUS_ORIGIN_NOT_ALLOWED] = {NULL, "origin_not_allowed", 403,
		"Pages of this origin may not call the service",
		"The operator can add the origin to the setting allowed_origins."},
	[STATUS_NOT_FOUND] = {NULL, "not_found", 404,
		"No such resource",
		"The routes stand in docs/api.md, and at /docs if pages are served."},
	[STATUS_METHOD_NOT_ALLOWED] = {NULL, "method_not_allowed", 405,
		"This resource has no such method",
		"The Allow header names its methods."},
	[STATUS_REQUEST_TIMEOUT] = {NULL, "request_timeout", 408,
		"The request came too slowly",
		"Send the whole request at once."},
	[STATUS_LENGTH_REQUIRED] = {NULL, "length_required", 411,
		"The request needs a Content-Length",
		"Send Content-Length and no Transfer-Encoding."},
	[STATUS_BODY_TOO_LARGE] = {NULL, "body_too_large", 413,
		"The body is too large",
		"Send a smaller body."},
	[STATUS_UNSUPPORTED_MEDIA_TYPE] = {NULL, "unsupported_media_type", 415,
		"The media type is not taken",
		"Send Content-Type: application/json."},
	[STATUS_RATE_LIMITED] = {NULL, "rate_limited", 429,
		"Too often",
		"Try again after as many seconds as the Retry-After header says."},
	[STATUS_HEADERS_TOO_LARGE] = {NULL, "headers_too_large", 431,
		"The header fields are too many or too large",
		"Send fewer than 64 fields and less than 16 kB in all."},
	[STATUS_INTERNAL_ERROR] = {NULL, "internal_error", 500,
		"Something went wrong here",
		"Try again; the operator's log says more."},
	[STATUS_NOT_IMPLEMENTED] = {NULL, "not_implemented", 501,
		"Not implemented",
		"The routes stand in docs/api.md, and at /docs if pages are served."},
	[STATUS_DATABASE_UNAVAILABLE] = {NULL, "database_unavailable", 503,
		"The database is away",
		"Try again; a message sent again is stored once."},
	[STATUS_OVERLOADED] = {NULL, "overloaded", 503,
		"Too much to do at the moment",
		"Try again a little later."},
	[STATUS_STREAM_CAPACITY] = {NULL, "stream_capacity", 503,
		"Too many wait for mail already",
		"Ask GET /messages without wait, and for the stream again later."},
};
/* clang-format on */

const struct status_row *
status_row(enum status status)
{
	return &table[status];
}

/* PostgreSQL's own SQLSTATEs that a request can cause. */
static enum status
status_of_server_sqlstate(const char *sqlstate)
{
	static const char *const bad_text[] = {"22P02", "22P03", "22021", "22P05",
										   "54001"};

	for (size_t i = 0; i < sizeof(bad_text) / sizeof(bad_text[0]); i++)
		if (strcmp(sqlstate, bad_text[i]) == 0)
			return STATUS_BAD_JSON;
	if (strcmp(sqlstate, "55P03") == 0)
		return STATUS_MAILBOX_BUSY;
	/* out of time, out of resources, or another transaction in the way */
	if (strcmp(sqlstate, "57014") == 0 || strncmp(sqlstate, "53", 2) == 0 ||
		strncmp(sqlstate, "40", 2) == 0)
		return STATUS_OVERLOADED;
	/* gone, going, or a standby that was not promoted yet */
	if (strncmp(sqlstate, "08", 2) == 0 || strncmp(sqlstate, "57P0", 4) == 0 ||
		strcmp(sqlstate, "25006") == 0)
		return STATUS_DATABASE_UNAVAILABLE;
	return STATUS_INTERNAL_ERROR;
}

enum status
status_of_sqlstate(const char *sqlstate)
{
	for (int i = STATUS_OK + 1; i < STATUS_COUNT; i++)
		if (table[i].sqlstate && strcmp(table[i].sqlstate, sqlstate) == 0)
			return (enum status) i;
	return status_of_server_sqlstate(sqlstate);
}

enum status
status_of_code(const char *code)
{
	for (int i = STATUS_OK + 1; i < STATUS_COUNT; i++)
		if (strcmp(table[i].code, code) == 0)
			return (enum status) i;
	return STATUS_INTERNAL_ERROR;
}

enum status
status_of_http(int http)
{
	switch (http)
	{
		case 404:
			return STATUS_NOT_FOUND;
		case 405:
			return STATUS_METHOD_NOT_ALLOWED;
		case 408:
			return STATUS_REQUEST_TIMEOUT;
		case 411:
			return STATUS_LENGTH_REQUIRED;
		case 413:
		case 414:
		case 431:
			return STATUS_HEADERS_TOO_LARGE;
		case 501:
			return STATUS_NOT_IMPLEMENTED;
		case 503:
			return STATUS_OVERLOADED;
		default:
			return http < 500 || http == 505 ? STATUS_BAD_REQUEST_FRAMING
											 : STATUS_INTERNAL_ERROR;
	}
}

void
status_print(FILE *out)
{
	for (int i = STATUS_OK + 1; i < STATUS_COUNT; i++)
		fprintf(out, "%s\t%s\t%d\t%s\n",
				table[i].sqlstate ? table[i].sqlstate : "-", table[i].code,
				table[i].http, table[i].title);
}
