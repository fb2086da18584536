/*
 * setting.h
 *		The table of settings, a row for each, and what a row says of values.
 */
#ifndef E2EMSG_SETTING_H
#define E2EMSG_SETTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "config.h"

enum setting_kind
{
	TEXT,
	NUMBER,
	CHOICE
};

struct setting
{
	const char *name;
	enum setting_kind kind;
	size_t offset; /* in struct config: CONFIG_TEXT_SIZE bytes or a long */
	const char *def;
	long min, max;		 /* of a number */
	const char *choices; /* words parted by |, in the order of their enum */
	bool live;			 /* SIGHUP can change it */
	const char *help;
};

/* The row at that place, NULL past the last one. */
extern const struct setting *setting_at(size_t index);

/* The row of that name, or NULL. */
extern const struct setting *setting_find(const char *name);

/*
 * Takes one value into *config, or says in problem what is wrong with it;
 * "where" names the place that it comes from.
 */
extern bool setting_take(struct config *config, const struct setting *setting,
						 const char *text, const char *where,
						 char problem[CONFIG_PROBLEM_SIZE])
	__attribute__((warn_unused_result));

/* --help: how the gateway is started, and the table. */
extern void setting_help(FILE *out);

#endif /* E2EMSG_SETTING_H */
