// Signed notes (C2SP signed-note) with Ed25519 (RFC 8032), with the verdicts of
// src/note.c.  A note is a text that ends with a newline, an empty line, and
// a line for each signature of the text: — name base64(key id, signature)
import { concat, equal, fromBase64, sha256, toBase64, toHex, utf8 } from './bytes.js';
import { Malformed, need, subtle, Unsupported } from './errors.js';

export const NOTE_SIZE_MAX = 4096; // bytes of a whole note
const SIGNATURES_MAX = 16; // lines
export const NAME_SIZE_MAX = 100; // bytes of a log's name
export const VERIFIER_SIZE_MAX = NAME_SIZE_MAX + 54; // bytes of its text
const TYPE_ED25519 = 1;
const KEY_ID_SIZE = 4; // bytes
const SIGNATURE_SIZE = 64; // bytes

// Control characters but newline.
const CONTROL = /[\0-\t\v-\x1f]/;

// The name of anybody's key: no space of Unicode, no plus.
const ANY_NAME = /^[^\0- +\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+$/;

/**
 * What one must know to verify the signatures of one key.
 *
 * @typedef {object} Verifier
 * @property {string} name 1 to 100 printable characters of ASCII, no plus
 * @property {Uint8Array} publicKey 32 bytes
 * @property {Uint8Array} keyId 4 bytes
 * @property {string} text name+hhhhhhhh+base64(0x01, public key)
 */

/**
 * Takes exactly the one right text of a verifier; throws Malformed.
 *
 * @param {string} text
 * @returns {Promise<Verifier>}
 */
export async function parseVerifier(text) {
	const problem = 'the text is not the verifier of a key log';
	need(typeof text === 'string', problem);
	const [, name, id, key] = text.match(/^([!-*,-~]{1,100})\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})$/) ?? [];
	need(name !== undefined, problem);
	const typed = fromBase64(key);
	const keyId = (await sha256(concat(utf8(`${name}\n`), typed))).slice(0, KEY_ID_SIZE);
	need(typed[0] === TYPE_ED25519 && toHex(keyId) === id, problem);
	return { name, publicKey: typed.slice(1), keyId, text };
}

/** Have two verifiers the same name and key? */
export const sameVerifier = (a, b) => a.name === b.name && equal(a.publicKey, b.publicKey);

/** How people are told of a log: logs of one name differ by the key. */
export const logName = ({ name, keyId }) => `${name} (key ${toHex(keyId)})`;

// Not every browser has Ed25519: docs/web.md names the first that do.
async function importKey(publicKey) {
	try {
		return await subtle().importKey('raw', publicKey, { name: 'Ed25519' }, false, ['verify']);
	} catch (error) {
		if (error.name === 'NotSupportedError')
			throw new Unsupported('this browser has no Ed25519, which the key log is signed with');
		if (error.name === 'DataError') return null;
		throw error;
	}
}

async function verify(publicKey, text, signature) {
	const key = await importKey(publicKey);
	return key !== null && subtle().verify({ name: 'Ed25519' }, key, signature, utf8(text));
}

// A public key that is one for sure: the base point (RFC 8032 section 5.1).
const SOME_KEY = new Uint8Array(32).fill(0x66).fill(0x58, 0, 1);

/** Can this browser verify a key log?  Throws Unsupported when it can't. */
export async function needEd25519() {
	await importKey(SOME_KEY);
}

function parseSignatureLine(line) {
	need(line.startsWith('\u2014 '), 'a line is not a signature');
	const space = line.indexOf(' ', 2);
	const name = line.slice(2, space);
	need(space > 0 && ANY_NAME.test(name), 'a signature has no name');
	const blob = fromBase64(line.slice(space + 1));
	need(blob.length > KEY_ID_SIZE, 'a signature is too short');
	return { name, keyId: blob.slice(0, KEY_ID_SIZE), signature: blob.slice(KEY_ID_SIZE) };
}

// Takes a note apart at its last empty line.
function split(note) {
	need(typeof note === 'string' && utf8(note).length <= NOTE_SIZE_MAX && !CONTROL.test(note), 'it is not a note');
	const end = note.lastIndexOf('\n\n');
	const lines = note.slice(end + 2).split('\n');
	need(end >= 0 && lines.pop() === '', 'it is not a note');
	need(lines.length >= 1 && lines.length <= SIGNATURES_MAX, 'it is not a note');
	return { text: note.slice(0, end + 1), signatures: lines.map(parseSignatureLine) };
}

function trySplit(note) {
	try {
		return split(note);
	} catch (error) {
		if (error instanceof Malformed) return null;
		throw error;
	}
}

/**
 * Verifies the signatures of one key.  Lines of other keys are ignored if
 * they have the form of a signature; every line of this key must be right.
 *
 * @param {string} note
 * @param {Verifier} verifier
 * @returns {Promise<{result: 'fine'|'malformed'|'unsigned'|'forged', text?: string, signature?: Uint8Array}>}
 *	what was signed, and the 64 bytes that sign it, for 'fine' only
 */
export async function openNote(note, verifier) {
	const parts = trySplit(note);
	if (parts === null) return { result: 'malformed' };
	const ours = parts.signatures.filter(({ name, keyId }) => name === verifier.name && equal(keyId, verifier.keyId));
	for (const { signature } of ours) {
		if (signature.length !== SIGNATURE_SIZE || !await verify(verifier.publicKey, parts.text, signature))
			return { result: 'forged' };
	}
	return ours.length > 0 ? { result: 'fine', text: parts.text, signature: ours[0].signature } : { result: 'unsigned' };
}

/** The note of a text and a signature, which is taken as it is. */
export const joinNote = ({ name, keyId }, text, signature) => `${text}\n\u2014 ${name} ${toBase64(concat(keyId, signature))}\n`;
