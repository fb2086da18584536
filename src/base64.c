/*
 * base64.c
 *		Standard base64, by way of base64url: other letters, and padding.
 */
#include "base64.h"

#include "base64url.h"

void
base64_encode(const uint8_t *bytes, size_t size, char *out)
{
	size_t length = base64url_encoded_length(size);

	base64url_encode_bytes(bytes, size, out);
	for (size_t i = 0; i < length; i++)
	{
		if (out[i] == '-')
			out[i] = '+';
		else if (out[i] == '_')
			out[i] = '/';
	}
	for (; length % 4 != 0; length++)
		out[length] = '=';
	out[length] = '\0';
}

/* '=' stands for what base64url has and standard base64 has not. */
static char
to_base64url(char character)
{
	switch (character)
	{
		case '+':
			return '-';
		case '/':
			return '_';
		case '-':
		case '_':
			return '=';
		default:
			return character;
	}
}

bool
base64_decode(const char *text, size_t length, uint8_t *out, size_t *size)
{
	char translated[BASE64_MAX_LENGTH];

	if (length % 4 != 0 || length > sizeof translated)
		return false;
	for (int padding = 0; padding < 2 && length > 0 && text[length - 1] == '=';
		 padding++)
		length--;
	for (size_t i = 0; i < length; i++)
		translated[i] = to_base64url(text[i]);
	*size = base64url_decoded_length(length);
	return base64url_decode_bytes(translated, length, out);
}

bool
base64_decode_exactly(const char *text, size_t length, uint8_t *out,
					  size_t size)
{
	size_t decoded;

	return length == BASE64_LENGTH(size) &&
		   base64_decode(text, length, out, &decoded) && decoded == size;
}
