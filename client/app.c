/*
 * app.c
 *		One run of the command: its options, its session, its output.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app.h"
#include "home.h"
#include "term.h"
#include "username.h"

enum result
app_open(struct app *app)
{
	char only[USERNAME_TEXT_SIZE];
	const char *name = app->options.account;
	enum result result =
		home_path(app->options.home, false, app->home, &app->fault);

	if (result == RESULT_OK && name == NULL)
	{
		result = home_only_account(app->home, only, &app->fault);
		name = only;
	}
	if (result == RESULT_OK)
		result = app_username(app, name);
	if (result == RESULT_OK)
		result = session_open(app->home, name, app->options.server, stderr,
							  &app->session, &app->fault);
	return result;
}

bool
app_has(const struct app *app, enum flag flag)
{
	return (app->options.given & flag) != 0;
}

void
app_print_json(json_t *object)
{
	char *text = json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII);

	/* DEL is ASCII, but not for terminals; it stands in strings alone. */
	for (const char *at = text; at != NULL && *at != '\0'; at++)
	{
		if (*at == 0x7F)
			fputs("\\u007f", stdout);
		else
			putchar(*at);
	}
	putchar('\n');
	free(text);
	json_decref(object);
}

void
app_print_members(const struct app *app, json_t *object)
{
	const char *name;
	json_t *value;

	if (app->options.json)
	{
		app_print_json(object);
		return;
	}
	json_object_foreach(object, name, value)
	{
		printf("%-19s ", name);
		if (json_is_integer(value))
			printf("%lld", (long long) json_integer_value(value));
		else
			term_line(stdout,
					  json_is_null(value) ? "none" : json_string_value(value));
		putchar('\n');
	}
	json_decref(object);
}

enum result
app_ask(struct app *app, const char *question)
{
	char answer[8] = "";

	if (app_has(app, FLAG_YES))
		return RESULT_OK;
	if (!isatty(STDIN_FILENO))
		return fault_set(&app->fault, RESULT_USAGE, NULL,
						 "there is no terminal to ask on: add --yes to "
						 "accept this");
	fprintf(stderr, "%s [yes/no] ", question);
	if (fgets(answer, sizeof(answer), stdin) != NULL &&
		(strcmp(answer, "yes\n") == 0 || strcmp(answer, "y\n") == 0))
		return RESULT_OK;
	return fault_set(&app->fault, RESULT_UNTRUSTED, NULL,
					 "nothing was accepted");
}

enum result
app_username(struct app *app, const char *text)
{
	if (username_valid(text))
		return RESULT_OK;
	return fault_set(&app->fault, RESULT_USAGE,
					 "A name has 3 to 32 of a-z, 0-9, dot, hyphen and "
					 "underscore, and begins with a letter.",
					 "%s is not a username", text);
}

enum result
app_number(struct app *app, const char *text, int64_t min, int64_t max,
		   int64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoll(text, &end, 10);
	if (errno == 0 && text[0] >= '0' && text[0] <= '9' && *end == '\0' &&
		*out >= min && *out <= max)
		return RESULT_OK;
	return fault_set(&app->fault, RESULT_USAGE, NULL,
					 "%s is not a number that fits here", text);
}
