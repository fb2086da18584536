/*
 * username.h
 *		What a username looks like (docs/protocol.md, "Conventions").
 */
#ifndef E2EMSG_USERNAME_H
#define E2EMSG_USERNAME_H

#include <stdbool.h>

#include "endorsement.h"

#define USERNAME_MIN 3						  /* bytes */
#define USERNAME_TEXT_SIZE (USERNAME_MAX + 1) /* with the NUL */

/*
 * ^[a-z][a-z0-9._-]{2,31}$, and not 32 hexadecimal digits, which PostgreSQL
 * would take for a UUID.  A valid name is also safe as a file's name.
 */
extern bool username_valid(const char *text);

#endif /* E2EMSG_USERNAME_H */
