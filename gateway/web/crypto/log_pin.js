// What an account remembers of the key log, and the rules for it
// (docs/protocol.md, "Key log"):
//
//	- the log's key and newest checkpoint are trusted on first use, and pinned;
//	- a checkpoint of another key is that of another log;
//	- one that can't stand in a frame is none;
//	- two checkpoints of the same size have the same root;
//	- of two sizes, the larger log must be proved to begin with the smaller;
//	- the pinned checkpoint moves forward alone;
//	- what a peer saw (the head in a frame), if the log's key signed it, must
//	  be part of the same log.
import { concat, equal, getU32, toHex, u64 } from './bytes.js';
import { joinCheckpoint, openCheckpoint } from './checkpoint.js';
import { Malformed } from './errors.js';
import { verifyConsistency } from './merkle.js';
import { parseVerifier, sameVerifier } from './note.js';

const FORMER_MAX = 32; // logs that were left, the newest ones

/**
 * A plain object, to be stored as it is.  None of the functions changes one:
 * they give another.
 *
 * @typedef {object} LogPin
 * @property {string|null} verifier the log's key; null: no log is pinned
 * @property {string|null} note the newest checkpoint
 * @property {number} size what it says
 * @property {Uint8Array|null} root 32 bytes
 * @property {number} number of the newest own entry that was checked; 0: none
 * @property {number} version of its key
 * @property {Uint8Array|null} leafHash of that entry, 32 bytes
 * @property {string[]} former key ids of logs that the user accepted leaving,
 *	in hexadecimal, oldest first
 * @property {string|null} problem what stops sending
 */

/** @returns {LogPin} of an account that met no log yet */
export const emptyPin = () => ({
	verifier: null, note: null, size: 0, root: null, number: 0, version: 0, leafHash: null, former: [], problem: null,
});

export const isPinned = (pin) => pin.verifier !== null;

// Opens a checkpoint that every client could compare when it stands in a frame; any other would keep an account's log
// out of its peers' sight.
async function openComparable(note, verifier) {
	const opened = await openCheckpoint(note, verifier);
	return opened.checkpoint?.extensions.length > 0 ? { result: 'malformed' } : opened;
}

/** Pins a newer checkpoint, which was proved. */
export const move = (pin, note, { size, root }) => ({ ...pin, note, size, root });

async function tryVerifier(text) {
	try {
		return await parseVerifier(text);
	} catch (error) {
		if (error instanceof Malformed) return null;
		throw error;
	}
}

/**
 * Pins the log of a verifier text and a checkpoint.
 *
 * @returns {Promise<LogPin|null>} null when one is malformed or the other
 *	does not fit to it
 */
export async function begin(pin, verifier, note) {
	const key = await tryVerifier(verifier);
	if (key === null) return null;
	const { result, checkpoint } = await openComparable(note, key);
	return result === 'fine' ? move({ ...pin, verifier }, note, checkpoint) : null;
}

// The oldest one falls out; one that is there already is not put twice.
const addFormer = (former, keyId) => (former.includes(keyId) ? former : [...former, keyId].slice(-FORMER_MAX));

/** Leaves the pinned log for another one; null as in begin(). */
export async function replace(pin, verifier, note) {
	const next = await begin({ ...pin, number: 0, version: 0, leafHash: null }, verifier, note);
	if (next === null || !isPinned(pin)) return next;
	const [old, now] = [await parseVerifier(pin.verifier), await parseVerifier(verifier)];
	return sameVerifier(old, now) ? next : { ...next, former: addFormer(pin.former, toHex(old.keyId)) };
}

/** Leaves the pinned log, if any, for none at all. */
export async function leave(pin) {
	if (!isPinned(pin)) return { ...emptyPin(), former: pin.former };
	const { keyId } = await parseVerifier(pin.verifier);
	return { ...emptyPin(), former: addFormer(pin.former, toHex(keyId)) };
}

// What two sizes and roots are to each other.
function sightOf(pin, { size, root }) {
	if (size !== pin.size) return size > pin.size ? 'newer' : 'older';
	return equal(root, pin.root) ? 'same' : 'forked';
}

/**
 * What a checkpoint is to the pinned one:
 *
 *	same: the same size and root; newer, older: to be proved; forked: the same
 *	size, another root; foreign: not signed by the pinned key; unfit: not a
 *	checkpoint, a wrong signature, another name.
 *
 * @returns {Promise<{sight: string, checkpoint: object|null}>}
 */
export async function judge(pin, note) {
	const { result, checkpoint } = await openComparable(note, await parseVerifier(pin.verifier));
	if (result !== 'fine') return { sight: result === 'unsigned' ? 'foreign' : 'unfit', checkpoint: null };
	return { sight: sightOf(pin, checkpoint), checkpoint };
}

/**
 * Does the proof show that the larger one of the two begins with the other?
 *
 * @returns {Promise<boolean>}
 */
export function proves(pin, { size, root }, proof) {
	return size < pin.size
		? verifyConsistency(size, root, pin.size, pin.root, proof)
		: verifyConsistency(pin.size, pin.root, size, root, proof);
}

/**
 * The pinned checkpoint as it stands in frames: key id[4], size[8], root[32],
 * signature[64].
 *
 * @returns {Promise<Uint8Array|null>} 108 bytes; null when there is none
 */
export async function writeHead(pin) {
	if (!isPinned(pin)) return null;
	const verifier = await parseVerifier(pin.verifier);
	const { checkpoint } = await openComparable(pin.note, verifier);
	if (!checkpoint) return null;
	return concat(verifier.keyId, u64(checkpoint.size), checkpoint.root, checkpoint.signature);
}

/**
 * Takes a head apart.  The size is somebody else's word: from 2^53 on it is
 * rounded, and no longer what was signed.
 *
 * @param {Uint8Array} bytes 108 bytes
 */
export const readHead = (bytes) => ({
	keyId: bytes.slice(0, 4),
	size: getU32(bytes, 4) * 2 ** 32 + getU32(bytes, 8),
	root: bytes.slice(12, 44),
	signature: bytes.slice(44),
});

/**
 * What the checkpoint in a head is to the pinned one, as in judge().  'same'
 * stands for one of a former log, too: nothing can be said of it any more;
 * unpinned: there is no log that it could be compared with yet.
 *
 * @param {LogPin} pin
 * @param {Uint8Array} bytes 108 bytes
 * @returns {Promise<{sight: string, checkpoint: object|null}>}
 */
export async function judgeHead(pin, bytes) {
	const head = readHead(bytes);
	const verifier = isPinned(pin) ? await parseVerifier(pin.verifier) : null;
	if (verifier !== null && equal(head.keyId, verifier.keyId)) return judge(pin, joinCheckpoint(verifier, head));
	const other = verifier === null ? 'unpinned' : 'foreign';
	return { sight: pin.former.includes(toHex(head.keyId)) ? 'same' : other, checkpoint: null };
}

/**
 * How a check ended.  The pin is to be stored whatever the verdict.
 *
 * @typedef {object} Verdict
 * @property {LogPin} pin
 * @property {string|null} problem a sentence; null: all is well
 * @property {boolean} broken the log itself is in contradiction: pin.problem
 *	is set, and nothing may be sent until the user accepts the log
 */

/** All is well. */
export const fine = (pin) => ({ pin, problem: null, broken: false });

/** This key or checkpoint is not used; nothing else is said against the log. */
export const refused = (pin, problem) => ({ pin, problem, broken: false });

/** Something speaks against the log.  The first problem stays in the pin. */
export const broken = (pin, problem) =>
	({ pin: { ...pin, problem: pin.problem ?? problem }, problem, broken: true });
