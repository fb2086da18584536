/*
 * server.c
 *		Starting and stopping CivetWeb 1.15.
 */
#include "server.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <civetweb.h>

#include "admin.h"
#include "clock.h"
#include "connection.h"
#include "crowd.h"
#include "dispatch.h"
#include "gateway.h"
#include "socket.h"
#include "wakeup.h"

#define DRAIN_STEP_MS 20
#define DRAIN_QUIET_STEPS 5 /* steps without a request before the end */

struct server
{
	struct gateway *gateway;
	struct mg_context *api, *admin;
};

/* Of the API's connections; the operator's are few and trusted. */
static int
connection_begins(const struct mg_connection *connection, void **data)
{
	struct gateway *gateway = mg_get_user_context_data(connection);
	struct connection *ours = connection_new(gateway->sockets);

	if (ours)
		crowd_enter(gateway->crowd, &ours->member, connection);
	*data = ours;
	return 0; /* CivetWeb takes no other answer */
}

static void
connection_ends(const struct mg_connection *connection)
{
	struct gateway *gateway = mg_get_user_context_data(connection);
	struct connection *ours = connection_of(connection);

	if (ours)
		crowd_leave(gateway->crowd, &ours->member);
	connection_free(ours);
}

/* CivetWeb's own complaints; once it serves, they are a client's doing. */
static int
log_message(const struct mg_connection *connection, const char *message)
{
	struct gateway *gateway = mg_get_user_context_data(connection);

	if (gateway)
		log_line(&gateway->log,
				 atomic_load(&gateway->serving) ? LOG_LEVEL_DEBUG
												: LOG_LEVEL_ERROR,
				 "civetweb: %s", message);
	return 1;
}

static struct mg_context *
start(struct gateway *gateway, const char *address, long port, long threads,
	  int (*handler)(struct mg_connection *))
{
	const struct mg_callbacks callbacks = {
		.begin_request = handler,
		.http_error = dispatch_http_error,
		.init_connection =
			handler == dispatch_request ? connection_begins : NULL,
		.connection_close =
			handler == dispatch_request ? connection_ends : NULL,
		.log_message = log_message,
	};
	char listen[CONFIG_TEXT_SIZE + 16], thread_count[24], request_ms[24],
		keep_alive_ms[24];
	/* clang-format off */
	const char *options[] = {
		"listening_ports", listen,
		"num_threads", thread_count,
		"request_timeout_ms", request_ms,
		"keep_alive_timeout_ms", keep_alive_ms,
		"enable_keep_alive", "yes",
		"tcp_nodelay", "1",
		"max_request_size", "16384",
		/* so that nobody's first packet is lost when many come at once */
		"listen_backlog", "1024",
		/* what it would do by itself */
		"decode_url", "no",
		"enable_directory_listing", "no",
		"access_control_allow_methods", "",
		"access_control_allow_origin", "",
		NULL};
	/* clang-format on */

	snprintf(listen, sizeof(listen), "%s:%ld", address, port);
	snprintf(thread_count, sizeof(thread_count), "%ld", threads);
	snprintf(request_ms, sizeof(request_ms), "%ld",
			 gateway->config.body_timeout_ms);
	snprintf(keep_alive_ms, sizeof(keep_alive_ms), "%ld",
			 gateway->config.keep_alive_timeout_ms);
	return mg_start(&callbacks, gateway, options);
}

static int
port_of(const struct mg_context *context)
{
	struct mg_server_port ports[4];

	return mg_get_server_ports(context, 4, ports) > 0 ? ports[0].port : 0;
}

int
server_port(const struct server *server)
{
	return port_of(server->api);
}

int
server_admin_port(const struct server *server)
{
	return port_of(server->admin);
}

struct server *
server_start(struct gateway *gateway)
{
	const struct config *config = &gateway->config;
	struct server *server = calloc(1, sizeof(*server));

	if (!server)
		return NULL;
	server->gateway = gateway;
	mg_init_library(MG_FEATURES_DEFAULT);
	server->api = start(gateway, config->address, config->port,
						config->threads, dispatch_request);
	if (!server->api)
		log_line(&gateway->log, LOG_LEVEL_ERROR, "can't listen at %s port %ld",
				 config->address, config->port);
	else
		server->admin =
			start(gateway, "127.0.0.1", config->admin_port, 3, admin_request);
	atomic_store(&gateway->serving, server->admin != NULL);
	if (server->admin)
		return server;
	if (server->api)
	{
		log_line(&gateway->log, LOG_LEVEL_ERROR,
				 "can't listen at 127.0.0.1 port %ld (admin_port)",
				 config->admin_port);
		mg_stop(server->api);
	}
	free(server);
	return NULL;
}

/* Waits until nothing is in flight, or for drain_timeout_ms. */
static void
wait_for_quiet(struct gateway *gateway)
{
	int64_t deadline = clock_ms() + gateway->config.drain_timeout_ms;
	int quiet = 0;

	while (quiet < DRAIN_QUIET_STEPS && clock_ms() < deadline)
	{
		quiet = atomic_load(&gateway->in_flight) == 0 ? quiet + 1 : 0;
		usleep(DRAIN_STEP_MS * 1000);
	}
	if (quiet < DRAIN_QUIET_STEPS)
		log_line(
			&gateway->log, LOG_LEVEL_WARN,
			"requests that were cut off at the end of drain_timeout_ms: %d",
			atomic_load(&gateway->in_flight));
}

/* mg_stop() alone waits until idle threads look up, every two seconds. */
static void
stop(struct mg_context *context, int plug)
{
	close(plug);
	socket_end_idle(port_of(context));
	mg_stop(context);
}

/* mg_stop() cuts off replies, so it comes after they are out. */
void
server_stop(struct server *server)
{
	int plug;

	atomic_store(&server->gateway->draining, true);
	wakeups_end(server->gateway->wakeups);
	plug = socket_stop_listening(port_of(server->api));
	wait_for_quiet(server->gateway);
	stop(server->api, plug);
	plug = socket_stop_listening(port_of(server->admin));
	stop(server->admin, plug);
	mg_exit_library();
	free(server);
}
