/*
 * bucket.h
 *		Which of 65,536 buckets a username falls into.
 *
 * Pure C.  Frozen: the first 16 bits of every id of a user are the bucket,
 * so that a row and its name can be routed without a look-up.
 */
#ifndef E2EMSG_BUCKET_H
#define E2EMSG_BUCKET_H

#include <stddef.h>
#include <stdint.h>

/*
 * The first two bytes, big-endian, of
 * SHA-256("e2emsg bucket v1" || 0x00 || username).
 */
extern uint16_t bucket_of_username(const char *username, size_t len);

#endif /* E2EMSG_BUCKET_H */
