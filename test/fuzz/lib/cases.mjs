// Cases for the differential test: { word, arguments } as verdict.c takes them,
// most of them nearly right.
import { readFileSync } from 'node:fs';

import { HS256_KID, confused, ecPrivate, ecPublic, rsaPublic, signature } from './keys.mjs';
import { bend } from './random.mjs';

export const NOW = 1700000100;
export const providerSet = { keys: [{ ...ecPublic, kid: 'ec', use: 'sig' }, { ...rsaPublic, kid: 'rsa', alg: 'RS256' }] };

const vectors = (name) => JSON.parse(readFileSync(new URL(`../../vectors/jose/${name}`, import.meta.url))).tests;
const attacks = vectors('jwt_attacks.json').map(({ token }) => Buffer.from(token));
const keyTexts = vectors('jwk_p256_public.json').map(({ jwk_text: text }) => Buffer.from(text));

// ---- JSON

const odd = [undefined, null, true, 0, '', 'x', [], {}, ['x'], 1e99, -1, 0.5];

const dates = [NOW, NOW + 1, NOW - 1, NOW + 60, NOW + 61, NOW - 60, NOW - 61, NOW + 0.5, 2 ** 53, 0, -1, 1e20, String(NOW + 3600), null, undefined, true];

// The text of an object in one of many styles, seldom a broken one.
function write(random, object) {
	let text = JSON.stringify(object, null, random.mostly(0, [1, '\t']));
	if (random.once(12)) text = text.replace(/\d{10}/, (digits) => random.of([`${digits}.0`, `${digits}e0`, `-${digits}`, `0${digits}`, `${digits}000000000`]));
	if (random.once(16)) text = text.replace(/"(\w)/, (_, c) => `"\\u00${c.charCodeAt(0).toString(16)}`);
	if (random.once(16)) text = text.replace('{', `{${JSON.stringify(random.of(Object.keys(object)) ?? 'a')}:${JSON.stringify(random.of(odd) ?? 1)},`);
	if (random.once(40)) text = text.replace('{', `{"deep":${'['.repeat(40)}${']'.repeat(40)},`);
	let bytes = Buffer.from(text);
	if (random.once(8)) bytes = bend(random, bytes);
	return bytes;
}

// ---- tokens

const extraHeaders = [{ crit: ['exp'] }, { crit: [] }, { b64: true }, { jwk: ecPublic }, { jku: 'https://a.example' }, { x5c: ['AA'] }, { x5t: 'AA' },
	{ 'x5t#S256': 'AA' }, { cty: 'JWT' }, { zip: 'DEF' }, { x: 1 }];

function header(random, { alg, typ, typs, kid }) {
	return { alg: random.mostly(alg, ['none', 'HS256', 'ES256', 'RS256', 'HS384', alg.toLowerCase(), [alg], ...odd]),
		typ: random.mostly(typ, typs), kid: random.mostly(random.of([kid, undefined]), ['other', 'ec', 'rsa', ...odd]),
		...(random.once(12) ? random.of(extraHeaders) : {}) };
}

function claims(random, { iss, aud, name }) {
	return { iss: random.mostly(iss, [[iss], `${iss} `, iss.toUpperCase(), ...odd]),
		aud: random.mostly(random.of([aud, [aud], ['x', aud], [aud, aud]]), [[aud, 1], [[aud]], { [aud]: 1 }, `${aud}x`, ...odd]),
		[name]: random.mostly('alice', ['a'.repeat(63), 'a'.repeat(64), '\u00e9'.repeat(32), '\ud83d\ude00', ...odd]),
		exp: random.mostly(NOW + 3600, dates), ...(random.once(40) ? { much: 'x'.repeat(random.of([1500, 6200])) } : {}),
		...(random.once(2) ? { nbf: random.mostly(NOW - 1, dates) } : {}), ...(random.once(2) ? { iat: random.mostly(NOW - 1, dates) } : {}) };
}

const base64url = (bytes) => Buffer.from(bytes).toString('base64url');

// What no JSON explains: a change of the text, of the signature's form.
function bendToken(random, token) {
	const [head, body, mark] = token.split('.');
	return random.of([() => bend(random, Buffer.from(token)), () => `${token}=`, () => `${token}.`, () => `${head}.${body}.`, () => `${head}..${mark}`,
		() => `${head}=.${body}.${mark}`, () => `${body}.${head}.${mark}`, () => ` ${token}`, () => `${token}\n`, () => `${head}.${body}`,
		() => `${head}.${body}.${base64url(confused(`${head}.${body}`))}`,
		() => `${head}.${body}.${mark.replaceAll('-', '+').replaceAll('_', '/')}`,
		() => `${head}.${body}.${base64url(Buffer.alloc(64))}`,
		() => `${head}.${body}.${base64url(Buffer.concat([Buffer.from(mark, 'base64url'), Buffer.alloc(1)]))}`])();
}

function token(random, alg, head, body) {
	const text = `${base64url(write(random, head))}.${base64url(write(random, body))}`;
	const whole = `${text}.${base64url(signature(alg, text))}`;
	return Buffer.from(random.once(5) ? bendToken(random, whole) : whole);
}

const sessionToken = (random) => token(random, 'HS256',
	header(random, { alg: 'HS256', typ: 'JWT', typs: [undefined, 'jwt', 'application/jwt', 'at+jwt', 1], kid: HS256_KID }),
	claims(random, { iss: 'e2emsg', aud: 'e2emsg-api', name: 'sub' }));

const assertion = (random) => token(random, 'ES256',
	header(random, { alg: 'ES256', typ: 'e2emsg-session+jwt', typs: [undefined, 'JWT', 'E2EMSG-SESSION+JWT', 'application/e2emsg-session+jwt'] }),
	{ username: 'alice', aud: 'msg.test', nonce: 'AA', exp: NOW + 60 });

function providerToken(random) {
	const alg = random.of(['ES256', 'ES256', 'ES256', 'RS256']);
	return token(random, alg,
		header(random, { alg, typ: 'JWT', typs: [undefined, 'at+jwt', 'application/at+JWT', 'JOSE', 1], kid: alg === 'ES256' ? 'ec' : 'rsa' }),
		claims(random, { iss: 'https://idp.example', aud: 'e2emsg', name: 'preferred_username' }));
}

// ---- keys

const coordinates = [ecPublic.y, `${ecPublic.x}=`, `AA${ecPublic.x}`, ecPublic.x.slice(0, -1), `${ecPublic.x.slice(0, -1)}V`, 'A'.repeat(43), '_'.repeat(42) + '8'];

function ecKey(random, more) {
	return { kty: random.mostly('EC', ['RSA', 'ec', 'OKP', ...odd]), crv: random.mostly('P-256', ['P-384', 'secp256k1', 'p-256', ...odd]),
		x: random.mostly(ecPublic.x, [...coordinates, ...odd]), y: random.mostly(ecPublic.y, [...coordinates, ...odd]), ...more,
		...(random.once(12) ? random.of([{ d: ecPrivate.d }, { k: 'AA' }, { p: 'AA' }, { ext: true }, { ext: false }, { x5c: [] }, { other: {} }]) : {}) };
}

const marks = (random, use, alg, operation) => ({
	...(random.once(4) ? { use: random.mostly(use, ['sig', 'enc', ...odd]) } : {}),
	...(random.once(4) ? { alg: random.mostly(alg, ['ES256', 'ECDH-ES', 'RS256', 'PS256', ...odd]) } : {}),
	...(random.once(4) ? { key_ops: random.mostly([operation], [[], ['sign'], ['deriveBits'], ['verify', 'x'], ['verify', 'verify'], [1], ...odd]) } : {}) });

function publicKey(random, use, alg, operation) {
	if (random.once(3)) return random.once(2) ? random.of(keyTexts) : bend(random, random.of(keyTexts));
	return write(random, ecKey(random, marks(random, use, alg, operation)));
}

function rsaKey(random) {
	const { n, e } = rsaPublic;
	return { kty: 'RSA', n: random.mostly(n, [n.slice(0, 40), `AA${n}`, `${n}=`, n.slice(0, -2), ...odd]),
		e: random.mostly(e, ['Aw', 'AQAA', 'AAEAAQ', 'AQ', '', 'AQAAAAE', ...odd]), ...marks(random, 'sig', 'RS256', 'verify'),
		...(random.once(20) ? { d: 'AA' } : {}) };
}

// A JWK Set, and a token that one of its keys signed.
function setAndToken(random) {
	const alg = random.of(['ES256', 'ES256', 'RS256']);
	const kid = random.of([undefined, 'a', 'b']);
	const named = (key, name) => ({ ...key, kid: random.mostly(name, ['a', 'a', 'b', 'b', ...odd]) });
	const keys = [named(alg === 'ES256' ? ecKey(random, marks(random, 'sig', 'ES256', 'verify')) : rsaKey(random), kid)];
	if (random.once(2)) keys.push(named(random.of([{ kty: 'oct', k: 'AA' }, { kty: 'OKP', crv: 'Ed25519', x: 'AA' }, { ...ecPublic }, rsaPublic, ...odd]), random.mostly('c', ['a', 'b'])));
	if (random.once(20)) keys.push(...Array(random.of([30, 31, 32])).fill({ kty: 'OKP', crv: 'Ed25519', x: 'AA' }));
	const set = random.mostly({ keys }, [{ keys: keys[0] }, { keys: [] }, keys, ...odd.filter((one) => one && typeof one === 'object')]);
	return [write(random, set), token(random, alg, { alg, kid: random.mostly(kid, ['a', 'b']) }, { sub: 'alice' })];
}

const makers = {
	token: (random) => [random.once(4) ? random.of(attacks) : sessionToken(random)],
	assertion: (random) => [assertion(random)],
	provider: (random) => [providerToken(random)],
	set: setAndToken,
	identity: (random) => [publicKey(random, 'sig', 'ES256', 'verify')],
	encryption: (random) => [publicKey(random, 'enc', 'ECDH-ES', 'deriveBits')],
};

export const words = Object.keys(makers);

export function makeCase(random, word) {
	return { word, arguments: makers[word](random).map((bytes) => Buffer.from(bytes)) };
}
