/*
 * delivery.c
 *		What receipts say of the mail that was sent.
 */
#include <string.h>

#include "delivery.h"

#define DELIVERED "delivered"
#define READ "read"

/* A member that is a text, or "". */
static const char *
member(const json_t *record, const char *name)
{
	const char *text = json_string_value(json_object_get(record, name));

	return text ? text : "";
}

bool
delivery_is_receipt(const json_t *record)
{
	return json_object_get(record, "receipt") != NULL &&
		   json_object_get(record, "text") == NULL;
}

/* Is it a text message that was sent? */
static bool
is_sent_text(const json_t *record)
{
	return strcmp(member(record, "direction"), "out") == 0 &&
		   json_object_get(record, "text") != NULL &&
		   member(record, "state")[0] == '\0';
}

const json_t *
delivery_subject(const struct mail *mail, const json_t *record)
{
	const json_t *receipt = json_object_get(record, "receipt");
	const json_t *subject =
		json_object_get(mail->records, member(receipt, "messageId"));

	if (strcmp(member(record, "direction"), "in") != 0 ||
		strcmp(member(record, "state"), "opened") != 0 ||
		strcmp(member(record, "trust"), "changed") == 0 ||
		!is_sent_text(subject) ||
		strcmp(member(record, "peerId"), member(subject, "peerId")) != 0)
		return NULL;
	return subject;
}

/* Moves the number under a name forward. */
static bool
advance(json_t *numbers, const char *name, json_int_t number)
{
	const json_t *known = json_object_get(numbers, name);

	return (known != NULL && json_integer_value(known) >= number) ||
		   json_object_set_new(numbers, name, json_integer(number)) == 0;
}

static bool
reaches(const json_t *numbers, const char *name, json_int_t number)
{
	const json_t *known = json_object_get(numbers, name);

	return known != NULL && json_integer_value(known) >= number;
}

/* The place of each sent text among all mail, by its id. */
static bool
find_places(const struct mail *mail, json_t *places)
{
	json_int_t place = 0;
	const char *id;
	json_t *record;

	json_object_foreach(mail->records, id, record)
	{
		place++;
		if (is_sent_text(record) &&
			json_object_set_new(places, id, json_integer(place)) != 0)
			return false;
	}
	return true;
}

/* How far receipts go, by the peer: in "read" a part of those in "reached". */
static bool
find_reach(const struct mail *mail, const json_t *places, json_t *reached,
		   json_t *seen)
{
	const char *id;
	json_t *record;

	json_object_foreach(mail->records, id, record)
	{
		const json_t *subject = delivery_subject(mail, record);
		const json_t *receipt = json_object_get(record, "receipt");
		const char *peer = member(record, "peerId");
		json_int_t place;

		if (subject == NULL)
			continue;
		place = json_integer_value(
			json_object_get(places, member(subject, "messageId")));
		if (!advance(reached, peer, place) ||
			(strcmp(member(receipt, "kind"), READ) == 0 &&
			 !advance(seen, peer, place)))
			return false;
	}
	return true;
}

json_t *
delivery_states(const struct mail *mail)
{
	json_t *places = json_object(), *reached = json_object(),
		   *seen = json_object(), *states = json_object();
	bool done =
		find_places(mail, places) && find_reach(mail, places, reached, seen);
	const char *id;
	json_t *place;

	json_object_foreach(places, id, place)
	{
		const char *peer =
			member(json_object_get(mail->records, id), "peerId");
		json_int_t number = json_integer_value(place);

		if (reaches(reached, peer, number))
			json_object_set_new(
				states, id,
				json_string(reaches(seen, peer, number) ? READ : DELIVERED));
	}
	json_decref(places);
	json_decref(reached);
	json_decref(seen);
	if (!done)
	{
		json_decref(states);
		states = NULL;
	}
	return states;
}
