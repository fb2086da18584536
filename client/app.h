/*
 * app.h
 *		One run of the command: its options, its session, its output.
 */
#ifndef E2EMSG_APP_H
#define E2EMSG_APP_H

#include <limits.h>

#include <jansson.h>

#include "mail.h"
#include "options.h"
#include "session.h"

struct app
{
	struct options options;
	struct session session;
	struct fault fault;
	char home[PATH_MAX];
	char **args; /* of the command, without its name */
	int arg_count;
};

/* Opens the account that the options name, or the only one. */
extern CHECKED enum result app_open(struct app *app);

/* That, and its mail: mail_free() it in any case. */
extern CHECKED enum result app_open_mail(struct app *app, struct mail *mail);

/* Says so when everybody on the way to the server can read along. */
extern CHECKED enum result app_warn_of_plain_http(struct app *app,
												  const char *server);

/*
 * Before an account of that name is made here: are name and options usable?
 * Makes the folder of accounts.
 */
extern CHECKED enum result app_new_account(struct app *app,
										   const char *username);

/* Prints one JSON object as a line of ASCII, and frees it. */
extern void app_print_json(json_t *object);

/* Prints an object's members, a line each or as JSON, and frees it. */
extern void app_print_members(const struct app *app, json_t *object);

/* Prints the account in use, as members. */
extern void app_print_account(const struct app *app);

/*
 * Asks a question on the terminal; without one, --yes is the answer.  A no is
 * the result "no": RESULT_UNTRUSTED of a key, RESULT_REFUSED of all else.
 */
extern CHECKED enum result app_ask(struct app *app, const char *question,
								   enum result no);

/* Reads a username of the command line. */
extern CHECKED enum result app_username(struct app *app, const char *text);

/* Reads a number of the command line, min to max. */
extern CHECKED enum result app_number(struct app *app, const char *text,
									  int64_t min, int64_t max, int64_t *out);

/* Was this flag given? */
extern bool app_has(const struct app *app, enum flag flag);

#endif /* E2EMSG_APP_H */
