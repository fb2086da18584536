/*
 * guard_fuzz.c
 *		guard.c: heads of requests as CivetWeb hands them over.
 *
 * What is served, and only that, is what a parser of the bytes takes that
 * knows RFC 9112 and no leniency; both find the same framing.
 */
#include <strings.h>

#include "civet.h"
#include "fuzz.h"

/* Bytes of the input. */
struct span
{
	const char *at;
	size_t size;
};

struct strict
{
	struct span method, version;
	struct span names[GUARD_MAX_FIELDS], values[GUARD_MAX_FIELDS];
	size_t count;
};

static bool
is_text(struct span span, const char *text)
{
	return same_bytes(span.at, span.size, text, strlen(text));
}

static bool
only_of(struct span span, const char *characters)
{
	for (size_t i = 0; i < span.size; i++)
		if (!span.at[i] || !strchr(characters, span.at[i]))
			return false;
	return true;
}

static bool
none_of(struct span span, const char *characters)
{
	for (size_t i = 0; i < span.size; i++)
		if (span.at[i] < 0x20 || span.at[i] > 0x7e ||
			strchr(characters, span.at[i]))
			return false;
	return true;
}

#define ALPHA "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGIT "0123456789"
#define TOKEN ALPHA DIGIT "!#$%&'*+-.^_`|~"

/* What stands before the separator, which is cut off, too. */
static bool
cut(struct span *rest, const char *separator, struct span *out)
{
	const char *found =
		memmem(rest->at, rest->size, separator, strlen(separator));

	if (!found)
		return false;
	*out = (struct span){rest->at, (size_t) (found - rest->at)};
	rest->at += out->size + strlen(separator);
	rest->size -= out->size + strlen(separator);
	return true;
}

static struct span
trim(struct span span)
{
	for (; span.size > 0 && *span.at == ' '; span.size--)
		span.at++;
	while (span.size > 0 && span.at[span.size - 1] == ' ')
		span.size--;
	return span;
}

static bool
parse_request_line(struct span line, struct strict *out)
{
	struct span path, query;

	if (!cut(&line, " ", &out->method) || !cut(&line, " ", &query))
		return false;
	out->version = line;
	if (!cut(&query, "?", &path))
	{
		path = query;
		query.size = 0;
	}
	return out->method.size > 0 && only_of(out->method, TOKEN) &&
		   path.size > 0 && path.size <= GUARD_MAX_TARGET && *path.at == '/' &&
		   none_of(path, " %\\#") && none_of(query, " #") &&
		   (is_text(line, "HTTP/1.0") || is_text(line, "HTTP/1.1"));
}

static bool
parse_field(struct span line, struct strict *out)
{
	struct span *name;

	if (out->count == GUARD_MAX_FIELDS)
		return false;
	name = &out->names[out->count];
	if (!cut(&line, ":", name) || name->size == 0 || !only_of(*name, TOKEN) ||
		!none_of(line, ""))
		return false;
	for (; line.size > 0 && *line.at == ' '; line.size--)
		line.at++;
	out->values[out->count++] = line;
	return true;
}

/*
 * The request line.  What ends it is a CR or LF and another of these or a
 * space, but not two LF, which end the head; that it is CR LF can't be seen
 * in what CivetWeb makes of it.
 */
static bool
cut_request_line(struct span *rest, struct span *line)
{
	*line = (struct span){rest->at, 0};
	while (line->size < rest->size && !strchr("\r\n", rest->at[line->size]))
		line->size++;
	if (rest->size - line->size < 2 ||
		!only_of((struct span){rest->at + line->size, 2}, "\r\n ") ||
		memcmp(rest->at + line->size, "\n\n", 2) == 0)
		return false;
	rest->at += line->size + 2;
	rest->size -= line->size + 2;
	return true;
}

/* Lines end with CR LF, and white space may stand before the first. */
static bool
parse(const uint8_t *data, size_t size, struct strict *out)
{
	struct span rest = {(const char *) data, size}, line;

	*out = (struct strict){.count = 0};
	for (; rest.size > 0 && isspace((unsigned char) *rest.at); rest.size--)
		rest.at++;
	if (!cut_request_line(&rest, &line) || !parse_request_line(line, out))
		return false;
	while (cut(&rest, "\r\n", &line))
	{
		if (line.size == 0)
			return true;
		if (!parse_field(line, out))
			return false;
	}
	return false;
}

/* The number of fields of that name, "_" being "-"; the last one's value. */
static size_t
count(const struct strict *head, const char *name, struct span *value)
{
	size_t found = 0;

	for (size_t i = 0; i < head->count; i++)
	{
		char folded[64];

		if (head->names[i].size != strlen(name))
			continue;
		memcpy(folded, head->names[i].at, strlen(name));
		for (size_t k = 0; k < strlen(name); k++)
			folded[k] = folded[k] == '_' ? '-' : folded[k];
		if (strncasecmp(folded, name, strlen(name)) != 0)
			continue;
		*value = head->values[i];
		found++;
	}
	return found;
}

static bool
is_single(const struct strict *head)
{
	static const char *const names[] = {
		"host",	  "content-length", "content-type", "authorization",
		"origin", "last-event-id",	"upgrade"};
	struct span unused;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (count(head, names[i], &unused) > 1)
			return false;
	return true;
}

static bool
has_host(const struct strict *head)
{
	struct span host;

	if (count(head, "host", &host) != 1)
		return false;
	host = trim(host);
	return host.size > 0 && host.size < 256 &&
		   only_of(host, ALPHA DIGIT ".-_~:[]");
}

static bool
has_no_options(const struct strict *head)
{
	struct span value;

	if (count(head, "expect", &value) > 0 ||
		count(head, "transfer-encoding", &value) > 0)
		return false;
	return count(head, "upgrade", &value) == 0 ||
		   (value.size == 3 && strncasecmp(value.at, "h2c", 3) == 0);
}

/* The length that the head announces, or -1 for one that it may not. */
static long
length_of(const struct strict *head)
{
	bool takes_body =
		is_text(head->method, "POST") || is_text(head->method, "PUT");
	struct span value;
	long length = 0;

	if (count(head, "content-length", &value) == 0)
		return takes_body ? -1 : 0;
	value = trim(value);
	if (value.size == 0 || value.size > 7 || !only_of(value, DIGIT))
		return -1;
	for (size_t i = 0; i < value.size; i++)
		length = 10 * length + (value.at[i] - '0');
	return takes_body || length == 0 ? length : -1;
}

/* Is this the first word of an element of the list? */
static bool
lists(struct span list, const char *word)
{
	struct span element, first;

	do
	{
		if (!cut(&list, ",", &element))
		{
			element = list;
			list.size = 0;
		}
		element = trim(element);
		if (!cut(&element, " ", &first))
			first = element;
		if (first.size == strlen(word) &&
			strncasecmp(first.at, word, first.size) == 0)
			return true;
	} while (list.size > 0);
	return false;
}

static bool
stays_open(const struct strict *head)
{
	struct span value;
	size_t found = count(head, "connection", &value);

	return is_text(head->version, "HTTP/1.1") &&
		   (found == 0 || (found == 1 && lists(value, "keep-alive") &&
						   !lists(value, "close")));
}

/* What dispatch.c asks. */
static bool
is_served(const struct guard_head *head, struct guard_framing *framing)
{
	const char *why;

	if (!guard_is_whole(head) && head->field_count != 0 &&
		head->field_count <= GUARD_MAX_FIELDS)
		return false;
	return guard_check(head, framing, &why) == STATUS_OK;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct civet_head parsed;
	static struct strict strict;
	struct guard_framing framing = {0};
	bool served = civet_parse(&parsed, (const char *) data, size) &&
				  is_served(&parsed.head, &framing);
	bool good = parse(data, size, &strict) && is_single(&strict) &&
				has_host(&strict) && has_no_options(&strict) &&
				length_of(&strict) >= 0;

	must(served == good);
	if (!served)
		return 0;
	must(framing.content_length == length_of(&strict));
	must(framing.keep_alive == stays_open(&strict));
	return 0;
}
