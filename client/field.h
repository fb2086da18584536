/*
 * field.h
 *		Members of JSON objects that somebody else wrote.
 *
 * Each reader returns true and fills its out-parameter only when the member
 * is there, has the right type and is within its bounds.  Texts that come
 * back belong to the object.
 */
#ifndef E2EMSG_FIELD_H
#define E2EMSG_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <jansson.h>

#include "jwk.h"
#include "username.h"
#include "uuid.h"

#define FIELD_VERSION_MAX INT32_MAX /* of a key */
#define FIELD_SEQ_MAX INT64_MAX		/* of a mailbox */

/* Parses one JSON object, nothing after it; NULL otherwise.  Caller frees. */
extern json_t *field_parse(const char *text, size_t size);

/* Is the member there at all (and not null)? */
extern bool field_present(const json_t *object, const char *name);

/* A text of min to max bytes without NUL. */
extern bool field_text(const json_t *object, const char *name, size_t min,
					   size_t max, const char **out);

extern bool field_username(const json_t *object, const char *name,
						   char out[USERNAME_TEXT_SIZE]);
extern bool field_uuid(const json_t *object, const char *name,
					   struct uuid *out);

/* An integer, min to FIELD_SEQ_MAX. */
extern bool field_number(const json_t *object, const char *name, int64_t min,
						 int64_t *out);

/* A key version: 1 to FIELD_VERSION_MAX. */
extern bool field_version(const json_t *object, const char *name,
						  uint32_t *out);

/* base64url of exactly "size" bytes. */
extern bool field_bytes(const json_t *object, const char *name, uint8_t *out,
						size_t size);

/* base64url of at most "max" bytes into "out", which has room for them. */
extern bool field_blob(const json_t *object, const char *name, uint8_t *out,
					   size_t max, size_t *size);

/* A P-256 public JWK fit for the purpose. */
extern bool field_key(const json_t *object, const char *name,
					  enum jwk_purpose purpose, struct jwk *out);

/* "2026-01-31T12:00:00.123Z" (RFC 3339, UTC, milliseconds). */
extern bool field_time(const json_t *object, const char *name, time_t *out);

/* New JSON values; NULL when memory is out.  The caller owns them. */
extern json_t *field_from_bytes(const uint8_t *bytes, size_t size);
extern json_t *field_from_uuid(const struct uuid *id);
extern json_t *field_from_key(const struct jwk *key);

#endif /* E2EMSG_FIELD_H */
