// Members of JSON objects that somebody else wrote.  Each of these gives the
// member's value, or throws Malformed when it is missing or of another kind.
// (JSON.parse() keeps the last of two members of one name; the C client
// refuses such an object.)
import { need } from './errors.js';
import { fixed, fromBase64url, usernameValid, utf8, uuidBytes } from './bytes.js';
import { read as readKey } from './key.js';

const VERSION_MAX = 2 ** 31 - 1;

/** Is it a JSON object? */
export const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

function member(object, name) {
	need(isObject(object), 'it is not a JSON object');
	return Object.hasOwn(object, name) ? object[name] : null;
}

/** A JSON object from its text. */
export function parse(json) {
	let value = null;
	try {
		value = JSON.parse(json);
	} catch { /* said below */ }
	need(isObject(value), 'it is not a JSON object');
	return value;
}

/** Is it there, and not null? */
export const present = (object, name) => member(object, name) !== null;

/** A text of min to max bytes of UTF-8, without NUL. */
export function text(object, name, min, max) {
	const value = member(object, name);
	need(typeof value === 'string' && !value.includes('\0'), 'a member is not a text');
	const size = utf8(value).length;
	need(size >= min && size <= max, 'a text has the wrong size');
	return value;
}

export function username(object, name) {
	const value = member(object, name);
	need(usernameValid(value), 'a member is not a username');
	return value;
}

/** A UUID: 16 bytes. */
export const uuid = (object, name) => uuidBytes(member(object, name));

/** A UUID as it stands there. */
export function uuidText(object, name) {
	uuid(object, name);
	return member(object, name);
}

export function boolean(object, name) {
	const value = member(object, name);
	need(typeof value === 'boolean', 'a member is not true or false');
	return value;
}

/** An array of at most max elements. */
export function array(object, name, max) {
	const value = member(object, name);
	need(Array.isArray(value) && value.length <= max, 'a member is not such an array');
	return value;
}

/** A whole number from min to 2^53 - 1. */
export function number(object, name, min) {
	const value = member(object, name);
	need(Number.isSafeInteger(value) && value >= min, 'a member is not such a number');
	return value;
}

/** A key version: 1 to 2^31 - 1. */
export function version(object, name) {
	const value = number(object, name, 1);
	need(value <= VERSION_MAX, 'a member is not a key version');
	return value;
}

/** Base64url of at most max bytes. */
export function blob(object, name, max) {
	const value = fromBase64url(member(object, name));
	need(value.length <= max, 'the bytes are too many');
	return value;
}

/** Base64url of exactly size bytes. */
export const bytes = (object, name, size) => fixed(member(object, name), size);

/** A public key, reduced to its four members (key.js). */
export const key = (object, name, purpose) => readKey(member(object, name), purpose);
