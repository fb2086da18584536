/*
 * config.c
 *		Reading the settings.
 */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cors.h"
#include "provider.h"

enum kind
{
	TEXT,
	NUMBER,
	CHOICE
};

struct setting
{
	const char *name;
	enum kind kind;
	size_t offset;
	const char *def;
	long min, max;		 /* of a number */
	const char *choices; /* words parted by |, in the order of their enum */
	bool live;			 /* SIGHUP can change it */
	const char *help;
};

#define AT(member) offsetof(struct config, member)

static const struct setting settings[] = {
	{"database", TEXT, AT(database), "dbname=postgres", 0, 0, NULL, false,
	 "libpq connection string or URI"},
	{"address", TEXT, AT(address), "127.0.0.1", 0, 0, NULL, false,
	 "IPv4 address that serves the API"},
	{"port", NUMBER, AT(port), "8080", 0, 65535, NULL, false,
	 "port of the API; 0 takes a free one"},
	{"admin_port", NUMBER, AT(admin_port), "8081", 0, 65535, NULL, false,
	 "port of /live and /ready on 127.0.0.1; 0 takes a free one"},
	{"port_file", TEXT, AT(port_file), "", 0, 0, NULL, false,
	 "file to write \"PORT ADMIN_PORT\" into once both listen"},
	{"threads", NUMBER, AT(threads), "256", 4, 10000, NULL, false,
	 "worker threads; each open connection holds one"},
	{"streams", NUMBER, AT(streams), "0", 0, 8750, NULL, false,
	 "streams and waiting requests at a time; 0: 3/4 of threads, less than 7/8"},
	{"streams_per_user", NUMBER, AT(streams_per_user), "8", 1, 8750, NULL,
	 false, "of these, how many of one user"},
	{"recheck_s", NUMBER, AT(recheck_s), "30", 1, 3600, NULL, false,
	 "how often a stream looks for mail that nobody told it of"},
	{"hints", CHOICE, AT(hints), "on", 0, 0, "on|off", false,
	 "whether gateways tell each other of mail, over one connection more"},
	{"hint_database", TEXT, AT(hint_database), "", 0, 0, NULL, false,
	 "direct connection for that, when database goes through a pooler"},
	{"db_connections", NUMBER, AT(db_connections), "4", 1, 100, NULL, false,
	 "database connections for all calls but sending and streams"},
	{"body_limit", NUMBER, AT(body_limit), "98304", 1024, 8388608, NULL, false,
	 "largest request body in bytes"},
	{"body_timeout_ms", NUMBER, AT(body_timeout_ms), "10000", 100, 600000,
	 NULL, false, "time for a whole request to arrive"},
	{"keep_alive_timeout_ms", NUMBER, AT(keep_alive_timeout_ms), "10000", 100,
	 600000, NULL, false, "time that an idle connection stays open"},
	{"secret_file", TEXT, AT(secret_file), "/var/lib/e2emsg/secret", 0, 0,
	 NULL, false, "secret of tokens and nonces; made at the first start"},
	{"log_signer", TEXT, AT(log_signer), "", 0, 0, NULL, false,
	 "key that signs the key log, made at the first start; on one gateway"},
	{"registration", CHOICE, AT(registration), "open", 0, 0, "open|closed",
	 true, "whether anyone may register over REST"},
	{"idp_issuer", TEXT, AT(idp_issuer), "", 0, 0, NULL, false,
	 "identity provider (iss) whose token a registration needs"},
	{"idp_audience", TEXT, AT(idp_audience), "", 0, 0, NULL, false,
	 "what its tokens call this service (aud)"},
	{"idp_jwks_file", TEXT, AT(idp_jwks_file), "", 0, 0, NULL, false,
	 "its public keys, a JWK Set; SIGHUP reads the file again"},
	{"idp_username_claim", TEXT, AT(idp_username_claim), "preferred_username",
	 0, 0, NULL, false, "claim of its tokens that is the username"},
	{"allowed_origins", TEXT, AT(allowed_origins), "", 0, 0, NULL, true,
	 "origins, parted by spaces, of other sites' pages that may call"},
	{"log_level", CHOICE, AT(log_level), "info", 0, 0, "error|warn|info|debug",
	 true, "how much is logged on stderr"},
	{"log_format", CHOICE, AT(log_format), "text", 0, 0, "text|json", true,
	 "how lines are written: for people, or a JSON object each"},
	{"restore_per_minute", NUMBER, AT(restore_per_minute), "10", 0, 60000,
	 NULL, false,
	 "restores of backups by one address for one name; 0: no limit"},
	{"web", CHOICE, AT(web), "on", 0, 0, "on|off", false,
	 "whether the browser client and its pages are served"},
	{"demo", CHOICE, AT(demo), "off", 0, 0, "off|on", false,
	 "for demonstrations, with dev/evil.sql: shows rows to anyone and lets "
	 "anyone tamper with mail"},
	{"queue_limit", NUMBER, AT(queue_limit), "1000", 1, 100000, NULL, false,
	 "envelopes that may wait to be stored"},
	{"lock_timeout_ms", NUMBER, AT(lock_timeout_ms), "2000", 10, 60000, NULL,
	 false, "how long to wait for a mailbox that an application locks"},
	{"statement_timeout_ms", NUMBER, AT(statement_timeout_ms), "10000", 100,
	 600000, NULL, false, "time that one database call may take"},
	{"drain_timeout_ms", NUMBER, AT(drain_timeout_ms), "15000", 0, 600000,
	 NULL, false, "how long to finish requests after SIGTERM"},
};

#define SETTING_COUNT (sizeof(settings) / sizeof(settings[0]))

static const struct setting *
find(const char *name, size_t length)
{
	for (size_t i = 0; i < SETTING_COUNT; i++)
		if (strlen(settings[i].name) == length &&
			memcmp(settings[i].name, name, length) == 0)
			return &settings[i];
	return NULL;
}

static char *
text_at(struct config *config, const struct setting *setting)
{
	return (char *) config + setting->offset;
}

static long *
number_at(struct config *config, const struct setting *setting)
{
	return (long *) (void *) ((char *) config + setting->offset);
}

/* Plain decimal digits within the setting's bounds. */
static bool
read_number(const struct setting *setting, const char *text, long *number)
{
	char *end;

	if (!isdigit((unsigned char) text[0]))
		return false;
	errno = 0;
	*number = strtol(text, &end, 10);
	return errno == 0 && *end == '\0' && *number >= setting->min &&
		   *number <= setting->max;
}

static bool
read_choice(const struct setting *setting, const char *text, long *number)
{
	const char *word = setting->choices;

	for (*number = 0; word; (*number)++)
	{
		size_t length = strcspn(word, "|");

		if (strlen(text) == length && memcmp(word, text, length) == 0)
			return true;
		word = word[length] ? word + length + 1 : NULL;
	}
	return false;
}

/* Takes one value, or says in problem what is wrong with it. */
static bool
take(struct config *config, const struct setting *setting, const char *text,
	 const char *where, char problem[CONFIG_PROBLEM_SIZE])
{
	switch (setting->kind)
	{
		case TEXT:
			if (strlen(text) < CONFIG_TEXT_SIZE)
			{
				memcpy(text_at(config, setting), text, strlen(text) + 1);
				return true;
			}
			snprintf(problem, CONFIG_PROBLEM_SIZE,
					 "%s: %s is longer than %d bytes", where, setting->name,
					 CONFIG_TEXT_SIZE - 1);
			return false;
		case NUMBER:
			if (read_number(setting, text, number_at(config, setting)))
				return true;
			snprintf(problem, CONFIG_PROBLEM_SIZE,
					 "%s: %s must be a number from %ld to %ld", where,
					 setting->name, setting->min, setting->max);
			return false;
		default:
			if (read_choice(setting, text, number_at(config, setting)))
				return true;
			snprintf(problem, CONFIG_PROBLEM_SIZE, "%s: %s must be one of %s",
					 where, setting->name, setting->choices);
			return false;
	}
}

/* Cuts white space from both ends, in place. */
static char *
trim(char *text)
{
	char *end = text + strlen(text);

	while (end > text && isspace((unsigned char) end[-1]))
		*--end = '\0';
	while (isspace((unsigned char) *text))
		text++;
	return text;
}

/* One "key = value" line; blank lines and # comments are skipped. */
static bool
take_line(struct config *config, char *line, const char *where,
		  char problem[CONFIG_PROBLEM_SIZE])
{
	const struct setting *setting;
	char *name = trim(line);
	char *equals;

	if (*name == '\0' || *name == '#')
		return true;
	equals = strchr(name, '=');
	if (!equals)
	{
		snprintf(problem, CONFIG_PROBLEM_SIZE, "%s: expected key = value",
				 where);
		return false;
	}
	*equals = '\0';
	name = trim(name);
	setting = find(name, strlen(name));
	if (!setting)
	{
		snprintf(problem, CONFIG_PROBLEM_SIZE, "%s: unknown setting \"%.60s\"",
				 where, name);
		return false;
	}
	return take(config, setting, trim(equals + 1), where, problem);
}

static bool
take_file(struct config *config, const char *path,
		  char problem[CONFIG_PROBLEM_SIZE])
{
	char line[2 * CONFIG_TEXT_SIZE];
	char where[CONFIG_TEXT_SIZE];
	FILE *file = fopen(path, "re");
	bool good = true;

	if (!file)
	{
		snprintf(problem, CONFIG_PROBLEM_SIZE, "%.400s: %s", path,
				 strerror(errno));
		return false;
	}
	for (int number = 1; good && fgets(line, sizeof(line), file); number++)
	{
		snprintf(where, sizeof(where), "%.400s line %d", path, number);
		if (strlen(line) == sizeof(line) - 1)
		{
			snprintf(problem, CONFIG_PROBLEM_SIZE, "%s: the line is too long",
					 where);
			good = false;
		}
		else
			good = take_line(config, line, where, problem);
	}
	fclose(file);
	return good;
}

/* The environment's name of a setting: E2EMSG_ and the name in capitals. */
static const char *
environment_value(char *const *env, const struct setting *setting)
{
	static const char prefix[] = "E2EMSG_";
	size_t length = strlen(setting->name);

	for (; *env; env++)
	{
		const char *name = *env + sizeof(prefix) - 1;
		size_t i = 0;

		if (strncmp(*env, prefix, sizeof(prefix) - 1) != 0)
			continue;
		while (i < length && toupper((unsigned char) setting->name[i]) ==
								 (unsigned char) name[i])
			i++;
		if (i == length && name[i] == '=')
			return name + i + 1;
	}
	return NULL;
}

static bool
take_environment(struct config *config, char *const *env,
				 char problem[CONFIG_PROBLEM_SIZE])
{
	for (size_t i = 0; i < SETTING_COUNT; i++)
	{
		const char *value = environment_value(env, &settings[i]);

		if (value &&
			!take(config, &settings[i], value, "environment", problem))
			return false;
	}
	return true;
}

/* Splits --name=value or --name value; names may be written with hyphens. */
static bool
split_flag(int argc, char *const *argv, int *i, char name[64],
		   const char **value, char problem[CONFIG_PROBLEM_SIZE])
{
	const char *flag = argv[*i] + 2;
	size_t length = strcspn(flag, "=");

	if (strncmp(argv[*i], "--", 2) != 0 || length == 0 || length >= 64)
	{
		snprintf(problem, CONFIG_PROBLEM_SIZE,
				 "unknown argument \"%.60s\"; see --help", argv[*i]);
		return false;
	}
	for (size_t k = 0; k < length; k++)
		name[k] = flag[k] == '-' ? '_' : flag[k];
	name[length] = '\0';
	*value = flag[length] ? flag + length + 1 : NULL;
	if (*value == NULL && *i + 1 < argc)
		*value = argv[++*i];
	if (*value == NULL)
	{
		snprintf(problem, CONFIG_PROBLEM_SIZE, "--%s needs a value", name);
		return false;
	}
	return true;
}

/* Is this a flag without a value? */
static bool
action_flag(const char *flag, enum config_action *action)
{
	static const struct
	{
		const char *flag;
		enum config_action action;
	} flags[] = {{"--help", CONFIG_HELP},
				 {"--version", CONFIG_VERSION},
				 {"--check-config", CONFIG_CHECK},
				 {"--print-errors", CONFIG_ERRORS},
				 {"--print-routes", CONFIG_ROUTES},
				 {"--new-log-origin", CONFIG_ORIGIN}};

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (strcmp(flag, flags[i].flag) == 0)
		{
			*action = flags[i].action;
			return true;
		}
	return false;
}

/*
 * Walks the flags.  With config NULL it only finds the file and the action,
 * because the file must be read before the flags.
 */
static bool
take_flags(struct config *config, enum config_action *action,
		   const char **file, int argc, char *const *argv,
		   char problem[CONFIG_PROBLEM_SIZE])
{
	int actions = 0;

	for (int i = 1; i < argc; i++)
	{
		const struct setting *setting;
		const char *value;
		char name[64];

		if (action_flag(argv[i], action))
		{
			if (++actions == 1)
				continue;
			snprintf(problem, CONFIG_PROBLEM_SIZE,
					 "%s: one such flag at a time; see --help", argv[i]);
			return false;
		}
		if (!split_flag(argc, argv, &i, name, &value, problem))
			return false;
		setting = find(name, strlen(name));
		if (strcmp(name, "config") == 0)
			*file = value;
		else if (!setting)
		{
			snprintf(problem, CONFIG_PROBLEM_SIZE,
					 "flag: unknown setting \"%s\"; see --help", name);
			return false;
		}
		else if (config && !take(config, setting, value, "flag", problem))
			return false;
	}
	return true;
}

/* What settings want of each other. */
static bool
fit_together(struct config *config, char problem[CONFIG_PROBLEM_SIZE])
{
	long most = config->threads - config->threads / 8 - 1;
	const char *why = provider_settings_problem(config);

	if (cors_problem(config->allowed_origins, problem, CONFIG_PROBLEM_SIZE))
		return false;
	if (why)
	{
		snprintf(problem, CONFIG_PROBLEM_SIZE, "%s", why);
		return false;
	}
	if (config->streams == 0)
		config->streams = config->threads * 3 / 4;
	if (config->streams <= most)
		return true;
	snprintf(problem, CONFIG_PROBLEM_SIZE,
			 "streams must be at most %ld with threads = %ld, so that other "
			 "requests have threads left",
			 most, config->threads);
	return false;
}

bool
config_load(struct config *config, enum config_action *action, int argc,
			char *const *argv, char *const *env,
			char problem[CONFIG_PROBLEM_SIZE])
{
	static const struct setting file_setting = {.name = "config"};
	const char *file = environment_value(env, &file_setting);

	*action = CONFIG_RUN;
	memset(config, 0, sizeof(*config));
	for (size_t i = 0; i < SETTING_COUNT; i++)
		if (!take(config, &settings[i], settings[i].def, "default", problem))
			return false;
	if (!take_flags(NULL, action, &file, argc, argv, problem))
		return false;
	if (file && !take_file(config, file, problem))
		return false;
	return take_environment(config, env, problem) &&
		   take_flags(config, action, &file, argc, argv, problem) &&
		   fit_together(config, problem);
}

void
config_reload(struct config *running, const struct config *fresh,
			  void (*told)(void *context, const char *name,
						   bool needs_restart),
			  void *context)
{
	for (size_t i = 0; i < SETTING_COUNT; i++)
	{
		size_t size =
			settings[i].kind == TEXT ? CONFIG_TEXT_SIZE : sizeof(long);
		char *now = (char *) running + settings[i].offset;
		const char *then = (const char *) fresh + settings[i].offset;

		if (memcmp(now, then, size) == 0)
			continue;
		if (settings[i].live)
			memcpy(now, then, size);
		told(context, settings[i].name, !settings[i].live);
	}
}

void
config_help(FILE *out)
{
	fprintf(out,
			"Usage: e2emsg-gateway [--config=FILE] [--SETTING=VALUE ...]\n"
			"       e2emsg-gateway --help | --version | --check-config |\n"
			"                      --print-errors | --print-routes\n"
			"       e2emsg-gateway --new-log-origin [...]\n\n"
			"A setting is read from FILE (lines \"name = value\"), then from\n"
			"the environment (E2EMSG_NAME), then from the flags; the last\n"
			"one counts.  SIGHUP reads all again; settings marked * change\n"
			"at once, the others at the next start.\n\n"
			"--new-log-origin, after a restore of the database: the key log "
			"goes on\nunder a new key that the old one vouches for; clients "
			"ask their users.\n\n");
	for (size_t i = 0; i < SETTING_COUNT; i++)
	{
		const struct setting *s = &settings[i];

		fprintf(out, " %c%-22s %s\n%25s", s->live ? '*' : ' ', s->name,
				s->help, "");
		if (s->kind == NUMBER)
			fprintf(out, "%ld to %ld, ", s->min, s->max);
		else if (s->kind == CHOICE)
			fprintf(out, "%s, ", s->choices);
		fprintf(out, "default %s\n", s->def[0] ? s->def : "none");
	}
}
