// The recovery code (docs/protocol.md, "Recovery code"): 16 random bytes and
// a check, in Crockford's base32.  It says where a backup lies (the locator)
// and opens it (the opener).
import { concat, label, random, serviceHash, sha256, usernameBytes } from './bytes.js';
import { Malformed, need, subtle } from './errors.js';
import { hkdf } from './suite.js';

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const SECRET_SIZE = 16; // bytes
const CODE_LETTERS = 28;
const LETTER_BITS = 5;
const CHECK_BITS = 12;
const SECRET_BITS = 8 * SECRET_SIZE;

// The first 12 bits of a hash of the secret.
async function checkOf(secret) {
	const [first, second] = await sha256(concat(label('e2emsg recovery code v1'), secret));
	return first << 4 | second >> 4;
}

// Bits of a number, the most significant first.
const bitsOf = (value, count) => Array.from({ length: count }, (_, i) => value >> (count - 1 - i) & 1);

const numberOf = (bits) => bits.reduce((sum, bit) => sum << 1 | bit, 0);

function groupsOf(values, size) {
	return Array.from({ length: Math.ceil(values.length / size) }, (_, i) => values.slice(i * size, (i + 1) * size));
}

/**
 * Writes a code as it is shown: seven groups of four, with hyphens.
 *
 * @param {Uint8Array} secret 16 bytes
 * @returns {Promise<string>}
 */
export async function writeCode(secret) {
	need(secret.length === SECRET_SIZE, 'the secret has the wrong size');
	const bits = [...[...secret].flatMap((byte) => bitsOf(byte, 8)), ...bitsOf(await checkOf(secret), CHECK_BITS)];
	const letters = groupsOf(bits, LETTER_BITS).map((five) => ALPHABET[numberOf(five)]);
	return groupsOf(letters, 4).map((group) => group.join('')).join('-');
}

/**
 * A new code.
 *
 * @returns {Promise<{code: string, secret: Uint8Array}>}
 */
export async function makeCode() {
	const secret = random(SECRET_SIZE);
	return { code: await writeCode(secret), secret };
}

/**
 * Reads what somebody typed: in either case, with or without spaces and
 * hyphens, O for 0, I and L for 1.  Throws Malformed.
 *
 * @param {string} typed
 * @returns {Promise<Uint8Array>} 16 bytes
 */
export async function readCode(typed) {
	need(typeof typed === 'string', 'a recovery code is a text');
	const text = typed.replace(/[ -]/g, '');
	if (!/^[0-9A-TV-Za-tv-z]*$/.test(text))
		throw new Malformed('a recovery code has only digits and letters, and no U');
	need(text.length === CODE_LETTERS, 'a recovery code has 28 digits and letters');
	const plain = text.toUpperCase().replaceAll('O', '0').replace(/[IL]/g, '1');
	const bits = [...plain].flatMap((letter) => bitsOf(ALPHABET.indexOf(letter), LETTER_BITS));
	const secret = Uint8Array.from(groupsOf(bits.slice(0, SECRET_BITS), 8), numberOf);
	need(numberOf(bits.slice(SECRET_BITS)) === await checkOf(secret), 'the recovery code has a typing error');
	return secret;
}

const derive = async (secret, name, service, username) =>
	hkdf(secret, new Uint8Array(0), concat(label(name), await serviceHash(service), usernameBytes(username)), 32);

/**
 * Where the backup lies: the server is asked for it with this.
 *
 * @param {Uint8Array} secret 16 bytes
 * @param {string} service
 * @param {string} username
 * @returns {Promise<Uint8Array>} 32 bytes
 */
export const locator = (secret, service, username) => derive(secret, 'e2emsg backup locator v1', service, username);

/**
 * What opens the backup key (backup.js).  It never leaves the browser.
 *
 * @returns {Promise<CryptoKey>} AES-256-GCM, not extractable
 */
export async function opener(secret, service, username) {
	const bits = await derive(secret, 'e2emsg backup opener v1', service, username);
	const key = await subtle().importKey('raw', bits, 'AES-GCM', false, ['wrapKey', 'unwrapKey']);
	bits.fill(0);
	return key;
}
