/*
 * command.h
 *		The commands: one row each.
 */
#ifndef E2EMSG_COMMAND_H
#define E2EMSG_COMMAND_H

#include <stdio.h>

#include "app.h"

struct command
{
	const char *name; /* one or two words */
	const char *arguments;
	const char *help;
	int min_args, max_args;
	unsigned flags; /* set of enum flag */
	enum result (*run)(struct app *app);
};

/* Finds the command, checks its arguments and flags, runs it. */
extern CHECKED enum result command_run(struct app *app);

/* Prints commands, options and exit codes. */
extern void command_print_help(FILE *stream);

/* command_account.c */
extern enum result command_register(struct app *app);
extern enum result command_login(struct app *app);
extern enum result command_whoami(struct app *app);
extern enum result command_token(struct app *app);

/* command_backup.c */
extern enum result command_backup(struct app *app);
extern enum result command_restore(struct app *app);

/* command_block.c */
extern enum result command_block(struct app *app);
extern enum result command_unblock(struct app *app);
extern enum result command_blocks(struct app *app);

/* command_keys.c */
extern enum result command_rotate(struct app *app);
extern enum result command_keys(struct app *app);
extern enum result command_keys_forget(struct app *app);

/* command_log.c */
extern enum result command_log(struct app *app);
extern enum result command_log_accept(struct app *app);

/* command_read.c */
extern enum result command_read(struct app *app);
extern enum result command_ack(struct app *app);

/* command_send.c */
extern enum result command_send(struct app *app);

/* command_peer.c */
extern enum result command_verify(struct app *app);
extern enum result command_trust(struct app *app);

/* command_audit.c */
extern enum result command_audit(struct app *app);

#endif /* E2EMSG_COMMAND_H */
