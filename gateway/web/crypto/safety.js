// The safety number of two users (docs/protocol.md, "Safety number").
import { concat, label, serviceHash, usernameBytes } from './bytes.js';
import { subtle } from './errors.js';

const ROUNDS = 5200;
const GROUP_DIGITS = 5;
const GROUP_BYTES = 5;
const SIDE_GROUPS = 6;

/**
 * A user: name, and thumbprint of the identity key.
 *
 * @typedef {{username: string, identityThumbprint: Uint8Array}} Side
 */

async function stretch(start, thumbprint) {
	const block = new Uint8Array(64 + thumbprint.length);
	let hash = await subtle().digest('SHA-512', start);
	block.set(thumbprint, 64);
	for (let i = 0; i < ROUNDS; i++) {
		block.set(new Uint8Array(hash));
		hash = await subtle().digest('SHA-512', block);
	}
	return new Uint8Array(hash);
}

// Five bytes as a number, at most 2^40 - 1, shortened to five digits.
function groupOf(hash, at) {
	let value = 0;
	for (let i = at; i < at + GROUP_BYTES; i++) value = value * 256 + hash[i];
	return String(value % 10 ** GROUP_DIGITS).padStart(GROUP_DIGITS, '0');
}

async function sideDigits(service, { username, identityThumbprint }) {
	const start = concat(label('e2emsg safety number v1'), await serviceHash(service), usernameBytes(username),
		identityThumbprint);
	const hash = await stretch(start, identityThumbprint);
	return Array.from({ length: SIDE_GROUPS }, (_, i) => groupOf(hash, i * GROUP_BYTES)).join('');
}

/**
 * The number that both users see; of signed users only.
 *
 * @param {string} service
 * @param {Side} a
 * @param {Side} b
 * @returns {Promise<string>} 60 digits
 */
export async function safetyNumber(service, a, b) {
	const sides = await Promise.all([sideDigits(service, a), sideDigits(service, b)]);
	return sides.sort().join('');
}

/** Twelve groups of five digits, as they are shown. */
export const groups = (digits) => digits.match(/.{5}/g);
