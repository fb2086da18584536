/*
 * module.c
 *		The extension's library: magic, settings.
 */
#include "postgres.h"

#include <limits.h>

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/guc.h"

#include "settings.h"

PG_MODULE_MAGIC;

extern void _PG_init(void);

static char *service_name_setting;
static bool key_log_setting;
static int acknowledged_retention_setting;
static int unread_retention_setting;
static int deleted_key_retention_setting;
int mailbox_quota_messages;
int mailbox_quota_kb;
int sender_quota_percent;

/*
 * A sender whose answer was lost may ask again for this long, and must get the
 * first answer: so long must a row stay, read or not.
 */
#define MIN_RETENTION_DAYS 7
#define MAX_RETENTION_DAYS 36500

static bool
check_retention(int *days, void **extra, GucSource source)
{
	if (*days == 0 || *days >= MIN_RETENTION_DAYS)
		return true;
	GUC_check_errdetail("It is 0, or %d days or more.", MIN_RETENTION_DAYS);
	return false;
}

/*
 * The service name stands in what identity keys sign, so that a registration
 * can't be replayed at another service.  Only a superuser sets it: a role
 * that calls register_user() must not choose what is verified.
 */
void
_PG_init(void)
{
	DefineCustomStringVariable(
		"e2emsg.service_name",
		"Name of this messaging service, bound into every signature.",
		"Clients see it as the audience of a session.  Set it once, with "
		"ALTER DATABASE: a change invalidates all signatures.",
		&service_name_setting, "e2emsg", PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomBoolVariable(
		"e2emsg.key_log",
		"Only keys that stand in the signed key log are given out.",
		"Set it with ALTER DATABASE.  Rows line up for the log while it is off.",
		&key_log_setting, true, PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable(
		"e2emsg.acknowledged_retention_days",
		"Days since it was sent after which purge() deletes acknowledged "
		"mail.",
		"Until then a sender who asks again gets the first answer.",
		&acknowledged_retention_setting, MIN_RETENTION_DAYS,
		MIN_RETENTION_DAYS, MAX_RETENTION_DAYS, PGC_SUSET, 0, NULL, NULL,
		NULL);
	DefineCustomIntVariable(
		"e2emsg.unread_retention_days",
		"Days since it was sent after which purge() deletes unacknowledged "
		"mail.",
		"0 keeps it for ever; otherwise 7 or more.", &unread_retention_setting,
		0, 0, MAX_RETENTION_DAYS, PGC_SUSET, 0, check_retention, NULL, NULL);
	DefineCustomIntVariable(
		"e2emsg.deleted_key_retention_days",
		"Days since a user was deleted after which purge() removes the keys.",
		"0: when unread mail of then is gone, see e2emsg.unread_retention_days; "
		"otherwise no sooner than that, and mail that waits for longer can't "
		"be read.",
		&deleted_key_retention_setting, 0, 0, MAX_RETENTION_DAYS, PGC_SUSET, 0,
		check_retention, NULL, NULL);
	DefineCustomIntVariable(
		"e2emsg.mailbox_quota_messages",
		"How many unacknowledged messages a mailbox takes.",
		"0 takes any number.", &mailbox_quota_messages, 0, 0, INT_MAX,
		PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable(
		"e2emsg.mailbox_quota_kb",
		"How much unacknowledged ciphertext a mailbox takes.",
		"0 takes any amount.", &mailbox_quota_kb, 0, 0, INT_MAX, PGC_SUSET,
		GUC_UNIT_KB, NULL, NULL, NULL);
	DefineCustomIntVariable("e2emsg.sender_quota_percent",
							"How much of a mailbox's quotas one sender takes.",
							"0 and 100 leave one sender all of it.",
							&sender_quota_percent, 25, 0, 100, PGC_SUSET, 0,
							NULL, NULL, NULL);
	MarkGUCPrefixReserved("e2emsg");
}

PG_FUNCTION_INFO_V1(service_name);

/* service_name() returns text */
Datum
service_name(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(service_name_setting));
}

PG_FUNCTION_INFO_V1(key_log_is_on);

/* key_log_is_on() returns boolean */
Datum
key_log_is_on(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(key_log_setting);
}

PG_FUNCTION_INFO_V1(acknowledged_retention_days);

/* acknowledged_retention_days() returns integer */
Datum
acknowledged_retention_days(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(acknowledged_retention_setting);
}

PG_FUNCTION_INFO_V1(unread_retention_days);

/* unread_retention_days() returns integer */
Datum
unread_retention_days(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(unread_retention_setting);
}

PG_FUNCTION_INFO_V1(deleted_key_retention_days);

/* deleted_key_retention_days() returns integer */
Datum
deleted_key_retention_days(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(deleted_key_retention_setting);
}
