/*
 * restore.c
 *		POST /backup/restore: whoever asks needs no token, so not too often.
 */
#include "routes.h"

#include <jansson.h>

#include "clock.h"
#include "gateway.h"
#include "jsontext.h"
#include "limit.h"
#include "reply.h"

/* A body without a username counts, too; the extension refuses it. */
static int
wait_of(const struct request *request)
{
	json_t *object = jsontext_parse(request->body.text, request->body.size);
	const char *username =
		json_string_value(json_object_get(object, "username"));
	int wait_s = limit_take(request->gateway->restores, request->address,
							username ? username : "", clock_us());

	json_decref(object);
	return wait_s;
}

void
serve_restore(struct request *request, const struct route *route,
			  struct reply *reply)
{
	int wait_s = wait_of(request);

	if (wait_s == 0)
	{
		serve_sql(request, route, reply);
		return;
	}
	reply_problem(reply, STATUS_RATE_LIMITED, NULL, NULL, NULL);
	reply->retry_after_s = wait_s;
}
