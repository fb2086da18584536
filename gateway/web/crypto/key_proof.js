// What proves that a key stands in the key log: the member "log" of a key
// object.  Whose checkpoint it is, is log_pin.js's to say.
import { equal, serviceHash } from './bytes.js';
import { need } from './errors.js';
import * as field from './field.js';
import { decode, USER_ENTRY_SIZE } from './log_entry.js';
import { leafHash, PROOF_SIZE_MAX, verifyInclusion } from './merkle.js';
import { NOTE_SIZE_MAX } from './note.js';

/**
 * @typedef {object} KeyProof
 * @property {string} checkpoint a note
 * @property {number} index of the leaf
 * @property {number} size of the log that the proof is for
 * @property {object} entry of a user (log_entry.js)
 * @property {Uint8Array} leafHash 32 bytes
 * @property {Uint8Array} proof 32 bytes for each hash
 */

/**
 * Reads the member "entry": a user's entry, and the hash of its leaf.  Throws
 * Malformed.
 *
 * @returns {Promise<{entry: object, leafHash: Uint8Array}>}
 */
export async function readEntry(object) {
	const bytes = field.bytes(object, 'entry', USER_ENTRY_SIZE);
	return { entry: decode(bytes), leafHash: await leafHash(bytes) };
}

/** Reads a hash list of at most 64 hashes. */
export function readProof(object) {
	const proof = field.blob(object, 'proof', PROOF_SIZE_MAX);
	need(proof.length % 32 === 0, 'a proof has the wrong size');
	return proof;
}

/**
 * Reads {checkpoint, index, size, entry, proof}; throws Malformed.
 *
 * @returns {Promise<KeyProof>}
 */
export async function read(log) {
	return {
		checkpoint: field.text(log, 'checkpoint', 1, NOTE_SIZE_MAX),
		index: field.number(log, 'index', 0),
		size: field.number(log, 'size', 0),
		proof: readProof(log),
		...await readEntry(log),
	};
}

/**
 * Is it the entry of this key (key_object.js)?
 *
 * @returns {Promise<string|null>} what differs, or null
 */
export async function compare(entry, key, service) {
	if (!equal(entry.service, await serviceHash(service))) return 'its entry in the key log is of another service';
	if (entry.username !== key.username || !equal(entry.userId, key.userId))
		return 'its entry in the key log is that of another user';
	if (entry.event === 'deleted') return 'the key log says that the user was deleted';
	if (entry.keyVersion !== key.version) return 'its entry in the key log is of another version';
	if (!equal(entry.thumbprint, key.thumbprint) || !equal(entry.previousThumbprint, key.previousThumbprint))
		return 'the key log has another key';
	if (!equal(entry.identityThumbprint, key.identityThumbprint)) return 'the key log has another identity key';
	if (!equal(entry.signature, key.signature)) return 'the key log has another signature';
	return null;
}

/**
 * Is the leaf in the log of that checkpoint?
 *
 * @param {KeyProof} proof
 * @param {{size: number, root: Uint8Array}} checkpoint
 * @returns {Promise<string|null>} why not, or null
 */
export async function verify(proof, checkpoint) {
	if (proof.size !== checkpoint.size) return 'its checkpoint is of another size than its proof';
	return await verifyInclusion(proof.leafHash, proof.index, proof.size, proof.proof, checkpoint.root)
		? null
		: 'it is not in the key log: the proof does not lead to the signed root';
}
