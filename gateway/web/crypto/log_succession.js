// How an operator hands a key log over to a new one (docs/protocol.md, "Key
// log").  The old key vouches for the new one by a signed note; whether to
// follow is the user's choice.
import { parseRoot, parseSize } from './checkpoint.js';
import { Malformed, need } from './errors.js';
import { openNote, parseVerifier, sameVerifier } from './note.js';

const TITLE = 'e2emsg key log succession v1';

// "size root".
function readHead(line) {
	const space = line.indexOf(' ');
	need(space > 0, 'it is not a hand-over of a key log');
	return { size: parseSize(line.slice(0, space)), root: parseRoot(line.slice(space + 1)) };
}

async function parse(text) {
	const [title, verifier, old, now, ...rest] = text.split('\n');
	need(title === TITLE && rest.length === 1 && rest[0] === '', 'it is not a hand-over of a key log');
	const [oldHead, newHead] = [readHead(old), readHead(now)];
	return {
		next: await parseVerifier(verifier),
		oldSize: oldHead.size,
		oldRoot: oldHead.root,
		newSize: newHead.size,
		newRoot: newHead.root,
	};
}

/**
 * Reads a note that "by" must have signed.
 *
 * @returns {Promise<{next: object, oldSize: number, oldRoot: Uint8Array,
 *	newSize: number, newRoot: Uint8Array}|null>} null when it is none
 */
export async function read(note, by) {
	const { result, text } = await openNote(note, by);
	if (result !== 'fine') return null;
	try {
		return await parse(text);
	} catch (error) {
		if (error instanceof Malformed) return null;
		throw error;
	}
}

/**
 * Do the notes, oldest first, lead from one key to the other, in one step or
 * several?
 *
 * @returns {Promise<object|null>} what "from" said then, or null
 */
export async function find(notes, from, to) {
	let holder = from;
	let first = null;
	for (const note of notes) {
		const own = await read(note, from);
		first = own ?? first;
		const said = own ?? await read(note, holder);
		holder = said?.next ?? holder;
		if (said !== null && sameVerifier(holder, to)) return first;
	}
	return null;
}
