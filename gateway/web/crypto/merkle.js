// Merkle trees of append-only logs (RFC 9162 section 2.1): verification of
// proofs.  Hashes are 32 bytes, a proof is hashes one after the other, and
// leaves are numbered from 0.  Sizes are numbers up to 2^53 - 1, too large for
// shifts.  Hashes are public, so that they are compared in plain time.
import { concat, equal, sha256 } from './bytes.js';

const HASH_SIZE = 32; // bytes
export const PROOF_SIZE_MAX = 64 * HASH_SIZE; // bytes

/** The hash of the leaf that holds the entry: SHA-256(0x00, entry). */
export const leafHash = (entry) => sha256(concat([0], entry));

/** SHA-256(0x01, left, right). */
export const nodeHash = (left, right) => sha256(concat([1], left, right));

const isSize = (number) => Number.isSafeInteger(number) && number >= 0;
const isOdd = (number) => number % 2 === 1;
const half = (number) => Math.floor(number / 2);

// The hashes of a proof, or null when it is none.
function hashesOf(proof) {
	if (proof.length % HASH_SIZE !== 0 || proof.length > PROOF_SIZE_MAX) return null;
	return Array.from({ length: proof.length / HASH_SIZE },
		(_, i) => proof.subarray(HASH_SIZE * i, HASH_SIZE * (i + 1)));
}

// Where a verifier stands: a node, and the last one of the same height.  The
// names in the RFC are fn for index and sn for last.
class Place {
	constructor(index, last) {
		this.index = index;
		this.last = last;
	}

	climb() {
		this.index = half(this.index);
		this.last = half(this.last);
	}

	// Does the next hash stand on the left?  It need not have the same height.
	joinsLeft() {
		if (!isOdd(this.index) && this.index !== this.last) return false;
		while (!isOdd(this.index) && this.index !== 0) this.climb();
		return true;
	}
}

/**
 * The root that a tree of that size must have when the proof is right (RFC
 * 9162 section 2.1.3.2); null when no such tree has a proof of that many
 * hashes.
 *
 * @returns {Promise<Uint8Array|null>}
 */
export async function rootOfInclusion(leaf, index, size, proof) {
	const hashes = hashesOf(proof);
	if (hashes === null || !isSize(index) || !isSize(size) || index >= size) return null;
	const place = new Place(index, size - 1);
	let root = leaf;
	for (const hash of hashes) {
		if (place.last === 0) return null;
		root = place.joinsLeft() ? await nodeHash(hash, root) : await nodeHash(root, hash);
		place.climb();
	}
	return place.last === 0 ? root : null;
}

/**
 * Is it leaf "index" of the tree with that size and root?
 *
 * @param {Uint8Array} leaf the leaf's hash, 32 bytes
 * @param {number} index
 * @param {number} size
 * @param {Uint8Array} proof 32 bytes for each hash, nearest to the leaf first
 * @param {Uint8Array} root 32 bytes
 * @returns {Promise<boolean>}
 */
export async function verifyInclusion(leaf, index, size, proof, root) {
	const computed = await rootOfInclusion(leaf, index, size, proof);
	return computed !== null && equal(computed, root);
}

// Both roots at once, from a node that is in both trees.
async function verifyGrowth(place, start, hashes, oldRoot, newRoot) {
	let [oldHash, newHash] = [start, start];
	for (const hash of hashes) {
		if (place.last === 0) return false;
		if (place.joinsLeft()) {
			oldHash = await nodeHash(hash, oldHash);
			newHash = await nodeHash(hash, newHash);
		} else newHash = await nodeHash(newHash, hash);
		place.climb();
	}
	return place.last === 0 && equal(oldHash, oldRoot) && equal(newHash, newRoot);
}

/**
 * Does the new tree begin with the old one (RFC 9162 section 2.1.4.2)?  Equal
 * sizes need equal roots and an empty proof.  An old tree of size 0 is in
 * every tree, with an empty proof: its root is not looked at.
 *
 * @returns {Promise<boolean>}
 */
export async function verifyConsistency(oldSize, oldRoot, newSize, newRoot, proof) {
	const hashes = hashesOf(proof);
	if (hashes === null || !isSize(oldSize) || !isSize(newSize) || oldSize > newSize) return false;
	if (oldSize === newSize) return hashes.length === 0 && equal(oldRoot, newRoot);
	if (oldSize === 0) return hashes.length === 0;
	if (hashes.length === 0) return false;
	const place = new Place(oldSize - 1, newSize - 1);
	while (isOdd(place.index)) place.climb();
	return place.index === 0
		? verifyGrowth(place, oldRoot, hashes, oldRoot, newRoot)
		: verifyGrowth(place, hashes[0], hashes.slice(1), oldRoot, newRoot);
}
