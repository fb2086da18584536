/*
 * command_audit.c
 *		audit.
 */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "audit.h"
#include "command.h"
#include "field.h"
#include "plural.h"
#include "term.h"

#define FOLLOW_MAX 86400 /* seconds */

/* Prints a line for each item; "stream" is safe from what others wrote. */
static void
print_list(FILE *stream, const char *before, const struct audit_list *list)
{
	char line[AUDIT_LINE_SIZE];

	for (size_t i = 0; i < list->count; i++)
	{
		audit_item_print(&list->items[i], line);
		fputs(before, stream);
		term_line(stream, line);
		fputc('\n', stream);
	}
	if (list->total > list->count)
		fprintf(stream, "%sand %" PRIu64 " more\n", before,
				list->total - list->count);
}

/* The name in the pinned verifier, or "". */
static const char *
origin(const struct audit *audit, struct note_verifier *verifier)
{
	return note_verifier_parse(audit->state.verifier, verifier)
			   ? verifier->name
			   : "";
}

static void
print_json(const struct audit *audit)
{
	const struct audit_state *state = &audit->state;
	struct note_verifier verifier;
	uint8_t root[MERKLE_HASH_SIZE];

	merkle_edge_root(&state->edge, root);
	app_print_json(json_pack(
		"{s:s, s:s, s:s, s:I, s:o, s:I, s:I, s:I, s:o, s:I, s:o, s:I}",
		"server", audit->http.base, "origin", origin(audit, &verifier),
		"verifier", state->verifier, "size", (json_int_t) state->edge.size,
		"root", field_from_bytes(root, sizeof(root)), "taken",
		(json_int_t) audit->taken, "users", (json_int_t) state->users.count,
		"rounds", (json_int_t) state->rounds, "alarms",
		audit_list_json(&state->alarms), "alarmCount",
		(json_int_t) state->alarms.total, "remarks",
		audit_list_json(&audit->remarks), "remarkCount",
		(json_int_t) audit->remarks.total));
}

static void
print_text(const struct audit *audit)
{
	const struct audit_state *state = &audit->state;
	struct note_verifier verifier;

	print_list(stderr, "e2emsg: ", &audit->remarks);
	print_list(stdout, "ALARM: ", &state->alarms);
	term_line(stdout, origin(audit, &verifier));
	printf(": %" PRIu64 " %s audited, %" PRIu64 " of them new; %zu user%s, "
		   "%" PRIu64 " round%s; alarms: %" PRIu64 "\n",
		   state->edge.size, PLURAL(state->edge.size, "entry", "entries"),
		   audit->taken, state->users.count,
		   PLURAL(state->users.count, "", "s"), state->rounds,
		   PLURAL(state->rounds, "", "s"), state->alarms.total);
}

static void
print(const struct app *app, const struct audit *audit)
{
	if (app->options.json)
		print_json(audit);
	else
		print_text(audit);
	fflush(stdout);
}

/*
 * One run, and what it found unless that was said before.  An alarm of old
 * outweighs a run that failed.
 */
static enum result
run(struct app *app, struct audit *audit, bool first)
{
	uint64_t alarms = audit->state.alarms.total;
	enum result result = audit_run(audit, &app->fault);
	bool is_over = result == RESULT_OK || result == RESULT_UNTRUSTED;

	if ((first && is_over) || audit->taken > 0 || audit->remarks.total > 0 ||
		audit->state.alarms.total != alarms)
		print(app, audit);
	if (is_over || audit->state.alarms.total == 0)
		return result;
	session_notice(&app->session, "%s", app->fault.message);
	return audit_verdict(audit, &app->fault);
}

/* Goes on until there is an alarm that no later entry explains. */
static enum result
follow(struct app *app, struct audit *audit, unsigned seconds)
{
	for (bool first = true;; first = false)
	{
		enum result result = run(app, audit, first);

		if (audit->lost || audit->state.alarms.total > 0)
			return result;
		if (result != RESULT_OK)
			session_notice(&app->session, "%s", app->fault.message);
		sleep(seconds);
	}
}

enum result
command_audit(struct app *app)
{
	struct audit audit = AUDIT_CLOSED;
	const char *server = app->options.server;
	int64_t seconds = 0;
	enum result result = RESULT_OK;

	app->session.notices = stderr;
	if (server == NULL)
		return fault_set(&app->fault, RESULT_USAGE, NULL,
						 "say where: --server URL, or E2EMSG_SERVER");
	if (app_has(app, FLAG_FOLLOW))
		result = app_number(app, app->options.follow, 1, FOLLOW_MAX, &seconds);
	if (result == RESULT_OK)
		result = audit_open(app->options.home, server, app->options.verifier,
							&audit, &app->fault);
	if (result != RESULT_OK)
		return result;
	result = seconds > 0 ? follow(app, &audit, (unsigned) seconds)
						 : run(app, &audit, true);
	audit_close(&audit);
	return result;
}
