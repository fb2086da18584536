// Public vectors: base64url, JWKs, Wycheproof.
import * as bytes from '../../../gateway/web/crypto/bytes.js';
import * as key from '../../../gateway/web/crypto/key.js';
import { verify } from '../../../gateway/web/crypto/statement.js';
import * as suite from '../../../gateway/web/crypto/suite.js';
import { attempt, ECDH, isRefused, privateKey } from './tools.mjs';

async function checkBase64url(ok, file) {
	for (const { id, input, valid, hex } of file.tests) {
		const decoded = await attempt(() => bytes.fromBase64url(input));
		ok(valid ? decoded !== null && bytes.toHex(decoded) === hex && bytes.toBase64url(decoded) === input : decoded === null,
			`base64url ${id}`);
		const standard = input.replaceAll('-', '+').replaceAll('_', '/').padEnd(Math.ceil(input.length / 4) * 4, '=');
		if (valid) ok(bytes.toHex(bytes.fromBase64(standard)) === hex && bytes.toBase64(decoded) === standard, `base64 ${id}`);
	}
	for (const text of ['=', '====', 'AA', 'AAA', 'AA=', 'AAA==', 'AB==', 'AAB=', 'A===', 'AAAA====', 'A-==', ' AAA', 'AAAA\n'])
		ok(await isRefused(() => bytes.fromBase64(text)), `no base64: ${JSON.stringify(text)}`);
}

// What JSON.parse() takes is not a matter of the key: the last of two members
// of one name, and anything in a member that means nothing.
const isOfTheText = ({ why }) => /duplicate member|nesting|huge number|lone surrogate \(|NUL escape \(/.test(why);

function parse(text) {
	try {
		return JSON.parse(text);
	} catch {
		return null;
	}
}

async function checkJwks(ok, file) {
	for (const vector of file.tests) {
		if (isOfTheText(vector)) continue;
		const jwk = await attempt(() => key.read(parse(vector.jwk_text), 'encryption'));
		ok(vector.valid ? jwk !== null && bytes.toBase64url(await key.thumbprint(jwk)) === vector.thumbprint : jwk === null,
			`jwk ${vector.id}: ${vector.why}`);
	}
}

const casesOf = (file) => file.testGroups.flatMap(({ tests, ...group }) => tests.map((one) => ({ ...one, group })));

async function checkEcdh(ok, file) {
	for (const { tcId, comment, public: theirs, private: mine, shared, result } of casesOf(file)) {
		const secret = await attempt(async () =>
			suite.agree(await privateKey(mine, ECDH, 'deriveBits'), key.read(theirs, 'encryption')));
		ok(result === 'valid' ? secret !== null && bytes.toHex(secret) === shared : secret === null, `ecdh ${tcId}: ${comment}`);
	}
}

// AES-GCM under the suite without AAD, or by WebCrypto's own name of it.
async function openGcm({ key: raw, iv, aad, ct, tag }) {
	const aes = await crypto.subtle.importKey('raw', bytes.fromHex(raw), 'AES-GCM', false, ['encrypt', 'decrypt']);
	if (aad === '')
		return suite.openWith(0, aes, null, { iv: bytes.fromHex(iv), ciphertext: bytes.fromHex(ct), authTag: bytes.fromHex(tag) });
	const how = { name: 'AES-GCM', iv: bytes.fromHex(iv), additionalData: bytes.fromHex(aad) };
	try {
		return new Uint8Array(await crypto.subtle.decrypt(how, aes, bytes.fromHex(ct + tag)));
	} catch {
		return null;
	}
}

async function checkGcm(ok, file) {
	for (const vector of casesOf(file)) {
		const { group, tcId, comment, msg, result } = vector;
		if (group.ivSize !== 96 || group.tagSize !== 128 || group.keySize !== 256) continue;
		const opened = await openGcm(vector);
		ok(result === 'valid' ? opened !== null && bytes.toHex(opened) === msg : opened === null, `aes-gcm ${tcId}: ${comment}`);
	}
}

async function checkHkdf(ok, file) {
	for (const { tcId, comment, ikm, salt, info, size, okm, result } of casesOf(file)) {
		if (result !== 'valid') continue; // sizes that no caller asks for
		const derived = await suite.hkdf(bytes.fromHex(ikm), bytes.fromHex(salt), bytes.fromHex(info), size);
		ok(bytes.toHex(derived) === okm, `hkdf ${tcId}: ${comment}`);
	}
}

// Some groups have the point alone: 04, x, y.
function jwkOf({ publicKey: { uncompressed } }) {
	const point = bytes.fromHex(uncompressed);
	const [x, y] = [point.slice(1, 33), point.slice(33)].map(bytes.toBase64url);
	return { kty: 'EC', crv: 'P-256', x, y };
}

async function checkEcdsa(ok, file) {
	for (const { group, tcId, comment, msg, sig, result } of casesOf(file)) {
		const jwk = key.read(jwkOf(group), 'identity');
		ok(await verify(jwk, bytes.fromHex(msg), bytes.fromHex(sig)) === (result === 'valid'), `ecdsa ${tcId}: ${comment}`);
	}
}

export async function checkPublic(ok, load) {
	await checkBase64url(ok, await load('base64url/base64url_strict.json'));
	await checkJwks(ok, await load('jose/jwk_p256_public.json'));
	await checkEcdh(ok, await load('wycheproof/ecdh_secp256r1_webcrypto_test.json'));
	await checkGcm(ok, await load('wycheproof/aes_gcm_test.json'));
	await checkHkdf(ok, await load('wycheproof/hkdf_sha256_test.json'));
	await checkEcdsa(ok, await load('wycheproof/ecdsa_secp256r1_sha256_p1363_test.json'));
}
