/*
 * result.c
 *		How a call ended, and what to tell the user when it failed.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "result.h"

enum result
fault_set(struct fault *fault, enum result result, const char *hint,
		  const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(fault->message, sizeof(fault->message), format, args);
	va_end(args);
	snprintf(fault->hint, sizeof(fault->hint), "%s", hint ? hint : "");
	fault->for_good = false;
	return result;
}

enum result
fault_errno(struct fault *fault, const char *what, const char *path)
{
	char reason[128];

	return fault_set(fault, RESULT_REFUSED, NULL, "%s %s: %s", what, path,
					 strerror_r(errno, reason, sizeof(reason)));
}

const char *
result_meaning(int result)
{
	static const char *const meanings[] = {
		"done",
		"refused by the server or by you, or failed on this machine",
		"wrong usage",
		"the server did not answer, or can't serve now",
		"not signed in, or not allowed",
		"a key or key log that you have not accepted (see trust, log); an alarm",
		"a message could not be opened",
		"mail is missing: another copy took it, or the server withholds it",
	};

	if (result < 0 || (size_t) result >= sizeof(meanings) / sizeof(*meanings))
		return NULL;
	return meanings[result];
}
