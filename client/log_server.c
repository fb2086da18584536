/*
 * log_server.c
 *		The public routes of the key log, one function each.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "field.h"
#include "log_server.h"

#define PATH_SIZE 120 /* bytes of the longest path */
#define TRIES 3
#define RETRY_SECONDS_MAX 5

/* May the same call have a better answer a little later? */
static bool
is_passing(enum result result, const struct http_reply *reply)
{
	if (result != RESULT_OK)
		return result == RESULT_NETWORK;
	return reply->status == 408 || reply->status >= 500;
}

static void
wait_before_retry(long asked, int tries)
{
	long seconds = asked > 0 ? asked : tries;

	sleep((unsigned) (seconds < RETRY_SECONDS_MAX ? seconds
												  : RETRY_SECONDS_MAX));
}

/* An answer of any status; the caller frees the reply. */
static enum result
get(struct http *http, const char *path, struct http_reply *reply,
	struct fault *fault)
{
	for (int tries = 1;; tries++)
	{
		long asked;
		enum result result =
			http_call(http, "GET", path, NULL, NULL, reply, fault);

		if (!is_passing(result, reply) || tries == TRIES)
			return result;
		asked = reply->retry_after;
		http_reply_free(reply);
		wait_before_retry(asked, tries);
	}
}

static bool
is_absent(const struct http_reply *reply, const char *code)
{
	return reply->status == 404 && strcmp(http_code(reply), code) == 0;
}

/*
 * An answer of status 200.  *off: the server keeps no log; *none: not what was
 * asked for, unless they are NULL.  The reply is freed in all other cases.
 */
static enum result
get_object(struct http *http, const char *path, bool *off, bool *none,
		   struct http_reply *reply, struct fault *fault)
{
	enum result result = get(http, path, reply, fault);

	if (off != NULL)
		*off = false;
	if (none != NULL)
		*none = false;
	if (result != RESULT_OK || reply->status == 200)
		return result;
	if (off != NULL && is_absent(reply, "key_log_off"))
		*off = true;
	else if (none != NULL && is_absent(reply, "not_in_log"))
		*none = true;
	else
		result = http_fault(reply, fault);
	http_reply_free(reply);
	return result;
}

/* What to say of an answer of another shape. */
static enum result
refuse_shape(const struct http *http, const char *what, struct fault *fault)
{
	return fault_set(fault, RESULT_REFUSED, NULL,
					 "%s sent something that is not %s", http->base, what);
}

/* An array of notes, or rather of texts that are short enough. */
static bool
are_successions(const json_t *value)
{
	json_t *note;
	size_t i;

	if (!json_is_array(value) ||
		json_array_size(value) > LOG_SERVER_SUCCESSIONS_MAX)
		return false;
	json_array_foreach(value, i, note)
	{
		size_t size = json_string_length(note);

		if (!json_is_string(note) || size > NOTE_MAX_SIZE ||
			strlen(json_string_value(note)) != size)
			return false;
	}
	return true;
}

static bool
read_view(const json_t *body, struct log_view *out)
{
	json_t *successions = json_object_get(body, "successions");
	const char *verifier, *checkpoint;

	if (!field_text(body, "verifier", 1, sizeof(out->verifier) - 1,
					&verifier) ||
		!field_text(body, "checkpoint", 1, NOTE_MAX_SIZE, &checkpoint) ||
		!are_successions(successions))
		return false;
	memcpy(out->verifier, verifier, strlen(verifier) + 1);
	memcpy(out->checkpoint, checkpoint, strlen(checkpoint) + 1);
	out->successions = json_incref(successions);
	return true;
}

enum result
log_server_view(struct http *http, struct log_view *out, bool *off,
				struct fault *fault)
{
	struct http_reply reply;
	enum result result =
		get_object(http, "/key-log", off, NULL, &reply, fault);

	*out = (struct log_view){0};
	if (result != RESULT_OK || *off)
		return result;
	if (!read_view(reply.body, out))
		result = refuse_shape(http, "the state of a key log", fault);
	http_reply_free(&reply);
	return result;
}

void
log_view_free(struct log_view *view)
{
	json_decref(view->successions);
	*view = (struct log_view){0};
}

/* Is the member the number that was asked for? */
static bool
number_is(const json_t *body, const char *name, uint64_t wanted)
{
	int64_t number;

	return field_number(body, name, 0, &number) && (uint64_t) number == wanted;
}

static bool
read_consistency(const json_t *body, uint64_t from, uint64_t to,
				 struct log_consistency *out)
{
	size_t size;

	if (!number_is(body, "from", from) || !number_is(body, "to", to) ||
		!field_blob(body, "proof", out->proof[0], sizeof(out->proof), &size))
		return false;
	out->count = size / MERKLE_HASH_SIZE;
	return size % MERKLE_HASH_SIZE == 0;
}

enum result
log_server_consistency(struct http *http, uint64_t from, uint64_t to,
					   struct log_consistency *out, bool *off, bool *none,
					   struct fault *fault)
{
	char path[PATH_SIZE];
	struct http_reply reply;
	enum result result;

	snprintf(path, sizeof(path),
			 "/key-log/proof/consistency?from=%" PRIu64 "&to=%" PRIu64, from,
			 to);
	result = get_object(http, path, off, none, &reply, fault);
	*out = (struct log_consistency){0};
	if (result != RESULT_OK || *off || *none)
		return result;
	if (!read_consistency(reply.body, from, to, out))
		result = refuse_shape(http, "the proof that was asked for", fault);
	http_reply_free(&reply);
	return result;
}

static bool
read_page(const json_t *body, uint64_t from, unsigned limit,
		  struct log_page *out)
{
	json_t *entries = json_object_get(body, "entries");
	int64_t size;

	if (!number_is(body, "from", from) ||
		!field_number(body, "size", 0, &size) || !json_is_array(entries) ||
		json_array_size(entries) > limit)
		return false;
	out->size = (uint64_t) size;
	out->entries = json_incref(entries);
	return true;
}

enum result
log_server_entries(struct http *http, uint64_t from, unsigned limit,
				   struct log_page *out, struct fault *fault)
{
	char path[PATH_SIZE];
	struct http_reply reply;
	enum result result;

	snprintf(path, sizeof(path), "/key-log/entries?from=%" PRIu64 "&limit=%u",
			 from, limit);
	result = get_object(http, path, NULL, NULL, &reply, fault);
	*out = (struct log_page){0};
	if (result != RESULT_OK)
		return result;
	if (!read_page(reply.body, from, limit, out))
		result = refuse_shape(http, "a page of the key log", fault);
	http_reply_free(&reply);
	return result;
}

void
log_page_free(struct log_page *page)
{
	json_decref(page->entries);
	*page = (struct log_page){0};
}

bool
log_page_row(const struct log_page *page, size_t index, struct log_row *out)
{
	const json_t *row = json_array_get(page->entries, index);

	*out = (struct log_row){0};
	if (!field_present(row, "entry"))
		return !field_present(row, "identityKey") &&
			   field_bytes(row, "leafHash", out->leaf_hash,
						   sizeof(out->leaf_hash));
	if (field_present(row, "leafHash") ||
		!field_blob(row, "entry", out->bytes, sizeof(out->bytes),
					&out->size) ||
		out->size == 0)
		return false;
	merkle_leaf_hash(out->bytes, out->size, out->leaf_hash);
	out->has_identity = field_present(row, "identityKey");
	return !out->has_identity ||
		   field_key(row, "identityKey", JWK_IDENTITY, &out->identity);
}
