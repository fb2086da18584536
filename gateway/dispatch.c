/*
 * dispatch.c
 *		From a request to its reply.
 */
#include "dispatch.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <civetweb.h>

#include "body.h"
#include "clock.h"
#include "connection.h"
#include "cors.h"
#include "crowd.h"
#include "gateway.h"
#include "guard.h"
#include "jws.h"
#include "provider.h"
#include "rate_limit.h"
#include "registration.h"
#include "reply.h"
#include "routes.h"
#include "token.h"
#include "traffic.h"

#define HANDLED 1 /* tells CivetWeb to do nothing more */

/* A request on its way through this file. */
struct exchange
{
	struct gateway *gateway;
	struct mg_connection *connection;
	struct guard_field *fields; /* GUARD_MAX_FIELDS */
	struct guard_head head;
	struct guard_framing framing;
	const struct route *route; /* NULL until one is found */
	struct request request;
	struct reply reply;
	struct cors_origin origin;
	struct rate_report limit;
	bool body_read; /* nothing of this request is left in the connection */
	bool is_cut;	/* nothing more comes over it */
};

static void
refuse(struct exchange *exchange, enum status status, const char *why)
{
	reply_problem(&exchange->reply, status, why, NULL, NULL);
}

/* Copies the pointers out of CivetWeb's structure. */
static void
take_head(struct exchange *exchange, const struct mg_request_info *info)
{
	size_t count = (size_t) info->num_headers;

	exchange->head = (struct guard_head){
		.method = info->request_method,
		.target = info->request_uri,
		.query = info->query_string,
		.version = info->http_version,
		.fields = exchange->fields,
		.field_count = count,
	};
	for (size_t i = 0; i < count && i < GUARD_MAX_FIELDS; i++)
	{
		exchange->fields[i].name = info->http_headers[i].name;
		exchange->fields[i].value = info->http_headers[i].value;
	}
}

static void
look_at_origin(struct exchange *exchange)
{
	struct cors *cors = exchange->gateway->cors;

	cors_look(cors, &exchange->head, &exchange->origin);
	if (cors_is_refused(&exchange->head, &exchange->origin))
		cors_log_refusal(cors, &exchange->gateway->log, &exchange->origin);
}

static bool
pass_guard(struct exchange *exchange)
{
	const struct guard_head *head = &exchange->head;
	const char *why = "the request line or a header field is malformed";
	enum status status = STATUS_BAD_REQUEST_FRAMING;

	if (!connection_of(exchange->connection))
	{
		refuse(exchange, STATUS_OVERLOADED, NULL);
		return false;
	}
	if (guard_is_whole(head) || head->field_count == 0 ||
		head->field_count > GUARD_MAX_FIELDS)
		status = guard_check(head, &exchange->framing, &why);
	if (status == STATUS_OK)
	{
		look_at_origin(exchange);
		return true;
	}
	exchange->framing.keep_alive = false;
	refuse(exchange, status, why);
	return false;
}

/* Answers a browser's question whether a page may call this path. */
static void
answer_preflight(struct exchange *exchange, const char *methods)
{
	if (exchange->origin.is_listed)
	{
		reply_preflight(&exchange->reply, methods);
		return;
	}
	refuse(exchange, STATUS_ORIGIN_NOT_ALLOWED, NULL);
	exchange->framing.keep_alive = false;
}

/* The flags of routes that the settings turned off. */
static unsigned
hidden_routes(const struct config *config)
{
	return (config->web == WEB_OFF ? WEB : 0u) |
		   (config->demo == DEMO_OFF ? DEMO : 0u);
}

/* Unknown paths and methods end the connection, too. */
static bool
find_route(struct exchange *exchange)
{
	const char *allow = NULL;

	exchange->route = routes_find(exchange->head.method, exchange->head.target,
								  hidden_routes(&exchange->gateway->config),
								  exchange->request.segment, &allow);
	if (exchange->route)
		return true;
	if (allow && cors_is_preflight(&exchange->head, &exchange->origin))
	{
		answer_preflight(exchange, allow);
		return false;
	}
	exchange->framing.keep_alive = false;
	refuse(exchange, allow ? STATUS_METHOD_NOT_ALLOWED : STATUS_NOT_FOUND,
		   NULL);
	exchange->reply.allow = allow;
	return false;
}

/* Takes one name=value of the query; false for what the route has not. */
static bool
take_query_part(struct exchange *exchange, char *part)
{
	char *value = strchr(part, '=');

	if (!value)
		return false;
	*value++ = '\0';
	for (int i = 0; i < ROUTE_MAX_QUERY && exchange->route->query[i]; i++)
		if (strcmp(part, exchange->route->query[i]) == 0)
		{
			bool first = exchange->request.query[i] == NULL;

			exchange->request.query[i] = value;
			return first;
		}
	return false;
}

static bool
take_query(struct exchange *exchange)
{
	const char *query = exchange->head.query;
	char *rest = exchange->request.query_text;
	bool good = true;

	if (!query || !*query)
		return true;
	if (strlen(query) >= sizeof(exchange->request.query_text))
		good = false;
	else
		strncpy(rest, query, sizeof(exchange->request.query_text));
	while (good && rest)
		good = take_query_part(exchange, strsep(&rest, "&"));
	if (!good)
		refuse(exchange, STATUS_INVALID_REQUEST,
			   "the query has a name that this call does not know, or one "
			   "twice");
	return good;
}

/* "Authorization: Bearer TOKEN", the scheme in any case (RFC 6750). */
static enum status
check_token(struct exchange *exchange)
{
	char value[sizeof("Bearer ") + JWS_MAX_SIZE + 1];
	const char *token = value + 7;
	struct token_bearer bearer;
	enum token_result result;

	if (!guard_value(&exchange->head, "authorization", value, sizeof(value)))
		return STATUS_MISSING_TOKEN;
	if (strncasecmp(value, "Bearer ", 7) != 0)
		return STATUS_MISSING_TOKEN;
	token += strspn(token, " ");
	result = token_recall(&exchange->gateway->secret,
						  &connection_of(exchange->connection)->token, token,
						  strlen(token), (int64_t) time(NULL), &bearer);
	if (result == TOKEN_EXPIRED)
		return STATUS_EXPIRED_TOKEN;
	if (result != TOKEN_GOOD)
		return STATUS_INVALID_TOKEN;
	memcpy(exchange->request.caller, bearer.subject, TOKEN_SUBJECT_SIZE);
	exchange->request.token_expires_at = bearer.expires_at;
	return STATUS_OK;
}

static bool
may_call(struct exchange *exchange)
{
	enum status status = STATUS_OK;

	if (exchange->route->audience == TOKEN)
		status = check_token(exchange);
	else if (exchange->route->audience == REGISTRATION)
		return registration_may_call(&exchange->request, &exchange->reply);
	if (status != STATUS_OK)
		refuse(exchange, status, NULL);
	return status == STATUS_OK;
}

/* Does the caller ask too often? */
static bool
keeps_limit(struct exchange *exchange)
{
	struct rate_report *limit = &exchange->limit;

	exchange->reply.limit = limit; /* a stream begins its reply itself */
	if (rate_limits_take(exchange->gateway->limits, exchange->route->limit,
						 &exchange->request, limit))
		return true;
	refuse(exchange, STATUS_RATE_LIMITED, NULL);
	exchange->reply.retry_after_s = limit->state.reset_s;
	return false;
}

/* application/json, with or without parameters, or nothing where one may. */
static bool
is_json(const struct guard_head *head, bool must_say)
{
	static const char json[] = "application/json";
	char type[128];

	if (!guard_value(head, "content-type", type, sizeof(type)))
		return !must_say;
	return strncasecmp(type, json, sizeof(json) - 1) == 0 &&
		   strchr("; ", type[sizeof(json) - 1]) != NULL;
}

/* The peer had its turn, the worker has its own. */
static void
stop_waiting(struct exchange *exchange)
{
	struct connection *connection = connection_of(exchange->connection);

	if (connection &&
		!crowd_serve(exchange->gateway->crowd, &connection->member))
		exchange->is_cut = true;
}

static enum status
read_body(struct exchange *exchange)
{
	const struct gateway *gateway = exchange->gateway;
	enum status status;

	crowd_wait(&connection_of(exchange->connection)->member, CROWD_READS);
	status =
		body_read(exchange->connection, gateway->deadlines,
				  exchange->framing.content_length,
				  gateway->config.body_timeout_ms, &exchange->request.body);
	stop_waiting(exchange);
	return status;
}

static bool
take_body(struct exchange *exchange)
{
	const struct config *config = &exchange->gateway->config;
	long length = exchange->framing.content_length;
	enum status status = STATUS_OK;

	if (length > config->body_limit)
		status = STATUS_BODY_TOO_LARGE;
	else if (length > 0 &&
			 !is_json(&exchange->head, exchange->route->flags & SAYS_JSON))
		status = STATUS_UNSUPPORTED_MEDIA_TYPE;
	else
		status = read_body(exchange);
	exchange->body_read = status == STATUS_OK;
	if (status != STATUS_OK)
	{
		refuse(exchange, status,
			   status == STATUS_BAD_JSON ? "the body is not UTF-8 text"
										 : NULL);
		return false;
	}
	if (length > 0 && (exchange->route->flags & EMPTY_BODY))
	{
		refuse(exchange, STATUS_INVALID_REQUEST, "this call takes no body");
		return false;
	}
	return true;
}

/* Waits for the peer to take the reply, and then for its next request. */
static void
send_reply(struct exchange *exchange)
{
	struct connection *connection = connection_of(exchange->connection);

	if (connection)
		crowd_wait(&connection->member, CROWD_WRITES);
	reply_send(exchange->connection, &exchange->reply,
			   strcmp(exchange->head.method, "HEAD") == 0);
	if (!connection)
		return;
	if (exchange->reply.http < 400)
		atomic_store(&connection->member.has_asked, true);
	crowd_wait(&connection->member, CROWD_READS);
}

/*
 * Sends the reply and logs it.  What was not read to its end can't be
 * followed by another request, and a gateway that is about to end wants none.
 */
static void
finish(struct exchange *exchange, int64_t began_us)
{
	struct reply *reply = &exchange->reply;
	const char *template = exchange->route ? exchange->route->pattern : "-";

	reply->close = !exchange->framing.keep_alive || !exchange->body_read ||
				   exchange->is_cut ||
				   atomic_load(&exchange->gateway->draining) ||
				   crowd_is_full(exchange->gateway->crowd);
	reply->origin = &exchange->origin;
	reply->limit = &exchange->limit;
	send_reply(exchange);
	log_access(&exchange->gateway->log,
			   exchange->route ? exchange->route->method : "-", template,
			   reply->http, began_us);
	traffic_add(exchange->gateway->traffic, exchange->route, reply->http,
				clock_us() - began_us);
	reply_free(reply);
	body_free(&exchange->request.body);
}

int
dispatch_request(struct mg_connection *connection)
{
	struct gateway *gateway = mg_get_user_context_data(connection);
	struct guard_field fields[GUARD_MAX_FIELDS]; /* large, so not zeroed */
	struct exchange exchange = {
		.gateway = gateway,
		.connection = connection,
		.fields = fields,
		.request = {.gateway = gateway, .connection = connection}};
	int64_t began_us = clock_us();

	atomic_fetch_add(&gateway->in_flight, 1);
	stop_waiting(&exchange);
	take_head(&exchange, mg_get_request_info(connection));
	exchange.request.head = &exchange.head;
	exchange.request.origin = &exchange.origin;
	exchange.request.address = mg_get_request_info(connection)->remote_addr;
	if (pass_guard(&exchange))
	{
		exchange.body_read = exchange.framing.content_length == 0;
		if (find_route(&exchange) && take_query(&exchange) &&
			may_call(&exchange) && keeps_limit(&exchange) &&
			take_body(&exchange))
			exchange.route->serve(&exchange.request, exchange.route,
								  &exchange.reply);
	}
	finish(&exchange, began_us);
	atomic_fetch_sub(&gateway->in_flight, 1);
	return HANDLED;
}

int
dispatch_http_error(struct mg_connection *connection, int http,
					const char *message)
{
	struct gateway *gateway = mg_get_user_context_data(connection);
	struct reply reply = {.http = 0};

	(void) message; /* CivetWeb's texts may quote the request */
	reply_problem(&reply, status_of_http(http), NULL, NULL, NULL);
	reply.close = true;
	reply_send(connection, &reply, false);
	log_access(&gateway->log, "-", "-", reply.http, clock_us());
	traffic_add(gateway->traffic, NULL, reply.http, 0);
	reply_free(&reply);
	return 0;
}
