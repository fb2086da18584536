/*
 * frame.h
 *		The plaintext of a suite 1 envelope (docs/protocol.md, "Frame").
 *
 * A frame is the byte 0x01, then fields (type u8, length u32 big-endian,
 * value), then padding: zeros up to 256, 512, 1024 ... 65536 bytes.  Pure:
 * bytes in, bytes out; nothing is allocated.
 */
#ifndef E2EMSG_FRAME_H
#define E2EMSG_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_VERSION 0x01
#define FRAME_SIZE_MIN 256	 /* bytes, the smallest padded frame */
#define FRAME_SIZE_MAX 65536 /* bytes, the largest frame */
#define FRAME_ID_SIZE 16	 /* bytes of a message id */
#define FRAME_HEAD_SIZE 108	 /* bytes of the head of the key log */

/* Bytes of text that fit beside the client's message id and the log's head. */
#define FRAME_TEXT_MAX \
	(FRAME_SIZE_MAX - 1 - 5 - 5 - FRAME_ID_SIZE - 5 - FRAME_HEAD_SIZE)

enum frame_type
{
	FRAME_PADDING = 0, /* not a field: zeros from here to the end */
	FRAME_TEXT = 1,	   /* UTF-8 */
	FRAME_ID = 2,	   /* the client's name for the message, 16 bytes */
	FRAME_RECEIPT = 3, /* kind u8, then the 16 bytes of a messageId */
	FRAME_LOG_HEAD = 4 /* what the sender saw of the key log (log_pin.h) */
};

enum receipt_kind
{
	RECEIPT_NONE = 0,
	RECEIPT_DELIVERED = 1,
	RECEIPT_READ = 2
};

/* What a frame says.  Pointers lead into the caller's buffer. */
struct frame
{
	const uint8_t *text; /* NULL when there is none; no NUL at its end */
	size_t text_size;	 /* bytes */
	const uint8_t *id;	 /* FRAME_ID_SIZE bytes, or NULL */
	enum receipt_kind receipt;
	const uint8_t *receipt_id; /* FRAME_ID_SIZE bytes, or NULL */
	const uint8_t *log_head;   /* FRAME_HEAD_SIZE bytes, or NULL */
};

/* One field as it stands in the bytes, known or not. */
struct frame_field
{
	uint8_t type;
	const uint8_t *value;
	uint32_t size; /* bytes */
};

/* Size in bytes of the padded frame, or 0 when it would be too large. */
extern size_t frame_padded_size(const struct frame *frame);

/* Writes frame_padded_size(frame) bytes, which must not be 0. */
extern void frame_build(const struct frame *frame, uint8_t *out);

/*
 * Reads a frame.  Returns NULL, or what is wrong with it as one static
 * sentence: another version, a field that runs past the end or is there
 * twice, a value of the wrong size, text that is not UTF-8, padding that is
 * not zero.  Fields of unknown types are passed over.
 */
extern const char *frame_parse(const uint8_t *bytes, size_t size,
							   struct frame *out);

/*
 * Walks over the fields of a frame that frame_parse() took: start with
 * *offset = 1; false at the end.
 */
extern bool frame_next(const uint8_t *bytes, size_t size, size_t *offset,
					   struct frame_field *out);

#endif /* E2EMSG_FRAME_H */
