/*
 * pg_jwk.h
 *		Reading a JSON Web Key inside PostgreSQL.
 */
#ifndef E2EMSG_PG_JWK_H
#define E2EMSG_PG_JWK_H

#include "jwk.h"

/* Fills *key from JSON text, or raises invalid_key (ME003). */
extern void require_jwk(text *json, enum jwk_purpose purpose, struct jwk *key);

#endif /* E2EMSG_PG_JWK_H */
