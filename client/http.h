/*
 * http.h
 *		One JSON request, one JSON answer, over libcurl.
 *
 * https anywhere; plain http too, with a word of warning when the host is
 * not this machine.  No redirect is followed, answers are bounded, and an
 * answer that is not a JSON object counts as none.
 */
#ifndef E2EMSG_HTTP_H
#define E2EMSG_HTTP_H

#include <signal.h>
#include <stdbool.h>

#include <curl/curl.h>
#include <jansson.h>

#include "account.h"
#include "result.h"

#define HTTP_ANSWER_MAX (16u << 20) /* bytes */
#define HTTP_CONNECT_SECONDS 10L
#define HTTP_TOTAL_SECONDS 60L
#define HTTP_PATIENCE_SECONDS 5L /* with a server that says: too often */

/* Start with {0}, end with http_close(). */
struct http
{
	CURL *handle;
	char base[ACCOUNT_URL_MAX + 1]; /* without a slash at its end */
	const char *unreachable_hint;	/* or NULL */
	bool too_often; /* says the last answer, also after waiting */
	const volatile sig_atomic_t *stop; /* when set, requests end; or NULL */
};

/* Start with {0}, end with http_reply_free(). */
struct http_reply
{
	long status;
	long retry_after; /* seconds, 0 when the server did not say */
	json_t *body;	  /* an object */
};

/* Was the end of all requests asked for? */
extern bool http_is_stopped(const struct http *http);

/*
 * Checks a server's URL (http or https, a host, no user, query or fragment)
 * and writes it without the slash at its end.  RESULT_USAGE otherwise.
 * *plain: is it http to another machine, where everybody on the way can see
 * the token?
 */
extern CHECKED enum result http_check_url(const char *url,
										  char out[ACCOUNT_URL_MAX + 1],
										  bool *plain, struct fault *fault);

extern CHECKED enum result http_open(const char *url, struct http *out,
									 struct fault *fault);
extern void http_close(struct http *http);

/*
 * Makes one request.  path begins with a slash; body and token may be NULL,
 * and a POST or PUT without a body has an empty one.  After a 429 that asks
 * for a short wait it is made once more: the server has not taken it.
 * RESULT_OK when a JSON object came back, whatever its status; then the caller
 * frees *reply.  After RESULT_NETWORK, and RESULT_REFUSED for an answer that
 * is not one of e2emsg, it is not known whether the server took the request.
 */
extern CHECKED enum result http_call(struct http *http, const char *method,
									 const char *path, const json_t *body,
									 const char *token,
									 struct http_reply *reply,
									 struct fault *fault);

extern void http_reply_free(struct http_reply *reply);

/* The "code" of a problem (RFC 9457), or "". */
extern const char *http_code(const struct http_reply *reply);

/*
 * What an answer's status comes to: OK below 400, AUTH for 401 and 403,
 * NETWORK for 408, 429 and 5xx, REFUSED for the rest; and for not_accepted,
 * which no sign-in would change.
 */
extern enum result http_result(const struct http_reply *reply);

/*
 * Turns an answer of status 400 and above into that result and a fault.  The
 * hint is the server's where it speaks to people; of a 429 the message
 * says how long to wait.
 */
extern enum result http_fault(const struct http_reply *reply,
							  struct fault *fault);

#endif /* E2EMSG_HTTP_H */
