/*
 * jsontext.h
 *		Parsing JSON that a client wrote.
 *
 * CivetWeb as Debian builds it gives its worker threads 100 kB of stack, and
 * jansson recurses: it would take 2048 levels, twice that.  So the depth is
 * looked at first.  All of a client's JSON is parsed by this function.
 */
#ifndef E2EMSG_JSONTEXT_H
#define E2EMSG_JSONTEXT_H

#include <stddef.h>

#include <jansson.h>

#define JSONTEXT_MAX_DEPTH 32

/*
 * Returns an object or array, which the caller releases, or NULL: when the
 * text is no JSON (RFC 8259), nests too deeply, has a member twice, is not
 * UTF-8, or has the escape of NUL or of half a surrogate pair.
 */
extern json_t *jsontext_parse(const void *text, size_t size);

#endif /* E2EMSG_JSONTEXT_H */
