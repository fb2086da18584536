// The plaintext of a suite 1 envelope (docs/protocol.md, "Frame"): the byte
// 0x01, then fields (type u8, length u32, value), then zeros up to 256, 512,
// 1024 ... 65536 bytes.
import { concat, fromUtf8, getU32, isZero, padTo, u32, utf8 } from './bytes.js';
import { need } from './errors.js';

const VERSION = 1;
const SIZE_MIN = 256; // bytes, the smallest padded frame
const SIZE_MAX = 65536; // bytes, the largest frame
const FIELD_HEADER = 5; // bytes: type, length
export const ID_SIZE = 16; // bytes
export const HEAD_SIZE = 108; // bytes

/** Bytes of text that fit beside the client's message id and the log's head. */
export const TEXT_MAX = SIZE_MAX - 1 - 3 * FIELD_HEADER - ID_SIZE - HEAD_SIZE;

const RECEIPTS = ['delivered', 'read']; // kinds 1 and 2

/**
 * What a frame says; null for what it does not.
 *
 * @typedef {object} Frame
 * @property {string|null} text
 * @property {Uint8Array|null} id the client's message id, 16 bytes
 * @property {{kind: 'delivered'|'read', messageId: Uint8Array}|null} receipt
 *	with the 16 bytes of the message that it is about
 * @property {Uint8Array|null} logHead 108 bytes (log_pin.js)
 * @property {{type: number, value: Uint8Array}[]} [others] of unknown types
 */

/** Bytes that a text takes in a frame, to compare with TEXT_MAX. */
export const textSize = (text) => utf8(text).length;

const field = (type, value) => concat([type], u32(value.length), value);

function sized(value, size, problem) {
	need(value.length === size, problem);
	return value;
}

function receiptValue({ kind, messageId }) {
	need(RECEIPTS.includes(kind), 'the receipt is of an unknown kind');
	return concat([RECEIPTS.indexOf(kind) + 1], sized(messageId, ID_SIZE, 'the message id has the wrong size'));
}

/**
 * Writes a padded frame.  Members that are missing or null are left out.
 *
 * @param {Partial<Frame>} frame
 * @returns {Uint8Array} 256 to 65536 bytes
 */
export function build({ text = null, id = null, receipt = null, logHead = null }) {
	const parts = [new Uint8Array([VERSION])];
	if (text !== null) parts.push(field(1, utf8(text)));
	if (id !== null) parts.push(field(2, sized(id, ID_SIZE, 'the message id has the wrong size')));
	if (receipt !== null) parts.push(field(3, receiptValue(receipt)));
	if (logHead !== null)
		parts.push(field(4, sized(logHead, HEAD_SIZE, 'the head of the key log has the wrong size')));
	const bare = concat(...parts);
	need(bare.length <= SIZE_MAX, 'the message is too large');
	let size = SIZE_MIN;
	while (size < bare.length) size *= 2;
	return padTo(bare, size);
}

function readReceipt(value) {
	need(value.length === 1 + ID_SIZE, 'the receipt has the wrong size');
	need(value[0] >= 1 && value[0] <= RECEIPTS.length, 'the receipt is of an unknown kind');
	return { kind: RECEIPTS[value[0] - 1], messageId: value.slice(1) };
}

// The known fields: where their value goes, how it is read, and what to say
// of a second one.
const FIELDS = {
	1: { name: 'text', read: fromUtf8, twice: 'there are two texts' },
	2: {
		name: 'id',
		read: (value) => sized(value, ID_SIZE, 'the message id has the wrong size'),
		twice: 'there are two message ids',
	},
	3: { name: 'receipt', read: readReceipt, twice: 'there are two receipts' },
	4: {
		name: 'logHead',
		read: (value) => sized(value, HEAD_SIZE, 'the head of the key log has the wrong size'),
		twice: 'there are two heads of the key log',
	},
};

function keep(frame, type, value) {
	const known = FIELDS[type];
	if (!known) {
		frame.others.push({ type, value });
		return;
	}
	need(frame[known.name] === null, known.twice);
	frame[known.name] = known.read(value);
}

/**
 * Reads a frame; throws Malformed with the same refusals as client/frame.c.
 *
 * @param {Uint8Array} bytes
 * @returns {Frame}
 */
export function parse(bytes) {
	const frame = { text: null, id: null, receipt: null, logHead: null, others: [] };
	let at = 1;
	need(bytes.length > 0 && bytes[0] === VERSION, 'it is not a frame of version 1');
	need(bytes.length <= SIZE_MAX, 'it is too large');
	while (at < bytes.length && bytes[at] !== 0) {
		const left = bytes.length - at - FIELD_HEADER;
		need(left >= 0, 'a field is cut off');
		const size = getU32(bytes, at + 1);
		need(size <= left, 'a field runs past the end');
		keep(frame, bytes[at], bytes.slice(at + FIELD_HEADER, at + FIELD_HEADER + size));
		at += FIELD_HEADER + size;
	}
	need(isZero(bytes.subarray(at)), 'the padding is not zero');
	return frame;
}
