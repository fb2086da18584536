/*
 * command.c
 *		The commands: one row each.
 */
#include <string.h>

#include "backup_sync.h"
#include "command.h"
#include "log_follow.h"
#include "result.h"
#include "username.h"

static enum result command_help(struct app *app);

static const struct command commands[] = {
	{"register", "NAME",
	 "make an account: keys here, their public halves "
	 "on the server",
	 1, 1, FLAG_SERVICE | FLAG_UNSIGNED | FLAG_ID_TOKEN, command_register},
	{"login", "", "sign in; without identity key: renew the token", 0, 0, 0,
	 command_login},
	{"send", "PEER [TEXT|-]",
	 "seal a text and send it; without TEXT, or with -, it reads stdin", 0, 2,
	 FLAG_SUITE | FLAG_UNSIGNED_OK | FLAG_RETRY, command_send},
	{"read", "", "fetch, open, store, print and acknowledge mail", 0, 0,
	 FLAG_ALL | FLAG_NO_ACK | FLAG_RETRY | FLAG_RECEIPTS | FLAG_WAIT,
	 command_read},
	{"ack", "[THROUGH]", "acknowledge stored mail, all or through a number", 0,
	 1, 0, command_ack},
	{"rotate", "", "make a new encryption key and announce it", 0, 0, 0,
	 command_rotate},
	{"keys", "", "list this account's encryption keys", 0, 0, 0, command_keys},
	{"keys forget", "VERSION", "remove an old private key for good", 1, 1,
	 FLAG_FORCE, command_keys_forget},
	{"backup", "",
	 "leave the keys with the server, sealed; the first time it prints the "
	 "recovery code, which opens them",
	 0, 0, FLAG_FORCE | FLAG_NEW_CODE | FLAG_YES, command_backup},
	{"restore", "NAME",
	 "make the account here from its backup; asks for the recovery code (or "
	 "E2EMSG_RECOVERY_CODE)",
	 1, 1, FLAG_SERVICE, command_restore},
	{"verify", "PEER", "show the safety number to compare", 1, 1,
	 FLAG_CONFIRM | FLAG_DIFFERS, command_verify},
	{"trust", "PEER",
	 "accept a changed identity, a peer without one, or numbers that differ",
	 1, 1, FLAG_YES, command_trust},
	{"block", "PEER|ID",
	 "have the server refuse what this user sends; who sends is told", 1, 1, 0,
	 command_block},
	{"unblock", "PEER|ID", "take this user's mail again", 1, 1, 0,
	 command_unblock},
	{"blocks", "", "list whom this account blocks", 0, 0, 0, command_blocks},
	{"log", "", "look at the key log, and at this account in it", 0, 0, 0,
	 command_log},
	{"log accept", "", "go on with the key log that the server shows now", 0,
	 0, FLAG_YES, command_log_accept},
	{"audit", "", "check the server's whole key log; needs no account", 0, 0,
	 FLAG_FOLLOW | FLAG_VERIFIER, command_audit},
	{"whoami", "", "show this account", 0, 0, 0, command_whoami},
	{"token", "", "print a token for curl", 0, 0, 0, command_token},
	{"help", "", "print this", 0, 2, 0, command_help},
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(*commands))

/* How many words of the command line are this command's name; 0: none. */
static int
match(const struct command *command, const struct options *options)
{
	const char *space = strchr(command->name, ' ');
	size_t first =
		space ? (size_t) (space - command->name) : strlen(command->name);
	const char *word = options->words[0];

	if (strlen(word) != first || strncmp(word, command->name, first) != 0)
		return 0;
	if (space == NULL)
		return 1;
	return options->word_count > 1 && strcmp(options->words[1], space + 1) == 0
			   ? 2
			   : 0;
}

/* The command with the longest name that matches, or NULL. */
static const struct command *
find(const struct options *options, int *words)
{
	const struct command *found = NULL;

	*words = 0;
	for (size_t i = 0; i < COMMAND_COUNT && options->word_count > 0; i++)
	{
		int matched = match(&commands[i], options);

		if (matched > *words)
		{
			found = &commands[i];
			*words = matched;
		}
	}
	return found;
}

/* Refuses flags that mean nothing to the command. */
static enum result
check_flags(struct app *app, const struct command *command)
{
	unsigned surplus = app->options.given & ~command->flags;

	if (surplus == 0)
		return RESULT_OK;
	return fault_set(&app->fault, RESULT_USAGE, "See e2emsg --help.",
					 "%s does not take --%s", command->name,
					 options_name(surplus & ~(surplus - 1)));
}

/* Refuses too few or too many arguments. */
static enum result
check_args(struct app *app, const struct command *command)
{
	if (app->arg_count >= command->min_args &&
		app->arg_count <= command->max_args)
		return RESULT_OK;
	if (command->max_args == 0 && username_valid(app->args[0]))
		return fault_set(&app->fault, RESULT_USAGE, NULL,
						 "%s takes no name; use --as %s", command->name,
						 app->args[0]);
	return fault_set(&app->fault, RESULT_USAGE,
					 command->run == command_send && app->arg_count > 2
						 ? "Put the text in quotes, as one argument."
						 : NULL,
					 "usage: e2emsg %s%s%s", command->name,
					 command->arguments[0] ? " " : "", command->arguments);
}

/*
 * A problem of the key log that arose on the way is the result, unless there
 * is something worse to tell.
 */
static enum result
tell_of_log(struct app *app, enum result result)
{
	const struct log_pin *log = &app->session.log;

	if (!log_pin_has_news(log) ||
		(result != RESULT_OK && result != RESULT_MISSING))
		return result;
	if (log->problem[0] == '\0')
		return fault_set(&app->fault, RESULT_UNTRUSTED,
						 "The sender may have made that up: nothing is "
						 "stopped.",
						 "%s", log->hearsay);
	return fault_set(&app->fault, RESULT_UNTRUSTED, LOG_BROKEN_HINT, "%s",
					 log->problem);
}

enum result
command_run(struct app *app)
{
	int words;
	const struct command *command = find(&app->options, &words);
	enum result result;

	if (app->options.word_count == 0)
	{
		command_print_help(stderr);
		return fault_set(&app->fault, RESULT_USAGE, NULL,
						 "a command is missing");
	}
	if (command == NULL)
		return fault_set(&app->fault, RESULT_USAGE, "See e2emsg --help.",
						 "there is no command %s", app->options.words[0]);
	app->args = app->options.words + words;
	app->arg_count = app->options.word_count - words;
	result = check_args(app, command);
	if (result == RESULT_OK)
		result = check_flags(app, command);
	if (result != RESULT_OK)
		return result;
	result = command->run(app);
	backup_follow(&app->session);
	return tell_of_log(app, result);
}

void
command_print_help(FILE *stream)
{
	fputs("e2emsg: end-to-end encrypted messages through a PostgreSQL that "
		  "can't read them\n\nusage: e2emsg COMMAND [OPTION]...\n\n",
		  stream);
	for (size_t i = 0; i < COMMAND_COUNT; i++)
	{
		char left[40];

		snprintf(left, sizeof(left), "%s %s", commands[i].name,
				 commands[i].arguments);
		fprintf(stream, "  %-20s %s\n", left, commands[i].help);
	}
	fputs("\nOptions:\n", stream);
	options_print(stream);
	fputs("\nData goes to stdout, all else to stderr. Exit codes:\n", stream);
	for (int i = 0; result_meaning(i) != NULL; i++)
		fprintf(stream, "  %d  %s\n", i, result_meaning(i));
}

static enum result
command_help(struct app *app)
{
	(void) app;
	command_print_help(stdout);
	return RESULT_OK;
}
