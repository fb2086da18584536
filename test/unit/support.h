/*
 * support.h
 *		What several unit tests need.
 */
#ifndef E2EMSG_SUPPORT_H
#define E2EMSG_SUPPORT_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* xorshift64: the same numbers in every run.  *state must not be 0. */
static inline uint64_t
next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Two digits a byte; the caller has room for them. */
static inline void
from_hex(const char *hex, uint8_t *out)
{
	for (; hex[0] != '\0'; hex += 2)
	{
		char pair[3] = {hex[0], hex[1], '\0'};

		*out++ = (uint8_t) strtoul(pair, NULL, 16);
	}
}

/*
 * Changes up to three places of a text, or cuts, or doubles a part; the new
 * length.
 */
static inline size_t
mutate(char *text, size_t length, size_t capacity, uint64_t *state)
{
	size_t at = next_random(state) % length;
	size_t part = next_random(state) % (length - at);

	switch (next_random(state) % 6)
	{
		case 0:
			return at;
		case 1:
			memmove(text + at, text + at + part, length - at - part);
			return length - part;
		case 2:
			if (length + part > capacity)
				return length;
			memmove(text + at + part, text + at, length - at);
			return length + part;
		case 3:
			text[at] = "\n= +/0\xe2-_A"[next_random(state) % 10];
			return length;
		default:
			for (uint64_t i = next_random(state) % 3; i < 3; i++)
				text[next_random(state) % length] ^=
					(char) (1 << next_random(state) % 8);
			return length;
	}
}

#endif /* E2EMSG_SUPPORT_H */
