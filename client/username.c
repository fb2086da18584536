/*
 * username.c
 *		What a username looks like.
 */
#include <string.h>

#include "username.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

bool
username_valid(const char *text)
{
	size_t size = strlen(text);

	if (size < USERNAME_MIN || size > USERNAME_MAX)
		return false;
	if (strchr(LETTERS, text[0]) == NULL ||
		strspn(text, LETTERS DIGITS "._-") != size)
		return false;
	return size != 32 || strspn(text, DIGITS "abcdef") != size;
}
