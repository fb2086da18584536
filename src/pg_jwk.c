/*
 * pg_jwk.c
 *		JSON Web Keys as SQL functions.
 *
 * The text of the key is read with PostgreSQL's own JSON parser, before
 * jsonb could merge duplicate members or drop what the text says.
 */
#include "postgres.h"

#include <math.h>

#include "common/jsonapi.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/jsonfuncs.h"

#include "errors.h"
#include "pg_jwk.h"

PG_FUNCTION_INFO_V1(jwk_problem);
PG_FUNCTION_INFO_V1(is_p256_public_jwk);
PG_FUNCTION_INFO_V1(is_stored_jwk);
PG_FUNCTION_INFO_V1(jwk_reduce);
PG_FUNCTION_INFO_V1(jwk_thumbprint_sql);

/* What the parser's call-backs know while a key is read. */
struct parse
{
	JsonLexContext *lex;
	struct jwk_reader reader;
	const char *problem; /* of the JSON around the members */
	char *name;			 /* of the member at hand */
	int members;		 /* how many were seen */
	bool in_key_ops;
};

/* Level of nesting while the value of a member is read. */
#define MEMBER_LEVEL 1
#define ELEMENT_LEVEL 2

/* An object or an array begins. */
static void
start_nested(struct parse *parse, bool is_array)
{
	if (parse->problem != NULL)
		return;
	if (parse->lex->lex_level == MEMBER_LEVEL)
		jwk_read_other(&parse->reader, parse->name, strlen(parse->name),
					   is_array);
	else if (parse->lex->lex_level == ELEMENT_LEVEL && parse->in_key_ops)
		jwk_read_key_op(&parse->reader, NULL, 0);
	if (parse->lex->lex_level > JWK_MAX_DEPTH)
		parse->problem = "the key is nested too deeply";
}

static void
start_object(void *state)
{
	start_nested(state, false);
}

static void
start_array(void *state)
{
	struct parse *parse = state;

	if (parse->lex->lex_level == 0)
		parse->problem = "the key must be a JSON object";
	start_nested(parse, true);
}

static void
start_member(void *state, char *name, bool isnull)
{
	struct parse *parse = state;

	if (parse->problem != NULL || parse->lex->lex_level != MEMBER_LEVEL)
		return;
	parse->name = name;
	parse->in_key_ops = strcmp(name, "key_ops") == 0;
	parse->members++;
}

static void
read_scalar(void *state, char *token, JsonTokenType type)
{
	struct parse *parse = state;
	bool is_string = type == JSON_TOKEN_STRING;

	if (parse->problem != NULL)
		return;
	if (type == JSON_TOKEN_NUMBER && isinf(strtod(token, NULL)))
		parse->problem = "the key holds a number that is too large";
	if (parse->lex->lex_level == 0)
		parse->problem = "the key must be a JSON object";
	else if (parse->lex->lex_level == MEMBER_LEVEL && is_string)
		jwk_read_string(&parse->reader, parse->name, strlen(parse->name),
						token, strlen(token));
	else if (parse->lex->lex_level == MEMBER_LEVEL)
		jwk_read_other(&parse->reader, parse->name, strlen(parse->name),
					   false);
	else if (parse->lex->lex_level == ELEMENT_LEVEL && parse->in_key_ops)
		jwk_read_key_op(&parse->reader, is_string ? token : NULL,
						strlen(token));
}

/* Feeds the text's members to parse->reader. */
static void
read_members(text *json, struct parse *parse)
{
	JsonSemAction actions = {.semstate = parse,
							 .object_start = start_object,
							 .array_start = start_array,
							 .object_field_start = start_member,
							 .scalar = read_scalar};

	memset(parse, 0, sizeof *parse);
	jwk_read_begin(&parse->reader);
	if (VARSIZE_ANY_EXHDR(json) > JWK_MAX_TEXT)
	{
		parse->problem = "the key is longer than 8192 bytes";
		return;
	}
	parse->lex = makeJsonLexContext(json, true);
	if (pg_parse_json(parse->lex, &actions) != JSON_SUCCESS)
		parse->problem = "the key is not valid JSON text";
}

/* Returns what is wrong with the key, or NULL and the key. */
static const char *
read_jwk(text *json, enum jwk_purpose purpose, struct jwk *key)
{
	struct parse parse;

	read_members(json, &parse);
	if (parse.problem != NULL)
		return parse.problem;
	return jwk_read_end(&parse.reader, purpose, key);
}

static bool
equals(const text *name, const char *word)
{
	return VARSIZE_ANY_EXHDR(name) == strlen(word) &&
		   memcmp(VARDATA_ANY(name), word, strlen(word)) == 0;
}

static enum jwk_purpose
purpose_of(const text *name)
{
	if (equals(name, "encryption"))
		return JWK_ENCRYPTION;
	if (!equals(name, "identity"))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown purpose of a key"),
				 errhint("The purpose is \"encryption\" or \"identity\".")));
	return JWK_IDENTITY;
}

void
require_jwk(text *json, enum jwk_purpose purpose, struct jwk *key)
{
	const char *problem = read_jwk(json, purpose, key);

	if (problem != NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_KEY), errmsg("%s", problem),
						errhint("Send a P-256 public key as a JWK with the "
								"members kty, crv, x and y.")));
}

/* jwk_problem(json, purpose text) returns text */
Datum
jwk_problem(PG_FUNCTION_ARGS)
{
	struct jwk key;
	const char *problem =
		read_jwk(PG_GETARG_TEXT_PP(0), purpose_of(PG_GETARG_TEXT_PP(1)), &key);

	if (problem == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(problem));
}

/* is_p256_public_jwk(json, purpose text) returns boolean */
Datum
is_p256_public_jwk(PG_FUNCTION_ARGS)
{
	struct jwk key;

	PG_RETURN_BOOL(read_jwk(PG_GETARG_TEXT_PP(0),
							purpose_of(PG_GETARG_TEXT_PP(1)), &key) == NULL);
}

/* is_stored_jwk(jsonb) returns boolean: a valid key and its four members */
Datum
is_stored_jwk(PG_FUNCTION_ARGS)
{
	Jsonb *stored = PG_GETARG_JSONB_P(0);
	char *json = JsonbToCString(NULL, &stored->root, VARSIZE(stored));
	struct parse parse;
	struct jwk key;

	read_members(cstring_to_text(json), &parse);
	PG_RETURN_BOOL(parse.problem == NULL && parse.members == 4 &&
				   jwk_read_end(&parse.reader, JWK_ANY_PURPOSE, &key) == NULL);
}

/* jwk_reduce(json, purpose text) returns json: the four members, canonical */
Datum
jwk_reduce(PG_FUNCTION_ARGS)
{
	char canonical[JWK_CANONICAL_SIZE];
	struct jwk key;

	require_jwk(PG_GETARG_TEXT_PP(0), purpose_of(PG_GETARG_TEXT_PP(1)), &key);
	jwk_canonical(&key, canonical);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(canonical, sizeof canonical));
}

/* jwk_thumbprint(json) returns bytea: RFC 7638, 32 bytes */
Datum
jwk_thumbprint_sql(PG_FUNCTION_ARGS)
{
	bytea *result = palloc(VARHDRSZ + JWK_THUMBPRINT_SIZE);
	struct jwk key;

	require_jwk(PG_GETARG_TEXT_PP(0), JWK_ANY_PURPOSE, &key);
	SET_VARSIZE(result, VARHDRSZ + JWK_THUMBPRINT_SIZE);
	jwk_thumbprint(&key, (uint8_t *) VARDATA(result));
	PG_RETURN_BYTEA_P(result);
}
