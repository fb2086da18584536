/*
 * log_pin.c
 *		What an account remembers of the key log, and the rules for it.
 */
#include <stdio.h>
#include <string.h>

#include "log_pin.h"
#include "log_succession.h"
#include "wire.h"

/* Where the parts of a head begin; the key id is the first. */
#define HEAD_SIZE_AT NOTE_KEY_ID_SIZE
#define HEAD_ROOT_AT (HEAD_SIZE_AT + 8)
#define HEAD_SIGNATURE_AT (HEAD_ROOT_AT + CHECKPOINT_ROOT_SIZE)

_Static_assert(HEAD_SIGNATURE_AT + NOTE_SIGNATURE_SIZE == FRAME_HEAD_SIZE,
			   "a head is a checkpoint in binary");

bool
log_is_pinned(const struct log_pin *pin)
{
	return pin->verifier.name[0] != '\0';
}

void
log_pin_move(struct log_pin *pin, const char *note,
			 const struct checkpoint *seen)
{
	snprintf(pin->note, sizeof(pin->note), "%s", note);
	pin->size = seen->size;
	memcpy(pin->root, seen->root, sizeof(pin->root));
	pin->changed = true;
}

/*
 * Opens a checkpoint that every client could compare when it stands in a
 * frame; any other would keep an account's log out of its peers' sight.
 */
static enum note_result
open_comparable(const char *note, const struct note_verifier *verifier,
				struct checkpoint *out)
{
	enum note_result result =
		checkpoint_open(note, strlen(note), verifier, out);

	return result == NOTE_FINE &&
				   (out->extensions_length > 0 || out->size > LOG_SIZE_MAX)
			   ? NOTE_MALFORMED
			   : result;
}

bool
log_pin_begin(struct log_pin *pin, const char *verifier, const char *note)
{
	struct note_verifier key;
	struct checkpoint seen;

	if (!note_verifier_parse(verifier, &key) ||
		open_comparable(note, &key, &seen) != NOTE_FINE)
		return false;
	pin->verifier = key;
	log_pin_move(pin, note, &seen);
	return true;
}

static bool
is_former(const struct log_pin *pin, const uint8_t key_id[NOTE_KEY_ID_SIZE])
{
	for (size_t i = 0; i < pin->former_count; i++)
		if (memcmp(pin->former[i], key_id, NOTE_KEY_ID_SIZE) == 0)
			return true;
	return false;
}

/* The oldest one falls out; one that is there already is not put twice. */
static void
add_former(struct log_pin *pin, const uint8_t key_id[NOTE_KEY_ID_SIZE])
{
	if (is_former(pin, key_id))
		return;
	if (pin->former_count == LOG_FORMER_MAX)
		memmove(pin->former[0], pin->former[1],
				sizeof(pin->former) - sizeof(pin->former[0]));
	else
		pin->former_count++;
	memcpy(pin->former[pin->former_count - 1], key_id, NOTE_KEY_ID_SIZE);
}

bool
log_pin_replace(struct log_pin *pin, const char *verifier, const char *note)
{
	struct note_verifier old = pin->verifier;

	if (!log_pin_begin(pin, verifier, note))
		return false;
	if (old.name[0] != '\0' && !log_succession_same_key(&old, &pin->verifier))
		add_former(pin, old.key_id);
	pin->number = 0;
	return true;
}

void
log_pin_leave(struct log_pin *pin)
{
	struct log_pin left = {.former_count = pin->former_count, .changed = true};

	memcpy(left.former, pin->former, sizeof(left.former));
	if (log_is_pinned(pin))
		add_former(&left, pin->verifier.key_id);
	*pin = left;
}

enum log_sight
log_pin_judge(const struct log_pin *pin, const char *note,
			  struct checkpoint *out)
{
	switch (open_comparable(note, &pin->verifier, out))
	{
		case NOTE_UNSIGNED:
			return LOG_FOREIGN;
		case NOTE_MALFORMED:
		case NOTE_FORGED:
		case NOTE_OTHER_ORIGIN:
			return LOG_UNFIT;
		case NOTE_FINE:
			break;
	}
	if (out->size != pin->size)
		return out->size > pin->size ? LOG_NEWER : LOG_OLDER;
	return memcmp(out->root, pin->root, sizeof(pin->root)) == 0 ? LOG_SAME
																: LOG_FORKED;
}

bool
log_pin_proves(const struct log_pin *pin, uint64_t size,
			   const uint8_t root[MERKLE_HASH_SIZE],
			   const uint8_t proof[][MERKLE_HASH_SIZE], size_t count)
{
	if (size < pin->size)
		return merkle_verify_consistency(size, root, pin->size, pin->root,
										 proof, count);
	return merkle_verify_consistency(pin->size, pin->root, size, root, proof,
									 count);
}

bool
log_pin_write_head(const struct log_pin *pin, uint8_t out[FRAME_HEAD_SIZE])
{
	struct checkpoint pinned;

	if (!log_is_pinned(pin) ||
		open_comparable(pin->note, &pin->verifier, &pinned) != NOTE_FINE)
		return false;
	memcpy(out, pin->verifier.key_id, NOTE_KEY_ID_SIZE);
	wire_put_u32(out + HEAD_SIZE_AT, (uint32_t) (pinned.size >> 32));
	wire_put_u32(out + HEAD_SIZE_AT + 4, (uint32_t) pinned.size);
	memcpy(out + HEAD_ROOT_AT, pinned.root, CHECKPOINT_ROOT_SIZE);
	memcpy(out + HEAD_SIGNATURE_AT, pinned.signature, NOTE_SIGNATURE_SIZE);
	return true;
}

enum log_sight
log_pin_judge_head(const struct log_pin *pin,
				   const uint8_t head[FRAME_HEAD_SIZE], struct checkpoint *out)
{
	uint64_t size = (uint64_t) wire_get_u32(head + HEAD_SIZE_AT) << 32 |
					wire_get_u32(head + HEAD_SIZE_AT + 4);
	char note[NOTE_MAX_SIZE + 1];
	size_t length;

	if (!log_is_pinned(pin) ||
		memcmp(pin->verifier.key_id, head, NOTE_KEY_ID_SIZE) != 0)
		return is_former(pin, head) ? LOG_SAME : LOG_FOREIGN;
	if (!checkpoint_join(&pin->verifier, size, head + HEAD_ROOT_AT,
						 head + HEAD_SIGNATURE_AT, note, sizeof(note) - 1,
						 &length))
		return LOG_UNFIT;
	note[length] = '\0';
	return log_pin_judge(pin, note, out);
}

bool
log_pin_has_news(const struct log_pin *pin)
{
	return pin->broken || pin->hearsay[0] != '\0';
}

void
log_pin_break(struct log_pin *pin, const char *problem)
{
	pin->broken = true;
	if (pin->problem[0] != '\0')
		return;
	snprintf(pin->problem, sizeof(pin->problem), "%s", problem);
	pin->changed = true;
}
