/*
 * config_fuzz.c
 *		config.c and setting.c: file, environment and flags.
 *
 * The input is lines.  The first character says where the rest stands: "f"
 * in the file, "e" in the environment, "a" on the command line.  What each
 * setting becomes is worked out a second time, from the end: the last flag,
 * or the variable, or the last line, or the default.
 */
#include <ctype.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "setting.h"

#define MAX_WORDS 16

/* Texts of the heap, one byte past whose end is nobody's; the last is NULL. */
struct words
{
	char *list[MAX_WORDS + 1];
	int count;
};

struct input
{
	struct words file, env, flags;
};

static void
add(struct words *words, const char *text)
{
	if (words->count < MAX_WORDS)
		words->list[words->count++] = strdup(text);
}

static void
forget(struct words *words)
{
	for (int i = 0; i < words->count; i++)
		free(words->list[i]);
}

/* No other file is read: "config" is for this target to say. */
static void
take_lines(char *text, struct input *input)
{
	char *line;

	while ((line = strsep(&text, "\n")) != NULL)
	{
		bool names_file =
			strcasestr(line, "config") && strcmp(line, "a--check-config") != 0;

		if (*line == 'f')
			add(&input->file, line + 1);
		else if (*line == 'e' && !names_file)
			add(&input->env, line + 1);
		else if (*line == 'a' && !names_file)
			add(&input->flags, line + 1);
	}
}

/* The file, in memory; its path goes to the command line. */
static int
open_file(struct input *input)
{
	int fd = memfd_create("config", 0);
	char flag[64];

	must(fd >= 0);
	for (int i = 0; i < input->file.count; i++)
		must(dprintf(fd, "%s\n", input->file.list[i]) > 0);
	snprintf(flag, sizeof(flag), "--config=/proc/self/fd/%d", fd);
	add(&input->flags, "gateway");
	add(&input->flags, flag);
	return fd;
}

/* ---- what a setting becomes ---- */

/* Does the text begin with that name, each "-" being a "_"? */
static bool
begins(const char *text, const char *name)
{
	for (; *name; name++, text++)
		if (*text != *name && !(*name == '_' && *text == '-'))
			return false;
	return *text == '=' || *text == '\0';
}

static const char *
from_flags(const struct words *flags, const char *name)
{
	const char *found = NULL;

	for (int i = 1; i < flags->count; i++)
	{
		const char *flag = flags->list[i];

		if (strcmp(flag, "--help") == 0 || strcmp(flag, "--version") == 0 ||
			strcmp(flag, "--check-config") == 0 ||
			strncmp(flag, "--print-", 8) == 0 ||
			strcmp(flag, "--new-log-origin") == 0)
			continue;
		if (begins(flag + 2, name))
			found =
				strchr(flag, '=') ? strchr(flag, '=') + 1 : flags->list[i + 1];
		i += strchr(flag, '=') == NULL;
	}
	return found;
}

static const char *
from_environment(const struct words *env, const char *name)
{
	char start[80] = "E2EMSG_";

	for (size_t i = 0; name[i]; i++)
		start[7 + i] = (char) toupper((unsigned char) name[i]);
	start[7 + strlen(name)] = '=';
	for (int i = 0; i < env->count; i++)
		if (strncmp(env->list[i], start, strlen(start)) == 0)
			return env->list[i] + strlen(start);
	return NULL;
}

/* The value of the last line of that name, into a buffer. */
static bool
from_file(const struct words *file, const char *name, char value[2048])
{
	bool found = false;

	for (int i = 0; i < file->count; i++)
	{
		const char *at = file->list[i];

		at += strspn(at, " \t\r\v\f");
		if (strncmp(at, name, strlen(name)) != 0)
			continue;
		at += strlen(name);
		at += strspn(at, " \t\r\v\f");
		if (*at++ != '=')
			continue;
		at += strspn(at, " \t\r\v\f");
		snprintf(value, 2048, "%s", at);
		for (size_t n = strlen(value);
			 n > 0 && strchr(" \t\r\v\f", value[n - 1]);)
			value[--n] = '\0';
		found = true;
	}
	return found;
}

/* The place of a word in "a|b|c", or -1. */
static long
place_of(const char *choices, const char *word)
{
	char *copy = strdup(choices), *at = copy, *choice;
	long place = 0, found = -1;

	for (; (choice = strsep(&at, "|")) != NULL; place++)
		if (strcmp(choice, word) == 0)
			found = place;
	free(copy);
	return found;
}

static void
check_value(const struct config *config, const struct setting *setting,
			const char *text)
{
	const char *at = (const char *) config + setting->offset;
	long number;

	memcpy(&number, at, sizeof(number));
	if (setting->kind == TEXT)
		must(strcmp(at, text) == 0);
	else if (setting->kind == CHOICE)
		must(number == place_of(setting->choices, text) && number >= 0);
	else
	{
		must(strspn(text, "0123456789") == strlen(text) && *text);
		must(strtol(text, NULL, 10) >= setting->min &&
			 strtol(text, NULL, 10) <= setting->max);
		must(number == strtol(text, NULL, 10) ||
			 (strcmp(setting->name, "streams") == 0 && atol(text) == 0));
	}
}

static void
check_values(const struct config *config, const struct input *input)
{
	const struct setting *setting;
	char value[2048];

	for (size_t i = 0; (setting = setting_at(i)) != NULL; i++)
	{
		const char *text = from_flags(&input->flags, setting->name);

		if (!text)
			text = from_environment(&input->env, setting->name);
		if (!text && from_file(&input->file, setting->name, value))
			text = value;
		check_value(config, setting, text ? text : setting->def);
	}
}

/* ---- reloading ---- */

static bool
differs(const struct setting *setting, const struct config *a,
		const struct config *b)
{
	const char *one = (const char *) a + setting->offset;
	const char *other = (const char *) b + setting->offset;

	return setting->kind == TEXT ? strcmp(one, other) != 0
								 : memcmp(one, other, sizeof(long)) != 0;
}

static void
count_told(void *context, const char *name, bool needs_restart)
{
	const struct setting *setting = setting_find(name);

	must(setting != NULL && setting->live == !needs_restart);
	(*(size_t *) context)++;
}

/* All that differs is told, and nothing else; what can change has changed. */
static void
check_reload(const struct config *fresh)
{
	static struct config defaults, running;
	enum config_action action;
	char name[] = "gateway", problem[CONFIG_PROBLEM_SIZE];
	char *argv[] = {name, NULL}, *env[] = {NULL};
	const struct setting *setting;
	size_t told = 0, wanted = 0;

	must(config_load(&defaults, &action, 1, argv, env, problem));
	running = defaults;
	config_reload(&running, fresh, count_told, &told);
	for (size_t i = 0; (setting = setting_at(i)) != NULL; i++)
	{
		wanted += differs(setting, &defaults, fresh);
		must(!differs(setting, &running, setting->live ? fresh : &defaults));
	}
	must(told == wanted);
	config_reload(&running, &defaults, count_told, &told);
	told = 0;
	config_reload(&running, &defaults, count_told, &told);
	must(told == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct config config;
	struct input input = {0};
	struct words flags;
	enum config_action action;
	char problem[CONFIG_PROBLEM_SIZE] = "", *text = text_of(data, size);
	int fd;

	take_lines(text, &input);
	flags = input.flags;
	input.flags = (struct words){.count = 0};
	fd = open_file(&input);
	for (int i = 0; i < flags.count; i++)
		add(&input.flags, flags.list[i]);
	if (config_load(&config, &action, input.flags.count, input.flags.list,
					input.env.list, problem))
	{
		check_values(&config, &input);
		check_reload(&config);
	}
	else
		must(problem[0] != '\0' && strlen(problem) < sizeof(problem));
	close(fd);
	forget(&flags);
	forget(&input.file);
	forget(&input.env);
	forget(&input.flags);
	free(text);
	return 0;
}
