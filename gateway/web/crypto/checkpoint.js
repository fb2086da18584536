// Checkpoints of a log: signed notes that state its size and root (C2SP
// tlog-checkpoint), with the verdicts of src/checkpoint.c.
import { fromBase64, toBase64, utf8 } from './bytes.js';
import { Malformed, need } from './errors.js';
import { joinNote, NAME_SIZE_MAX, openNote } from './note.js';

/**
 * The size of a tree: decimal, without leading zeros, at most 2^53 - 1 (the C
 * code takes 2^63 - 1).  Throws Malformed.
 */
export function parseSize(text) {
	need(/^(0|[1-9][0-9]{0,15})$/.test(text) && Number.isSafeInteger(Number(text)), 'it is not the size of a log');
	return Number(text);
}

/** A root in base64, as checkpoints have it: 32 bytes.  Throws Malformed. */
export function parseRoot(text) {
	need(text.length === toBase64(new Uint8Array(32)).length, 'it is not the root of a log');
	return fromBase64(text);
}

/**
 * Reads the text of a checkpoint, which proves nothing by itself.  Throws
 * Malformed.
 *
 * @param {string} text
 * @returns {{origin: string, size: number, root: Uint8Array, extensions: string[]}}
 */
export function parseCheckpoint(text) {
	const lines = text.split('\n');
	need(lines.pop() === '' && lines.length >= 3 && !lines.includes(''), 'it is not a checkpoint');
	const [origin, size, root, ...extensions] = lines;
	need(utf8(origin).length <= NAME_SIZE_MAX, 'the name of the log is too long');
	return { origin, size: parseSize(size), root: parseRoot(root), extensions };
}

/**
 * The note that a checkpoint without extensions is.  Whether the signature is
 * right, opening it says.
 */
export const joinCheckpoint = (verifier, { size, root, signature }) =>
	joinNote(verifier, `${verifier.name}\n${size}\n${toBase64(root)}\n`, signature);

/**
 * Verifies a checkpoint of the log that is named like its key.
 *
 * @param {string} note
 * @param {Verifier} verifier
 * @returns {Promise<{result: 'fine'|'malformed'|'unsigned'|'forged'|'other_origin', checkpoint?: object}>}
 *	checkpoint: for 'fine' only, as parseCheckpoint() gives it, with its signature
 */
export async function openCheckpoint(note, verifier) {
	const { result, text, signature } = await openNote(note, verifier);
	if (result !== 'fine') return { result };
	try {
		const checkpoint = { ...parseCheckpoint(text), signature };
		return checkpoint.origin === verifier.name ? { result, checkpoint } : { result: 'other_origin' };
	} catch (error) {
		if (error instanceof Malformed) return { result: 'malformed' };
		throw error;
	}
}
