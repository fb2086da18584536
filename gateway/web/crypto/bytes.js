// Bytes and their texts (docs/protocol.md, "Conventions").  Every reader is
// strict: it takes only what its writer writes.
import { need, subtle } from './errors.js';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const ascii = new TextDecoder('latin1');

// ---- base64url and base64 (RFC 4648)

const URL_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const ALPHABET = URL_ALPHABET.replace('-_', '+/');
const NO_DIGIT = 64;

function valuesOf(alphabet) {
	const values = new Uint8Array(128).fill(NO_DIGIT);
	for (let i = 0; i < alphabet.length; i++) values[alphabet.charCodeAt(i)] = i;
	return values;
}

function encode(bytes, alphabet) {
	const out = new Uint8Array(Math.ceil(bytes.length * 4 / 3));
	let bits = 0;
	let held = 0;
	let at = 0;
	for (const byte of bytes) {
		held = (held << 8 | byte) & 0xffff;
		for (bits += 8; bits >= 6; bits -= 6)
			out[at++] = alphabet.charCodeAt(held >> (bits - 6) & 63);
	}
	if (bits > 0) out[at++] = alphabet.charCodeAt(held << (6 - bits) & 63);
	return ascii.decode(out);
}

// The bits that are left over in the last digit must be zero, and no digit
// may be left over alone.
function decode(text, values, problem) {
	const out = new Uint8Array(Math.floor(text.length * 3 / 4));
	let bits = 0;
	let held = 0;
	let at = 0;
	let bad = text.length % 4 === 1;
	for (let i = 0; i < text.length; i++) {
		const value = values[text.charCodeAt(i)] ?? NO_DIGIT;
		bad ||= value === NO_DIGIT;
		held = (held << 6 | value & 63) & 0xffff;
		bits += 6;
		if (bits < 8) continue;
		bits -= 8;
		out[at++] = held >> bits & 0xff;
	}
	need(!bad && (held & (1 << bits) - 1) === 0, problem);
	return out;
}

const urlValues = valuesOf(URL_ALPHABET);
const base64Values = valuesOf(ALPHABET);

/** Base64url without padding (RFC 4648 section 5). */
export const toBase64url = (bytes) => encode(bytes, URL_ALPHABET);

/**
 * The reverse, for exactly the texts that toBase64url() writes.
 *
 * @param {string} text
 * @returns {Uint8Array}
 */
export function fromBase64url(text) {
	need(typeof text === 'string', 'it is not a text');
	return decode(text, urlValues, 'the text is not base64url without padding');
}

/** Base64url of exactly that many bytes. */
export function fixed(text, size) {
	need(typeof text === 'string' && text.length === Math.ceil(size * 4 / 3), 'the bytes have the wrong size');
	return fromBase64url(text);
}

/** Base64 with padding (RFC 4648 section 4). */
export function toBase64(bytes) {
	const text = encode(bytes, ALPHABET);
	return text.padEnd(Math.ceil(text.length / 4) * 4, '=');
}

/** The reverse, for exactly the texts that toBase64() writes. */
export function fromBase64(text) {
	const problem = 'the text is not base64 with padding';
	need(typeof text === 'string' && text.length % 4 === 0, problem);
	return decode(text.replace(/={1,2}$/, ''), base64Values, problem);
}

// ---- other texts

/** Hexadecimal in small letters. */
export function toHex(bytes) {
	let text = '';
	for (const byte of bytes) text += (byte + 256).toString(16).slice(1);
	return text;
}

/** The reverse, for small letters only. */
export function fromHex(text) {
	need(typeof text === 'string' && /^([0-9a-f]{2})*$/.test(text), 'the text is not hexadecimal');
	return Uint8Array.from({ length: text.length / 2 }, (_, i) => parseInt(text.slice(2 * i, 2 * i + 2), 16));
}

/** UTF-8 (RFC 3629); refuses a text that has half of a surrogate pair. */
export function utf8(text) {
	need(typeof text === 'string' && text.isWellFormed(), 'the text is not Unicode');
	return encoder.encode(text);
}

/** The reverse; a byte order mark is a character like any other. */
export function fromUtf8(bytes) {
	try {
		return decoder.decode(bytes);
	} catch {
		need(false, 'the text is not UTF-8');
	}
}

// ---- parts

export function concat(...parts) {
	const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
	let at = 0;
	for (const part of parts) {
		out.set(part, at);
		at += part.length;
	}
	return out;
}

/** The bytes and zeros behind them. */
export function padTo(bytes, size) {
	const out = new Uint8Array(size);
	out.set(bytes);
	return out;
}

/** A label of ASCII: 32 bytes. */
export const label = (text) => padTo(encoder.encode(text), 32);

export function u32(value) {
	need(Number.isInteger(value) && value >= 0 && value <= 0xffffffff, 'the number does not fit into four bytes');
	const out = new Uint8Array(4);
	new DataView(out.buffer).setUint32(0, value);
	return out;
}

/** Numbers stay exact up to 2^53 - 1: larger ones are refused. */
export function u64(value) {
	need(Number.isSafeInteger(value) && value >= 0, 'the number is too large');
	return concat(u32(Math.floor(value / 2 ** 32)), u32(value % 2 ** 32));
}

export const getU32 = (bytes, at) => new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(at);

/** Refuses numbers from 2^53 on, which would not be exact. */
export function getU64(bytes, at) {
	const value = getU32(bytes, at) * 2 ** 32 + getU32(bytes, at + 4);
	need(Number.isSafeInteger(value), 'the number is too large');
	return value;
}

/** Looks at every byte, so that the time does not say where they differ. */
export function equal(a, b) {
	if (a.length !== b.length) return false;
	let all = 0;
	for (let i = 0; i < a.length; i++) all |= a[i] ^ b[i];
	return all === 0;
}

export function isZero(bytes) {
	let all = 0;
	for (const byte of bytes) all |= byte;
	return all === 0;
}

// ---- names

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The 16 bytes of a UUID in small letters. */
export function uuidBytes(text) {
	need(typeof text === 'string' && UUID.test(text), 'the text is not a UUID');
	return fromHex(text.replaceAll('-', ''));
}

export const uuidText = (bytes) =>
	toHex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

/** A name that never looks like a UUID. */
export const usernameValid = (text) =>
	typeof text === 'string' && /^[a-z][a-z0-9._-]{2,31}$/.test(text) && !/^[0-9a-f]{32}$/.test(text);

/**
 * A username as it stands in statements: 32 bytes.  Takes any text of 1 to 32
 * printable characters of ASCII, as log entries do.
 */
export function usernameBytes(text) {
	need(typeof text === 'string' && /^[!-~]{1,32}$/.test(text), 'the username is not one of a statement');
	return padTo(utf8(text), 32);
}

// ---- hashes and randomness

/** @returns {Promise<Uint8Array>} 32 bytes (FIPS 180-4) */
export const sha256 = async (bytes) => new Uint8Array(await subtle().digest('SHA-256', bytes));

/** A service as it stands in statements: 32 bytes. */
export const serviceHash = (service) => sha256(utf8(service));

export function random(size) {
	return globalThis.crypto.getRandomValues(new Uint8Array(size));
}
