// Sealing and opening envelopes (docs/protocol.md, "Suites").
//
// Suite 1: ECDH P-256, HKDF-SHA-256 (RFC 5869) and AES-256-GCM (NIST SP
// 800-38D) with the context as info and as AAD.  Suite 0, the tutorial's: the
// raw ECDH secret is the AES-256-GCM key, and nothing is bound.
import { concat, label, random, sha256, u32 } from './bytes.js';
import { need, subtle } from './errors.js';
import { importPublic } from './key.js';

export const IV_SIZE = 12; // bytes
export const TAG_SIZE = 16; // bytes
export const CIPHERTEXT_MAX = 65536; // bytes

/**
 * One end of a message: whose key, which version, which key exactly.
 *
 * @typedef {object} Party
 * @property {Uint8Array} id 16 bytes
 * @property {number} version
 * @property {Uint8Array} thumbprint 32 bytes
 */

/**
 * The two ends; not looked at in suite 0.
 *
 * @typedef {{sender: Party, receiver: Party}} Parties
 */

/**
 * What a suite 1 envelope is bound to: HKDF's info and the AAD.
 *
 * @param {Parties} parties
 * @returns {Uint8Array} 136 bytes
 */
export function context({ sender, receiver }) {
	need([sender, receiver].every(({ id, thumbprint }) => id.length === 16 && thumbprint.length === 32),
		'the ends of a message have the wrong size');
	return concat(label('e2emsg suite 1'), sender.id, receiver.id, u32(sender.version), u32(receiver.version),
		sender.thumbprint, receiver.thumbprint);
}

/**
 * Z: the x-coordinate of the common point, 32 bytes (SEC 1 section 3.3.1).
 * The caller wipes it.
 *
 * @param {CryptoKey} privateKey an encryption key, usage deriveBits
 * @param {object} otherJwk that key.read() gave
 * @returns {Promise<Uint8Array>}
 */
export async function agree(privateKey, otherJwk) {
	const other = await importPublic(otherJwk, 'encryption');
	return new Uint8Array(await subtle().deriveBits({ name: 'ECDH', public: other }, privateKey, 256));
}

/**
 * HKDF-SHA-256 (RFC 5869), extract and expand.
 *
 * @returns {Promise<Uint8Array>}
 */
export async function hkdf(ikm, salt, info, size) {
	const key = await subtle().importKey('raw', ikm, 'HKDF', false, ['deriveBits']);
	return new Uint8Array(await subtle().deriveBits({ name: 'HKDF', hash: 'SHA-256', salt, info }, key, 8 * size));
}

/**
 * The AES key K of two keys in one direction.  It is always the same, and may
 * be kept as long as the private key.
 *
 * @param {number} suite 0 or 1
 * @param {CryptoKey} privateKey one end's encryption key, usage deriveBits
 * @param {object} otherJwk the other end's, that key.read() gave
 * @param {Parties} parties
 * @returns {Promise<CryptoKey>}
 */
export async function messageKey(suite, privateKey, otherJwk, parties) {
	need(suite === 0 || suite === 1, 'the suite is unknown');
	const secret = await agree(privateKey, otherJwk);
	const bits = suite === 0 ? secret : await hkdf(secret, new Uint8Array(0), context(parties), 32);
	const key = await subtle().importKey('raw', bits, 'AES-GCM', false, ['encrypt', 'decrypt']);
	secret.fill(0);
	bits.fill(0);
	return key;
}

function gcm(suite, parties, iv) {
	need(suite === 0 || suite === 1, 'the suite is unknown');
	need(iv.length === IV_SIZE, 'the iv has the wrong size');
	const bound = suite === 1 ? { additionalData: context(parties) } : {};
	return { name: 'AES-GCM', iv, tagLength: 8 * TAG_SIZE, ...bound };
}

/**
 * Seals with a key that messageKey() gave for the same suite and parties.
 *
 * @param {Uint8Array} iv 12 bytes that this key never met before
 * @param {Uint8Array} plaintext at most 65536 bytes
 * @returns {Promise<{iv: Uint8Array, ciphertext: Uint8Array, authTag: Uint8Array}>}
 */
export async function sealWith(suite, key, parties, iv, plaintext) {
	need(plaintext.length <= CIPHERTEXT_MAX, 'the message is too large');
	const sealed = new Uint8Array(await subtle().encrypt(gcm(suite, parties, iv), key, plaintext));
	return { iv, ciphertext: sealed.slice(0, -TAG_SIZE), authTag: sealed.slice(-TAG_SIZE) };
}

/**
 * The reverse; null for an envelope that was changed or is for other keys.
 *
 * @returns {Promise<Uint8Array|null>}
 */
export async function openWith(suite, key, parties, { iv, ciphertext, authTag }) {
	need(authTag.length === TAG_SIZE, 'the auth tag has the wrong size');
	if (ciphertext.length > CIPHERTEXT_MAX) return null;
	try {
		return new Uint8Array(
			await subtle().decrypt(gcm(suite, parties, iv), key, concat(ciphertext, authTag)));
	} catch (error) {
		if (error.name === 'OperationError') return null;
		throw error;
	}
}

/**
 * Seals under a fresh iv.  Other arguments as in messageKey().
 *
 * @param {Uint8Array} plaintext at most 65536 bytes
 */
export async function seal(suite, privateKey, otherJwk, parties, plaintext) {
	const key = await messageKey(suite, privateKey, otherJwk, parties);
	return sealWith(suite, key, parties, random(IV_SIZE), plaintext);
}

/** Opens {iv, ciphertext, authTag}; null as in openWith(). */
export async function open(suite, privateKey, otherJwk, parties, envelope) {
	const key = await messageKey(suite, privateKey, otherJwk, parties);
	return openWith(suite, key, parties, envelope);
}

/**
 * The id that both ends give to a message (docs/protocol.md, "Message ids").
 *
 * @param {Uint8Array} mailboxId 16 bytes
 * @param {Uint8Array} senderId 16 bytes
 * @param {Uint8Array} iv 12 bytes
 * @returns {Promise<Uint8Array>} 16 bytes, a UUID of version 8
 */
export async function messageId(mailboxId, senderId, iv) {
	const id = (await sha256(concat(mailboxId, senderId, iv))).slice(0, 16);
	id[6] = id[6] & 0x0f | 0x80;
	id[8] = id[8] & 0x3f | 0x80;
	return id;
}
