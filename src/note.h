/*
 * note.h
 *		Signed notes (C2SP signed-note) with Ed25519 (RFC 8032).
 *
 * Pure C, with base64.c, base64url.c and utf8.c.
 *
 * A note is a text that ends with a newline, an empty line, and one line for
 * each signature of the text:
 *
 *		— name base64(key id, signature)
 */
#ifndef E2EMSG_NOTE_H
#define E2EMSG_NOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NOTE_MAX_SIZE 4096	   /* bytes of a whole note */
#define NOTE_MAX_SIGNATURES 16 /* lines */
#define NOTE_MAX_NAME 100	   /* bytes of our own key's name */

#define NOTE_SEED_SIZE 32		/* bytes, the private key of RFC 8032 */
#define NOTE_PUBLIC_KEY_SIZE 32 /* bytes */
#define NOTE_SIGNATURE_SIZE 64	/* bytes */
#define NOTE_KEY_ID_SIZE 4		/* bytes */

/* Every function that can refuse must have its answer looked at. */
#define NOTE_CHECKED __attribute__((warn_unused_result))

/* Keys. */

/*
 * Is it a name for a key of ours: 1 to 100 printable ASCII characters without
 * a space or a plus?  "example.com/log" is the recommended form.
 */
extern bool note_name_valid(const char *name);

/* A new key pair; false when there is no randomness. */
extern bool
note_generate_key(uint8_t seed[NOTE_SEED_SIZE],
				  uint8_t public_key[NOTE_PUBLIC_KEY_SIZE]) NOTE_CHECKED;

/* The public key of a seed. */
extern bool
note_public_key(const uint8_t seed[NOTE_SEED_SIZE],
				uint8_t public_key[NOTE_PUBLIC_KEY_SIZE]) NOTE_CHECKED;

/* What one must know to verify the signatures of one key. */
struct note_verifier
{
	char name[NOTE_MAX_NAME + 1];
	uint8_t public_key[NOTE_PUBLIC_KEY_SIZE];
	uint8_t key_id[NOTE_KEY_ID_SIZE]; /* first of SHA-256(name, 0x0A, 0x01,
									   * public key) */
};

/* False for a name that is not valid. */
extern bool note_verifier_make(const char *name,
							   const uint8_t public_key[NOTE_PUBLIC_KEY_SIZE],
							   struct note_verifier *out) NOTE_CHECKED;

/* name+hhhhhhhh+base64(0x01, public key), as other tools want it. */
#define NOTE_VERIFIER_TEXT_SIZE (NOTE_MAX_NAME + 1 + 8 + 1 + 44 + 1)
extern void note_verifier_format(const struct note_verifier *verifier,
								 char out[NOTE_VERIFIER_TEXT_SIZE]);

/*
 * The reverse.  Accepts exactly what note_verifier_format writes: the key id
 * must be the right one, in small letters, for a key of type 0x01.
 */
extern bool note_verifier_parse(const char *text,
								struct note_verifier *out) NOTE_CHECKED;

/* Notes. */

/* UTF-8 without control characters other than newline? */
extern bool note_text_valid(const char *text, size_t length) NOTE_CHECKED;

/*
 * Writes the text of "text_length" bytes with one signature, without a NUL,
 * and sets *length.  False for a wrong name or text, or when the note would
 * be larger than "capacity" or NOTE_MAX_SIZE.
 */
extern bool note_sign(const char *name, const uint8_t seed[NOTE_SEED_SIZE],
					  const char *text, size_t text_length, char *out,
					  size_t capacity, size_t *length) NOTE_CHECKED;

/*
 * The same with a signature that is taken as it is: opening the note says
 * whether it is right.
 */
extern bool note_join(const struct note_verifier *verifier, const char *text,
					  size_t text_length,
					  const uint8_t signature[NOTE_SIGNATURE_SIZE], char *out,
					  size_t capacity, size_t *length) NOTE_CHECKED;

enum note_result
{
	NOTE_FINE,
	NOTE_MALFORMED,	   /* not a note, or not a checkpoint; or too large */
	NOTE_UNSIGNED,	   /* no signature by this key */
	NOTE_FORGED,	   /* a signature by this key that is wrong */
	NOTE_OTHER_ORIGIN, /* well signed, but for another log */
};

/*
 * Verifies a note and sets *text_length to the bytes of its text: the note
 * begins with the text.  The signature of this key is
 * copied to "signature", unless that is NULL.  Lines of other keys are ignored
 * if they have the form of a signature; every line of this key must be right.
 * Nothing in the note may be used unless the answer is NOTE_FINE.
 */
extern enum note_result
note_open(const char *note, size_t length,
		  const struct note_verifier *verifier, size_t *text_length,
		  uint8_t signature[NOTE_SIGNATURE_SIZE]) NOTE_CHECKED;

#endif /* E2EMSG_NOTE_H */
