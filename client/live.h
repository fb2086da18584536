/*
 * live.h
 *		read --wait: mail as it comes.
 */
#ifndef E2EMSG_LIVE_H
#define E2EMSG_LIVE_H

#include "app.h"
#include "inbox.h"

/*
 * Reads mail, as read_once() does, whenever there is some, until SIGINT or
 * SIGTERM; a second one ends the program at once.  The account's folder is
 * locked while mail is read, and not while it is waited for.  Without an
 * answer it tries again, after growing pauses; whatever else fails ends it.
 */
extern CHECKED enum result live_run(struct app *app,
									struct inbox_counts *counts);

/*
 * command_read.c: fetches, stores, prints and acknowledges new mail of the
 * session that is open.  *last: how far mail is stored.
 */
extern CHECKED enum result
read_once(struct app *app, struct inbox_counts *counts, int64_t *last);

#endif /* E2EMSG_LIVE_H */
