/*
 * pg_time.h
 *		Times as the REST interface writes them.
 */
#ifndef E2EMSG_PG_TIME_H
#define E2EMSG_PG_TIME_H

#include "datatype/timestamp.h"

#define JSON_TIME_SIZE 32 /* bytes, with the 0 at the end */

/* RFC 3339 in UTC with milliseconds, cut off: 2026-01-31T23:59:59.999Z */
extern void json_time_of(TimestampTz at, char out[JSON_TIME_SIZE]);

#endif /* E2EMSG_PG_TIME_H */
