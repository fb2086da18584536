/*
 * frame_fuzz.c
 *		frame.c: the plaintext of an envelope that somebody else sealed.
 *
 * A reader that walks over the fields in another way comes to the same; what
 * was read can be written, and is read again.
 */
#include "frame.h"
#include "fuzz.h"
#include "utf8.h"

static const size_t sizes[] = {[FRAME_ID] = FRAME_ID_SIZE,
							   [FRAME_RECEIPT] = 1 + FRAME_ID_SIZE,
							   [FRAME_LOG_HEAD] = FRAME_HEAD_SIZE};

static bool
is_value(uint8_t type, const uint8_t *value, size_t size)
{
	if (type == FRAME_TEXT)
		return utf8_valid((const char *) value, size);
	if (type > FRAME_LOG_HEAD)
		return true;
	return size == sizes[type] &&
		   (type != FRAME_RECEIPT || value[0] == RECEIPT_DELIVERED ||
			value[0] == RECEIPT_READ);
}

/* Where each type's value stands; the last field of a type, if several. */
static bool
slow_parse(const uint8_t *data, size_t size, const uint8_t *values[256],
		   size_t lengths[256])
{
	size_t at = 1;

	if (size == 0 || size > FRAME_SIZE_MAX || data[0] != FRAME_VERSION)
		return false;
	for (; at < size && data[at] != FRAME_PADDING; at += 5 + lengths[data[at]])
	{
		uint8_t type = data[at];

		if (size - at < 5 || (type <= FRAME_LOG_HEAD && values[type]))
			return false;
		lengths[type] = (size_t) data[at + 1] << 24 |
						(size_t) data[at + 2] << 16 |
						(size_t) data[at + 3] << 8 | data[at + 4];
		values[type] = data + at + 5;
		if (lengths[type] > size - at - 5 ||
			!is_value(type, values[type], lengths[type]))
			return false;
	}
	while (at < size && data[at] == 0)
		at++;
	return at == size;
}

/* Does the walk over a good frame find the fields that it is made of? */
static void
check_walk(const uint8_t *data, size_t size)
{
	struct frame_field field;
	size_t offset = 1, expected = 1;

	while (frame_next(data, size, &offset, &field))
	{
		must(data[expected] == field.type);
		must(field.value == data + expected + 5);
		expected += 5 + (size_t) field.size;
		must(offset == expected && expected <= size);
	}
	must(expected == size || data[expected] == 0);
}

static bool
same(const uint8_t *a, const uint8_t *b, size_t size)
{
	return a && b ? memcmp(a, b, size) == 0 : a == b;
}

static void
check_again(const struct frame *frame)
{
	size_t size = frame_padded_size(frame);
	uint8_t *bytes = malloc(size);
	struct frame again;

	must(size == 0 || (size >= FRAME_SIZE_MIN && (size & (size - 1)) == 0));
	if (size > 0)
	{
		frame_build(frame, bytes);
		must(frame_parse(bytes, size, &again) == NULL);
		must(again.text_size == frame->text_size &&
			 same(again.text, frame->text, frame->text_size));
		must(same(again.id, frame->id, FRAME_ID_SIZE));
		must(again.receipt == frame->receipt &&
			 same(again.receipt_id, frame->receipt_id, FRAME_ID_SIZE));
		must(same(again.log_head, frame->log_head, FRAME_HEAD_SIZE));
	}
	free(bytes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *values[256] = {NULL};
	size_t lengths[256] = {0};
	struct frame frame;
	bool good = slow_parse(data, size, values, lengths);

	must(good == (frame_parse(data, size, &frame) == NULL));
	if (!good)
		return 0;
	must(frame.text == values[FRAME_TEXT] &&
		 (!frame.text || frame.text_size == lengths[FRAME_TEXT]));
	must(frame.id == values[FRAME_ID]);
	must(frame.log_head == values[FRAME_LOG_HEAD]);
	must((frame.receipt == RECEIPT_NONE) == (values[FRAME_RECEIPT] == NULL));
	must(frame.receipt == RECEIPT_NONE ||
		 (frame.receipt_id == values[FRAME_RECEIPT] + 1 &&
		  frame.receipt == values[FRAME_RECEIPT][0]));
	check_walk(data, size);
	check_again(&frame);
	return 0;
}
