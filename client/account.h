/*
 * account.h
 *		What an account is, kept in its file account.json.
 */
#ifndef E2EMSG_ACCOUNT_H
#define E2EMSG_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "result.h"
#include "store.h"
#include "username.h"
#include "uuid.h"

#define ACCOUNT_URL_MAX 512		/* bytes of the server's URL */
#define ACCOUNT_SERVICE_MAX 255 /* bytes of the service's name */

struct account
{
	char username[USERNAME_TEXT_SIZE];
	char server[ACCOUNT_URL_MAX + 1];
	char service[ACCOUNT_SERVICE_MAX + 1]; /* pinned at registration */
	bool has_identity;
	uint32_t version; /* of the key that was announced; 0: not registered */
	struct uuid id;	  /* once registered */
	int64_t shown;	  /* the last seq that was printed */
	int64_t acknowledged;
	json_t *through; /* version -> last seq that may be sealed to it */
};

/*
 * Reads account.json; RESULT_OK with an empty username when there is none.
 * Free with account_free().
 */
extern CHECKED enum result account_load(const struct store *store,
										struct account *out,
										struct fault *fault);

extern CHECKED enum result account_save(const struct store *store,
										const struct account *account,
										struct fault *fault);

extern void account_free(struct account *account);

/*
 * The last seq that may be sealed to an old version, or -1 when it is not
 * known (the answer to the rotation was lost).
 */
extern int64_t account_through(const struct account *account,
							   uint32_t version);

/* Remembers it. */
extern CHECKED enum result account_set_through(struct account *account,
											   uint32_t version, int64_t seq,
											   struct fault *fault);

/* A service name: 1 to 255 bytes of UTF-8 that a terminal can show. */
extern bool account_service_valid(const char *text);

#endif /* E2EMSG_ACCOUNT_H */
