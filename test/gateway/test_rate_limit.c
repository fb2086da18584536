/*
 * test_rate_limit.c
 *		Who is counted for what.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "guard.h"
#include "log.h"
#include "rate_limit.h"
#include "routes.h"
#include "tap.h"

#define ALICE "00000000-0000-8000-8000-000000000001"
#define BOB "00000000-0000-8000-8000-000000000002"

static struct log log = {.level = LOG_LEVEL_ERROR};

static struct config
all_at(long per_minute)
{
	return (struct config){.register_per_minute = per_minute,
						   .session_per_minute = per_minute,
						   .send_per_minute = per_minute,
						   .read_per_minute = per_minute,
						   .lookup_per_minute = per_minute,
						   .block_per_minute = per_minute,
						   .backup_per_minute = per_minute,
						   .restore_per_minute = per_minute};
}

static struct rate_limits *
limits_of(const struct config *config)
{
	struct rate_limits *limits = rate_limits_new(config, &log);

	if (!limits)
		exit(EXIT_FAILURE);
	return limits;
}

/* How many of three calls go on; "caller" and "from" may be NULL. */
static int
calls(struct rate_limits *limits, enum rate_limit name, const char *caller,
	  const char *peer, const char *from, struct rate_report *report)
{
	struct guard_field field = {"X-Forwarded-For", from};
	struct guard_head head = {.fields = &field, .field_count = from ? 1u : 0u};
	struct request request = {.address = peer, .head = &head};
	int count = 0;

	snprintf(request.caller, sizeof(request.caller), "%s",
			 caller ? caller : "");
	for (int i = 0; i < 3; i++)
	{
		*report = (struct rate_report){.name = NULL};
		count += rate_limits_take(limits, name, &request, report);
	}
	return count;
}

static void
users_and_addresses(struct tap *tap)
{
	struct config config = all_at(2);
	struct rate_limits *limits = limits_of(&config);
	struct rate_report r;

	for (int name = UNLIMITED + 1; name < RATE_COUNT; name++)
	{
		const char *text = rate_limit_name((enum rate_limit) name);

		tap_ok(tap,
			   calls(limits, (enum rate_limit) name, ALICE, "1.1.1.1", NULL,
					 &r) == 2 &&
				   strcmp(r.name, text) == 0 && r.per_minute == 2 &&
				   r.state.refused && r.state.left == 0 &&
				   r.state.reset_s > 0 && r.state.reset_s <= 30,
			   text);
		tap_ok(tap,
			   calls(limits, (enum rate_limit) name, ALICE, "2.2.2.2", NULL,
					 &r) == 0,
			   "a user is one, wherever she is");
		tap_ok(tap,
			   calls(limits, (enum rate_limit) name, BOB, "1.1.1.1", NULL,
					 &r) == 2,
			   "another user there is another");
		tap_ok(tap,
			   calls(limits, (enum rate_limit) name, NULL, "1.1.1.1", NULL,
					 &r) == 2,
			   "and so is the address");
		tap_ok(tap,
			   calls(limits, (enum rate_limit) name, "root", "1.1.1.1", NULL,
					 &r) == 0,
			   "for which counts who is no user");
		tap_ok(tap,
			   calls(limits, (enum rate_limit) name, NULL, "1.1.1.1",
					 "3.3.3.3", &r) == 0,
			   "whatever it sends");
	}
	tap_ok(tap,
		   calls(limits, UNLIMITED, ALICE, "1.1.1.1", NULL, &r) == 3 &&
			   !r.name,
		   "a call that is not limited");
	rate_limits_free(limits);
}

static void
settings(struct tap *tap)
{
	struct config config = all_at(0);
	struct rate_limits *limits = limits_of(&config);
	struct rate_report r;

	tap_ok(tap,
		   calls(limits, RATE_SEND, ALICE, "1.1.1.1", NULL, &r) == 3 &&
			   !r.name,
		   "0: no limit, and nothing to say of it");
	config.send_per_minute = 1;
	rate_limits_set(limits, &config);
	tap_ok(tap, calls(limits, RATE_SEND, ALICE, "1.1.1.1", NULL, &r) == 1,
		   "a limit from now on");
	tap_ok(tap, calls(limits, RATE_LOOKUP, ALICE, "1.1.1.1", NULL, &r) == 3,
		   "others have another");
	rate_limits_free(limits);

	strcpy(config.trusted_proxies, "localhost");
	tap_ok(tap, rate_limits_new(&config, &log) == NULL, "no proxies");
}

static void
loopback(struct tap *tap)
{
	struct config config = all_at(2);
	struct rate_limits *limits;
	struct rate_report r;

	config.limit_loopback = LIMIT_LOOPBACK_OFF;
	strcpy(config.trusted_proxies, "127.0.0.1");
	limits = limits_of(&config);
	tap_ok(tap,
		   calls(limits, RATE_SESSION, NULL, "127.0.0.1", NULL, &r) == 3 &&
			   !r.name,
		   "this machine is not limited");
	tap_ok(tap, calls(limits, RATE_SEND, ALICE, "127.0.0.1", NULL, &r) == 3,
		   "nor are its users");
	tap_ok(tap, calls(limits, RATE_SEND, ALICE, "127.0.0.2", NULL, &r) == 3,
		   "by any of its addresses");
	tap_ok(tap,
		   calls(limits, RATE_SESSION, NULL, "127.0.0.1", "3.3.3.3", &r) == 2,
		   "who comes through its proxy is");
	tap_ok(tap,
		   calls(limits, RATE_SEND, ALICE, "127.0.0.1", "3.3.3.3", &r) == 2,
		   "and so are their users");
	tap_ok(tap,
		   calls(limits, RATE_SESSION, NULL, "127.0.0.1", "2001:db8:0:1::1",
				 &r) == 2 &&
			   calls(limits, RATE_SESSION, NULL, "127.0.0.1",
					 "2001:db8:0:1:ffff::1", &r) == 0,
		   "a /64 is one address");
	rate_limits_free(limits);
}

int
main(void)
{
	struct tap tap = {0};

	users_and_addresses(&tap);
	settings(&tap);
	loopback(&tap);
	return tap_end(&tap);
}
