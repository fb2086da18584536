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
	*why = "the database does not answer, or refuses; the gateway's log says "
		   "which";
	return db_ping(gateway->db) == STATUS_OK ? STATUS_OK
											 : STATUS_DATABASE_UNAVAILABLE;
}

/* What stands at that path; STATUS_OK unless it is a problem. */
static enum status
serve(struct gateway *gateway, const char *path, struct reply *reply,
	  const char **why)
{
	if (strcmp(path, "/ready") == 0)
		return readiness(gateway, why);
	if (strcmp(path, "/metrics") == 0)
	{
		scrape_write(gateway, reply_begin(reply, 200));
		reply->type = "text/plain; version=0.0.4";
		return STATUS_OK;
	}
	*why = "this port has /live, /ready and /metrics";
	return strcmp(path, "/live") == 0 ? STATUS_OK : STATUS_NOT_FOUND;
}

int
admin_request(struct mg_connection *connection)
{
	const struct mg_request_info *info = mg_get_request_info(connection);
	struct gateway *gateway = mg_get_user_context_data(connection);
	const char *why = NULL;
	struct reply reply = {.http = 0};
	enum status status = STATUS_METHOD_NOT_ALLOWED;
	bool head_only = strcmp(info->request_method, "HEAD") == 0;

	if (head_only || strcmp(info->request_method, "GET") == 0)
		status = serve(gateway, info->request_uri, &reply, &why);
	if (status == STATUS_OK && reply.http == 0)
		reply_text(&reply, 200, "{\"status\":\"ok\"}", 15);
	else if (status != STATUS_OK)
		reply_problem(&reply, status, why, NULL, NULL);
	if (status == STATUS_METHOD_NOT_ALLOWED)
		reply.allow = "GET, HEAD";
	reply.close = true;
	reply_send(connection, &reply, head_only);
	reply_free(&reply);
	return 1;
}
