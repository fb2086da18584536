/*
 * envelope_fuzz.c
 *		envelope.c: which numbers an envelope can have, and its name.
 */
#include "envelope.h"
#include "fuzz.h"

struct question
{
	int64_t sender_key_version;
	int64_t key_version;
	int32_t suite;
	uint32_t ciphertext_size;
	uint8_t iv_size;
	uint8_t tag_size;
	uint8_t mailbox[16];
	uint8_t sender[16];
	uint8_t iv[ENVELOPE_IV_SIZE];
};

static bool
is_version(int64_t version)
{
	return version >= 1 && version <= INT32_MAX;
}

static bool
is_envelope(const struct question *question)
{
	bool left_out =
		question->sender_key_version == SENDER_KEY_VERSION_LEFT_OUT;

	if (question->iv_size != 12 || question->tag_size != 16 ||
		question->ciphertext_size > 65536 ||
		!is_version(question->key_version))
		return false;
	if (question->suite == 0)
		return left_out || is_version(question->sender_key_version);
	return question->suite == 1 && is_version(question->sender_key_version);
}

/* A UUID of version 8 that changes with each byte it is made of. */
static void
check_name(struct question *question)
{
	uint8_t name[16], other[16];

	envelope_message_id(question->mailbox, question->sender, question->iv,
						name);
	must((name[6] & 0xf0) == 0x80 && (name[8] & 0xc0) == 0x80);
	question->iv[question->iv_size % ENVELOPE_IV_SIZE] ^= 1;
	envelope_message_id(question->mailbox, question->sender, question->iv,
						other);
	must(!same_bytes(name, sizeof name, other, sizeof other));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct question question;

	fill_from(&question, sizeof question, data, size);
	must(
		is_envelope(&question) ==
		(envelope_check(question.suite, question.sender_key_version,
						question.key_version, question.iv_size,
						question.ciphertext_size, question.tag_size) == NULL));
	check_name(&question);
	return 0;
}
