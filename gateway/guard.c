/*
 * guard.c
 *		The rules for a request's head.
 */
#include "guard.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LENGTH_DIGITS 7

static bool
is_token_char(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
		   (c >= 'a' && c <= 'z') || c == '-' ||
		   (c && strchr("!#$%&'*+.^_`|~", c));
}

static bool
is_token(const char *text)
{
	const char *c = text;

	while (is_token_char((unsigned char) *c))
		c++;
	return *c == '\0' && c > text;
}

/* Visible ASCII and spaces; no control character, no TAB, no byte past it. */
static bool
is_plain_value(const char *text)
{
	for (; *text; text++)
		if ((unsigned char) *text < 0x20 || (unsigned char) *text > 0x7e)
			return false;
	return true;
}

/*
 * Field names are the same whatever their case; some parsers also take "_"
 * for "-", which must not let a second Content_Length slip by.  So names are
 * compared folded; ours are written that way.
 */
static char
fold(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char) (c - 'A' + 'a');
	return c == '_' ? '-' : c;
}

static bool
is_named(const struct guard_field *field, const char *folded)
{
	const char *name = field->name;

	while (*name && fold(*name) == *folded)
	{
		name++;
		folded++;
	}
	return *name == *folded;
}

static size_t
count(const struct guard_head *head, const char *name)
{
	size_t found = 0;

	for (size_t i = 0; i < head->field_count; i++)
		if (is_named(&head->fields[i], name))
			found++;
	return found;
}

static const char *
find(const struct guard_head *head, const char *name)
{
	for (size_t i = 0; i < head->field_count; i++)
		if (is_named(&head->fields[i], name))
			return head->fields[i].value;
	return NULL;
}

bool
guard_has(const struct guard_head *head, const char *name)
{
	return find(head, name) != NULL;
}

bool
guard_value(const struct guard_head *head, const char *name, char *out,
			size_t size)
{
	const char *value = find(head, name);
	size_t length;

	if (!value)
		return false;
	value += strspn(value, " ");
	length = strlen(value);
	while (length > 0 && value[length - 1] == ' ')
		length--;
	if (length >= size)
		return false;
	memcpy(out, value, length);
	out[length] = '\0';
	return true;
}

/* Does a comma-separated list hold this word? */
static bool
lists(const char *list, const char *word)
{
	size_t size = strlen(word);

	while (list)
	{
		list += strspn(list, " ,");
		if (strncasecmp(list, word, size) == 0 &&
			strchr(" ,", list[size]) != NULL)
			return true;
		list = strchr(list, ',');
	}
	return false;
}

static const char *
check_request_line(const struct guard_head *head)
{
	if (strcmp(head->version, "1.1") != 0 && strcmp(head->version, "1.0") != 0)
		return "the HTTP version must be 1.1";
	if (!is_token(head->method))
		return "the method is malformed";
	if (head->target[0] != '/')
		return "the target must be a path";
	if (strlen(head->target) > GUARD_MAX_TARGET)
		return "the path is too long";
	if (!is_plain_value(head->target) || strpbrk(head->target, " %\\#"))
		return "the path must be plain characters, without percent signs";
	if (head->query &&
		(!is_plain_value(head->query) || strpbrk(head->query, " #")))
		return "the query must be plain characters";
	return NULL;
}

static const char *
check_fields(const struct guard_head *head)
{
	static const char *const single[] = {
		"host",	  "content-length", "content-type", "authorization",
		"origin", "last-event-id",	"upgrade"};

	for (size_t i = 0; i < head->field_count; i++)
	{
		if (!is_token(head->fields[i].name))
			return "a header field's name is malformed";
		if (!is_plain_value(head->fields[i].value))
			return "a header field's value holds characters that are not "
				   "plain ASCII";
	}
	for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++)
		if (count(head, single[i]) > 1)
			return "a header field stands there twice";
	return NULL;
}

static const char *
check_host(const struct guard_head *head)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
								  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
								  "0123456789.-_~:[]";
	char host[256];

	if (!find(head, "host"))
		return "the Host field is missing";
	if (!guard_value(head, "host", host, sizeof(host)) || host[0] == '\0' ||
		host[strspn(host, allowed)] != '\0')
		return "the Host field is malformed";
	return NULL;
}

/* What would let the other side believe in another framing than ours. */
static const char *
check_options(const struct guard_head *head)
{
	const char *upgrade = find(head, "upgrade");

	if (find(head, "expect"))
		return "Expect is not taken; send the body at once";
	if (upgrade && strcasecmp(upgrade, "h2c") != 0)
		return "Upgrade is not taken";
	return NULL;
}

/* Plain decimal digits, at most seven: no sign, no list, no 0x. */
static bool
read_length(const struct guard_head *head, long *length)
{
	char text[LENGTH_DIGITS + 1];
	size_t digits;

	if (!guard_value(head, "content-length", text, sizeof(text)))
		return false;
	digits = strspn(text, "0123456789");
	if (digits == 0 || text[digits] != '\0')
		return false;
	*length = strtol(text, NULL, 10);
	return true;
}

static enum status
check_body(const struct guard_head *head, long *length, const char **why)
{
	bool takes_body =
		strcmp(head->method, "POST") == 0 || strcmp(head->method, "PUT") == 0;
	bool has_length = find(head, "content-length") != NULL;

	*length = 0;
	*why = "send Content-Length instead of Transfer-Encoding";
	if (find(head, "transfer-encoding"))
		return has_length ? STATUS_BAD_REQUEST_FRAMING
						  : STATUS_LENGTH_REQUIRED;
	*why = "Content-Length must be plain digits, at most seven";
	if (has_length && !read_length(head, length))
		return STATUS_BAD_REQUEST_FRAMING;
	*why = "a request with this method needs a Content-Length";
	if (takes_body && !has_length)
		return STATUS_LENGTH_REQUIRED;
	*why = "a request with this method takes no body";
	if (!takes_body && *length > 0)
		return STATUS_BAD_REQUEST_FRAMING;
	*why = NULL;
	return STATUS_OK;
}

enum status
guard_check(const struct guard_head *head, struct guard_framing *framing,
			const char **why)
{
	const char *connection;

	*why = "the request has too many header fields";
	if (head->field_count > GUARD_MAX_FIELDS)
		return STATUS_HEADERS_TOO_LARGE;
	if ((*why = check_request_line(head)) || (*why = check_fields(head)) ||
		(*why = check_host(head)) || (*why = check_options(head)))
		return STATUS_BAD_REQUEST_FRAMING;
	connection = find(head, "connection");
	framing->keep_alive =
		strcmp(head->version, "1.1") == 0 &&
		(connection == NULL ||
		 (count(head, "connection") == 1 && lists(connection, "keep-alive") &&
		  !lists(connection, "close")));
	return check_body(head, &framing->content_length, why);
}

/*
 * Method, target and version with one space between, over which there is a
 * NUL now, as there is over the question mark before a query.
 */
static bool
request_line_is_whole(const struct guard_head *head)
{
	const char *word = head->method + strlen(head->method) + 1;

	if (word != head->target)
		return false;
	word += strlen(word) + 1;
	if (head->query)
	{
		if (word != head->query)
			return false;
		word += strlen(word) + 1;
	}
	return word + sizeof("HTTP/") - 1 == head->version;
}

/*
 * The line after this text, when just CR LF, now two NULs, part them.  Behind
 * the request line two NULs may also have been LF and a space, or CR twice.
 */
static const char *
next_line(const char *text)
{
	const char *end = text + strlen(text);

	return end[1] == '\0' ? end + 2 : NULL;
}

bool
guard_is_whole(const struct guard_head *head)
{
	const char *line = next_line(head->version);

	if (!request_line_is_whole(head) || head->field_count == 0 ||
		head->field_count > GUARD_MAX_FIELDS)
		return false;
	for (size_t i = 0; i < head->field_count; i++)
	{
		const struct guard_field *field = &head->fields[i];

		if (line != field->name)
			return false;
		line += strlen(line) + 1; /* past the colon */
		line += strspn(line, " ");
		if (line != field->value)
			return false;
		line = next_line(field->value);
		if (line == NULL)
			return false;
	}
	/* the empty line; CivetWeb puts a NUL over the last LF of all */
	return line[0] == '\r' && line[1] == '\0';
}
