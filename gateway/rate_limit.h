/*
 * rate_limit.h
 *		The limits that routes are under, by name.
 *
 * A call with a token counts for its user, any other for the address that it
 * comes from.  Each gateway counts for itself.
 */
#ifndef E2EMSG_RATE_LIMIT_H
#define E2EMSG_RATE_LIMIT_H

#include <stdbool.h>

#include "limit.h"

struct config;
struct rate_limits;
struct log;
struct request;

enum rate_limit
{
	UNLIMITED,
	RATE_REGISTER, /* registrations, and new keys */
	RATE_SESSION,
	RATE_SEND,
	RATE_READ,	 /* mail, and acknowledging; streams as they begin */
	RATE_LOOKUP, /* of keys */
	RATE_BLOCK,
	RATE_BACKUP,
	RATE_RESTORE,
	RATE_COUNT
};

/* What an answer says of the limit that its call was under. */
struct rate_report
{
	const char *name; /* NULL: of none */
	long per_minute;
	struct limit_state state;
};

/* The name in settings and header fields; "-" for UNLIMITED. */
extern const char *rate_limit_name(enum rate_limit name);

/* NULL without memory or random numbers. */
extern struct rate_limits *rate_limits_new(const struct config *config,
										   struct log *log);

extern void rate_limits_free(struct rate_limits *limits);

/* Takes over what can change while the gateway runs. */
extern void rate_limits_set(struct rate_limits *limits,
							const struct config *config);

/*
 * Counts a call, whose caller is known if it has a token.  False when it is
 * one too many.
 */
extern bool rate_limits_take(struct rate_limits *limits, enum rate_limit name,
							 const struct request *request,
							 struct rate_report *report)
	__attribute__((warn_unused_result));

#endif /* E2EMSG_RATE_LIMIT_H */
