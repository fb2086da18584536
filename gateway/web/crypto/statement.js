// What identity keys sign (docs/protocol.md, "Statements that identity keys
// sign"), and their signatures: ES256 (RFC 7518 section 3.4), 64 bytes r, s.
import { concat, label, serviceHash, u32, usernameBytes } from './bytes.js';
import { subtle } from './errors.js';
import { importPublic, NO_KEY } from './key.js';

const ES256 = { name: 'ECDSA', hash: 'SHA-256' };

/**
 * "This encryption key is my version N at this service".
 *
 * @param {string} service
 * @param {string} username
 * @param {number} version
 * @param {Uint8Array} thumbprint 32 bytes
 * @param {Uint8Array|null} previous thumbprint of the version before, 32
 *	bytes; null before the first
 * @returns {Promise<Uint8Array>} 164 bytes
 */
export async function endorsement(service, username, version, thumbprint, previous) {
	return concat(label('\0e2emsg key endorsement v1'), await serviceHash(service), usernameBytes(username),
		u32(version), thumbprint, previous ?? NO_KEY);
}

/**
 * "This is my next identity key", for the old one to sign.
 *
 * @param {string} service
 * @param {string} username
 * @param {Uint8Array} newThumbprint 32 bytes
 * @param {Uint8Array} oldThumbprint 32 bytes
 * @returns {Promise<Uint8Array>} 160 bytes
 */
export async function identityChange(service, username, newThumbprint, oldThumbprint) {
	return concat(label('\0e2emsg identity change v1'), await serviceHash(service), usernameBytes(username),
		newThumbprint, oldThumbprint);
}

/**
 * @param {CryptoKey} privateKey an identity key
 * @param {Uint8Array} message
 * @returns {Promise<Uint8Array>} 64 bytes
 */
export const sign = async (privateKey, message) =>
	new Uint8Array(await subtle().sign(ES256, privateKey, message));

/**
 * @param {object} jwk an identity key that key.read() gave
 * @param {Uint8Array} message
 * @param {Uint8Array} signature 64 bytes
 * @returns {Promise<boolean>}
 */
export async function verify(jwk, message, signature) {
	return signature.length === 64 &&
		subtle().verify(ES256, await importPublic(jwk, 'identity'), signature, message);
}
