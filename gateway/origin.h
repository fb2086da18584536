/*
 * origin.h
 *		A new origin of the key log, after a restore.
 */
#ifndef E2EMSG_ORIGIN_H
#define E2EMSG_ORIGIN_H

#include <stdbool.h>

struct config;
struct db;
struct log;

/*
 * The key log goes on from what the database holds now, under a new key that
 * the old one vouches for.  Prints what it did; false after a line in the log.
 */
extern bool origin_begin(const struct config *config, struct db *db,
						 struct log *log) __attribute__((warn_unused_result));

#endif /* E2EMSG_ORIGIN_H */
