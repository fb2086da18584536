/*
 * wait.c
 *		GET /messages, with ?wait= until there is mail.
 */
#include "routes.h"

#include <string.h>

#include "clock.h"
#include "db.h"
#include "gateway.h"
#include "reply.h"
#include "watch.h"

#define MAX_WAIT_S 25

/* The same as without waiting; column 2: is there a message? */
static enum status
look(struct watch *watch, struct db_answer *answer)
{
	static const char sql[] =
		"SELECT body::text, body #> '{messages,0}' IS NOT NULL"
		" FROM e2emsg.rest_inbox($1, $2, $3)";
	struct db_params params = {0};

	db_param_text(&params, watch->request->caller);
	db_param_text(&params, watch->request->query[0]);
	db_param_text(&params, watch->request->query[1]);
	watch_look(watch);
	return db_call(watch->gateway->db, DB_READ, sql, &params, answer);
}

static bool
has_mail(const struct db_answer *answer)
{
	const char *has = db_answer_field(answer, 0, 1, NULL);

	return has && has[0] == 't';
}

/* Looks until there is mail, or the time is over, or there was an error. */
static enum status
look_until(struct watch *watch, int64_t until, struct db_answer *answer)
{
	enum status status = look(watch, answer);

	while (status == STATUS_OK && !has_mail(answer) && clock_ms() < until &&
		   !watch_must_end(watch) && watch_wait(watch, until))
	{
		if (!watch_is_due(watch) || watch_must_end(watch))
			continue;
		db_answer_free(answer);
		status = look(watch, answer);
	}
	return status;
}

/* 0 to 25, in plain digits; -1 for anything else. */
static int
read_wait(const char *text)
{
	size_t size = strlen(text);
	int seconds = 0;

	if (size < 1 || size > 2 || strspn(text, "0123456789") != size ||
		(size == 2 && text[0] == '0'))
		return -1;
	while (*text)
		seconds = 10 * seconds + (*text++ - '0');
	return seconds <= MAX_WAIT_S ? seconds : -1;
}

static void
serve_wait(struct request *request, const struct route *route, int seconds,
		   struct reply *reply)
{
	struct watch watch;
	struct db_answer answer;
	enum status status;
	const char *body;
	size_t size = 0;

	if (!watch_begin(&watch, request, NULL, NULL, reply) ||
		!watch_join(&watch, reply))
		return;
	atomic_fetch_add(&request->gateway->waits, 1);
	status = look_until(&watch, clock_ms() + seconds * 1000, &answer);
	atomic_fetch_sub(&request->gateway->waits, 1);
	watch_leave(&watch);
	watch_end(&watch);
	body = db_answer_field(&answer, 0, 0, &size);
	if (status == STATUS_OK && body)
		reply_text(reply, route->success, body, size);
	else
		reply_problem(
			reply, status == STATUS_OK ? STATUS_INTERNAL_ERROR : status,
			db_answer_detail(&answer), db_answer_hint(&answer), NULL);
	db_answer_free(&answer);
}

void
serve_inbox(struct request *request, const struct route *route,
			struct reply *reply)
{
	int seconds = request->query[2] ? read_wait(request->query[2]) : 0;

	if (seconds < 0)
		reply_problem(
			reply, STATUS_INVALID_REQUEST,
			"\"wait\" must be a whole number of seconds from 0 to 25", NULL,
			NULL);
	else if (seconds == 0)
		serve_sql(request, route, reply);
	else
		serve_wait(request, route, seconds, reply);
}
