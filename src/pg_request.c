/*
 * pg_request.c
 *		JSON bodies of REST requests, read strictly.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/jsonapi.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonfuncs.h"

#include "errors.h"

PG_FUNCTION_INFO_V1(request_object);

#define REQUEST_MAX_DEPTH 16

/* What the parser's call-backs know while a body is read. */
struct body
{
	JsonLexContext *lex;
	List *allowed; /* names of members, char * */
	List *seen;
};

static bool
contains(List *names, const char *name)
{
	ListCell *cell;

	foreach (cell, names)
		if (strcmp(lfirst(cell), name) == 0)
			return true;
	return false;
}

/* "a, b, c" */
static char *
join_names(List *names)
{
	StringInfoData joined;
	ListCell *cell;

	initStringInfo(&joined);
	foreach (cell, names)
		appendStringInfo(&joined, "%s%s", joined.len > 0 ? ", " : "",
						 (char *) lfirst(cell));
	return joined.data;
}

static void
start_nested(void *state)
{
	struct body *body = state;

	if (body->lex->lex_level >= REQUEST_MAX_DEPTH)
		ereport(ERROR, (errcode(ERRCODE_BAD_JSON),
						errmsg("the body is nested too deeply"),
						errhint("At most 16 levels are taken.")));
}

static void
require_object(struct body *body, bool is_object)
{
	if (body->lex->lex_level == 0 && !is_object)
		ereport(ERROR, (errcode(ERRCODE_INVALID_REQUEST),
						errmsg("the body must be a JSON object"),
						errhint("It takes: %s.", join_names(body->allowed))));
}

static void
start_array(void *state)
{
	require_object(state, false);
	start_nested(state);
}

static void
read_scalar(void *state, char *token, JsonTokenType type)
{
	require_object(state, false);
}

/* The name of a member is the caller's text: no message repeats it. */
static void
start_member(void *state, char *name, bool isnull)
{
	struct body *body = state;

	if (body->lex->lex_level != 1)
		return;
	if (!contains(body->allowed, name))
		ereport(ERROR, (errcode(ERRCODE_INVALID_REQUEST),
						errmsg("the body has a member that is not known here"),
						errhint("It takes: %s.", join_names(body->allowed))));
	if (contains(body->seen, name))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_REQUEST),
				 errmsg("the member \"%s\" stands in the body twice", name)));
	body->seen = lappend(body->seen, name);
}

static List *
names_of(ArrayType *array)
{
	Datum *elements;
	int count;
	List *names = NIL;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &elements, NULL,
					  &count);
	for (int i = 0; i < count; i++)
		names = lappend(names, TextDatumGetCString(elements[i]));
	return names;
}

/*
 * request_object(body text, required text[], optional text[]) returns json
 *
 * The body as json, when it is an object with all required members and no
 * others than these and the optional ones.  A parse error of PostgreSQL
 * quotes the text into the log, so this one keeps silent about it.
 */
Datum
request_object(PG_FUNCTION_ARGS)
{
	text *json = PG_GETARG_TEXT_PP(0);
	List *required = names_of(PG_GETARG_ARRAYTYPE_P(1));
	struct body body = {.lex = makeJsonLexContext(json, true)};
	JsonSemAction actions = {.semstate = &body,
							 .object_start = start_nested,
							 .array_start = start_array,
							 .object_field_start = start_member,
							 .scalar = read_scalar};
	ListCell *cell;

	body.allowed =
		list_concat_copy(required, names_of(PG_GETARG_ARRAYTYPE_P(2)));
	if (pg_parse_json(body.lex, &actions) != JSON_SUCCESS)
		ereport(ERROR, (errcode(ERRCODE_BAD_JSON),
						errmsg("the body is not valid JSON"),
						errhint("Send one JSON object in UTF-8, without "
								"\\u0000.")));
	foreach (cell, required)
		if (!contains(body.seen, lfirst(cell)))
			ereport(
				ERROR,
				(errcode(ERRCODE_INVALID_REQUEST),
				 errmsg("the member \"%s\" is missing", (char *) lfirst(cell)),
				 errhint("It takes: %s.", join_names(body.allowed))));
	PG_RETURN_TEXT_P(json);
}
