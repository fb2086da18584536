/*
 * module.c
 *		The extension's library: magic, settings.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/guc.h"

PG_MODULE_MAGIC;

extern void _PG_init(void);

static char *service_name_setting;
static bool key_log_setting;

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
