/*
 * delivery_test.c
 *		Which receipts are believed, and what they say of sent mail.
 */
#include <string.h>

#include "delivery.h"
#include "tap.h"

#define BOB "94cf9ed6-a4b3-8daf-b0c8-a68b722c86ab"
#define EVE "4897c746-c8f5-8a5f-a4bf-8291ce7db541"

static void
add(struct mail *mail, const char *id, json_t *record)
{
	json_object_set_new(record, "messageId", json_string(id));
	json_object_set_new(mail->records, id, record);
}

static void
sent(struct mail *mail, const char *id, const char *peer)
{
	add(mail, id,
		json_pack("{s:s, s:s, s:s}", "direction", "out", "peerId", peer,
				  "text", "hi"));
}

static void
receipt(struct mail *mail, const char *id, const char *peer, const char *trust,
		const char *kind, const char *about)
{
	add(mail, id,
		json_pack("{s:s, s:s, s:s, s:s, s:{s:s, s:s}}", "direction", "in",
				  "peerId", peer, "state", "opened", "trust", trust, "receipt",
				  "kind", kind, "messageId", about));
}

/* What is said of a message; "" for nothing. */
static bool
is(const struct mail *mail, const char *id, const char *expected)
{
	json_t *states = delivery_states(mail);
	const char *state = json_string_value(json_object_get(states, id));
	bool same = strcmp(state ? state : "", expected) == 0;

	json_decref(states);
	return same;
}

int
main(void)
{
	struct tap tap = {0};
	struct mail mail = {.records = json_object()};

	sent(&mail, "1", BOB);
	sent(&mail, "2", EVE);
	sent(&mail, "3", BOB);
	sent(&mail, "4", BOB);
	tap_ok(&tap, is(&mail, "1", ""), "no receipt, nothing known");
	receipt(&mail, "r1", EVE, "signed", "read", "3");
	tap_ok(&tap, is(&mail, "3", ""), "somebody else's receipt says nothing");
	receipt(&mail, "r2", BOB, "changed", "read", "3");
	tap_ok(&tap, is(&mail, "3", ""), "nor one of another identity");
	receipt(&mail, "r3", BOB, "signed", "read", "9");
	receipt(&mail, "r4", BOB, "signed", "read", "r1");
	tap_ok(&tap, is(&mail, "3", "") && is(&mail, "4", ""),
		   "nor one about what was not sent");
	receipt(&mail, "r5", BOB, "signed", "delivered", "3");
	tap_ok(&tap, is(&mail, "3", "delivered") && is(&mail, "1", "delivered"),
		   "delivered, and what was sent there before");
	tap_ok(&tap, is(&mail, "4", "") && is(&mail, "2", ""),
		   "not what came later, nor what went elsewhere");
	receipt(&mail, "r6", BOB, "verified", "read", "1");
	tap_ok(&tap, is(&mail, "1", "read") && is(&mail, "3", "delivered"),
		   "read up to there");
	receipt(&mail, "r7", BOB, "verified", "read", "4");
	receipt(&mail, "r8", BOB, "verified", "delivered", "1");
	tap_ok(&tap, is(&mail, "4", "read") && is(&mail, "3", "read"),
		   "a later receipt takes nothing back");
	tap_ok(&tap,
		   delivery_is_receipt(json_object_get(mail.records, "r7")) &&
			   !delivery_is_receipt(json_object_get(mail.records, "1")),
		   "a receipt is no message");
	json_decref(mail.records);
	return tap_end(&tap);
}
