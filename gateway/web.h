/*
 * web.h
 *		The browser client: the files of web/, part of this program.
 *
 * The tables are made by embed.sh when the gateway is built; nothing is read
 * from a file system when it runs.
 */
#ifndef E2EMSG_WEB_H
#define E2EMSG_WEB_H

/*
 * The name of this build's files, a hash of them.  /web/NAME/FILE never
 * changes, so a browser need not ask for it again; /web/FILE does.
 */
#define WEB_BUILD_LENGTH 16 /* hexadecimal digits */
extern const char web_build[];

struct web_file
{
	const char *path; /* within web/ */
	const char *type;
	const char *etag;	  /* a hash of the bytes, with quotes */
	const char *encoding; /* of the bytes, or NULL */
	const unsigned char *bytes, *end;
};

/* The last one has no path. */
extern const struct web_file web_files[];

/* The same files in the same order, with gzip. */
extern const struct web_file web_packed[];

#endif /* E2EMSG_WEB_H */
