/*
 * admin.c
 *		Answering on the operator's port.
 */
#include "admin.h"

#include <string.h>

#include <civetweb.h>

#include "db.h"
#include "gateway.h"
#include "reply.h"
#include "scrape.h"

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
		scrape_write(gateway, reply_begin(&reply, 200));
		reply.type = "text/plain; version=0.0.4";
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
