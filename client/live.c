/*
 * live.c
 *		read --wait: mail as it comes.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "backup_sync.h"
#include "live.h"

#define WAIT_SECONDS 25	  /* of one request; a gateway takes no more */
#define PAUSE_MS_MIN 1000 /* between tries; doubled each time */
#define PAUSE_MS_MAX 30000
#define STEP_MS 200
#define PATH_SIZE 80

/* What it takes to wait without the account's folder. */
struct live
{
	struct app *app;
	struct http http;
	char account[USERNAME_TEXT_SIZE];
	char token[SESSION_TOKEN_MAX + 1];
	int64_t last;		/* how far mail is stored */
	unsigned failures;	/* in a row */
	long asked;			/* seconds that the server asked for */
	bool refused;		/* did it take no token the last time? */
	bool broken;		/* was something wrong with the key log? */
	struct log_pin log; /* ... this */
};

static volatile sig_atomic_t stopped;

static void
stop(int signal_number)
{
	(void) signal_number;
	stopped = 1;
}

static void
catch_signals(void)
{
	struct sigaction action = {.sa_handler = stop,
							   .sa_flags = (int) SA_RESETHAND};

	stopped = 0;
	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

/* Opens the account; another command that uses it is waited for. */
static enum result
open_account(struct live *live)
{
	struct app *app = live->app;
	struct session *session = &app->session;
	enum result result = app_open(app);

	if (result == RESULT_REFUSED && session->store.busy)
		return RESULT_NETWORK;
	if (result != RESULT_OK)
		return result;
	session->http.stop = &stopped;
	memcpy(live->account, session->account.username, sizeof(live->account));
	app->options.account = live->account; /* others may come */
	return RESULT_OK;
}

/* Takes what waiting needs out of the session. */
static enum result
take_token(struct live *live)
{
	struct session *session = &live->app->session;
	enum result result = session_need_token(session, &live->app->fault);

	/* a wrong key log stops no reading */
	if (result == RESULT_UNTRUSTED && session->token[0] != '\0')
		result = RESULT_OK;
	memcpy(live->token, session->token, sizeof(live->token));
	if (result != RESULT_OK ||
		strcmp(live->http.base, session->http.base) == 0)
		return result;
	http_close(&live->http);
	live->http.stop = &stopped;
	return http_open(session->http.base, &live->http, &live->app->fault);
}

/* What is wrong with the key log is said at once, and is the end's result. */
static void
note_log(struct live *live)
{
	const struct log_pin *log = &live->app->session.log;

	if (!log_pin_has_news(log))
		return;
	session_notice(&live->app->session, "%s",
				   log->problem[0] != '\0' ? log->problem : log->hearsay);
	live->broken = true;
	live->log = *log;
}

/* With the account: reads mail, if there may be some; then a good token. */
static enum result
use_account(struct live *live, bool mail, struct inbox_counts *counts)
{
	struct app *app = live->app;
	enum result result = open_account(live);

	if (result != RESULT_OK)
		return result;
	if (mail)
	{
		result = read_once(app, counts, &live->last);
		app->options.given &= ~(unsigned) (FLAG_ALL | FLAG_RETRY);
	}
	if (result == RESULT_OK)
		result = take_token(live);
	backup_follow(&app->session);
	note_log(live);
	session_close(&app->session);
	return result;
}

/* What came of one request that waits. */
enum wait
{
	WAIT_NOTHING, /* no mail so far */
	WAIT_MAIL,
	WAIT_REFUSED, /* no such token: reading signs in again */
	WAIT_ELSE,	  /* no room, too often, no waiting at all */
	WAIT_NO_ANSWER
};

static enum wait
read_reply(struct live *live, const struct http_reply *reply, bool waited)
{
	const json_t *messages = json_object_get(reply->body, "messages");
	struct fault *fault = &live->app->fault;

	live->asked = reply->retry_after;
	if (reply->status >= 400)
		return http_fault(reply, fault) == RESULT_AUTH ? WAIT_REFUSED
													   : WAIT_ELSE;
	if (json_array_size(messages) > 0)
		return WAIT_MAIL;
	if (json_is_array(messages) && waited)
		return WAIT_NOTHING;
	(void) fault_set(fault, RESULT_NETWORK, NULL,
					 "the server does not wait for mail");
	return WAIT_ELSE;
}

static enum wait
wait_for_mail(struct live *live)
{
	time_t began = time(NULL);
	struct http_reply reply;
	enum wait wait;
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "/messages?after=%lld&limit=1&wait=%d",
			 (long long) live->last, WAIT_SECONDS);
	if (http_call(&live->http, "GET", path, NULL, live->token, &reply,
				  &live->app->fault) != RESULT_OK)
		return WAIT_NO_ANSWER;
	wait = read_reply(live, &reply, time(NULL) != began);
	http_reply_free(&reply);
	return wait;
}

/* Waits before another try: longer each time, and nobody like another one. */
static void
pause_after_failure(struct live *live)
{
	const struct timespec step = {.tv_nsec = STEP_MS * 1000000L};
	long ms = PAUSE_MS_MIN;
	uint8_t chance = 128;

	for (unsigned i = 0; i < live->failures && ms < PAUSE_MS_MAX; i++)
		ms *= 2;
	if (ms > PAUSE_MS_MAX)
		ms = PAUSE_MS_MAX;
	(void) (RAND_bytes(&chance, 1) == 1);
	ms = ms * (128 + chance) / 256;
	if (ms < 1000 * live->asked)
		ms = 1000 * live->asked;
	live->failures++;
	live->asked = 0;
	for (; ms > 0 && !stopped; ms -= STEP_MS)
		nanosleep(&step, NULL);
}

/*
 * Waits, and uses the account as far as that came to: also when there is no
 * room to wait, so that mail comes all the same.  RESULT_NETWORK: not now.
 */
static enum result
try_round(struct live *live, struct inbox_counts *counts)
{
	struct fault *fault = &live->app->fault;
	int64_t before = live->last;
	enum wait wait = wait_for_mail(live);
	bool again = wait == WAIT_REFUSED && live->refused;
	struct fault why = *fault;
	enum result result;

	if (wait == WAIT_NO_ANSWER || stopped)
		return RESULT_NETWORK;
	live->refused = wait == WAIT_REFUSED;
	result = use_account(live, wait != WAIT_NOTHING, counts);
	if (result != RESULT_OK)
		return result;
	if (wait == WAIT_MAIL && live->last == before)
		return fault_set(fault, RESULT_NETWORK, NULL,
						 "the server speaks of mail that it does not give");
	if (wait != WAIT_ELSE && !again)
		return RESULT_OK;
	*fault = why;
	return RESULT_NETWORK;
}

/* The same; what can pass is said once, and tried again later. */
static enum result
go_on(struct live *live, struct inbox_counts *counts)
{
	enum result result = try_round(live, counts);

	if (result != RESULT_NETWORK)
	{
		if (result == RESULT_OK && live->failures > 0)
			session_notice(&live->app->session, "the server answers again");
		live->failures = 0;
		return result;
	}
	if (live->failures == 0 && !stopped)
		session_notice(&live->app->session, "%s; trying again",
					   live->app->fault.message);
	pause_after_failure(live);
	return RESULT_OK;
}

enum result
live_run(struct app *app, struct inbox_counts *counts)
{
	struct live live = {.app = app};
	enum result result;

	catch_signals();
	result = use_account(&live, true, counts);
	if (result == RESULT_OK && !stopped)
		session_notice(&app->session, "waiting for mail; Ctrl-C ends this");
	while (result == RESULT_OK && !stopped)
		result = go_on(&live, counts);
	if (live.broken)
		app->session.log = live.log;
	OPENSSL_cleanse(live.token, sizeof(live.token));
	http_close(&live.http);
	return stopped ? RESULT_OK : result;
}
