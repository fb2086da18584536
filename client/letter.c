/*
 * letter.c
 *		A record of the mail as a person, or a program, reads it.
 */
#include <stdio.h>
#include <string.h>

#include "app.h"
#include "field.h"
#include "letter.h"
#include "term.h"

#define INDENT "    "

/* A member that is a text, or "". */
static const char *
member(const json_t *record, const char *name)
{
	const char *text = json_string_value(json_object_get(record, name));

	return text ? text : "";
}

static void
print_json(const json_t *record, const char *delivery)
{
	json_t *copy = json_copy((json_t *) record);

	if (delivery != NULL)
		json_object_set_new(copy, "delivery", json_string(delivery));

	json_object_del(copy, "envelope");
	app_print_json(copy);
}

/* Was it never sent, as the server refused it? */
static bool
is_refused(const json_t *record)
{
	return strcmp(member(record, "state"), "refused") == 0;
}

/* What stands in place of a number before mail of one's own. */
static const char *
own_label(const json_t *record)
{
	if (strcmp(member(record, "state"), "waiting") == 0)
		return "[waiting]";
	return is_refused(record) ? "[refused]" : "[sent] ";
}

/* "[3] 2026-01-31T12:00:00.123Z bob (signed)" */
static void
print_heading(const json_t *record, const char *delivery)
{
	bool sent = strcmp(member(record, "direction"), "out") == 0;
	const char *trust = delivery ? delivery : member(record, "trust");
	const char *peer = member(record, "peer");
	int64_t seq;

	if (field_number(record, "seq", 1, &seq))
		printf("[%lld] ", (long long) seq);
	else
		fputs(own_label(record), stdout);
	term_line(stdout, member(record, "sentAt"));
	fputs(sent ? " to " : " ", stdout);
	term_line(stdout, peer[0] ? peer : member(record, "peerId"));
	if (strcmp(trust, "changed") == 0)
		trust = "IDENTITY CHANGED, not accepted";
	else if (strcmp(trust, "differs") == 0)
		trust = "SAFETY NUMBERS DIFFER";
	if (trust[0] != '\0')
	{
		fputs(" (", stdout);
		term_line(stdout, trust);
		fputc(')', stdout);
	}
	fputc('\n', stdout);
}

/* One indented paragraph. */
static void
print_text(const char *text, size_t size)
{
	fputs(INDENT, stdout);
	term_write(stdout, text, size, INDENT);
	fputc('\n', stdout);
}

static void
print_remark(const char *what, const char *remark)
{
	printf(INDENT "%s: ", what);
	term_line(stdout, remark);
	fputc('\n', stdout);
}

void
letter_print_receipt(const json_t *record, const json_t *subject)
{
	const json_t *receipt = json_object_get(record, "receipt");

	print_heading(record, NULL);
	printf(INDENT "has %s what you sent until ",
		   strcmp(member(receipt, "kind"), "read") == 0 ? "read" : "received");
	term_line(stdout, member(subject, "sentAt"));
	fputc('\n', stdout);
}

void
letter_print(const json_t *record, const char *delivery, bool json)
{
	const json_t *text = json_object_get(record, "text");
	const char *problem = member(record, "problem");
	const char *log_problem = member(record, "logProblem");

	if (json)
	{
		print_json(record, delivery);
		return;
	}
	print_heading(record, delivery);
	if (text != NULL)
		print_text(json_string_value(text), json_string_length(text));
	if (log_problem[0] != '\0')
		print_remark("KEY LOG", log_problem);
	if (problem[0] != '\0')
		print_remark(is_refused(record) ? "NOT SENT" : "NOT OPENED", problem);
}
