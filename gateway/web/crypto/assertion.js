// How a user signs in: a compact JWS (RFC 7515 section 7.1) by the identity
// key (docs/protocol.md, "Sessions").
import { toBase64url, utf8 } from './bytes.js';
import { sign } from './statement.js';

const HEADER = '{"alg":"ES256","typ":"e2emsg-session+jwt"}';

/** The text that is signed. */
export function signingInput(username, service, nonce) {
	const payload = JSON.stringify({ sub: username, aud: service, nonce });
	return `${toBase64url(utf8(HEADER))}.${toBase64url(utf8(payload))}`;
}

/**
 * @param {CryptoKey} privateKey the identity key
 * @param {string} username
 * @param {string} service the pinned service name, never the one just heard
 * @param {string} nonce
 * @returns {Promise<string>}
 */
export async function assertion(privateKey, username, service, nonce) {
	const input = signingInput(username, service, nonce);
	return `${input}.${toBase64url(await sign(privateKey, utf8(input)))}`;
}
