/*
 * audit.h
 *		Follows a whole key log, entry by entry, without an account.
 *
 * The auditor pins the log's verifier at its first run, makes the tree anew
 * from all entries, compares its root with the signed one, and judges each
 * entry (audit_rules.h).  What it found wrong once it remembers for good.
 */
#ifndef E2EMSG_AUDIT_H
#define E2EMSG_AUDIT_H

#include <limits.h>

#include "audit_list.h"
#include "audit_state.h"
#include "http.h"
#include "result.h"
#include "store.h"

/* Start with AUDIT_CLOSED, end with audit_close(). */
struct audit
{
	struct http http;
	struct store store; /* the folder .audit */
	char file[24];		/* of this server's log */
	struct audit_state state;
	uint64_t remembered_alarms; /* in the file */
	bool lost;					/* the file can't be read any more */

	/* Of the last run. */
	uint64_t taken; /* entries that were new */
	struct audit_list remarks;
};

#define AUDIT_CLOSED          \
	(struct audit)            \
	{                         \
		.store = STORE_CLOSED \
	}

/*
 * Opens what is remembered of the server's log, in a folder of "home".
 * "verifier" is the log's, or NULL: that of the first run is pinned.
 */
extern CHECKED enum result audit_open(const char *home, const char *server,
									  const char *verifier, struct audit *out,
									  struct fault *fault);

/*
 * Audits what is new.  RESULT_UNTRUSTED when there is an alarm, of this run
 * or an earlier one.  After any other failure only alarms are new, and what
 * was proved in the middle of a long run.  Not to be called when "lost".
 */
extern CHECKED enum result audit_run(struct audit *audit, struct fault *fault);

/* What all alarms come to: RESULT_OK or RESULT_UNTRUSTED. */
extern CHECKED enum result audit_verdict(const struct audit *audit,
										 struct fault *fault);

extern void audit_close(struct audit *audit);

#endif /* E2EMSG_AUDIT_H */
