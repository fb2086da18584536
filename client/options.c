/*
 * options.c
 *		The command line, apart from what the commands do with it.
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

#define GLOBAL 0 /* in place of enum flag: every command takes it */

/* The options that every command takes, and one code for the rest. */
enum code
{
	CODE_SERVER,
	CODE_ACCOUNT,
	CODE_HOME,
	CODE_JSON,
	CODE_HELP,
	CODE_VERSION,
	CODE_LOCAL /* a row whose bit is set in "given" */
};

static const struct row
{
	const char *name;
	enum code code;
	enum flag flag;
	const char *argument; /* or NULL */
	const char *help;
} rows[] = {
	{"server", CODE_SERVER, GLOBAL, "URL",
	 "the gateway (or E2EMSG_SERVER); register and login keep it"},
	{"as", CODE_ACCOUNT, GLOBAL, "NAME",
	 "the account, when there are several (or E2EMSG_ACCOUNT)"},
	{"home", CODE_HOME, GLOBAL, "DIR",
	 "the folder of the accounts ($XDG_DATA_HOME/e2emsg)"},
	{"json", CODE_JSON, GLOBAL, NULL, "print JSON, one object a line"},
	{"help", CODE_HELP, GLOBAL, NULL, "print this (or -h)"},
	{"version", CODE_VERSION, GLOBAL, NULL, "print the version"},
	{"service", CODE_LOCAL, FLAG_SERVICE, "NAME",
	 "register, restore: refuse a server with another service name"},
	{"unsigned", CODE_LOCAL, FLAG_UNSIGNED, NULL,
	 "register: without identity key (nobody can verify you)"},
	{"id-token", CODE_LOCAL, FLAG_ID_TOKEN, "FILE",
	 "register: where the identity provider's token is; - is stdin"},
	{"suite", CODE_LOCAL, FLAG_SUITE, "0|1",
	 "send: how to seal (1, or that of the peer's last message)"},
	{"unsigned-ok", CODE_LOCAL, FLAG_UNSIGNED_OK, NULL,
	 "send: this once, to a peer without identity key"},
	{"retry", CODE_LOCAL, FLAG_RETRY, NULL,
	 "send: what waits in the outbox; read: what could not be opened"},
	{"all", CODE_LOCAL, FLAG_ALL, NULL,
	 "read: everything in the order of storing, sent and waiting mail too"},
	{"wait", CODE_LOCAL, FLAG_WAIT, NULL,
	 "read: stay, and print mail as it comes; Ctrl-C ends that"},
	{"no-ack", CODE_LOCAL, FLAG_NO_ACK, NULL,
	 "read: leave the mail on the server"},
	{"receipts", CODE_LOCAL, FLAG_RECEIPTS, NULL,
	 "read: tell those whom you wrote to, or verified, that you read it"},
	{"confirm", CODE_LOCAL, FLAG_CONFIRM, NULL,
	 "verify: the number was the same"},
	{"differs", CODE_LOCAL, FLAG_DIFFERS, NULL,
	 "verify: it was another one, so nothing is sent (until --confirm, or trust)"},
	{"new-code", CODE_LOCAL, FLAG_NEW_CODE, NULL,
	 "backup: make a new recovery code, which ends the one before"},
	{"yes", CODE_LOCAL, FLAG_YES, NULL,
	 "trust, log accept, backup --new-code: do not ask"},
	{"force", CODE_LOCAL, FLAG_FORCE, NULL,
	 "keys forget: even if mail may need the key; backup: replace one\n"
	 "                     that this account can't open, under a new code"},
	{"follow", CODE_LOCAL, FLAG_FOLLOW, "SECONDS",
	 "audit: go on, and look again so often"},
	{"verifier", CODE_LOCAL, FLAG_VERIFIER, "TEXT",
	 "audit: the log's verifier, instead of trusting the first one"},
};

#define ROW_COUNT (sizeof(rows) / sizeof(*rows))

const char *
options_name(enum flag flag)
{
	for (size_t i = 0; i < ROW_COUNT; i++)
		if (rows[i].flag == flag)
			return rows[i].name;
	return "";
}

void
options_print(FILE *stream)
{
	for (size_t i = 0; i < ROW_COUNT; i++)
	{
		char left[32];

		snprintf(left, sizeof(left), "--%s%s%s", rows[i].name,
				 rows[i].argument ? " " : "",
				 rows[i].argument ? rows[i].argument : "");
		fprintf(stream, "  %-18s %s\n", left, rows[i].help);
	}
}

/* Takes one option of the command line; false for a bad value. */
static bool
take(struct options *out, const struct row *row, const char *value)
{
	out->given |= row->flag;
	switch (row->code)
	{
		case CODE_SERVER:
			out->server = value;
			break;
		case CODE_ACCOUNT:
			out->account = value;
			break;
		case CODE_HOME:
			out->home = value;
			break;
		case CODE_JSON:
			out->json = true;
			break;
		case CODE_HELP:
			out->help = true;
			break;
		case CODE_VERSION:
			out->version = true;
			break;
		case CODE_LOCAL:
			break;
	}
	if (row->flag == FLAG_SERVICE)
		out->service = value;
	if (row->flag == FLAG_ID_TOKEN)
		out->id_token = value;
	if (row->flag == FLAG_FOLLOW)
		out->follow = value;
	if (row->flag == FLAG_VERIFIER)
		out->verifier = value;
	if (row->flag != FLAG_SUITE)
		return true;
	out->suite = strcmp(value, "0") == 0 ? 0 : 1;
	return strcmp(value, "0") == 0 || strcmp(value, "1") == 0;
}

/* The environment's say, where the command line has none. */
static void
take_environment(struct options *out)
{
	if (out->server == NULL)
		out->server = getenv("E2EMSG_SERVER");
	if (out->account == NULL)
		out->account = getenv("E2EMSG_ACCOUNT");
}

/* The rows in getopt's form; a code's value is the row's number. */
static void
make_table(struct option table[ROW_COUNT + 1])
{
	memset(table, 0, (ROW_COUNT + 1) * sizeof(*table));
	for (size_t i = 0; i < ROW_COUNT; i++)
	{
		table[i].name = rows[i].name;
		table[i].has_arg = rows[i].argument ? required_argument : no_argument;
		table[i].val = (int) i + 1;
	}
}

enum result
options_read(int argc, char **argv, struct options *out, struct fault *fault)
{
	struct option table[ROW_COUNT + 1];
	int code;

	*out = (struct options){.suite = -1};
	make_table(table);
	opterr = 0;
	while ((code = getopt_long(argc, argv, ":h", table, NULL)) != -1)
	{
		if (code == '?' || code == ':')
			return fault_set(fault, RESULT_USAGE, "See e2emsg --help.",
							 "%s: %s", argv[optind - 1],
							 code == ':' ? "the value is missing"
										 : "there is no such option");
		if (code == 'h')
			out->help = true;
		else if (!take(out, &rows[code - 1], optarg))
			return fault_set(fault, RESULT_USAGE, NULL, "--%s takes %s",
							 rows[code - 1].name, rows[code - 1].argument);
	}
	take_environment(out);
	out->words = argv + optind;
	out->word_count = argc - optind;
	return RESULT_OK;
}
