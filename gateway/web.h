/*
 * web.h
 *		The browser client: the files of web/, part of this program.
 *
 * The table is made by embed.sh when the gateway is built; nothing is read
 * from a file system when it runs.
 */
#ifndef E2EMSG_WEB_H
#define E2EMSG_WEB_H

struct web_file
{
	const char *path; /* within web/ */
	const char *type;
	const char *etag; /* a hash of the bytes, with quotes */
	const unsigned char *bytes, *end;
};

/* The last one has no path. */
extern const struct web_file web_files[];

#endif /* E2EMSG_WEB_H */
