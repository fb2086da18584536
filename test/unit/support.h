/*
 * support.h
 *		What several unit tests need.
 */
#ifndef E2EMSG_SUPPORT_H
#define E2EMSG_SUPPORT_H

#include <stdint.h>
#include <stdlib.h>

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

#endif /* E2EMSG_SUPPORT_H */
