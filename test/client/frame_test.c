/*
 * frame_test.c
 *		Frames that nobody made on purpose: none may crash the reader, and
 *		every one that it takes must say the same when it is built again.
 */
#include <string.h>

#include "frame.h"
#include "tap.h"

#define ROUNDS 200000

/* xorshift64*: the same frames on every run. */
static uint64_t
next_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545F4914F6CDD1DULL;
}

/* A good frame, to be spoilt. */
static size_t
make_start(uint8_t out[512])
{
	static const uint8_t text[] = "a text of some length";
	static const uint8_t id[FRAME_ID_SIZE] = "0123456789abcde";
	static const uint8_t head[FRAME_HEAD_SIZE] =
		"key id, size, root, signature";
	struct frame frame = {.text = text,
						  .text_size = sizeof(text) - 1,
						  .id = id,
						  .receipt = RECEIPT_READ,
						  .receipt_id = id,
						  .log_head = head};

	frame_build(&frame, out);
	return frame_padded_size(&frame);
}

/* Does what was read build a frame that reads the same? */
static bool
comes_back(const struct frame *frame)
{
	size_t size = frame_padded_size(frame);
	uint8_t *bytes = malloc(size + 1);
	struct frame again;
	bool same;

	if (size == 0)
	{
		free(bytes);
		return true;
	}
	frame_build(frame, bytes);
	same = frame_parse(bytes, size, &again) == NULL &&
		   again.text_size == frame->text_size &&
		   again.receipt == frame->receipt &&
		   (again.text == NULL) == (frame->text == NULL) &&
		   (again.log_head == NULL) == (frame->log_head == NULL) &&
		   (frame->text_size == 0 ||
			memcmp(again.text, frame->text, frame->text_size) == 0);
	free(bytes);
	return same;
}

/* Spoils up to eight bytes and cuts or keeps the size; exact allocation. */
static bool
try_spoilt(const uint8_t *start, size_t size, uint64_t *state, int *taken)
{
	size_t cut =
		next_random(state) % 3 == 0 ? next_random(state) % size : size;
	uint8_t *bytes = malloc(cut + 1);
	struct frame frame;
	bool good = true;

	memcpy(bytes, start, cut);
	bytes = realloc(bytes, cut > 0 ? cut : 1);
	for (uint64_t i = next_random(state) % 8; i > 0 && cut > 0; i--)
	{
		size_t span = next_random(state) % 2 ? cut : (cut < 60 ? cut : 60);

		bytes[next_random(state) % span] = (uint8_t) next_random(state);
	}
	if (frame_parse(bytes, cut, &frame) == NULL)
	{
		(*taken)++;
		good = comes_back(&frame);
	}
	free(bytes);
	return good;
}

int
main(void)
{
	struct tap tap = {0};
	uint8_t start[512];
	size_t size = make_start(start);
	uint64_t state = 20260131;
	int taken = 0;
	bool good = true;
	struct frame too_large = {.text = start,
							  .text_size = FRAME_TEXT_MAX + 1,
							  .id = start,
							  .log_head = start};

	for (int i = 0; i < ROUNDS && good; i++)
		good = try_spoilt(start, size, &state, &taken);
	tap_ok(&tap, good, "200000 spoilt frames: none crashes or lies");
	tap_ok(&tap, taken > 0 && taken < ROUNDS, "some were taken, not all");
	tap_ok(&tap, frame_padded_size(&too_large) == 0,
		   "a text that does not fit has no size");
	too_large.text_size = SIZE_MAX;
	tap_ok(&tap, frame_padded_size(&too_large) == 0,
		   "nor has one whose size overflows");
	return tap_end(&tap);
}
