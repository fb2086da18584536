/*
 * command_send.c
 *		send.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "command.h"
#include "envelope.h"
#include "outbox.h"
#include "peer.h"
#include "utf8.h"

#define STDIN_MAX (ENVELOPE_MAX_CIPHERTEXT + 1) /* bytes */

/* The text to send. */
struct text
{
	char *bytes; /* take_text() allocates it */
	size_t size;
};

/* Reads stdin; one newline at its end is not part of the text. */
static enum result
read_stdin(struct text *out, struct fault *fault)
{
	out->bytes = malloc(STDIN_MAX);
	if (out->bytes == NULL)
		return fault_set(fault, RESULT_REFUSED, NULL, "out of memory");
	if (isatty(STDIN_FILENO))
		fputs("e2emsg: type the message, end with Ctrl-D\n", stderr);
	out->size = fread(out->bytes, 1, STDIN_MAX, stdin);
	if (ferror(stdin))
		return fault_errno(fault, "can't read", "stdin");
	if (out->size == STDIN_MAX)
		return fault_set(fault, RESULT_USAGE, NULL, "the text is too long");
	if (out->size > 0 && out->bytes[out->size - 1] == '\n')
		out->size--;
	return RESULT_OK;
}

static enum result
take_text(struct app *app, struct text *out)
{
	const char *text = app->arg_count > 1 ? app->args[1] : "-";
	enum result result = RESULT_OK;

	if (strcmp(text, "-") == 0)
		result = read_stdin(out, &app->fault);
	else
	{
		out->bytes = strdup(text);
		out->size = strlen(text);
	}
	if (result == RESULT_OK &&
		(out->bytes == NULL || !utf8_valid(out->bytes, out->size)))
		result = fault_set(&app->fault, RESULT_USAGE, NULL,
						   "the text is not UTF-8");
	if (result == RESULT_OK && out->size == 0)
		result =
			fault_set(&app->fault, RESULT_USAGE, NULL, "the message is empty");
	return result;
}

/* The hint says first that the message is kept. */
static void
say_kept(struct fault *fault)
{
	const struct fault before = *fault;

	snprintf(fault->hint, sizeof(fault->hint),
			 "The message is kept: e2emsg send --retry" AS
			 ", or the same command "
			 "again, sends it once.%s%.200s",
			 before.hint[0] ? " " : "", before.hint);
}

/* Hands one entry to the server and prints what it became. */
static enum result
deliver(struct app *app, const char *name)
{
	struct outbox_receipt receipt;
	char id[UUID_TEXT_SIZE];
	enum result result =
		outbox_deliver(&app->session, name, app_has(app, FLAG_UNSIGNED_OK),
					   &receipt, &app->fault);

	if (result != RESULT_OK && !app->fault.for_good &&
		store_has(&app->session.store, name))
		say_kept(&app->fault);
	if (result != RESULT_OK)
		return result;
	uuid_print(&receipt.id, id);
	session_notice(&app->session, "sent to %s, key version %u, suite %d",
				   receipt.peer, receipt.version, receipt.suite);
	if (app->options.json)
		app_print_json(
			json_pack("{s:s, s:s, s:s, s:I, s:i}", "messageId", id, "sentAt",
					  receipt.sent_at, "peer", receipt.peer, "keyVersion",
					  (json_int_t) receipt.version, "suite", receipt.suite));
	else
		puts(id);
	return RESULT_OK;
}

/* Sends what waits in the outbox; what needs trust does not stop the rest. */
static enum result
send_waiting(struct app *app)
{
	char **names;
	size_t count;
	struct fault first = {0};
	enum result worst = RESULT_OK;
	enum result result =
		outbox_list(&app->session, &names, &count, &app->fault);

	if (result == RESULT_OK && count == 0)
		session_notice(&app->session, "nothing waits in the outbox");
	for (size_t i = 0; i < count && result != RESULT_NETWORK; i++)
	{
		result = deliver(app, names[i]);
		if (result != RESULT_OK && worst == RESULT_OK)
		{
			worst = result;
			first = app->fault;
		}
	}
	store_list_free(names, count);
	if (worst == RESULT_OK)
		return result;
	app->fault = first;
	return worst;
}

/* Says so when earlier mail still waits. */
static enum result
mention_waiting(struct app *app)
{
	char **names;
	size_t count;
	enum result result =
		outbox_list(&app->session, &names, &count, &app->fault);

	if (result == RESULT_OK && count > 0)
		session_notice(
			&app->session,
			"earlier mail waits in the outbox: e2emsg send --retry" AS
			" sends it");
	store_list_free(names, count);
	return result;
}

/* Seals a new message, or finds the same one waiting, and sends it. */
static enum result
send_text(struct app *app, const struct text *text)
{
	const char *peer = app->args[0];
	char name[STORE_NAME_MAX];
	struct contact *contact = NULL;
	enum result result = outbox_find(&app->session, peer, text->bytes,
									 text->size, name, &app->fault);

	if (result != RESULT_OK)
		return result;
	if (name[0] != '\0')
	{
		session_notice(&app->session, "this message waits in the outbox: "
									  "sending that one");
		return deliver(app, name);
	}
	result = peer_find(&app->session, peer, &contact, &app->fault);
	if (result == RESULT_OK)
		result = peer_may_receive(&app->session, contact,
								  app_has(app, FLAG_UNSIGNED_OK), &app->fault);
	if (result == RESULT_OK)
		result = outbox_put(&app->session, contact,
							app->options.suite >= 0 ? app->options.suite
													: contact->suite,
							text->bytes, text->size, name, &app->fault);
	return result == RESULT_OK ? deliver(app, name) : result;
}

enum result
command_send(struct app *app)
{
	struct text text = {0};
	bool retry = app_has(app, FLAG_RETRY);
	enum result result;

	if (retry == (app->arg_count > 0))
		return fault_set(&app->fault, RESULT_USAGE, NULL,
						 "usage: e2emsg send PEER [TEXT|-], or send --retry");
	result = retry ? RESULT_OK : app_username(app, app->args[0]);
	if (result == RESULT_OK && !retry)
		result = take_text(app, &text);
	if (result == RESULT_OK)
		result = app_open(app);
	if (result == RESULT_OK)
		result = retry ? send_waiting(app) : send_text(app, &text);
	if (result == RESULT_OK && !retry)
		result = mention_waiting(app);
	if (text.bytes != NULL)
		OPENSSL_cleanse(text.bytes, text.size);
	free(text.bytes);
	return result;
}
