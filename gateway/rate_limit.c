/*
 * rate_limit.c
 *		The table of limits, and who is counted for what.
 */
#include "rate_limit.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "config.h"
#include "log.h"
#include "proxies.h"
#include "routes.h"
#include "submission.h"

struct rate_limits
{
	struct log *log;
	struct proxies proxies;
	bool with_loopback;
	atomic_bool told; /* of an X-Forwarded-For that counts for nothing */
	struct limit *tables[RATE_COUNT];
};

#define PER_MINUTE(name) offsetof(struct config, name##_per_minute)

static const struct
{
	const char *text;
	size_t setting; /* in struct config */
} names[RATE_COUNT] = {
	[UNLIMITED] = {"-", 0},
	[RATE_REGISTER] = {"register", PER_MINUTE(register)},
	[RATE_SESSION] = {"session", PER_MINUTE(session)},
	[RATE_SEND] = {"send", PER_MINUTE(send)},
	[RATE_READ] = {"read", PER_MINUTE(read)},
	[RATE_LOOKUP] = {"lookup", PER_MINUTE(lookup)},
	[RATE_BLOCK] = {"block", PER_MINUTE(block)},
	[RATE_BACKUP] = {"backup", PER_MINUTE(backup)},
	[RATE_RESTORE] = {"restore", PER_MINUTE(restore)},
};

const char *
rate_limit_name(enum rate_limit name)
{
	return names[name].text;
}

void
rate_limits_set(struct rate_limits *limits, const struct config *config)
{
	for (size_t i = UNLIMITED + 1; i < RATE_COUNT; i++)
		limit_set(limits->tables[i],
				  *(const long *) (const void *) ((const char *) config +
												  names[i].setting));
}

struct rate_limits *
rate_limits_new(const struct config *config, struct log *log)
{
	struct rate_limits *limits = calloc(1, sizeof(*limits));
	bool good =
		limits && proxies_parse(config->trusted_proxies, &limits->proxies);

	for (size_t i = UNLIMITED + 1; good && i < RATE_COUNT; i++)
		good = (limits->tables[i] = limit_new()) != NULL;
	if (!good)
	{
		rate_limits_free(limits);
		return NULL;
	}
	limits->log = log;
	limits->with_loopback = config->limit_loopback == LIMIT_LOOPBACK_ON;
	rate_limits_set(limits, config);
	return limits;
}

void
rate_limits_free(struct rate_limits *limits)
{
	if (!limits)
		return;
	for (size_t i = UNLIMITED + 1; i < RATE_COUNT; i++)
		limit_free(limits->tables[i]);
	free(limits);
}

/*
 * The address that a request comes from.  Tells the operator, once, of what
 * may be a proxy that nobody trusts.
 */
static struct address
address_of(struct rate_limits *limits, const struct request *request)
{
	bool ignored;
	struct address address = proxies_client(&limits->proxies, request->address,
											request->head, &ignored);

	if (ignored && !atomic_exchange(&limits->told, true))
		log_line(limits->log, LOG_LEVEL_WARN,
				 "X-Forwarded-For of %s was ignored; if that is your proxy, "
				 "add it to the setting trusted_proxies",
				 request->address);
	return address;
}

/* Who is counted: a user, or else an address; false for nobody. */
static bool
find_key(struct rate_limits *limits, const struct request *request,
		 uint8_t key[LIMIT_KEY_SIZE])
{
	const char *caller = request->caller;
	bool is_user = uuid_parse(caller, strlen(caller), key);
	struct address address;

	if (is_user && limits->with_loopback)
		return true;
	address = address_of(limits, request);
	if (!limits->with_loopback && address_is_loopback(&address))
		return false;
	if (!is_user)
		memcpy(key, address.bytes, LIMIT_KEY_SIZE);
	return true;
}

bool
rate_limits_take(struct rate_limits *limits, enum rate_limit name,
				 const struct request *request, struct rate_report *report)
{
	struct limit *table = limits->tables[name];
	uint8_t key[LIMIT_KEY_SIZE];

	report->per_minute = table ? limit_per_minute(table) : 0;
	if (report->per_minute == 0 || !find_key(limits, request, key))
		return true;
	report->name = rate_limit_name(name);
	limit_take(table, key, clock_us(), &report->state);
	return !report->state.refused;
}
