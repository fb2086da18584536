/*
 * frame.c
 *		The plaintext of a suite 1 envelope (docs/protocol.md, "Frame").
 */
#include <string.h>

#include "frame.h"
#include "utf8.h"
#include "wire.h"

#define FIELD_HEADER 5							  /* type u8, length u32 */
#define RECEIPT_SIZE (1 + (size_t) FRAME_ID_SIZE) /* kind u8, message id */

/* Size in bytes before padding. */
static size_t
bare_size(const struct frame *frame)
{
	size_t size = 1;

	if (frame->text != NULL)
		size += FIELD_HEADER + frame->text_size;
	if (frame->id != NULL)
		size += FIELD_HEADER + FRAME_ID_SIZE;
	if (frame->receipt != RECEIPT_NONE)
		size += FIELD_HEADER + RECEIPT_SIZE;
	if (frame->log_head != NULL)
		size += FIELD_HEADER + FRAME_HEAD_SIZE;
	return size;
}

size_t
frame_padded_size(const struct frame *frame)
{
	size_t padded = FRAME_SIZE_MIN;

	if (frame->text_size > FRAME_SIZE_MAX || bare_size(frame) > FRAME_SIZE_MAX)
		return 0;
	while (padded < bare_size(frame))
		padded *= 2;
	return padded;
}

/* Writes one field and returns where the next one begins. */
static uint8_t *
put_field(uint8_t *out, enum frame_type type, const uint8_t *value,
		  size_t size)
{
	out[0] = (uint8_t) type;
	wire_put_u32(out + 1, (uint32_t) size);
	if (size > 0)
		memcpy(out + FIELD_HEADER, value, size);
	return out + FIELD_HEADER + size;
}

void
frame_build(const struct frame *frame, uint8_t *out)
{
	memset(out, 0, frame_padded_size(frame));
	*out++ = FRAME_VERSION;
	if (frame->text != NULL)
		out = put_field(out, FRAME_TEXT, frame->text, frame->text_size);
	if (frame->id != NULL)
		out = put_field(out, FRAME_ID, frame->id, FRAME_ID_SIZE);
	if (frame->receipt != RECEIPT_NONE)
	{
		uint8_t receipt[RECEIPT_SIZE];

		receipt[0] = (uint8_t) frame->receipt;
		memcpy(receipt + 1, frame->receipt_id, FRAME_ID_SIZE);
		out = put_field(out, FRAME_RECEIPT, receipt, RECEIPT_SIZE);
	}
	if (frame->log_head != NULL)
		put_field(out, FRAME_LOG_HEAD, frame->log_head, FRAME_HEAD_SIZE);
}

/* Reads the field at *offset; what is wrong with it, or NULL. */
static const char *
take_field(const uint8_t *bytes, size_t size, size_t *offset,
		   struct frame_field *out)
{
	size_t left = size - *offset;

	if (left < FIELD_HEADER)
		return "a field is cut off";
	out->type = bytes[*offset];
	out->size = wire_get_u32(bytes + *offset + 1);
	if (out->size > left - FIELD_HEADER)
		return "a field runs past the end";
	out->value = bytes + *offset + FIELD_HEADER;
	*offset += FIELD_HEADER + (size_t) out->size;
	return NULL;
}

static const char *
keep_text(struct frame *frame, const struct frame_field *field)
{
	if (frame->text != NULL)
		return "there are two texts";
	if (!utf8_valid((const char *) field->value, field->size))
		return "the text is not UTF-8";
	frame->text = field->value;
	frame->text_size = field->size;
	return NULL;
}

static const char *
keep_id(struct frame *frame, const struct frame_field *field)
{
	if (frame->id != NULL)
		return "there are two message ids";
	if (field->size != FRAME_ID_SIZE)
		return "the message id has the wrong size";
	frame->id = field->value;
	return NULL;
}

static const char *
keep_receipt(struct frame *frame, const struct frame_field *field)
{
	if (frame->receipt != RECEIPT_NONE)
		return "there are two receipts";
	if (field->size != RECEIPT_SIZE)
		return "the receipt has the wrong size";
	if (field->value[0] != RECEIPT_DELIVERED &&
		field->value[0] != RECEIPT_READ)
		return "the receipt is of an unknown kind";
	frame->receipt = (enum receipt_kind) field->value[0];
	frame->receipt_id = field->value + 1;
	return NULL;
}

static const char *
keep_log_head(struct frame *frame, const struct frame_field *field)
{
	if (frame->log_head != NULL)
		return "there are two heads of the key log";
	if (field->size != FRAME_HEAD_SIZE)
		return "the head of the key log has the wrong size";
	frame->log_head = field->value;
	return NULL;
}

static const char *
keep_field(struct frame *frame, const struct frame_field *field)
{
	switch (field->type)
	{
		case FRAME_TEXT:
			return keep_text(frame, field);
		case FRAME_ID:
			return keep_id(frame, field);
		case FRAME_RECEIPT:
			return keep_receipt(frame, field);
		case FRAME_LOG_HEAD:
			return keep_log_head(frame, field);
		default:
			return NULL;
	}
}

/* Are all bytes from "offset" on zero?  Looks at every one of them. */
static bool
only_zeros(const uint8_t *bytes, size_t size, size_t offset)
{
	uint8_t all = 0;

	for (size_t i = offset; i < size; i++)
		all |= bytes[i];
	return all == 0;
}

const char *
frame_parse(const uint8_t *bytes, size_t size, struct frame *out)
{
	size_t offset = 1;

	*out = (struct frame){0};
	if (size == 0 || bytes[0] != FRAME_VERSION)
		return "it is not a frame of version 1";
	if (size > FRAME_SIZE_MAX)
		return "it is too large";
	while (offset < size && bytes[offset] != FRAME_PADDING)
	{
		struct frame_field field;
		const char *problem = take_field(bytes, size, &offset, &field);

		if (problem == NULL)
			problem = keep_field(out, &field);
		if (problem != NULL)
			return problem;
	}
	if (!only_zeros(bytes, size, offset))
		return "the padding is not zero";
	return NULL;
}

bool
frame_next(const uint8_t *bytes, size_t size, size_t *offset,
		   struct frame_field *out)
{
	return *offset < size && bytes[*offset] != FRAME_PADDING &&
		   take_field(bytes, size, offset, out) == NULL;
}
