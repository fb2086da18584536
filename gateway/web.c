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

/*
 * Pages are what tells a browser of another build, so none is kept, whatever
 * its address.
 */
static bool
is_page(const struct web_file *file)
{
	return strncmp(file->type, "text/html", 9) == 0;
}

/*
 * Takes the name of a build off a path.  Another build's page may ask for its
 * files here, after an upgrade or amid one: it gets ours, which its browser
 * must not take for that build's.
 */
static const char *
take_build(const char *path, bool *is_ours)
{
	size_t length = strspn(path, "0123456789abcdef");

	*is_ours = false;
	if (length != WEB_BUILD_LENGTH || path[length] != '/')
		return path;
	*is_ours = strncmp(path, web_build, length) == 0;
	return path + length + 1;
}

void
serve_web(struct request *request, const struct route *route,
		  struct reply *reply)
{
	bool is_ours;
	const char *path = take_build(request->segment, &is_ours);
	const struct web_file *file = find(route->file ? route->file : path);
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
	reply->immutable = is_ours && !is_page(file);
	if (guard_value(request->head, "if-none-match", known, sizeof(known)))
		reply_not_modified(reply, known);
}
