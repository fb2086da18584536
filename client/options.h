/*
 * options.h
 *		The command line, apart from what the commands do with it.
 */
#ifndef E2EMSG_OPTIONS_H
#define E2EMSG_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

#include "result.h"

/* Flags: options that only some commands take, as bits of a command's set. */
enum flag
{
	FLAG_SERVICE = 1 << 0,
	FLAG_UNSIGNED = 1 << 1,
	FLAG_SUITE = 1 << 2,
	FLAG_UNSIGNED_OK = 1 << 3,
	FLAG_RETRY = 1 << 4,
	FLAG_ALL = 1 << 5,
	FLAG_NO_ACK = 1 << 6,
	FLAG_CONFIRM = 1 << 7,
	FLAG_YES = 1 << 8,
	FLAG_FORCE = 1 << 9,
	FLAG_FOLLOW = 1 << 10,
	FLAG_VERIFIER = 1 << 11,
	FLAG_RECEIPTS = 1 << 12,
	FLAG_ID_TOKEN = 1 << 13,
	FLAG_WAIT = 1 << 14,
	FLAG_NEW_CODE = 1 << 15,
	FLAG_DIFFERS = 1 << 16
};

struct options
{
	const char *server, *account, *home; /* or NULL */
	const char *service, *id_token;		 /* or NULL */
	const char *follow, *verifier;		 /* or NULL */
	int suite;							 /* or -1 */
	bool json, help, version;
	unsigned given; /* set of enum flag */
	char **words;	/* the command and its arguments */
	int word_count;
};

/* Reads argv and the environment; the texts belong to those. */
extern CHECKED enum result
options_read(int argc, char **argv, struct options *out, struct fault *fault);

/* Prints the table of all options. */
extern void options_print(FILE *stream);

/* The name of an option, such as "retry". */
extern const char *options_name(enum flag flag);

#endif /* E2EMSG_OPTIONS_H */
