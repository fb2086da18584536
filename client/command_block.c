/*
 * command_block.c
 *		block, unblock, blocks.
 */
#include <string.h>

#include "blocks.h"
#include "command.h"
#include "field.h"
#include "peer.h"
#include "server.h"

/* The id of a user, who may be known by an id alone. */
static enum result
find_id(struct app *app, const char *who, struct uuid *out)
{
	struct contact *contact;
	enum result result;

	if (uuid_parse(who, out))
		return RESULT_OK;
	result = peer_find(&app->session, who, &contact, &app->fault);
	if (result == RESULT_OK)
		*out = contact->id;
	return result;
}

/* Remembers what the server was told. */
static enum result
remember(struct session *session, const struct uuid *id, bool blocked,
		 struct fault *fault)
{
	if (!blocks_change(session->blocks, id, blocked))
		return fault_set(fault, RESULT_REFUSED, NULL, "out of memory");
	return blocks_save(&session->store, session->blocks, fault);
}

/* Tells the server; says so. */
static enum result
change(struct app *app, bool blocked)
{
	const char *who = app->args[0];
	bool was_blocked = false;
	struct uuid id;
	enum result result =
		uuid_parse(who, &id) ? RESULT_OK : app_username(app, who);

	if (result == RESULT_OK)
		result = app_open(app);
	if (result == RESULT_OK)
		result = find_id(app, who, &id);
	if (result == RESULT_OK && blocked &&
		uuid_equal(&id, &app->session.account.id))
		result = fault_set(&app->fault, RESULT_USAGE, NULL,
						   "%s is this account itself", who);
	if (result == RESULT_OK)
		result = server_block(&app->session, &id, blocked, &app->fault);
	if (result == RESULT_OK)
		was_blocked = blocks_have(app->session.blocks, &id);
	if (result == RESULT_OK)
		result = remember(&app->session, &id, blocked, &app->fault);
	if (result == RESULT_OK)
		session_notice(&app->session,
					   blocked ? "%s is blocked; what was read already stays"
					   : was_blocked ? "%s is not blocked any more"
									 : "%s is not blocked",
					   who);
	return result;
}

enum result
command_block(struct app *app)
{
	return change(app, true);
}

enum result
command_unblock(struct app *app)
{
	return change(app, false);
}

/* One block: a name where there is one, the id otherwise. */
static enum result
print_block(struct app *app, const json_t *block, json_t *all)
{
	const struct contact *contact;
	struct uuid id;
	time_t unused;
	const char *since;
	char text[UUID_TEXT_SIZE];

	if (!field_uuid(block, "senderId", &id) ||
		!field_time(block, "createdAt", &unused) ||
		!field_text(block, "createdAt", 1, 40, &since))
		return fault_set(&app->fault, RESULT_REFUSED, NULL,
						 "the server sent something that is not a block");
	if (!blocks_change(all, &id, true))
		return fault_set(&app->fault, RESULT_REFUSED, NULL, "out of memory");
	contact = contacts_by_id(&app->session.contacts, &id);
	uuid_print(&id, text);
	if (app->options.json)
		app_print_json(json_pack("{s:s*, s:s, s:s}", "peer",
								 contact ? contact->username : NULL, "peerId",
								 text, "since", since));
	else
		printf("%s  since %s\n", contact ? contact->username : text, since);
	return RESULT_OK;
}

/* Prints the server's list, which from now on is the one that counts here. */
static enum result
take_blocks(struct app *app, const json_t *blocks)
{
	struct session *session = &app->session;
	json_t *all = json_object();
	const json_t *block;
	size_t i;
	enum result result = RESULT_OK;

	if (!json_is_array(blocks))
		result = fault_set(&app->fault, RESULT_REFUSED, NULL,
						   "the server sent something that is no list of "
						   "blocks");
	json_array_foreach(blocks, i, block)
	{
		result = print_block(app, block, all);
		if (result != RESULT_OK)
			break;
	}
	if (result == RESULT_OK && json_array_size(blocks) == 0)
		session_notice(session, "nobody is blocked");
	if (result == RESULT_OK && !json_equal(all, session->blocks))
		result = blocks_save(&session->store, all, &app->fault);
	json_decref(all);
	return result;
}

enum result
command_blocks(struct app *app)
{
	json_t *answer = NULL;
	enum result result = app_open(app);

	if (result == RESULT_OK)
		result = server_blocks(&app->session, &answer, &app->fault);
	if (result == RESULT_OK)
		result = take_blocks(app, json_object_get(answer, "blocks"));
	json_decref(answer);
	return result;
}
