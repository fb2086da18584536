/*
 * audit.c
 *		Follows a whole key log, entry by entry, without an account.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <openssl/sha.h>

#include "audit.h"
#include "audit_entries.h"
#include "audit_origin.h"
#include "home.h"
#include "log_server.h"
#include "plural.h"

#define FOLDER ".audit" /* of no account: it is no username */

/* After so many entries they are proved to be signed, and remembered. */
#define STEP (256 * (uint64_t) LOG_SERVER_PAGE_MAX)

/* "log-" and half of the hash of the server's URL. */
static void
name_file(struct audit *audit)
{
	uint8_t hash[SHA256_DIGEST_LENGTH];
	int used = snprintf(audit->file, sizeof(audit->file), "log-");

	SHA256((const uint8_t *) audit->http.base, strlen(audit->http.base), hash);
	for (int i = 0; i < 8; i++)
		used += snprintf(audit->file + used,
						 sizeof(audit->file) - (size_t) used, "%02x", hash[i]);
}

/* Takes the verifier of the command line, which must be the pinned one. */
static enum result
pin(struct audit *audit, const char *text, struct fault *fault)
{
	struct note_verifier verifier;

	if (text == NULL)
		return RESULT_OK;
	if (!note_verifier_parse(text, &verifier))
		return fault_set(fault, RESULT_USAGE,
						 "It looks like NAME+KEYID+KEY; the operator knows "
						 "it.",
						 "the text of --verifier is none");
	if (audit->state.verifier[0] == '\0')
		memcpy(audit->state.verifier, text, strlen(text) + 1);
	if (strcmp(audit->state.verifier, text) == 0)
		return RESULT_OK;
	return fault_set(fault, RESULT_USAGE,
					 "To forget it and all alarms, remove the file.",
					 "%s/%s has another verifier: %s", audit->store.path,
					 audit->file, audit->state.verifier);
}

enum result
audit_open(const char *home, const char *server, const char *verifier,
		   struct audit *out, struct fault *fault)
{
	char path[PATH_MAX];
	enum result result = home_path(home, true, path, fault);

	*out = AUDIT_CLOSED;
	if (result == RESULT_OK)
		result = http_open(server, &out->http, fault);
	if (result == RESULT_OK)
		result = store_open(path, FOLDER, true, &out->store, fault);
	if (result == RESULT_OK)
	{
		name_file(out);
		result = audit_state_load(&out->store, out->file, &out->state, fault);
	}
	if (result == RESULT_OK)
		result = pin(out, verifier, fault);
	out->remembered_alarms = out->state.alarms.total;
	if (result != RESULT_OK)
		audit_close(out);
	return result;
}

void
audit_close(struct audit *audit)
{
	http_close(&audit->http);
	audit_state_free(&audit->state);
	audit_list_free(&audit->remarks);
	store_close(&audit->store);
	*audit = AUDIT_CLOSED;
}

/* An alarm about the log as a whole, after which nothing more can be done. */
static enum result
stop(struct audit *audit, const char *problem)
{
	audit_list_add(&audit->state.alarms, AUDIT_NO_LEAF, NULL, "%s", problem);
	return RESULT_UNTRUSTED;
}

/* The entries so far, as many as were signed, must give the signed root. */
static enum result
compare_root(struct audit *audit, const struct checkpoint *checkpoint)
{
	uint8_t root[MERKLE_HASH_SIZE];

	merkle_edge_root(&audit->state.edge, root);
	if (memcmp(root, checkpoint->root, sizeof(root)) == 0)
		return RESULT_OK;
	audit_list_add(&audit->state.alarms, AUDIT_NO_LEAF, NULL,
				   "the %" PRIu64
				   " entries have another root than the signed one: the log "
				   "was rewritten, or others are shown another one",
				   checkpoint->size);
	return RESULT_UNTRUSTED;
}

/*
 * In the middle of a long run: the tree that was signed begins with the
 * entries so far.  Then they are remembered.
 */
static enum result
prove_and_save(struct audit *audit, const struct checkpoint *checkpoint,
			   struct fault *fault)
{
	struct log_consistency said;
	uint8_t root[MERKLE_HASH_SIZE];
	bool off, none;
	enum result result =
		log_server_consistency(&audit->http, audit->state.edge.size,
							   checkpoint->size, &said, &off, &none, fault);

	if (result != RESULT_OK || off || none)
		return result;
	merkle_edge_root(&audit->state.edge, root);
	if (!merkle_verify_consistency(audit->state.edge.size, root,
								   checkpoint->size, checkpoint->root,
								   said.proof, said.count))
	{
		audit_list_add(&audit->state.alarms, AUDIT_NO_LEAF, NULL,
					   "the signed tree is not proved to begin with its "
					   "first %" PRIu64 " entries",
					   audit->state.edge.size);
		return RESULT_UNTRUSTED;
	}
	return audit_state_save(&audit->store, audit->file, &audit->state, fault);
}

/* All entries of a page. */
static enum result
take_page(struct audit *audit, const struct log_page *page,
		  struct fault *fault)
{
	struct log_row row;

	for (size_t i = 0; i < json_array_size(page->entries); i++)
	{
		if (!log_page_row(page, i, &row))
		{
			audit_list_add(&audit->state.alarms, audit->state.edge.size, NULL,
						   "what the server gives is neither an entry nor a "
						   "leaf hash");
			return RESULT_UNTRUSTED;
		}
		audit->taken++;
		if (!audit_entries_take(&audit->state, &row, time(NULL),
								&audit->remarks))
			return fault_set(fault, RESULT_REFUSED, NULL,
							 "out of memory, or more than %d users",
							 AUDIT_USERS_MAX);
	}
	return RESULT_OK;
}

/* The next page, which is full unless it is the last one. */
static enum result
fetch_page(struct audit *audit, uint64_t size, struct fault *fault)
{
	struct log_page page;
	uint64_t at = audit->state.edge.size;
	uint64_t left = size - at;
	unsigned limit =
		left < LOG_SERVER_PAGE_MAX ? (unsigned) left : LOG_SERVER_PAGE_MAX;
	enum result result =
		log_server_entries(&audit->http, at, limit, &page, fault);

	if (result != RESULT_OK)
		return result;
	if (json_array_size(page.entries) < limit)
		result =
			fault_set(fault, RESULT_REFUSED, "Nothing of this run was kept.",
					  "%s gives %zu of %u signed %s from leaf %" PRIu64 " on",
					  audit->http.base, json_array_size(page.entries), limit,
					  PLURAL(limit, "entry", "entries"), at);
	else
		result = take_page(audit, &page, fault);
	log_page_free(&page);
	return result;
}

/* Goes through the log up to the checkpoint. */
static enum result
take_entries(struct audit *audit, const struct checkpoint *checkpoint,
			 struct fault *fault)
{
	enum result result = RESULT_OK;

	if (checkpoint->size < audit->state.edge.size)
	{
		audit_list_add(&audit->state.alarms, AUDIT_NO_LEAF, NULL,
					   "the log has %" PRIu64 " entries and had %" PRIu64
					   " before",
					   checkpoint->size, audit->state.edge.size);
		return RESULT_UNTRUSTED;
	}
	while (result == RESULT_OK && audit->state.edge.size < checkpoint->size)
	{
		result = fetch_page(audit, checkpoint->size, fault);
		if (result == RESULT_OK && audit->taken % STEP == 0)
			result = prove_and_save(audit, checkpoint, fault);
	}
	if (result != RESULT_OK)
		return result;
	audit_entries_end(&audit->state);
	return compare_root(audit, checkpoint);
}

/* The server keeps no log. */
static enum result
refuse_off(struct audit *audit, struct fault *fault)
{
	if (audit->state.verifier[0] != '\0')
		return stop(audit,
					"the server keeps no key log, but this one is pinned");
	return fault_set(fault, RESULT_REFUSED, NULL, "%s keeps no key log",
					 audit->http.base);
}

/* Fetches checkpoint and entries, changes the state. */
static enum result
follow_log(struct audit *audit, struct fault *fault)
{
	struct log_view view;
	struct checkpoint checkpoint;
	bool off;
	enum result result = log_server_view(&audit->http, &view, &off, fault);

	if (result != RESULT_OK)
		return result;
	if (off)
		result = refuse_off(audit, fault);
	else if (!audit_origin_open(&audit->state, &view, &audit->remarks,
								&checkpoint))
		result = RESULT_UNTRUSTED;
	else
		result = take_entries(audit, &checkpoint, fault);
	log_view_free(&view);
	return result;
}

/* Goes back to what is remembered, but keeps the alarms and the pin. */
static enum result
go_back(struct audit *audit, struct fault *fault)
{
	struct audit_list alarms = audit->state.alarms;
	char verifier[NOTE_VERIFIER_TEXT_SIZE];
	enum result result;

	memcpy(verifier, audit->state.verifier, sizeof(verifier));
	audit->state.alarms = (struct audit_list){0};
	audit_state_free(&audit->state);
	result =
		audit_state_load(&audit->store, audit->file, &audit->state, fault);
	audit_list_free(&audit->state.alarms);
	audit->state.alarms = alarms;
	if (audit->state.verifier[0] == '\0')
		memcpy(audit->state.verifier, verifier, sizeof(verifier));
	audit->taken = 0;
	audit->lost = result != RESULT_OK;
	return result;
}

enum result
audit_verdict(const struct audit *audit, struct fault *fault)
{
	uint64_t alarms = audit->state.alarms.total;

	if (alarms == 0)
		return RESULT_OK;
	return fault_set(fault, RESULT_UNTRUSTED,
					 "Ask the operator; tell others who use this server. Only "
					 "if you know by another way that the service began anew: "
					 "put that file away, and the audit begins anew, too.",
					 "the key log of %s is not in order: %" PRIu64
					 " alarm%s, kept in %s/%s",
					 audit->http.base, alarms, PLURAL(alarms, "", "s"),
					 audit->store.path, audit->file);
}

/*
 * Keeps what a run found out; a failed one only adds alarms.  "moved": the
 * state is another one than before the run, alarms apart.
 */
static enum result
keep(struct audit *audit, bool failed, bool moved, struct fault *fault)
{
	bool is_news = (moved && !failed) ||
				   audit->state.alarms.total != audit->remembered_alarms;
	enum result result = failed && moved ? go_back(audit, fault) : RESULT_OK;

	audit->remembered_alarms = audit->state.alarms.total;
	if (result != RESULT_OK || !is_news)
		return result;
	return audit_state_save(&audit->store, audit->file, &audit->state, fault);
}

enum result
audit_run(struct audit *audit, struct fault *fault)
{
	char verifier[NOTE_VERIFIER_TEXT_SIZE];
	struct fault later;
	enum result result, kept;
	bool moved;

	audit->taken = 0;
	audit_list_free(&audit->remarks);
	memcpy(verifier, audit->state.verifier, sizeof(verifier));
	result = follow_log(audit, fault);
	moved = audit->taken > 0 || !store_has(&audit->store, audit->file) ||
			strcmp(verifier, audit->state.verifier) != 0;
	kept = keep(audit, result != RESULT_OK, moved, &later);
	if (kept != RESULT_OK)
	{
		*fault = later;
		return kept;
	}
	if (result == RESULT_OK || result == RESULT_UNTRUSTED)
		return audit_verdict(audit, fault);
	return result;
}
