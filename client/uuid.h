/*
 * uuid.h
 *		Identifiers of users and messages (RFC 9562).
 */
#ifndef E2EMSG_UUID_H
#define E2EMSG_UUID_H

#include <stdbool.h>
#include <stdint.h>

#define UUID_SIZE 16	  /* bytes */
#define UUID_TEXT_SIZE 37 /* characters, with the NUL */

struct uuid
{
	uint8_t bytes[UUID_SIZE];
};

/* Reads 8-4-4-4-12 lower-case hexadecimal digits; false for all else. */
extern bool uuid_parse(const char *text, struct uuid *out);

/* Writes the 36 characters and a NUL. */
extern void uuid_print(const struct uuid *id, char out[UUID_TEXT_SIZE]);

extern bool uuid_equal(const struct uuid *a, const struct uuid *b);

#endif /* E2EMSG_UUID_H */
