/*
 * main.c
 *		The gateway's life: settings, start, signals, end.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "cors.h"
#include "crowd.h"
#include "db.h"
#include "deadline.h"
#include "gateway.h"
#include "hints.h"
#include "inbox.h"
#include "origin.h"
#include "outbox.h"
#include "provider.h"
#include "rate_limit.h"
#include "routes.h"
#include "sequencer.h"
#include "server.h"
#include "setting.h"
#include "socket.h"
#include "status.h"
#include "traffic.h"
#include "wakeup.h"

extern char **environ;

#define EXIT_USAGE 2
#define SPARE_DESCRIPTORS 64
#define STRAY "in the environment is no setting"

/* The command line, kept for SIGHUP. */
struct invocation
{
	int argc;
	char **argv;
};

/* Blocked here, before any thread, so that only sigwait() gets them. */
static void
block_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static void
apply_log_settings(struct log *log, const struct config *config)
{
	atomic_store(&log->level, (int) config->log_level);
	atomic_store(&log->format, (int) config->log_format);
}

static void
apply_live_settings(struct gateway *gateway, const struct config *config)
{
	apply_log_settings(&gateway->log, config);
	atomic_store(&gateway->registration_open,
				 config->registration == REGISTRATION_OPEN);
	cors_set(gateway->cors, config->allowed_origins);
	rate_limits_set(gateway->limits, config);
}

static void
tell_change(void *context, const char *name, bool needs_restart)
{
	struct gateway *gateway = context;

	log_line(&gateway->log, LOG_LEVEL_WARN,
			 needs_restart ? "%s changed; it needs a restart" : "%s changed",
			 name);
}

static void
tell_stray(void *context, const char *name)
{
	struct gateway *gateway = context;

	log_line(&gateway->log, LOG_LEVEL_WARN, "%s " STRAY, name);
}

static void
reload(struct gateway *gateway, const struct invocation *invocation)
{
	char problem[CONFIG_PROBLEM_SIZE];
	enum config_action action;
	struct config fresh;

	if (!config_load(&fresh, &action, invocation->argc, invocation->argv,
					 environ, problem))
	{
		log_line(&gateway->log, LOG_LEVEL_ERROR,
				 "settings were not reloaded: %s", problem);
		return;
	}
	config_reload(&gateway->config, &fresh, tell_change, gateway);
	apply_live_settings(gateway, &gateway->config);
	log_line(&gateway->log, LOG_LEVEL_INFO, "settings reloaded");
}

/* Other keys of the identity provider from now on, if the file is good. */
static void
reload_provider(struct gateway *gateway)
{
	char problem[JWKS_PROBLEM_SIZE];

	if (!gateway->provider)
		return;
	if (provider_reload(gateway->provider, problem))
		log_line(&gateway->log, LOG_LEVEL_INFO,
				 "idp_jwks_file was read again; keys: %zu",
				 provider_key_count(gateway->provider));
	else
		log_line(&gateway->log, LOG_LEVEL_ERROR,
				 "idp_jwks_file: the keys stay as they were: %s", problem);
}

/* Returns when it is time to end. */
static void
wait_for_signals(struct gateway *gateway, const struct invocation *invocation,
				 const sigset_t *signals)
{
	int number;

	for (;;)
	{
		if (sigwait(signals, &number) != 0)
			continue;
		if (number != SIGHUP)
			return;
		reload(gateway, invocation);
		reload_provider(gateway);
	}
}

/* "PORT ADMIN_PORT" for scripts that let the system choose. */
static bool
write_port_file(const char *path, int port, int admin_port)
{
	char draft[CONFIG_TEXT_SIZE + 8];
	FILE *file;
	bool done;

	if (path[0] == '\0')
		return true;
	snprintf(draft, sizeof(draft), "%s.new", path);
	file = fopen(draft, "we");
	if (!file)
		return false;
	done = fprintf(file, "%d %d\n", port, admin_port) > 0;
	return fclose(file) == 0 && done && rename(draft, path) == 0;
}

static int
serve(struct gateway *gateway, const struct invocation *invocation,
	  const sigset_t *signals)
{
	struct server *server = server_start(gateway);
	int port, admin_port;

	if (!server)
		return EXIT_FAILURE;
	port = server_port(server);
	admin_port = server_admin_port(server);
	log_line(&gateway->log, LOG_LEVEL_INFO,
			 "serving http://%s:%d, operator's port %d",
			 gateway->config.address, port, admin_port);
	if (!write_port_file(gateway->config.port_file, port, admin_port))
		log_line(&gateway->log, LOG_LEVEL_ERROR, "port_file: %s",
				 strerror(errno));
	wait_for_signals(gateway, invocation, signals);
	log_line(&gateway->log, LOG_LEVEL_INFO, "ending");
	server_stop(server);
	return EXIT_SUCCESS;
}

/* A socket for each thread, an event for each stream, and what else there is.
 */
static void
allow_descriptors(struct gateway *gateway)
{
	const struct config *config = &gateway->config;
	long wanted = config->threads + config->streams + config->db_connections +
				  SPARE_DESCRIPTORS;

	if (!socket_allow(wanted))
		log_line(&gateway->log, LOG_LEVEL_WARN,
				 "the limit of open files (RLIMIT_NOFILE) is below %ld, too "
				 "low for threads = %ld and streams = %ld",
				 wanted, config->threads, config->streams);
}

static bool
open_provider(struct gateway *gateway)
{
	const struct config *config = &gateway->config;
	char problem[JWKS_PROBLEM_SIZE];

	if (!provider_is_set(config))
		return true;
	gateway->provider = provider_open(config, problem);
	if (gateway->provider)
		log_line(&gateway->log, LOG_LEVEL_INFO,
				 "registration needs a token of %s, whose keys here are %zu; "
				 "the username is its claim %s",
				 config->idp_issuer, provider_key_count(gateway->provider),
				 config->idp_username_claim);
	else
		log_line(&gateway->log, LOG_LEVEL_ERROR, "idp_jwks_file: %s", problem);
	return gateway->provider != NULL;
}

static bool
start_parts(struct gateway *gateway)
{
	const struct config *config = &gateway->config;

	gateway->db = db_open(config, &gateway->log);
	if (gateway->db)
		gateway->outbox = outbox_start(config, gateway->db);
	if (gateway->outbox)
		gateway->inbox = inbox_start(gateway->db);
	if (!gateway->inbox)
		return false;
	gateway->sequencer = sequencer_start(config, gateway->db, &gateway->log);
	gateway->deadlines = deadlines_start();
	gateway->crowd = crowd_start(config->threads);
	gateway->sockets = calloc(1, sizeof(*gateway->sockets));
	gateway->wakeups = wakeups_new(config->streams, config->streams_per_user);
	gateway->traffic = traffic_new();
	if (!gateway->sequencer || !gateway->deadlines || !gateway->crowd ||
		!gateway->sockets || !gateway->wakeups || !gateway->traffic)
		return false;
	if (config->hints == HINTS_ON)
		gateway->hints = hints_start(gateway->db, &gateway->secret,
									 gateway->wakeups, &gateway->log);
	return gateway->hints || config->hints == HINTS_OFF;
}

static int
run(struct gateway *gateway, const struct invocation *invocation)
{
	int code = EXIT_FAILURE;
	char problem[CONFIG_PROBLEM_SIZE];
	sigset_t signals;

	block_signals(&signals);
	gateway->cors = cors_new(gateway->config.allowed_origins);
	gateway->limits = rate_limits_new(&gateway->config, &gateway->log);
	if (!gateway->cors || !gateway->limits)
		return code;
	apply_live_settings(gateway, &gateway->config);
	config_find_strays(environ, tell_stray, gateway);
	allow_descriptors(gateway);
	if (!secret_load(&gateway->secret, gateway->config.secret_file, problem,
					 sizeof(problem)))
	{
		log_line(&gateway->log, LOG_LEVEL_ERROR, "%s", problem);
		return code;
	}
	if (open_provider(gateway) && start_parts(gateway))
		code = serve(gateway, invocation, &signals);
	hints_stop(gateway->hints);
	wakeups_free(gateway->wakeups);
	free(gateway->sockets);
	traffic_free(gateway->traffic);
	cors_free(gateway->cors);
	provider_close(gateway->provider);
	rate_limits_free(gateway->limits);
	crowd_stop(gateway->crowd);
	deadlines_stop(gateway->deadlines);
	sequencer_stop(gateway->sequencer);
	inbox_stop(gateway->inbox);
	outbox_stop(gateway->outbox);
	db_close(gateway->db);
	secret_wipe(&gateway->secret);
	return code;
}

/* --new-log-origin */
static int
begin_origin(struct gateway *gateway)
{
	bool done;

	apply_log_settings(&gateway->log, &gateway->config);
	gateway->db = db_open(&gateway->config, &gateway->log);
	done = gateway->db &&
		   origin_begin(&gateway->config, gateway->db, &gateway->log);
	db_close(gateway->db);
	return done ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void
print_stray(void *context, const char *name)
{
	(void) context;
	fprintf(stderr, "e2emsg-gateway: warning: %s " STRAY "\n", name);
}

/* --check-config */
static int
check(const struct config *config)
{
	char problem[CONFIG_PROBLEM_SIZE];

	config_find_strays(environ, print_stray, NULL);
	if (db_settings_problem(config, problem, sizeof(problem)))
	{
		fprintf(stderr, "e2emsg-gateway: %s\n", problem);
		return EXIT_USAGE;
	}
	puts("the settings are good");
	return EXIT_SUCCESS;
}

int
main(int argc, char **argv)
{
	struct gateway gateway = {.in_flight = 0};
	const struct invocation invocation = {argc, argv};
	char problem[CONFIG_PROBLEM_SIZE];
	enum config_action action;

	if (!config_load(&gateway.config, &action, argc, argv, environ, problem))
	{
		fprintf(stderr, "e2emsg-gateway: %s\n", problem);
		return EXIT_USAGE;
	}
	switch (action)
	{
		case CONFIG_HELP:
			setting_help(stdout);
			return EXIT_SUCCESS;
		case CONFIG_VERSION:
			puts("e2emsg-gateway " E2EMSG_VERSION);
			return EXIT_SUCCESS;
		case CONFIG_ERRORS:
			status_print(stdout);
			return EXIT_SUCCESS;
		case CONFIG_ROUTES:
			routes_print(stdout);
			return EXIT_SUCCESS;
		case CONFIG_ORIGIN:
			return begin_origin(&gateway);
		case CONFIG_CHECK:
			return check(&gateway.config);
		default:
			return run(&gateway, &invocation);
	}
}
