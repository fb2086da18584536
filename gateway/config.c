/*
 * config.c
 *		Reading the settings.
 */
#include "config.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cors.h"
#include "provider.h"
#include "proxies.h"
#include "setting.h"

#define VARIABLE "E2EMSG_"

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
	setting = setting_find(name);
	if (!setting)
	{
		snprintf(problem, CONFIG_PROBLEM_SIZE, "%s: unknown setting \"%.60s\"",
				 where, name);
		return false;
	}
	return setting_take(config, setting, trim(equals + 1), where, problem);
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

/* Is it the variable of that name: E2EMSG_ and the name in capitals? */
static bool
is_variable(const char *entry, const char *name)
{
	size_t i = 0, length = strlen(name);

	if (strncmp(entry, VARIABLE, sizeof(VARIABLE) - 1) != 0)
		return false;
	entry += sizeof(VARIABLE) - 1;
	while (i < length &&
		   toupper((unsigned char) name[i]) == (unsigned char) entry[i])
		i++;
	return i == length && entry[i] == '=';
}

static const char *
environment_value(char *const *env, const char *setting)
{
	for (; *env; env++)
		if (is_variable(*env, setting))
			return strchr(*env, '=') + 1;
	return NULL;
}

/* Is it a setting's, or another program's, as the client or the tests? */
static bool
is_known_variable(const char *entry)
{
	static const char *const others[] = {"config",		  "server", "account",
										 "recovery_code", "client", "gateway",
										 "install",		  "vectors"};
	const struct setting *setting;

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (is_variable(entry, others[i]))
			return true;
	for (size_t i = 0; (setting = setting_at(i)); i++)
		if (is_variable(entry, setting->name))
			return true;
	return false;
}

void
config_find_strays(char *const *env,
				   void (*told)(void *context, const char *name),
				   void *context)
{
	char name[CONFIG_STRAY_SIZE];

	for (; *env; env++)
	{
		if (strncmp(*env, VARIABLE, sizeof(VARIABLE) - 1) != 0 ||
			is_known_variable(*env))
			continue;
		snprintf(name, sizeof(name), "%.*s", (int) strcspn(*env, "="), *env);
		told(context, name);
	}
}

static bool
take_environment(struct config *config, char *const *env,
				 char problem[CONFIG_PROBLEM_SIZE])
{
	const struct setting *setting;

	for (size_t i = 0; (setting = setting_at(i)); i++)
	{
		const char *value = environment_value(env, setting->name);

		if (value &&
			!setting_take(config, setting, value, "environment", problem))
			return false;
	}
	return true;
}

/* Splits --name=value or --name value; names may be written with hyphens. */
static bool
split_flag(int argc, char *const *argv, int *i, char name[64],
		   const char **value, char problem[CONFIG_PROBLEM_SIZE])
{
	bool is_flag = strncmp(argv[*i], "--", 2) == 0;
	const char *flag = argv[*i] + (is_flag ? 2 : 0);
	size_t length = strcspn(flag, "=");

	if (!is_flag || length == 0 || length >= 64)
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
		setting = setting_find(name);
		if (strcmp(name, "config") == 0)
			*file = value;
		else if (!setting)
		{
			snprintf(problem, CONFIG_PROBLEM_SIZE,
					 "flag: unknown setting \"%s\"; see --help", name);
			return false;
		}
		else if (config &&
				 !setting_take(config, setting, value, "flag", problem))
			return false;
	}
	return true;
}

/* What is wrong with where to listen, or NULL. */
static const char *
ports_problem(const struct config *config)
{
	struct in_addr unused;

	if (inet_pton(AF_INET, config->address, &unused) != 1)
		return "address must be an IPv4 address, like 127.0.0.1 or 0.0.0.0";
	if (config->port != 0 && config->port == config->admin_port)
		return "port and admin_port must differ";
	return NULL;
}

/* What settings want of each other, and of their texts. */
static bool
fit_together(struct config *config, char problem[CONFIG_PROBLEM_SIZE])
{
	long most = config->threads - config->threads / 8 - 1;
	const char *why = provider_settings_problem(config);

	if (cors_problem(config->allowed_origins, problem, CONFIG_PROBLEM_SIZE) ||
		proxies_problem(config->trusted_proxies, problem, CONFIG_PROBLEM_SIZE))
		return false;
	if (!why)
		why = ports_problem(config);
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
	const char *file = environment_value(env, "config");
	const struct setting *setting;

	*action = CONFIG_RUN;
	memset(config, 0, sizeof(*config));
	for (size_t i = 0; (setting = setting_at(i)); i++)
		if (!setting_take(config, setting, setting->def, "default", problem))
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
	const struct setting *setting;

	for (size_t i = 0; (setting = setting_at(i)); i++)
	{
		size_t size = setting->kind == TEXT ? CONFIG_TEXT_SIZE : sizeof(long);
		char *now = (char *) running + setting->offset;
		const char *then = (const char *) fresh + setting->offset;

		if (memcmp(now, then, size) == 0)
			continue;
		if (setting->live)
			memcpy(now, then, size);
		told(context, setting->name, !setting->live);
	}
}
