/*
 * siphash.h
 *		SipHash-2-4 (Aumasson, Bernstein 2012): a hash for tables whose keys
 *		somebody else may choose.
 */
#ifndef E2EMSG_SIPHASH_H
#define E2EMSG_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

#define SIPHASH_KEY_SIZE 16 /* bytes, random and secret */

extern uint64_t siphash(const uint8_t key[SIPHASH_KEY_SIZE], const void *bytes,
						size_t size);

#endif /* E2EMSG_SIPHASH_H */
