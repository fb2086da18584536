/*
 * succession_fuzz.c
 *		log_succession.c: a note in which one key hands over to the next.
 *
 * The input is a note, and a text that the old key signs.  What was read,
 * written again, is the text.
 */
#include <inttypes.h>

#include <openssl/evp.h>

#include "fuzz.h"
#include "log_succession.h"

#define NAME "msg.example.org/log"

static const uint8_t seed[NOTE_SEED_SIZE] = {7};
static struct note_verifier ours;

static void
check_read(const struct log_succession *said, const char *text, size_t size)
{
	char again[NOTE_MAX_SIZE], next[NOTE_VERIFIER_TEXT_SIZE];
	uint8_t old_root[48], new_root[48];
	size_t length;

	note_verifier_format(&said->next, next);
	EVP_EncodeBlock(old_root, said->old_root, CHECKPOINT_ROOT_SIZE);
	EVP_EncodeBlock(new_root, said->new_root, CHECKPOINT_ROOT_SIZE);
	length = (size_t) snprintf(again, sizeof(again),
							   "e2emsg key log succession v1\n%s\n%" PRIu64
							   " %s\n%" PRIu64 " %s\n",
							   next, said->old_size, (char *) old_root,
							   said->new_size, (char *) new_root);
	must(same_bytes(again, length, text, size));
}

/* It leads to the key that it names, and to no other. */
static void
check_find(const char *note, size_t length, const struct log_succession *said)
{
	json_t *notes = json_pack("[s#]", note, (int) length);
	struct log_succession first;
	struct note_verifier other = said->next;

	must(log_succession_find(notes, &ours, &said->next, &first));
	must(log_succession_same_key(&first.next, &said->next));
	other.public_key[0] ^= 1;
	must(!log_succession_find(notes, &ours, &other, &first));
	must(!log_succession_find(notes, &other, &said->next, &first));
	json_decref(notes);
}

static void
check_signed(const char *text, size_t size)
{
	char note[NOTE_MAX_SIZE];
	struct log_succession said;
	size_t length;

	if (!note_sign(NAME, seed, text, size, note, sizeof(note), &length) ||
		!log_succession_read(note, length, &ours, &said))
		return;
	check_read(&said, text, size);
	check_find(note, length, &said);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct log_succession said;
	uint8_t key[NOTE_PUBLIC_KEY_SIZE];

	if (ours.name[0] == '\0')
		must(note_public_key(seed, key) &&
			 note_verifier_make(NAME, key, &ours));
	must(!log_succession_read((const char *) data, size, &ours, &said));
	check_signed((const char *) data, size);
	return 0;
}
