/*
 * web.c
 *		The handler of the browser client's files.
 */
#include "web.h"

#include <string.h>

#include "guard.h"
#include "reply.h"
#include "routes.h"

static const struct web_file *
find(const char *path)
{
	for (const struct web_file *file = web_files; file->path; file++)
		if (strcmp(file->path, path) == 0)
			return file;
	return NULL;
}

void
serve_web(struct request *request, const struct route *route,
		  struct reply *reply)
{
	const struct web_file *file =
		find(route->file ? route->file : request->segment);
	char known[512];

	if (!file)
	{
		reply_problem(reply, STATUS_NOT_FOUND, NULL, NULL, NULL);
		return;
	}
	reply_file(reply, route->success, file);
	if (guard_value(request->head, "if-none-match", known, sizeof(known)))
		reply_not_modified(reply, known);
}
