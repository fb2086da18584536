/*
 * signer.c
 *		The key that signs checkpoints of the key log, and what it signed last.
 */
#include "signer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "private_file.h"

#define SEED_DIGITS (2 * NOTE_SEED_SIZE)
#define KEY_FILE_SIZE (NOTE_MAX_NAME + 1 + SEED_DIGITS + 1)
#define ROOT_BASE64_SIZE 45 /* of 32 bytes, with the NUL */

/* A checkpoint goes over the older one, so that a torn write harms nothing. */
#define SLOTS 2
#define SLOT_SIZE NOTE_MAX_SIZE

struct signer
{
	char path[PRIVATE_FILE_PATH_SIZE - 32];
	uint8_t seed[NOTE_SEED_SIZE];
	struct note_verifier verifier;
	char verifier_text[NOTE_VERIFIER_TEXT_SIZE];
	struct log_head last;
	int lock_fd;   /* of FILE, which is locked */
	int last_fd;   /* of FILE.last, -1 until something is to be signed */
	int next_slot; /* of the two, the one that does not hold the last */
};

static bool __attribute__((format(printf, 2, 3)))
fail(char problem[SIGNER_PROBLEM_SIZE], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(problem, SIGNER_PROBLEM_SIZE, format, args);
	va_end(args);
	return false;
}

static bool
fail_file(char problem[SIGNER_PROBLEM_SIZE], const char *path, const char *why)
{
	return fail(problem, "log_signer %.300s: %s", path,
				why ? why : strerror(errno));
}

/* --- the key file --- */

/* Fills in what follows from name and seed. */
static bool
complete(struct signer *signer, const char *name)
{
	uint8_t public_key[NOTE_PUBLIC_KEY_SIZE];

	if (!note_public_key(signer->seed, public_key) ||
		!note_verifier_make(name, public_key, &signer->verifier))
		return false;
	note_verifier_format(&signer->verifier, signer->verifier_text);
	return true;
}

static bool
parse_key(struct signer *signer, char *text, size_t size)
{
	char *seed = memchr(text, '\n', size);
	bool good = false;
	size_t length;
	uint8_t *bytes;
	long count = 0;

	if (!seed || size != (size_t) (seed - text) + 1 + SEED_DIGITS + 1 ||
		text[size - 1] != '\n')
		return false;
	*seed++ = '\0';
	text[size - 1] = '\0';
	length = strlen(seed);
	bytes = OPENSSL_hexstr2buf(seed, &count);
	if (bytes && length == SEED_DIGITS && count == NOTE_SEED_SIZE)
	{
		memcpy(signer->seed, bytes, NOTE_SEED_SIZE);
		good = complete(signer, text);
	}
	OPENSSL_clear_free(bytes, (size_t) (count > 0 ? count : 0));
	return good;
}

/* A new key; its name is like that of no other log. */
static bool
make_key(struct signer *signer)
{
	uint8_t public_key[NOTE_PUBLIC_KEY_SIZE], random[8];
	char name[NOTE_MAX_NAME + 1] = "e2emsg/key-log/";
	size_t length = strlen(name);

	if (RAND_bytes(random, sizeof(random)) != 1 ||
		!note_generate_key(signer->seed, public_key))
		return false;
	for (size_t i = 0; i < sizeof(random); i++, length += 2)
		snprintf(name + length, sizeof(name) - length, "%02x", random[i]);
	return complete(signer, name);
}

/* Name and seed as the file holds them; returns the bytes. */
static size_t
print_key(const struct signer *signer, char text[KEY_FILE_SIZE + 1])
{
	int length =
		snprintf(text, KEY_FILE_SIZE + 1, "%s\n", signer->verifier.name);

	for (size_t i = 0; i < NOTE_SEED_SIZE; i++)
		length += snprintf(text + length, KEY_FILE_SIZE + 1 - (size_t) length,
						   "%02x", signer->seed[i]);
	text[length++] = '\n';
	return (size_t) length;
}

/* Reads the key.  False with errno ENOENT when there is no file. */
static bool
load_key(struct signer *signer, char problem[SIGNER_PROBLEM_SIZE])
{
	char text[KEY_FILE_SIZE];
	size_t size;
	const char *why;
	bool good =
		private_file_read(signer->path, text, sizeof(text), &size, &why);

	if (!good)
		fail_file(problem, signer->path, why);
	else if (!parse_key(signer, text, size))
		good = fail_file(problem, signer->path,
						 "it does not hold a name and 64 hexadecimal digits");
	OPENSSL_cleanse(text, sizeof(text));
	return good;
}

/* --- the checkpoint that was signed last --- */

static void
last_path(const struct signer *signer, char out[PRIVATE_FILE_PATH_SIZE])
{
	snprintf(out, PRIVATE_FILE_PATH_SIZE, "%s.last", signer->path);
}

/* Takes a slot's checkpoint when it is whole, by this key, and the newest. */
static void
take_slot(struct signer *signer, const char *slot, int number)
{
	struct checkpoint checkpoint;

	if (checkpoint_open(slot, strnlen(slot, SLOT_SIZE), &signer->verifier,
						&checkpoint) != NOTE_FINE ||
		checkpoint.size < signer->last.size)
		return;
	signer->last.size = checkpoint.size;
	memcpy(signer->last.root, checkpoint.root, MERKLE_HASH_SIZE);
	signer->next_slot = (number + 1) % SLOTS;
}

static bool
load_last(struct signer *signer, char problem[SIGNER_PROBLEM_SIZE])
{
	char path[PRIVATE_FILE_PATH_SIZE], slots[SLOTS][SLOT_SIZE];
	const char *why;
	size_t size;

	last_path(signer, path);
	memset(slots, 0, sizeof(slots));
	if (!private_file_read(path, slots[0], sizeof(slots), &size, &why))
		return (!why && errno == ENOENT) || fail_file(problem, path, why);
	for (int i = 0; i < SLOTS; i++)
		take_slot(signer, slots[i], i);
	return signer->last.size > 0 || (!slots[0][0] && !slots[1][0]) ||
		   fail_file(problem, path, "it holds no checkpoint by this key");
}

/* The file with room for both slots, for keep_last(). */
static bool
open_last(struct signer *signer, char problem[SIGNER_PROBLEM_SIZE])
{
	static const char empty[SLOTS * SLOT_SIZE];
	char path[PRIVATE_FILE_PATH_SIZE];

	last_path(signer, path);
	if (signer->last_fd < 0 &&
		(signer->last.size > 0 ||
		 private_file_replace(path, empty, sizeof(empty))))
		signer->last_fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	return signer->last_fd >= 0 || fail_file(problem, path, NULL);
}

/* Writes the checkpoint, and it is on the disk: one write, no new blocks. */
static bool
keep_last(struct signer *signer, const char *note, size_t length,
		  char problem[SIGNER_PROBLEM_SIZE])
{
	char slot[SLOT_SIZE] = "", path[PRIVATE_FILE_PATH_SIZE];

	if (!open_last(signer, problem))
		return false;
	memcpy(slot, note, length);
	last_path(signer, path);
	if (pwrite(signer->last_fd, slot, sizeof(slot),
			   (off_t) signer->next_slot * SLOT_SIZE) != SLOT_SIZE ||
		fdatasync(signer->last_fd) != 0)
		return fail_file(problem, path, NULL);
	signer->next_slot = (signer->next_slot + 1) % SLOTS;
	return true;
}

/* One process at a time, until the signer is closed. */
static bool
lock_key(struct signer *signer, char problem[SIGNER_PROBLEM_SIZE])
{
	signer->lock_fd = open(signer->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (signer->lock_fd < 0)
		return fail_file(problem, signer->path, NULL);
	return flock(signer->lock_fd, LOCK_EX | LOCK_NB) == 0 ||
		   fail_file(problem, signer->path,
					 errno == EWOULDBLOCK
						 ? "another gateway uses this key; stop it first"
						 : NULL);
}

/* No key was ever here: not when something else of it is left. */
static bool
is_first(const struct signer *signer, char problem[SIGNER_PROBLEM_SIZE])
{
	static const char *const left[] = {".last", ".new"};
	char path[PRIVATE_FILE_PATH_SIZE];

	for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++)
	{
		snprintf(path, sizeof(path), "%s%s", signer->path, left[i]);
		if (access(path, F_OK) == 0)
			return fail(problem,
						"log_signer %.300s is missing, but %s is there: put "
						"the key in its place, or that one away",
						signer->path, left[i]);
	}
	return true;
}

struct signer *
signer_open(const char *path, bool may_make, char problem[SIGNER_PROBLEM_SIZE])
{
	struct signer *signer = OPENSSL_zalloc(sizeof(*signer));
	char text[KEY_FILE_SIZE + 1];
	bool good = signer != NULL;

	if (!good || strlen(path) >= sizeof(signer->path))
	{
		fail(problem, "log_signer: no memory, or too long a path");
		OPENSSL_free(signer);
		return NULL;
	}
	snprintf(signer->path, sizeof(signer->path), "%s", path);
	signer->last_fd = signer->lock_fd = -1;
	errno = 0;
	good = load_key(signer, problem);
	if (!good && errno == ENOENT && may_make && is_first(signer, problem) &&
		make_key(signer))
	{
		good = private_file_create(path, text, print_key(signer, text)) ||
			   fail_file(problem, path, NULL);
		good = good && load_key(signer, problem);
		OPENSSL_cleanse(text, sizeof(text));
	}
	if (good && lock_key(signer, problem) && load_last(signer, problem))
		return signer;
	signer_close(signer);
	return NULL;
}

void
signer_close(struct signer *signer)
{
	if (!signer)
		return;
	if (signer->last_fd >= 0)
		close(signer->last_fd);
	if (signer->lock_fd >= 0)
		close(signer->lock_fd);
	OPENSSL_clear_free(signer, sizeof(*signer));
}

const char *
signer_verifier(const struct signer *signer)
{
	return signer->verifier_text;
}

const struct log_head *
signer_last(const struct signer *signer)
{
	return &signer->last;
}

/* --- signing --- */

static bool
is_another(const struct log_head *last, const struct log_head *head,
		   char problem[SIGNER_PROBLEM_SIZE])
{
	return fail(problem,
				"the key log is another one: its first %" PRIu64
				" entries, of %" PRIu64
				", are not those that were signed" SIGNER_AFTER_RESTORE,
				last->size, head->size);
}

bool
signer_fits(const struct signer *signer, const struct log_head *head,
			char problem[SIGNER_PROBLEM_SIZE])
{
	const struct log_head *last = &signer->last;

	if (head->size < last->size)
		return fail(problem,
					"the key log went back: %" PRIu64 " entries were signed, "
					"the database has %" PRIu64 SIGNER_AFTER_RESTORE,
					last->size, head->size);
	if (head->size == last->size && last->size > 0 &&
		memcmp(head->root, last->root, MERKLE_HASH_SIZE) != 0)
		return is_another(last, head, problem);
	return true;
}

bool
signer_continues(const struct signer *signer, const struct log_head *head,
				 const uint8_t proof[][MERKLE_HASH_SIZE], size_t count,
				 char problem[SIGNER_PROBLEM_SIZE])
{
	const struct log_head *last = &signer->last;

	if (!signer_fits(signer, head, problem))
		return false;
	return last->size == 0 || last->size == head->size ||
		   merkle_verify_consistency(last->size, last->root, head->size,
									 head->root, proof, count) ||
		   is_another(last, head, problem);
}

/* Signs without asking, remembers it, and ends the note with a NUL. */
static bool
sign_and_keep(struct signer *signer, const struct log_head *head,
			  char note[NOTE_MAX_SIZE + 1], char problem[SIGNER_PROBLEM_SIZE])
{
	size_t length;

	if (!checkpoint_sign(signer->verifier.name, signer->seed, head->size,
						 head->root, NULL, note, NOTE_MAX_SIZE, &length))
		return fail(problem, "the checkpoint could not be signed");
	note[length] = '\0';
	if (!keep_last(signer, note, length, problem))
		return false;
	signer->last = *head;
	return true;
}

bool
signer_sign(struct signer *signer, const struct log_head *head,
			const uint8_t proof[][MERKLE_HASH_SIZE], size_t count,
			char note[NOTE_MAX_SIZE + 1], char problem[SIGNER_PROBLEM_SIZE])
{
	return signer_continues(signer, head, proof, count, problem) &&
		   sign_and_keep(signer, head, note, problem);
}

/* --- a new origin --- */

/* The old key's word for the new one (docs/protocol.md, "Key log"). */
static bool
vouch(const struct signer *old, const struct signer *fresh,
	  const struct log_head *head, char note[NOTE_MAX_SIZE + 1])
{
	char text[NOTE_MAX_SIZE];
	char old_root[ROOT_BASE64_SIZE], new_root[ROOT_BASE64_SIZE];
	size_t length;
	int size;

	EVP_EncodeBlock((uint8_t *) old_root, old->last.root, MERKLE_HASH_SIZE);
	EVP_EncodeBlock((uint8_t *) new_root, head->root, MERKLE_HASH_SIZE);
	size = snprintf(
		text, sizeof(text),
		"e2emsg key log succession v1\n%s\n%" PRIu64 " %s\n%" PRIu64 " %s\n",
		fresh->verifier_text, old->last.size, old_root, head->size, new_root);
	if (!note_sign(old->verifier.name, old->seed, text, (size_t) size, note,
				   NOTE_MAX_SIZE, &length))
		return false;
	note[length] = '\0';
	return true;
}

bool
signer_prepare_succession(const struct signer *old,
						  const struct log_head *head, struct succession *out,
						  char problem[SIGNER_PROBLEM_SIZE])
{
	struct signer *fresh = OPENSSL_zalloc(sizeof(*fresh));
	char text[KEY_FILE_SIZE + 1];
	bool good;

	out->fresh = fresh;
	if (fresh)
		fresh->last_fd = fresh->lock_fd = -1;
	if (!fresh || !make_key(fresh))
		return fail(problem, "a new key could not be made");
	snprintf(fresh->path, sizeof(fresh->path), "%.980s.new", old->path);
	if (access(fresh->path, F_OK) == 0)
		return fail(
			problem,
			"%.300s is there: an earlier --new-log-origin did not end. "
			"If GET /key-log names its key, put it and its .last in "
			"the place of the old ones; else put it away",
			fresh->path);
	good = private_file_replace(fresh->path, text, print_key(fresh, text)) ||
		   fail_file(problem, fresh->path, NULL);
	OPENSSL_cleanse(text, sizeof(text));
	if (!good || !sign_and_keep(fresh, head, out->checkpoint, problem))
		return false;
	return vouch(old, fresh, head, out->note) ||
		   fail(problem, "the old key could not vouch for the new one");
}

bool
signer_succeed(const struct signer *old, const struct succession *succession,
			   char problem[SIGNER_PROBLEM_SIZE])
{
	char retired[PRIVATE_FILE_PATH_SIZE];
	char new_last[PRIVATE_FILE_PATH_SIZE], old_last[PRIVATE_FILE_PATH_SIZE];
	const uint8_t *id = old->verifier.key_id;

	snprintf(retired, sizeof(retired), "%s.old-%02x%02x%02x%02x", old->path,
			 id[0], id[1], id[2], id[3]);
	last_path(succession->fresh, new_last);
	last_path(old, old_last);
	if (rename(old->path, retired) != 0 || rename(new_last, old_last) != 0 ||
		rename(succession->fresh->path, old->path) != 0)
		return fail_file(problem, old->path, NULL);
	return true;
}

void
succession_free(struct succession *succession)
{
	signer_close(succession->fresh);
	succession->fresh = NULL;
}
