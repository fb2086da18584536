/*
 * web.c
 *		The handler of the browser client's files.
 */
#include "web.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

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

/* gzip, with any quality but zero; what is written in another way is not. */
static bool
is_gzip(const char *coding, size_t size)
{
	while (size > 0 && strchr(" \t", coding[size - 1]))
		size--;
	if (size < 4 || strncasecmp(coding, "gzip", 4) != 0)
		return false;
	coding += 4;
	size -= 4;
	while (size > 0 && strchr(" \t;", *coding))
	{
		coding++;
		size--;
	}
	return size == 0 || (size > 2 && strncasecmp(coding, "q=", 2) == 0 &&
						 strspn(coding + 2, "0.") < size - 2);
}

/* Does an Accept-Encoding name gzip (RFC 9110 section 12.5.3)? */
static bool
accepts_gzip(const char *codings)
{
	while (*codings)
	{
		size_t size;

		codings += strspn(codings, " \t,");
		size = strcspn(codings, ",");
		if (is_gzip(codings, size))
			return true;
		codings += size;
	}
	return false;
}

void
serve_web(struct request *request, const struct route *route,
		  struct reply *reply)
{
	const struct web_file *file =
		find(route->file ? route->file : request->segment);
	char codings[256], known[512];

	if (!file)
	{
		reply_problem(reply, STATUS_NOT_FOUND, NULL, NULL, NULL);
		return;
	}
	if (guard_value(request->head, "accept-encoding", codings,
					sizeof(codings)) &&
		accepts_gzip(codings))
		file = &web_packed[file - web_files];
	reply_file(reply, route->success, file);
	if (guard_value(request->head, "if-none-match", known, sizeof(known)))
		reply_not_modified(reply, known);
}
