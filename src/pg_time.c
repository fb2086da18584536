/*
 * pg_time.c
 *		Times as the REST interface writes them.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/timestamp.h"

#include "pg_time.h"

PG_FUNCTION_INFO_V1(json_time);

void
json_time_of(TimestampTz at, char out[JSON_TIME_SIZE])
{
	struct pg_tm tm;
	fsec_t fraction;

	if (TIMESTAMP_NOT_FINITE(at) ||
		timestamp2tm(at, NULL, &tm, &fraction, NULL, NULL) != 0 ||
		tm.tm_year < 0 || tm.tm_year > 9999)
		ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
						errmsg("the time has no form in RFC 3339")));
	snprintf(out, JSON_TIME_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
			 tm.tm_year, tm.tm_mon, tm.tm_mday, tm.tm_hour, tm.tm_min,
			 tm.tm_sec, (int) (fraction / 1000));
}

/* json_time(timestamptz) returns text */
Datum
json_time(PG_FUNCTION_ARGS)
{
	char text[JSON_TIME_SIZE];

	json_time_of(PG_GETARG_TIMESTAMPTZ(0), text);
	PG_RETURN_TEXT_P(cstring_to_text(text));
}
