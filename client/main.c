/*
 * main.c
 *		The command "e2emsg".
 */
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

#include <curl/curl.h>

#include "command.h"
#include "term.h"

#ifndef E2EMSG_VERSION
#define E2EMSG_VERSION "0"
#endif

/* No core file may hold a key. */
static void
forbid_core_files(void)
{
	const struct rlimit none = {0, 0};

	(void) setrlimit(RLIMIT_CORE, &none);
}

static void
print_fault(const struct fault *fault, const char *as)
{
	fputs("e2emsg: ", stderr);
	term_advice(stderr, fault->message, as);
	fputc('\n', stderr);
	if (fault->hint[0] == '\0')
		return;
	fputs("hint: ", stderr);
	term_advice(stderr, fault->hint, as);
	fputc('\n', stderr);
}

static enum result
run(struct app *app, int argc, char **argv)
{
	enum result result = options_read(argc, argv, &app->options, &app->fault);

	if (result != RESULT_OK)
		return result;
	if (app->options.version)
		puts("e2emsg " E2EMSG_VERSION);
	else if (app->options.help)
		command_print_help(stdout);
	else
		result = command_run(app);
	if (result == RESULT_OK && (fflush(stdout) != 0 || ferror(stdout)))
		result = fault_errno(&app->fault, "can't write to", "stdout");
	return result;
}

int
main(int argc, char **argv)
{
	struct app app = {.session = SESSION_CLOSED};
	enum result result;

	forbid_core_files();
	signal(SIGPIPE, SIG_IGN);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	result = run(&app, argc, argv);
	fflush(stdout);
	if (result != RESULT_OK)
		print_fault(&app.fault, app.session.as);
	session_close(&app.session);
	curl_global_cleanup();
	return (int) result;
}
