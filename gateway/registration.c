/*
 * registration.c
 *		POST /users, with and without an identity provider.
 */
#include "registration.h"

#include <string.h>
#include <strings.h>
#include <time.h>

#include <jansson.h>

#include "gateway.h"
#include "guard.h"
#include "jsontext.h"
#include "provider.h"
#include "reply.h"
#include "routes.h"

static const char hint[] =
	"Send Authorization: Bearer with a token of the identity provider.";

/* "Authorization: Bearer TOKEN", of the provider. */
static enum status
check_identity(struct request *request, const char **why)
{
	char value[sizeof("Bearer ") + PROVIDER_TOKEN_MAX + 1];
	const char *token = value + 7;
	enum token_result result;

	*why = NULL;
	if (!guard_has(request->head, "authorization"))
		return STATUS_MISSING_TOKEN;
	*why = "it is too long";
	if (!guard_value(request->head, "authorization", value, sizeof(value)))
		return STATUS_INVALID_TOKEN;
	*why = NULL;
	if (strncasecmp(value, "Bearer ", 7) != 0)
		return STATUS_MISSING_TOKEN;
	token += strspn(token, " ");
	result = provider_verify(request->gateway->provider, token, strlen(token),
							 (int64_t) time(NULL), &request->identity, why);
	if (result == TOKEN_EXPIRED)
		return STATUS_EXPIRED_TOKEN;
	return result == TOKEN_GOOD ? STATUS_OK : STATUS_INVALID_TOKEN;
}

bool
registration_may_call(struct request *request, struct reply *reply)
{
	const char *why;
	enum status status;

	if (!atomic_load(&request->gateway->registration_open))
	{
		reply_problem(reply, STATUS_REGISTRATION_CLOSED, NULL, NULL, NULL);
		return false;
	}
	if (!request->gateway->provider)
		return true;
	status = check_identity(request, &why);
	if (status != STATUS_OK)
		reply_problem(reply, status, why, hint, NULL);
	return status == STATUS_OK;
}

/*
 * Is the body's username the one of the token?  A body with the member twice
 * is none for jsontext_parse(), so that SQL can't read another one.
 */
static enum status
check_username(const struct request *request, const char **why)
{
	json_t *body = jsontext_parse(request->body.text, request->body.size);
	const char *username =
		json_string_value(json_object_get(body, "username"));
	enum status status = STATUS_OK;

	*why = NULL;
	if (!json_is_object(body))
		status = STATUS_BAD_JSON;
	else if (!username)
	{
		*why = "username must be a string";
		status = STATUS_INVALID_REQUEST;
	}
	else if (strcmp(username, request->identity.username) != 0)
	{
		*why = "the identity provider's token is for another username";
		status = STATUS_FORBIDDEN;
	}
	json_decref(body);
	return status;
}

void
serve_registration(struct request *request, const struct route *route,
				   struct reply *reply)
{
	const char *why;
	enum status status = STATUS_OK;

	if (request->gateway->provider)
		status = check_username(request, &why);
	if (status != STATUS_OK)
		reply_problem(reply, status, why,
					  status == STATUS_FORBIDDEN
						  ? "Register under the name that the provider knows."
						  : NULL,
					  NULL);
	else
		serve_sql(request, route, reply);
}
