/*
 * admin.c
 *		Answering on the operator's port.
 */
#include "admin.h"

#include <string.h>

#include <civetweb.h>

#include "db.h"
#include "gateway.h"
#include "hints.h"
#include "reply.h"
#include "rounds.h"
#include "sequencer.h"

static enum status
readiness(struct gateway *gateway, const char **why)
{
	*why = "the gateway is about to end";
	if (atomic_load(&gateway->draining))
		return STATUS_OVERLOADED;
	*why = "the database does not answer";
	return db_ping(gateway->db) == STATUS_OK ? STATUS_OK
											 : STATUS_DATABASE_UNAVAILABLE;
}

static void
add_metric(struct text *text, const char *name, const char *type,
		   const char *help, uint64_t value)
{
	text_add(text, "# HELP ");
	text_add(text, name);
	text_add(text, " ");
	text_add(text, help);
	text_add(text, "\n# TYPE ");
	text_add(text, name);
	text_add(text, " ");
	text_add(text, type);
	text_add(text, "\n");
	text_add(text, name);
	text_add(text, " ");
	text_add_number(text, (int64_t) value);
	text_add(text, "\n");
}

static uint64_t
count_of(const atomic_int *counter)
{
	int count = atomic_load(counter);

	return count > 0 ? (uint64_t) count : 0;
}

/* Of waiting for mail. */
static void
add_live_metrics(struct gateway *gateway, struct text *text)
{
	struct hint_figures hints;

	hints_figures(gateway->hints, &hints);
	add_metric(text, "e2emsg_streams", "gauge", "Open streams.",
			   count_of(&gateway->streams));
	add_metric(text, "e2emsg_waits", "gauge",
			   "Requests that wait for mail, without streams.",
			   count_of(&gateway->waits));
	add_metric(text, "e2emsg_hints_sent_total", "counter",
			   "Hints of new mail told to other gateways.", hints.sent);
	add_metric(text, "e2emsg_hints_received_total", "counter",
			   "Hints heard from other gateways.", hints.received);
	add_metric(text, "e2emsg_hints_dropped_total", "counter",
			   "Hints that were not told.", hints.dropped);
}

/* In the text format of Prometheus. */
static void
reply_metrics(struct gateway *gateway, struct reply *reply)
{
	struct round_figures figures;
	struct text *text = reply_begin(reply, 200);

	sequencer_figures(gateway->sequencer, &figures);
	reply->type = "text/plain; version=0.0.4";
	add_metric(text, "e2emsg_key_log_size", "gauge", "Leaves of the key log.",
			   figures.size);
	add_metric(text, "e2emsg_key_log_signed_size", "gauge",
			   "Leaves that a signed checkpoint covers.", figures.signed_size);
	add_metric(text, "e2emsg_key_log_rounds_total", "counter",
			   "Rounds that this gateway made.", figures.rounds);
	add_metric(text, "e2emsg_key_log_refused", "gauge",
			   "1 while the signer refuses to sign what the database holds.",
			   figures.refused);
	add_live_metrics(gateway, text);
}

int
admin_request(struct mg_connection *connection)
{
	const struct mg_request_info *info = mg_get_request_info(connection);
	struct gateway *gateway = mg_get_user_context_data(connection);
	const char *why = NULL;
	struct reply reply = {.http = 0};
	enum status status = STATUS_NOT_FOUND;

	if (strcmp(info->request_method, "GET") != 0)
		status = STATUS_METHOD_NOT_ALLOWED;
	else if (strcmp(info->request_uri, "/live") == 0)
		status = STATUS_OK;
	else if (strcmp(info->request_uri, "/ready") == 0)
		status = readiness(gateway, &why);
	else if (strcmp(info->request_uri, "/metrics") == 0)
	{
		reply_metrics(gateway, &reply);
		status = STATUS_OK;
	}
	if (status == STATUS_OK && reply.http == 0)
		reply_text(&reply, 200, "{\"status\":\"ok\"}", 15);
	else if (status != STATUS_OK)
		reply_problem(&reply, status, why, NULL, NULL);
	reply.close = true;
	reply_send(connection, &reply, false);
	reply_free(&reply);
	return 1;
}
