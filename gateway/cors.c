/*
 * cors.c
 *		The list of origins.
 */
#include "cors.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "config.h"
#include "guard.h"
#include "log.h"

#define LINES_A_MINUTE 10

struct cors
{
	pthread_rwlock_t lock; /* for the list */
	char list[CONFIG_TEXT_SIZE];
	atomic_llong minute; /* in which "lines" were logged */
	atomic_int lines;
};

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

/* ":8443", but not the port that goes without saying. */
static bool
is_port(const char *text, size_t size, const char *scheme, size_t scheme_size)
{
	long port;

	if (size < 2 || size > 6 || text[1] == '0' ||
		strspn(text + 1, DIGITS) < size - 1)
		return false;
	port = strtol(text + 1, NULL, 10);
	if (scheme_size == 4 && memcmp(scheme, "http", 4) == 0 && port == 80)
		return false;
	if (scheme_size == 5 && memcmp(scheme, "https", 5) == 0 && port == 443)
		return false;
	return port <= 65535;
}

/* A name, an IPv4 address or an IPv6 one in brackets. */
static size_t
host_size(const char *text)
{
	size_t size;

	if (*text != '[')
		return strspn(text, LOWER DIGITS ".-_");
	size = strspn(text + 1, "abcdef" DIGITS ":.");
	return size > 0 && text[size + 1] == ']' ? size + 2 : 0;
}

/* An origin as browsers write it: scheme://host[:port] in small letters. */
static bool
is_origin(const char *text, size_t size)
{
	size_t scheme = strspn(text, LOWER DIGITS "+.-"), host;

	if (size >= CORS_ORIGIN_SIZE || strspn(text, LOWER) == 0 ||
		scheme + 3 >= size || memcmp(text + scheme, "://", 3) != 0)
		return false;
	host = host_size(text + scheme + 3);
	if (host == 0 || scheme + 3 + host > size)
		return false;
	text += scheme + 3 + host;
	size -= scheme + 3 + host;
	return size == 0 ||
		   (*text == ':' &&
			is_port(text, size, text - host - 3 - scheme, scheme));
}

/* The next word of a list; *size is 0 at its end. */
static const char *
next_word(const char *list, size_t *size)
{
	list += strspn(list, " ");
	*size = strcspn(list, " ");
	return list;
}

bool
cors_problem(const char *list, char *problem, size_t problem_size)
{
	size_t size;
	const char *word = next_word(list, &size);

	for (; size > 0; word = next_word(word + size, &size))
		if (!is_origin(word, size))
		{
			snprintf(problem, problem_size,
					 "allowed_origins: \"%.*s\" is no origin as browsers "
					 "write it, like https://chat.example.org or "
					 "http://localhost:3000: small letters, no path, no slash "
					 "at the end, no default port, no *",
					 size < 100 ? (int) size : 100, word);
			return true;
		}
	return false;
}

struct cors *
cors_new(const char *list)
{
	struct cors *cors = calloc(1, sizeof(*cors));

	if (!cors)
		return NULL;
	pthread_rwlock_init(&cors->lock, NULL);
	cors_set(cors, list);
	return cors;
}

void
cors_free(struct cors *cors)
{
	if (!cors)
		return;
	pthread_rwlock_destroy(&cors->lock);
	free(cors);
}

void
cors_set(struct cors *cors, const char *list)
{
	pthread_rwlock_wrlock(&cors->lock);
	snprintf(cors->list, sizeof(cors->list), "%s", list);
	pthread_rwlock_unlock(&cors->lock);
}

static bool
holds(const char *list, const char *origin)
{
	size_t size, wanted = strlen(origin);
	const char *word = next_word(list, &size);

	for (; size > 0; word = next_word(word + size, &size))
		if (size == wanted && memcmp(word, origin, size) == 0)
			return true;
	return false;
}

/* An origin that is too long for us is listed nowhere. */
void
cors_look(struct cors *cors, const struct guard_head *head,
		  struct cors_origin *origin)
{
	bool says = guard_has(head, "origin");

	*origin = (struct cors_origin){.is_listed = false};
	if (says &&
		!guard_value(head, "origin", origin->text, sizeof(origin->text)))
		origin->text[0] = '?';
	pthread_rwlock_rdlock(&cors->lock);
	origin->varies = cors->list[0] != '\0';
	origin->is_listed = says && holds(cors->list, origin->text);
	pthread_rwlock_unlock(&cors->lock);
}

bool
cors_is_preflight(const struct guard_head *head,
				  const struct cors_origin *origin)
{
	return strcmp(head->method, "OPTIONS") == 0 && origin->text[0] != '\0' &&
		   guard_has(head, "access-control-request-method");
}

/* What the browser says: a proxy may have changed Host, this it has not. */
static bool
is_of_other_site(const struct guard_head *head)
{
	char site[sizeof("cross-site")]; /* Fetch Metadata, 2.3 */

	return guard_value(head, "sec-fetch-site", site, sizeof(site)) &&
		   (strcmp(site, "cross-site") == 0 || strcmp(site, "same-site") == 0);
}

bool
cors_is_refused(const struct guard_head *head,
				const struct cors_origin *origin)
{
	return origin->text[0] != '\0' && !origin->is_listed &&
		   (cors_is_preflight(head, origin) || is_of_other_site(head));
}

/* Anybody can cause such a line, so there are not many. */
static bool
may_log(struct cors *cors)
{
	long long now = clock_ms() / 60000;

	if (atomic_exchange(&cors->minute, now) != now)
		atomic_store(&cors->lines, 0);
	return atomic_fetch_add(&cors->lines, 1) < LINES_A_MINUTE;
}

void
cors_log_refusal(struct cors *cors, struct log *log,
				 const struct cors_origin *origin)
{
	const char *text = origin->text;

	if (!may_log(cors))
		return;
	if (is_origin(text, strlen(text)))
		log_line(log, LOG_LEVEL_WARN,
				 "a page of %s may not use the service; if it should, add "
				 "it to the setting allowed_origins",
				 text);
	else
		log_line(log, LOG_LEVEL_WARN,
				 "a page may not use the service: its origin (\"null\" or "
				 "malformed) can't be in the setting allowed_origins");
}
