// P-256 keys as JSON Web Keys (RFC 7517, RFC 7518 section 6.2), with the
// same verdicts as src/jwk.c.  There are two purposes, and a key has one:
// 'identity' keys sign (ES256), 'encryption' keys agree (ECDH).
import { need, subtle } from './errors.js';
import { fixed, isZero, sha256, toHex, utf8 } from './bytes.js';

const PURPOSES = {
	identity: {
		algorithm: { name: 'ECDSA', namedCurve: 'P-256' },
		privateUsages: ['sign'],
		publicUsages: ['verify'],
		use: ['sig'],
		alg: ['ES256'],
		operations: ['verify'],
	},
	encryption: {
		algorithm: { name: 'ECDH', namedCurve: 'P-256' },
		privateUsages: ['deriveBits'],
		publicUsages: [],
		use: ['enc'],
		alg: ['ECDH-ES', 'ECDH-ES+A128KW', 'ECDH-ES+A192KW', 'ECDH-ES+A256KW'],
		operations: ['deriveKey', 'deriveBits'],
	},
};

// Members that only private and symmetric keys have.
const SECRETS = ['d', 'k', 'p', 'q', 'dp', 'dq', 'qi', 'oth'];

// RFC 7517 section 4.3; other names are ignored.
const OPERATIONS = ['sign', 'verify', 'encrypt', 'decrypt', 'wrapKey', 'unwrapKey', 'deriveKey', 'deriveBits'];

// The curve: y^2 = x^3 - 3x + b (FIPS 186-5, SEC 2 section 2.4.2).
const P = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;
const B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;

// Public numbers: that the time depends on them says nothing.
function onCurve(x, y) {
	const [left, right] = [x, y].map((bytes) => BigInt(`0x${toHex(bytes)}`));
	return left < P && right < P && (right * right - (left * left * left - 3n * left + B)) % P === 0n;
}

function checkOperations(operations, allowed) {
	if (operations === undefined) return;
	need(Array.isArray(operations) && operations.every((name) => typeof name === 'string'),
		'key_ops must be an array of strings');
	const known = operations.filter((name) => OPERATIONS.includes(name));
	need(new Set(known).size === known.length, 'key_ops names an operation twice');
	need(known.every((name) => allowed.includes(name)), 'key_ops does not fit the purpose of the key');
}

/**
 * Checks a public JWK that somebody else wrote: its members, and that the
 * point is on the curve.  Throws Malformed.
 *
 * @param {object} jwk
 * @param {'identity'|'encryption'} purpose
 * @returns {{kty: string, crv: string, x: string, y: string}}
 */
export function read(jwk, purpose) {
	need(typeof jwk === 'object' && jwk !== null && !Array.isArray(jwk), 'the key is not a JSON object');
	const own = new Map(Object.entries(jwk));
	const { use, alg, operations } = PURPOSES[purpose];
	const optional = (name, values) => !own.has(name) || values.includes(own.get(name));
	need(!SECRETS.some((name) => own.has(name)),
		'the key holds a private or secret member: send only the public part');
	need(own.get('kty') === 'EC', 'kty must be "EC"');
	need(own.get('crv') === 'P-256', 'crv must be "P-256"');
	need(optional('use', use) && optional('alg', alg), 'use or alg does not fit the purpose of the key');
	checkOperations(own.get('key_ops'), operations);
	const [x, y] = [own.get('x'), own.get('y')];
	need(onCurve(fixed(x, 32), fixed(y, 32)), 'x and y are not a point of the curve P-256');
	return { kty: 'EC', crv: 'P-256', x, y };
}

/** What a thumbprint is the hash of (RFC 7638 section 3). */
export const canonical = ({ crv, kty, x, y }) => JSON.stringify({ crv, kty, x, y });

/**
 * RFC 7638, of a key that read() gave.
 *
 * @returns {Promise<Uint8Array>} 32 bytes
 */
export const thumbprint = (jwk) => sha256(utf8(canonical(jwk)));

/** Have two keys the same point, or its mirror image? */
export const samePoint = (a, b) => a.x === b.x;

/**
 * A public key for WebCrypto, of one that read() gave.
 *
 * @returns {Promise<CryptoKey>}
 */
export function importPublic({ kty, crv, x, y }, purpose) {
	const { algorithm, publicUsages } = PURPOSES[purpose];
	return subtle().importKey('jwk', { kty, crv, x, y }, algorithm, true, publicUsages);
}

/**
 * A new key pair.  The private key can be exported, so that a backup can be
 * made of it (backup.js): keep only what seclude() or sealPrivate() makes of
 * it.
 *
 * @returns {Promise<{jwk: object, privateKey: CryptoKey}>}
 */
export async function generate(purpose) {
	const { algorithm, privateUsages, publicUsages } = PURPOSES[purpose];
	const pair = await subtle().generateKey(algorithm, true, [...privateUsages, ...publicUsages]);
	const { kty, crv, x, y } = await subtle().exportKey('jwk', pair.publicKey);
	return { jwk: { kty, crv, x, y }, privateKey: pair.privateKey };
}

/** What a private key of the purpose is to importKey() and unwrapKey(). */
export function privateKeyForm(purpose) {
	const { algorithm, privateUsages } = PURPOSES[purpose];
	return { algorithm, usages: privateUsages };
}

/**
 * The same private key, which nobody can export any more.
 *
 * @param {'identity'|'encryption'} purpose
 * @param {CryptoKey} privateKey that can be exported
 * @returns {Promise<CryptoKey>}
 */
export async function seclude(purpose, privateKey) {
	const { algorithm, usages } = privateKeyForm(purpose);
	const pkcs8 = new Uint8Array(await subtle().exportKey('pkcs8', privateKey));
	const secluded = await subtle().importKey('pkcs8', pkcs8, algorithm, false, usages);
	pkcs8.fill(0);
	return secluded;
}

/**
 * The public half of a private key that can be exported.
 *
 * @param {CryptoKey} privateKey
 * @returns {Promise<object>}
 */
export async function publicHalf(privateKey) {
	const { kty, crv, x, y } = await subtle().exportKey('jwk', privateKey);
	return { kty, crv, x, y };
}

/** What stands for a key that is not there: 32 zeros. */
export const NO_KEY = new Uint8Array(32);

/** Is there such a key? */
export const isKey = (print) => !isZero(print);
