/*
 * base64url.c
 *		Strict base64url without padding (RFC 4648 section 5).
 */
#include "base64url.h"

static const char alphabet[64] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* Stands for each character outside the alphabet; a value has six bits. */
#define XX 0xff

/* clang-format off */
static const uint8_t value_of[256] = {
	XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
	XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
	XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, 62, XX, XX,
	52, 53, 54, 55, 56, 57, 58, 59, 60, 61, XX, XX, XX, XX, XX, XX,
	XX,  0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14,
	15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, XX, XX, XX, XX, 63,
	XX, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
	41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, XX, XX, XX, XX, XX,
	XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
	XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
	XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
	XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
	XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
	XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
	XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
	XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
};
/* clang-format on */

size_t
base64url_encoded_length(size_t bytes)
{
	return bytes / 3 * 4 + (bytes % 3 * 4 + 2) / 3;
}

size_t
base64url_decoded_length(size_t chars)
{
	return chars / 4 * 3 + chars % 4 * 3 / 4;
}

void
base64url_encode_bytes(const uint8_t *src, size_t len, char *dst)
{
	for (; len >= 3; len -= 3, src += 3)
	{
		*dst++ = alphabet[src[0] >> 2];
		*dst++ = alphabet[(src[0] & 0x03) << 4 | src[1] >> 4];
		*dst++ = alphabet[(src[1] & 0x0f) << 2 | src[2] >> 6];
		*dst++ = alphabet[src[2] & 0x3f];
	}
	if (len == 0)
		return;
	*dst++ = alphabet[src[0] >> 2];
	if (len == 1)
	{
		*dst = alphabet[(src[0] & 0x03) << 4];
		return;
	}
	*dst++ = alphabet[(src[0] & 0x03) << 4 | src[1] >> 4];
	*dst = alphabet[(src[1] & 0x0f) << 2];
}

/*
 * The last one to three characters.  One alone carries no whole byte; the
 * spare low bits of the last of two or three must be zero.
 */
static bool
decode_tail(const uint8_t *in, size_t len, uint8_t *dst)
{
	uint8_t a, b, c;

	if (len == 1)
		return false;
	a = value_of[in[0]];
	b = value_of[in[1]];
	dst[0] = (uint8_t) (a << 2 | b >> 4);
	if (len == 2)
		return ((a | b) & 0xc0) == 0 && (b & 0x0f) == 0;
	c = value_of[in[2]];
	dst[1] = (uint8_t) (b << 4 | c >> 2);
	return ((a | b | c) & 0xc0) == 0 && (c & 0x03) == 0;
}

bool
base64url_decode_bytes(const char *src, size_t len, uint8_t *dst)
{
	const uint8_t *in = (const uint8_t *) src;
	uint8_t bad = 0;

	for (; len >= 4; len -= 4, in += 4, dst += 3)
	{
		uint8_t a = value_of[in[0]];
		uint8_t b = value_of[in[1]];
		uint8_t c = value_of[in[2]];
		uint8_t d = value_of[in[3]];

		/* the two upper bits are set only in XX */
		bad |= a | b | c | d;
		dst[0] = (uint8_t) (a << 2 | b >> 4);
		dst[1] = (uint8_t) (b << 4 | c >> 2);
		dst[2] = (uint8_t) (c << 6 | d);
	}
	if ((bad & 0xc0) != 0)
		return false;
	return len == 0 || decode_tail(in, len, dst);
}
