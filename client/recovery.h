/*
 * recovery.h
 *		The recovery code of a backup (docs/protocol.md, "Recovery code").
 *
 * A code is 16 random bytes and a check of 12 bits, as 28 characters in seven
 * groups.  It says where the backup lies (the locator) and opens it (the
 * opener).  Pure: no I/O.  Whoever has the code has the account: wipe it, and
 * what is made of it, after use.
 */
#ifndef E2EMSG_RECOVERY_H
#define E2EMSG_RECOVERY_H

#include <stdbool.h>
#include <stdint.h>

#define RECOVERY_SECRET_SIZE 16 /* bytes */
#define RECOVERY_CODE_SIZE 35	/* characters: 28, six hyphens, a NUL */
#define RECOVERY_TEXT_MAX 128	/* characters of what somebody types */
#define RECOVERY_KEY_SIZE 32	/* bytes of locator and opener */

#define BINDING_SIZE 96 /* bytes */

/*
 * What a key or a sealed part of an account belongs to: the label, padded
 * with zeros, SHA-256 of the service's name, the username, padded; 32 bytes
 * each.  False when OpenSSL fails.
 */
extern bool recovery_binding(const char *label, const char *service,
							 const char *username, uint8_t out[BINDING_SIZE])
	__attribute__((warn_unused_result));

/* Writes the code and a NUL; false when OpenSSL fails. */
extern bool recovery_write(const uint8_t secret[RECOVERY_SECRET_SIZE],
						   char out[RECOVERY_CODE_SIZE])
	__attribute__((warn_unused_result));

/*
 * Reads what somebody typed: either case, with spaces and hyphens or without,
 * O for 0, I and L for 1.  Returns NULL, or what is wrong with it as one
 * static sentence.
 */
extern const char *recovery_read(const char *text,
								 uint8_t secret[RECOVERY_SECRET_SIZE])
	__attribute__((warn_unused_result));

/* Where the backup of an account lies, and what opens it. */
struct recovery_keys
{
	uint8_t locator[RECOVERY_KEY_SIZE];
	uint8_t opener[RECOVERY_KEY_SIZE];
};

/* False when OpenSSL fails. */
extern bool recovery_derive(const uint8_t secret[RECOVERY_SECRET_SIZE],
							const char *service, const char *username,
							struct recovery_keys *out)
	__attribute__((warn_unused_result));

#endif /* E2EMSG_RECOVERY_H */
