/*
 * test_config.c
 *		Settings: file, environment, flags, and what is wrong with them.
 */
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "log.h"
#include "tap.h"

#define MAX_ARGUMENTS 8

/* A command line, an environment and what comes of them. */
struct attempt
{
	struct config config;
	enum config_action action;
	char problem[CONFIG_PROBLEM_SIZE];
};

static bool
load(struct attempt *attempt, const char *flags[MAX_ARGUMENTS],
	 const char *env[MAX_ARGUMENTS])
{
	char *argv[MAX_ARGUMENTS + 1] = {(char *) (uintptr_t) "gateway"};
	char *environment[MAX_ARGUMENTS + 1] = {NULL};
	int argc = 1;
	bool good;

	for (int i = 0; flags[i]; i++)
		argv[argc++] = strdup(flags[i]);
	for (int i = 0; env[i]; i++)
		environment[i] = strdup(env[i]);
	attempt->problem[0] = '\0';
	good = config_load(&attempt->config, &attempt->action, argc, argv,
					   environment, attempt->problem);
	for (int i = 1; i < argc; i++)
		free(argv[i]);
	for (int i = 0; environment[i]; i++)
		free(environment[i]);
	return good;
}

static bool
complains(const char *flag, const char *about)
{
	struct attempt attempt;

	return !load(&attempt, (const char *[MAX_ARGUMENTS]){flag, NULL},
				 (const char *[MAX_ARGUMENTS]){NULL}) &&
		   strstr(attempt.problem, about) != NULL;
}

/* Is the file with this text refused with these words? */
static bool
file_complains(const char *path, const char *text, const char *about)
{
	FILE *file = fopen(path, "w");
	char flag[300];

	fputs(text, file);
	fclose(file);
	snprintf(flag, sizeof(flag), "--config=%s", path);
	return complains(flag, about);
}

static void
test_sources(struct tap *tap, const char *path)
{
	const char *none[MAX_ARGUMENTS] = {NULL};
	const char *env[MAX_ARGUMENTS] = {"E2EMSG_PORT=2", "E2EMSG_THREADS=20",
									  "E2EMSG_OTHER=x", NULL};
	struct attempt a;
	char config[300];
	FILE *file = fopen(path, "w");

	fputs("# a comment\n\n  port = 1 \nthreads=10\nlock_timeout_ms = 50\n"
		  "database = host=/tmp dbname = x\n",
		  file);
	fclose(file);
	snprintf(config, sizeof(config), "--config=%s", path);
	tap_ok(tap, load(&a, none, none) && a.config.port == 8080, "defaults");
	tap_ok(tap, a.config.streams == 192, "three quarters of threads");
	tap_ok(tap,
		   load(&a, (const char *[MAX_ARGUMENTS]){config, NULL}, none) &&
			   a.config.port == 1 && a.config.lock_timeout_ms == 50 &&
			   strcmp(a.config.database, "host=/tmp dbname = x") == 0,
		   "the file beats the default");
	tap_ok(tap,
		   load(&a, (const char *[MAX_ARGUMENTS]){config, NULL}, env) &&
			   a.config.port == 2 && a.config.threads == 20 &&
			   a.config.lock_timeout_ms == 50,
		   "the environment beats the file");
	tap_ok(tap,
		   load(&a,
				(const char *[MAX_ARGUMENTS]){"--port=3", config,
											  "--body-limit", "2000", NULL},
				env) &&
			   a.config.port == 3 && a.config.threads == 20 &&
			   a.config.body_limit == 2000,
		   "a flag beats all, wherever it stands and however it is written");
	snprintf(config, sizeof(config), "E2EMSG_CONFIG=%s", path);
	tap_ok(tap,
		   load(&a, none, (const char *[MAX_ARGUMENTS]){config, NULL}) &&
			   a.config.port == 1,
		   "the environment may name the file");
	tap_ok(tap,
		   load(&a,
				(const char *[MAX_ARGUMENTS]){"--registration=closed",
											  "--log_level=warn", NULL},
				none) &&
			   a.config.registration == REGISTRATION_CLOSED &&
			   a.config.log_level == LOG_LEVEL_WARN,
		   "words");
}

/* Writes the names behind each other. */
static void
join_stray(void *context, const char *name)
{
	strncat(context, name, 99);
	strcat(context, " ");
}

static void
test_strays(struct tap *tap)
{
	static const char *const env[] = {"E2EMSG_PROT=1",
									  "HOME=/",
									  "E2EMSG_PORT=1",
									  "E2EMSG_CONFIG=/x",
									  "E2EMSG_port=1",
									  "E2EMSG_PORTS=1",
									  "E2EMSG_POR=1",
									  "E2EMSG_=1",
									  "E2EMSG_SERVER=x",
									  "E2EMSG_ACCOUNT=x",
									  "E2EMSG_RECOVERY_CODE=x",
									  "E2EMSG_CLIENT=x",
									  "XE2EMSG_X=1",
									  "E2EMSG_LOG_LEVEL=info",
									  "E2EMSG_NO_VALUE",
									  NULL};
	char names[500] = "", large[200] = "E2EMSG_";
	char *one[] = {large, NULL};

	config_find_strays((char *const *) (uintptr_t) env, join_stray, names);
	tap_ok(
		tap,
		strcmp(
			names,
			"E2EMSG_PROT E2EMSG_port E2EMSG_PORTS E2EMSG_POR E2EMSG_ E2EMSG_NO_VALUE ") ==
			0,
		"variables that are no setting, by their names");
	memset(large + 7, 'X', 150);
	strcat(large, "=secret");
	names[0] = '\0';
	config_find_strays(one, join_stray, names);
	tap_ok(tap, strlen(names) == CONFIG_STRAY_SIZE, "a long name is cut");
}

static void
test_actions(struct tap *tap)
{
	const char *none[MAX_ARGUMENTS] = {NULL};
	struct attempt a;

	tap_ok(tap, load(&a, none, none) && a.action == CONFIG_RUN, "run");
	tap_ok(tap,
		   load(&a, (const char *[MAX_ARGUMENTS]){"--help", NULL}, none) &&
			   a.action == CONFIG_HELP,
		   "--help");
	tap_ok(tap,
		   load(&a, (const char *[MAX_ARGUMENTS]){"--check-config", NULL},
				none) &&
			   a.action == CONFIG_CHECK,
		   "--check-config");
	tap_ok(tap,
		   !load(&a,
				 (const char *[MAX_ARGUMENTS]){"--check-config", "--port=x",
											   NULL},
				 none),
		   "--check-config with a bad value");
}

static void
test_complaints(struct tap *tap, const char *path)
{
	char long_flag[CONFIG_TEXT_SIZE + 32] = "--address=";

	memset(long_flag + 10, 'a', CONFIG_TEXT_SIZE);
	tap_ok(tap, complains("--prot=1", "\"prot\""), "an unknown flag");
	tap_ok(tap, complains("", "unknown argument"), "an empty argument");
	tap_ok(tap, complains("--port=65536", "0 to 65535"), "past the bounds");
	tap_ok(tap, complains("--port=-1", "port must be"), "a sign");
	tap_ok(tap, complains("--port=+1", "port must be"), "a plus sign");
	tap_ok(tap, complains("--port= 1", "port must be"), "a space");
	tap_ok(tap, complains("--port=1x", "port must be"), "rubbish behind");
	tap_ok(tap, complains("--port=", "port must be"), "nothing");
	tap_ok(tap, complains("--port=99999999999999999999", "port must be"),
		   "past 64 bits");
	tap_ok(tap, complains("--port", "needs a value"), "no value");
	tap_ok(tap, complains("port=1", "unknown argument"), "no hyphens");
	tap_ok(tap, complains("--registration=opened", "open|closed"),
		   "another word");
	tap_ok(tap, complains(long_flag, "longer than"), "too long a text");
	tap_ok(tap, complains("--streams=224", "at most 223"),
		   "streams that leave no threads");
	tap_ok(tap, !complains("--streams=223", ""), "as many as there may be");
	tap_ok(tap, complains("--allowed_origins=https://a.b/", "no origin"),
		   "no origin");
	tap_ok(tap, complains("--trusted_proxies=10.0.0.1/8", "\"10.0.0.1/8\""),
		   "no network");
	tap_ok(tap, complains("--address=::1", "an IPv4 address"), "IPv6");
	tap_ok(tap, complains("--address=localhost", "an IPv4 address"), "a name");
	tap_ok(tap, complains("--address=127.1", "an IPv4 address"),
		   "an address with parts left out");
	tap_ok(tap, complains("--address=", "an IPv4 address"), "no address");
	tap_ok(tap, complains("--admin_port=8080", "must differ"),
		   "one port for two things");
	tap_ok(tap,
		   complains("--idp_issuer=https://id.example.org", "all together"),
		   "an identity provider without its audience and keys");
	tap_ok(tap, complains("--idp_audience=chat", "all together"),
		   "only its audience");
	tap_ok(tap, complains("--idp_jwks_file=/keys", "all together"),
		   "only its keys");
	tap_ok(tap, complains("--idp_username_claim=", "name a claim"),
		   "no claim");
	tap_ok(tap, complains("--config=/nonexistent", "No such file"), "no file");
	tap_ok(tap, file_complains(path, "port = 1\nprot = 1\n", "line 2"),
		   "an unknown name in the file, with its line");
	tap_ok(tap, file_complains(path, "port 1\n", "key = value"),
		   "no equals sign");
	tap_ok(tap, file_complains(path, "\n\nthreads = 0\n", "line 3: threads"),
		   "a bad value in the file, with its line and name");
}

/* The three settings of an identity provider, and the gateway's own name. */
static void
test_provider(struct tap *tap)
{
	const char *none[MAX_ARGUMENTS] = {NULL};
	struct attempt a;

	tap_ok(tap,
		   load(&a,
				(const char *[MAX_ARGUMENTS]){"--idp_issuer=i",
											  "--idp_audience=a",
											  "--idp-jwks-file=/keys", NULL},
				none) &&
			   strcmp(a.config.idp_username_claim, "preferred_username") == 0,
		   "an identity provider, and the default of its claim");
	tap_ok(tap,
		   !load(&a,
				 (const char *[MAX_ARGUMENTS]){"--idp_issuer=e2emsg",
											   "--idp_audience=a",
											   "--idp_jwks_file=/keys", NULL},
				 none) &&
			   strstr(a.problem, "the gateway itself"),
		   "the issuer of sessions is none");
}

static void
count_change(void *context, const char *name, bool needs_restart)
{
	int *counts = context;

	(void) name;
	counts[needs_restart]++;
}

static void
test_reload(struct tap *tap)
{
	const char *none[MAX_ARGUMENTS] = {NULL};
	int counts[2] = {0, 0};
	struct attempt now, then;

	if (!load(&now, none, none) ||
		!load(&then,
			  (const char *[MAX_ARGUMENTS]){"--port=9", "--log_level=debug",
											NULL},
			  none))
		exit(EXIT_FAILURE);
	config_reload(&now.config, &then.config, count_change, counts);
	tap_ok(tap, now.config.log_level == LOG_LEVEL_DEBUG && counts[0] == 1,
		   "the log level changes at once");
	tap_ok(tap, now.config.port == 8080 && counts[1] == 1,
		   "the port needs a restart");
	if (!load(&now, (const char *[MAX_ARGUMENTS]){"--address=0.0.0.0", NULL},
			  none) ||
		!load(&then,
			  (const char *[MAX_ARGUMENTS]){"--address=::1",
											"--address=0.0.0.0", NULL},
			  none))
		exit(EXIT_FAILURE);
	config_reload(&now.config, &then.config, count_change, counts);
	tap_ok(tap, counts[1] == 1, "the same text in another way is no change");
}

int
main(void)
{
	char path[] = "/tmp/e2emsg-config-XXXXXX";
	struct tap tap = {0};
	int fd = mkstemp(path);

	if (fd < 0)
		return EXIT_FAILURE;
	close(fd);
	test_sources(&tap, path);
	test_strays(&tap);
	test_actions(&tap);
	test_complaints(&tap, path);
	test_provider(&tap);
	test_reload(&tap);
	unlink(path);
	return tap_end(&tap);
}
