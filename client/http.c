/*
 * http.c
 *		One JSON request, one JSON answer, over libcurl.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "field.h"
#include "http.h"
#include "plural.h"

#ifndef E2EMSG_VERSION
#define E2EMSG_VERSION "0"
#endif

#define TOKEN_HEADER_MAX 8192 /* bytes */
#define WORDS_MAX 300		  /* bytes of a title, detail or hint */

/* What came back so far; grows up to HTTP_ANSWER_MAX. */
struct answer
{
	char *bytes;
	size_t size;
	size_t room; /* doubled when it is full */
};

static bool
is_loopback(const char *host)
{
	return strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
		   (strncmp(host, "127.", 4) == 0 &&
			strspn(host, "0123456789.") == strlen(host));
}

/* A part of a URL, or NULL; free with curl_free(). */
static char *
url_part(CURLU *url, CURLUPart part)
{
	char *text = NULL;

	return curl_url_get(url, part, &text, 0) == CURLUE_OK ? text : NULL;
}

/* Does the URL have a part that a server's address must not have? */
static bool
has_surplus(CURLU *url)
{
	static const CURLUPart surplus[] = {CURLUPART_USER, CURLUPART_PASSWORD,
										CURLUPART_QUERY, CURLUPART_FRAGMENT};
	bool found = false;

	for (size_t i = 0; i < sizeof(surplus) / sizeof(*surplus); i++)
	{
		char *text = url_part(url, surplus[i]);

		found |= text != NULL;
		curl_free(text);
	}
	return found;
}

enum result
http_check_url(const char *text, char out[ACCOUNT_URL_MAX + 1], bool *plain,
			   struct fault *fault)
{
	CURLU *url = curl_url();
	size_t size = strlen(text);
	char *scheme = NULL, *host = NULL;
	bool good = url != NULL && size <= ACCOUNT_URL_MAX &&
				curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK;

	*plain = false;
	if (good)
	{
		scheme = url_part(url, CURLUPART_SCHEME);
		host = url_part(url, CURLUPART_HOST);
		good = scheme != NULL && host != NULL && !has_surplus(url) &&
			   (strcmp(scheme, "https") == 0 || strcmp(scheme, "http") == 0);
	}
	if (good)
	{
		*plain = strcmp(scheme, "http") == 0 && !is_loopback(host);
		while (size > 0 && text[size - 1] == '/')
			size--;
		memcpy(out, text, size);
		out[size] = '\0';
	}
	curl_free(scheme);
	curl_free(host);
	curl_url_cleanup(url);
	return good ? RESULT_OK
				: fault_set(fault, RESULT_USAGE,
							"It looks like https://msg.example.org or "
							"http://127.0.0.1:8080.",
							"the server's URL is not usable");
}

/* Keeps loopback requests away from a proxy of the environment. */
static bool
set_proxy(struct http *http)
{
	return curl_easy_setopt(http->handle, CURLOPT_NOPROXY,
							"localhost,127.0.0.1,::1") == CURLE_OK;
}

/* A CA of one's own, where OpenSSL's programs look for it. */
static bool
set_authority(struct http *http)
{
	const char *file = getenv("SSL_CERT_FILE");

	return file == NULL || file[0] == '\0' ||
		   curl_easy_setopt(http->handle, CURLOPT_CAINFO, file) == CURLE_OK;
}

enum result
http_open(const char *url, struct http *out, struct fault *fault)
{
	bool plain;
	enum result result = http_check_url(url, out->base, &plain, fault);

	if (result != RESULT_OK)
		return result;
	out->handle = curl_easy_init();
	if (out->handle == NULL)
		return fault_set(fault, RESULT_REFUSED, NULL, "libcurl failed");
	return RESULT_OK;
}

void
http_close(struct http *http)
{
	curl_easy_cleanup(http->handle);
	http->handle = NULL;
}

static bool
make_room(struct answer *answer, size_t room)
{
	char *grown;

	if (room <= answer->room)
		return true;
	if (room < 2 * answer->room)
		room = 2 * answer->room;
	grown = realloc(answer->bytes, room);
	if (grown == NULL)
		return false;
	answer->bytes = grown;
	answer->room = room;
	return true;
}

/* libcurl's write callback; returns less than it got to stop. */
static size_t
keep_bytes(char *bytes, size_t one, size_t count, void *to)
{
	struct answer *answer = to;

	(void) one;
	if (count > HTTP_ANSWER_MAX - answer->size ||
		!make_room(answer, answer->size + count + 1))
		return 0;
	memcpy(answer->bytes + answer->size, bytes, count);
	answer->size += count;
	return count;
}

bool
http_is_stopped(const struct http *http)
{
	return http->stop != NULL && *http->stop;
}

/* libcurl's progress callback, called once a second at least. */
static int
go_on(void *http, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	(void) a, (void) b, (void) c, (void) d;
	return http_is_stopped(http);
}

/* Lets a request be ended before there is an answer. */
static bool
set_stop(struct http *http)
{
	return http->stop == NULL ||
		   (curl_easy_setopt(http->handle, CURLOPT_XFERINFOFUNCTION, go_on) ==
				CURLE_OK &&
			curl_easy_setopt(http->handle, CURLOPT_XFERINFODATA, http) ==
				CURLE_OK &&
			curl_easy_setopt(http->handle, CURLOPT_NOPROGRESS, 0L) ==
				CURLE_OK);
}

/* Adds a header to the list; frees the list when memory is out. */
static bool
add_header(struct curl_slist **list, const char *header)
{
	struct curl_slist *grown = curl_slist_append(*list, header);

	if (grown == NULL)
		return false;
	*list = grown;
	return true;
}

static bool
make_headers(const char *token, struct curl_slist **list)
{
	char line[TOKEN_HEADER_MAX];
	bool done = add_header(list, "Accept: application/json") &&
				add_header(list, "Content-Type: application/json") &&
				add_header(list, "Expect:");

	if (token == NULL)
		return done;
	if (snprintf(line, sizeof(line), "Authorization: Bearer %s", token) >=
		(int) sizeof(line))
		return false;
	done = done && add_header(list, line);
	OPENSSL_cleanse(line, sizeof(line));
	return done;
}

/* Wipes the token before the list goes. */
static void
free_headers(struct curl_slist *list)
{
	for (struct curl_slist *item = list; item; item = item->next)
		OPENSSL_cleanse(item->data, strlen(item->data));
	curl_slist_free_all(list);
}

/* Sets every option of one request. */
static bool
prepare(struct http *http, const char *method, const char *url,
		const char *body, const struct curl_slist *headers,
		struct answer *answer)
{
	CURL *handle = http->handle;

	curl_easy_reset(handle);
	if (body == NULL &&
		(strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0))
		body = ""; /* so that it has a Content-Length */
	if (body != NULL &&
		curl_easy_setopt(handle, CURLOPT_POSTFIELDS, body) != CURLE_OK)
		return false;
	return curl_easy_setopt(handle, CURLOPT_URL, url) == CURLE_OK &&
		   curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, method) ==
			   CURLE_OK &&
		   curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers) == CURLE_OK &&
		   curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https") ==
			   CURLE_OK &&
		   curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
		   curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
		   curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT,
							HTTP_CONNECT_SECONDS) == CURLE_OK &&
		   curl_easy_setopt(handle, CURLOPT_TIMEOUT, HTTP_TOTAL_SECONDS) ==
			   CURLE_OK &&
		   curl_easy_setopt(handle, CURLOPT_USERAGENT,
							"e2emsg/" E2EMSG_VERSION) == CURLE_OK &&
		   curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, keep_bytes) ==
			   CURLE_OK &&
		   curl_easy_setopt(handle, CURLOPT_WRITEDATA, answer) == CURLE_OK &&
		   set_proxy(http) && set_authority(http) && set_stop(http);
}

/* Reads status, Retry-After and body of the answer that came. */
static enum result
take_reply(struct http *http, const struct answer *answer,
		   struct http_reply *reply, struct fault *fault)
{
	curl_off_t wait = 0;

	curl_easy_getinfo(http->handle, CURLINFO_RESPONSE_CODE, &reply->status);
	curl_easy_getinfo(http->handle, CURLINFO_RETRY_AFTER, &wait);
	reply->retry_after = wait > 0 && wait < 3600 ? (long) wait : 0;
	reply->body =
		answer->bytes ? field_parse(answer->bytes, answer->size) : NULL;
	if (reply->body != NULL)
		return RESULT_OK;
	return fault_set(fault,
					 reply->status >= 500 ? RESULT_NETWORK : RESULT_REFUSED,
					 "Is it the address of an e2emsg gateway?",
					 "%s gave an answer that is not a JSON object (status "
					 "%ld)",
					 http->base, reply->status);
}

static enum result
perform(struct http *http, struct fault *fault)
{
	CURLcode code = curl_easy_perform(http->handle);

	if (code == CURLE_OK)
		return RESULT_OK;
	if (code == CURLE_WRITE_ERROR)
		return fault_set(fault, RESULT_REFUSED, NULL,
						 "the answer of %s is too large", http->base);
	return fault_set(fault, RESULT_NETWORK, http->unreachable_hint,
					 "can't reach %s: %s", http->base,
					 curl_easy_strerror(code));
}

static enum result
call_once(struct http *http, const char *method, const char *path,
		  const json_t *body, const char *token, struct http_reply *reply,
		  struct fault *fault)
{
	char url[2 * ACCOUNT_URL_MAX];
	struct answer answer = {0};
	struct curl_slist *headers = NULL;
	char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
	enum result result;

	*reply = (struct http_reply){0};
	if (snprintf(url, sizeof(url), "%s%s", http->base, path) >=
			(int) sizeof(url) ||
		(body != NULL && text == NULL) || !make_headers(token, &headers) ||
		!prepare(http, method, url, text, headers, &answer))
		result = fault_set(fault, RESULT_REFUSED, NULL,
						   "the request could not be made");
	else
		result = perform(http, fault);
	if (result == RESULT_OK)
		result = take_reply(http, &answer, reply, fault);
	if (answer.bytes != NULL)
		OPENSSL_cleanse(answer.bytes, answer.size);
	free(answer.bytes);
	if (text != NULL)
		OPENSSL_cleanse(text, strlen(text));
	free(text);
	free_headers(headers);
	return result;
}

static bool
is_too_often(enum result result, const struct http_reply *reply)
{
	return result == RESULT_OK && reply->status == 429;
}

enum result
http_call(struct http *http, const char *method, const char *path,
		  const json_t *body, const char *token, struct http_reply *reply,
		  struct fault *fault)
{
	enum result result =
		call_once(http, method, path, body, token, reply, fault);
	long wait = reply->retry_after;

	if (is_too_often(result, reply) && wait > 0 &&
		wait <= HTTP_PATIENCE_SECONDS)
	{
		http_reply_free(reply);
		sleep((unsigned) wait);
		result = call_once(http, method, path, body, token, reply, fault);
	}
	http->too_often = is_too_often(result, reply);
	return result;
}

void
http_reply_free(struct http_reply *reply)
{
	json_decref(reply->body);
	*reply = (struct http_reply){0};
}

const char *
http_code(const struct http_reply *reply)
{
	const char *code;

	return field_text(reply->body, "code", 1, 64, &code) ? code : "";
}

enum result
http_result(const struct http_reply *reply)
{
	long status = reply->status;

	if (status < 400)
		return RESULT_OK;
	if (strcmp(http_code(reply), "not_accepted") == 0)
		return RESULT_REFUSED;
	if (status == 401 || status == 403)
		return RESULT_AUTH;
	if (status == 408 || status == 429 || status >= 500)
		return RESULT_NETWORK;
	return RESULT_REFUSED;
}

/* What to do, where the server's hint speaks to programs; NULL elsewhere. */
static const char *
own_hint(const struct http_reply *reply)
{
	static const struct
	{
		const char *code, *hint;
	} hints[] = {
		{"not_found", "Has the server's URL a path too many, as in "
					  "http://HOST/api?"},
		{"unknown_receiver",
		 "This user was deleted, or the server does not know it."},
		{"mailbox_full", "It is not tried again by itself: once the receiver "
						 "has read mail, send it anew."},
		{"not_accepted",
		 "Whoever blocks you can unblock you; nobody else can."},
		{"too_many_blocks",
		 "Unblock somebody first: e2emsg blocks" AS " lists them."},
		{"missing_token", "Run: e2emsg login" AS},
		{"invalid_token", "Run: e2emsg login" AS},
		{"expired_token", "Run: e2emsg login" AS},
		{"invalid_assertion",
		 "The server does not know this account (any more), or has another "
		 "identity key for it. To begin anew, put its folder away first: "
		 "e2emsg whoami" AS " names it."},
	};

	for (size_t i = 0; i < sizeof(hints) / sizeof(*hints); i++)
		if (strcmp(http_code(reply), hints[i].code) == 0)
			return hints[i].hint;
	return reply->status == 503 ? "Try again a little later." : NULL;
}

enum result
http_fault(const struct http_reply *reply, struct fault *fault)
{
	const char *title = "the request failed";
	const char *detail = NULL;
	const char *hint = NULL;
	char again[64];

	(void) (field_text(reply->body, "title", 1, WORDS_MAX, &title) &&
			field_text(reply->body, "hint", 1, WORDS_MAX, &hint));
	(void) !field_text(reply->body, "detail", 1, WORDS_MAX, &detail);
	if (own_hint(reply) != NULL)
		hint = own_hint(reply);
	if (reply->status == 429 && reply->retry_after > 0)
	{
		snprintf(again, sizeof(again), "try again in %ld second%s",
				 reply->retry_after, PLURAL(reply->retry_after, "", "s"));
		detail = again;
		hint = NULL;
	}
	(void) fault_set(
		fault, http_result(reply), hint, "the server %s: %s%s%s (%ld%s%s)",
		reply->status == 503 ? "can't serve now" : "refused", title,
		detail ? ": " : "", detail ? detail : "", reply->status,
		http_code(reply)[0] ? " " : "", http_code(reply));
	fault->for_good = strcmp(http_code(reply), "invalid_assertion") == 0;
	return http_result(reply);
}
