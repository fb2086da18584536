/*
 * hint.c
 *		Naming mailboxes without telling which they are.
 */
#include "hint.h"

#include <string.h>

#include "base64url.h"

bool
hint_of(const struct secret *secret, const uint8_t mailbox[UUID_SIZE],
		uint64_t *hint)
{
	uint8_t mac[32];

	if (!secret_hmac(secret->hint_key, mailbox, UUID_SIZE, mac))
		return false;
	memcpy(hint, mac, HINT_SIZE);
	return true;
}

void
hint_write(const uint64_t *hints, size_t count, char text[HINT_TEXT_SIZE])
{
	uint8_t bytes[HINT_MAX_COUNT * HINT_SIZE];

	memcpy(bytes, hints, count * HINT_SIZE);
	base64url_encode_bytes(bytes, count * HINT_SIZE, text);
	text[base64url_encoded_length(count * HINT_SIZE)] = '\0';
}

/* Any role can notify, so anything may stand there. */
size_t
hint_read(const char *text, uint64_t hints[HINT_MAX_COUNT])
{
	uint8_t bytes[HINT_TEXT_SIZE];
	size_t length = strlen(text), size;

	if (length >= HINT_TEXT_SIZE)
		return 0;
	size = base64url_decoded_length(length);
	if (size == 0 || size % HINT_SIZE != 0 ||
		size > HINT_MAX_COUNT * HINT_SIZE ||
		!base64url_decode_bytes(text, length, bytes))
		return 0;
	memcpy(hints, bytes, size);
	return size / HINT_SIZE;
}
