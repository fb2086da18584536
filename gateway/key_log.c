/*
 * key_log.c
 *		The calls by which the key log grows and is signed.
 */
#include "key_log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUND_ENTRIES 4096 /* at most, in one round */

/* --- values --- */

static bool
flag(const struct db_answer *answer, int column)
{
	const char *text = db_answer_field(answer, 0, column, NULL);

	return text && text[0] == 't';
}

/* 0 for NULL. */
static uint64_t
number(const struct db_answer *answer, int column)
{
	const char *text = db_answer_field(answer, 0, column, NULL);

	return text ? strtoull(text, NULL, 10) : 0;
}

static int
hex_value(char digit)
{
	return digit >= 'a' ? digit - 'a' + 10 : digit - '0';
}

/* Bytes that the database printed as \x and digits; false for more than room.
 */
static bool
bytes(const struct db_answer *answer, int column, uint8_t *out, size_t room,
	  size_t *size)
{
	size_t length = 0;
	const char *text = db_answer_field(answer, 0, column, &length);

	if (!text || length < 2 || (length - 2) / 2 > room)
		return false;
	*size = (length - 2) / 2;
	for (size_t i = 0; i < *size; i++)
		out[i] = (uint8_t) (hex_value(text[2 + 2 * i]) << 4 |
							hex_value(text[3 + 2 * i]));
	return true;
}

/* An empty log has no root yet. */
static enum status
take_head(const struct db_answer *answer, int column, struct log_head *head)
{
	size_t size = 0;

	head->size = number(answer, column);
	if (head->size == 0)
		return STATUS_OK;
	return bytes(answer, column + 1, head->root, sizeof(head->root), &size) &&
				   size == sizeof(head->root)
			   ? STATUS_OK
			   : STATUS_INTERNAL_ERROR;
}

/* A number as a parameter, in the caller's text. */
static void
add_number(struct db_params *params, uint64_t value, char text[24])
{
	snprintf(text, 24, "%" PRIu64, value);
	db_param_text(params, text);
}

/* --- calls --- */

enum status
key_log_state(struct db_connection *connection, struct key_log_state *out)
{
	static const char sql[] =
		"SELECT is_on, pending, size, root, verifier, signed_size"
		" FROM e2emsg.key_log_state()";
	struct db_params params = {0};
	struct db_answer answer;
	enum status status = db_connection_call(connection, sql, &params, &answer);
	const char *verifier;

	*out = (struct key_log_state){0};
	if (status == STATUS_OK)
	{
		out->is_on = flag(&answer, 0);
		out->pending = flag(&answer, 1);
		out->signed_size = number(&answer, 5);
		verifier = db_answer_field(&answer, 0, 4, NULL);
		snprintf(out->verifier, sizeof(out->verifier), "%s",
				 verifier ? verifier : "");
		status = take_head(&answer, 2, &out->head);
	}
	db_answer_free(&answer);
	return status;
}

enum status
key_log_round(struct db_connection *connection, bool *more,
			  struct log_head *head)
{
	static const char sql[] =
		"SELECT sequenced, size, root FROM e2emsg.sequence_key_log($1)";
	char entries[24];
	struct db_params params = {0};
	struct db_answer answer;
	enum status status;

	add_number(&params, ROUND_ENTRIES, entries);
	status = db_connection_call(connection, sql, &params, &answer);
	if (status == STATUS_OK && !db_answer_field(&answer, 0, 0, NULL))
		status = STATUS_MAILBOX_BUSY;
	if (status == STATUS_OK)
	{
		*more = number(&answer, 0) == ROUND_ENTRIES;
		status = take_head(&answer, 1, head);
	}
	db_answer_free(&answer);
	return status;
}

enum status
key_log_consistency(struct db_connection *connection, uint64_t old_size,
					uint64_t size,
					uint8_t proof[MERKLE_MAX_PROOF][MERKLE_HASH_SIZE],
					size_t *count)
{
	static const char sql[] = "SELECT e2emsg.consistency_proof($1, $2)";
	char old_text[24], text[24];
	struct db_params params = {0};
	struct db_answer answer;
	enum status status;
	size_t length = 0;

	add_number(&params, old_size, old_text);
	add_number(&params, size, text);
	status = db_connection_call(connection, sql, &params, &answer);
	if (status == STATUS_OK &&
		!bytes(&answer, 0, proof[0], MERKLE_MAX_PROOF * MERKLE_HASH_SIZE,
			   &length))
		status = STATUS_INTERNAL_ERROR;
	*count = length / MERKLE_HASH_SIZE;
	db_answer_free(&answer);
	return status;
}

enum status
key_log_publish(struct db_connection *connection, const char *verifier,
				const struct log_head *head, const char *note,
				struct db_answer *rotated)
{
	static const char sql[] =
		"SELECT user_id::text, version, body::text"
		" FROM e2emsg.publish_checkpoint($1, $2, $3, $4)";
	char size[24];
	struct db_params params = {0};

	db_param_text(&params, verifier);
	add_number(&params, head->size, size);
	db_param_binary(&params, head->root, sizeof(head->root));
	db_param_text(&params, note);
	return db_connection_call(connection, sql, &params, rotated);
}

enum status
key_log_begin_origin(struct db_connection *connection, const char *verifier,
					 const char *succession, uint64_t last_size,
					 const struct log_head *head, const char *note)
{
	static const char sql[] =
		"SELECT e2emsg.begin_origin($1, $2, $3, $4, $5, $6)";
	char last[24], size[24];
	struct db_params params = {0};
	struct db_answer answer;
	enum status status;

	db_param_text(&params, verifier);
	db_param_text(&params, succession);
	add_number(&params, last_size, last);
	add_number(&params, head->size, size);
	db_param_binary(&params, head->root, sizeof(head->root));
	db_param_text(&params, note);
	status = db_connection_call(connection, sql, &params, &answer);
	db_answer_free(&answer);
	return status;
}
