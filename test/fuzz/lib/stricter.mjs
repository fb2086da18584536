// Where this project refuses what jose takes, and why.  A disagreement that no
// rule here tells fails the test; so does a rule that tells none.
import { createPublicKey } from 'node:crypto';

import { scan } from './scan.mjs';
import { NOW } from './cases.mjs';
import { HS256_KID } from './keys.mjs';

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value) => typeof value === 'string';
const sizeOf = (text) => Buffer.byteLength(text);

// ---- any JSON

const json = [
	['a member stands there twice: parsers differ on which one counts (RFC 8259, section 4)', (found) => found.twice],
	['nested deeper than 32: a thread\'s stack is small', (found) => found.depth > 32],
	['an escape of NUL or of half a surrogate pair: no text in C or PostgreSQL', (found) => found.escape],
	['a number past 64 bits or a double: it would count as another one', (found) => found.huge],
	['not UTF-8, or a byte order mark before it (RFC 8259, section 8.1)', (found) => found.bytes],
];
const inJson = (...texts) => json.map(([why, fits]) => [why, () => texts.some((text) => text && fits(text))]);

// ---- tokens

const parts = (token) => token.toString('latin1').split('.');
const isExact = (part) => Buffer.from(part, 'base64url').toString('base64url') === part;
const decoded = (part) => scan(Buffer.from(part ?? '', 'base64url'));

const wholeDate = /"(?:exp|nbf|iat)"\s*:\s*-?\d+[.eE]/;

function inToken(token, { length, members, typ, kid }) {
	const [head, payload] = parts(token);
	const header = decoded(head);
	const { value = {} } = header ?? {};
	return [
		['base64url in another form: padding, white space, spare bits (RFC 7515, section 2)', () => !parts(token).every(isExact)],
		[`longer than ${length} characters`, () => token.length > length],
		['the header holds more than what is understood, and all as strings',
			() => Object.entries(value).some(([name, one]) => !members.includes(name) || !isText(one))],
		['typ is another one (RFC 8725, section 3.11)', () => isText(value.typ) && !typ(value.typ)],
		['kid is not that of the key', () => isText(value.kid) && !kid(value.kid)],
		...inJson(header, decoded(payload)),
	];
}

function inClaims(token, { leeway, subject, audience }) {
	const { value, text } = decoded(parts(token)[1]) ?? { value: {}, text: '' };
	const { iat, aud } = isObject(value) ? value : {};
	return [
		['a date is not written as an integer', () => wholeDate.test(text)],
		['iat lies in the future, or is no number', () => iat !== undefined && !(iat <= NOW + leeway)],
		['nobody\'s name, or a longer one than names can be', () => !isText(value[subject]) || !value[subject] || sizeOf(value[subject]) > 63],
		['aud holds something else than strings', () => audience && Array.isArray(aud) && !aud.every(isText)],
	];
}

const providerTypes = /^(application\/)?(at\+)?jwt$/i;
const ours = ['alg', 'typ', 'kid'];
const theirs = [...ours, 'x5t', 'x5t#S256'];

// ---- keys

const secrets = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];
const isSecret = (key) => secrets.some((name) => Object.hasOwn(key, name)) || key.kty === 'oct';
const isCoordinate = (text) => isText(text) && text.length === 43 && isExact(text);

// RFC 7517, section 4.3
export const operations = ['sign', 'verify', 'encrypt', 'decrypt', 'wrapKey', 'unwrapKey', 'deriveKey', 'deriveBits'];

function inKey(text, { use, algs, uses }) {
	const found = scan(text);
	const key = found?.value ?? {};
	return [
		['it is private or symmetric: nobody may send such a key here', () => isSecret(key)],
		['it says that it is for something else (RFC 7517, sections 4.2 to 4.4)', () => (key.use !== undefined && key.use !== use) ||
			(key.alg !== undefined && !algs.includes(key.alg))],
		['key_ops names another operation, one twice, or no texts', () => key.key_ops !== undefined && (!Array.isArray(key.key_ops) ||
			new Set(key.key_ops).size < key.key_ops.length || !key.key_ops.every((one) => isText(one) && (uses.includes(one) || !operations.includes(one))))],
		['a coordinate in another form than 32 bytes in base64url', () => !isCoordinate(key.x) || !isCoordinate(key.y)],
		...inJson(found),
	];
}
const kidOf = (key) => (isObject(key) ? key.kid : undefined);

function isBroken(key) {
	if (!isObject(key) || !isText(key.kty) || isSecret(key)) return true;
	if (['kid', 'use', 'alg', 'crv'].some((name) => key[name] !== undefined && !isText(key[name]))) return true;
	if (key.key_ops !== undefined && !(Array.isArray(key.key_ops) && key.key_ops.every(isText))) return true;
	if (key.kid === '' || sizeOf(key.kid ?? '') > 256) return true;
	return isOfUse(key) && !(key.kty === 'EC' ? isPoint(key) : isRsa(key));
}

const isOfUse = ({ kty, crv, use = 'sig', alg, key_ops: named = ['verify'] }) => use === 'sig' && String(named) === 'verify' &&
	((kty === 'EC' && crv === 'P-256' && (alg ?? 'ES256') === 'ES256') || (kty === 'RSA' && (alg ?? 'RS256') === 'RS256'));
function isPoint(key) {
	try {
		createPublicKey({ key, format: 'jwk' });
		return isCoordinate(key.x) && isCoordinate(key.y);
	} catch {
		return false;
	}
}

// A number without zeros before it, or -1n.
function numberOf(text) {
	if (!isText(text) || text === '' || !isExact(text)) return -1n;
	const hex = Buffer.from(text, 'base64url').toString('hex');
	return hex.startsWith('00') ? -1n : BigInt(`0x${hex}`);
}

function isRsa({ n, e }) {
	const [modulus, exponent] = [numberOf(n), numberOf(e)];
	return modulus % 2n === 1n && modulus >> 2047n > 0n && modulus >> 8192n === 0n && exponent % 2n === 1n && exponent >= 65537n &&
		exponent >> 32n === 0n;
}

function inSet(text, token) {
	const found = scan(text);
	const keys = Array.isArray(found?.value?.keys) ? found.value.keys : [];
	const kids = keys.map(kidOf).filter((kid) => kid !== undefined);
	return [
		['a key of the set breaks its rules: private, off the curve, weak, of a wrong form', () => keys.some(isBroken)],
		['two keys of the set have one kid', () => new Set(kids).size < kids.length],
		['a set of more than 32 keys', () => keys.length > 32],
		...inJson(found),
		...inToken(token, { length: 8192, members: theirs, typ: (typ) => providerTypes.test(typ), kid: () => true }),
	];
}

// ---- by what was asked

const rules = {
	token: ([token]) => [...inToken(token, { length: 2048, members: ours, typ: (typ) => /^jwt$/i.test(typ), kid: (kid) => kid === HS256_KID }),
		...inClaims(token, { leeway: 0, subject: 'sub' })],
	assertion: ([token]) => inToken(token, { length: 2048, members: ours, typ: () => true, kid: () => false }),
	provider: ([token]) => [...inToken(token, { length: 8192, members: theirs, typ: (typ) => providerTypes.test(typ), kid: () => true }),
		...inClaims(token, { leeway: 60, subject: 'preferred_username', audience: true })],
	set: ([set, token]) => inSet(set, token),
	identity: ([text]) => inKey(text, { use: 'sig', algs: ['ES256'], uses: ['verify'] }),
	encryption: ([text]) => inKey(text, { use: 'enc', algs: ['ECDH-ES', 'ECDH-ES+A128KW', 'ECDH-ES+A192KW', 'ECDH-ES+A256KW'],
		uses: ['deriveKey', 'deriveBits'] }),
};

// Why a case is refused that jose takes: the rules that tell it.
export function reasons({ word, arguments: bytes }) {
	return rules[word](bytes).filter(([, fits]) => fits()).map(([why]) => why);
}

// All there are for such a case.
export function reasonsOf({ word, arguments: bytes }) {
	return rules[word](bytes).map(([why]) => why);
}
