// A second implementation of docs/protocol.md, in WebCrypto (Node 18 or
// later), that checks every vector of protocol.json and prints TAP.  It
// shares no code with the C client and is written from the document.
//
//	node test/vectors/protocol.mjs
import { readFileSync } from 'node:fs';
import { webcrypto } from 'node:crypto';

const { subtle } = webcrypto;
const vectors = JSON.parse(readFileSync(new URL('protocol.json', import.meta.url), 'utf8'));

// ---- bytes

const utf8 = (text) => new TextEncoder().encode(text);
const toHex = (bytes) => Buffer.from(bytes).toString('hex');
const fromHex = (text) => new Uint8Array(Buffer.from(text, 'hex'));
const toBase64url = (bytes) => Buffer.from(bytes).toString('base64url');

// Strict: only a text that encoding its bytes gives back is base64url.
function fromBase64url(text) {
	const bytes = new Uint8Array(Buffer.from(text, 'base64url'));
	if (toBase64url(bytes) !== text) throw new Error('not base64url');
	return bytes;
}

function concat(...parts) {
	const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
	let at = 0;
	for (const part of parts) {
		out.set(part, at);
		at += part.length;
	}
	return out;
}

function padTo(bytes, size) {
	const out = new Uint8Array(size);
	out.set(bytes);
	return out;
}

function u32(value) {
	const out = new Uint8Array(4);
	new DataView(out.buffer).setUint32(0, value);
	return out;
}

const same = (a, b) => a.length === b.length && a.every((byte, i) => byte === b[i]);
const digest = async (name, bytes) => new Uint8Array(await subtle.digest(name, bytes));
const sha256 = (bytes) => digest('SHA-256', bytes);
const uuidBytes = (text) => fromHex(text.replaceAll('-', ''));

function uuidText(bytes) {
	return toHex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

// ---- keys

const publicPart = ({ kty, crv, x, y }) => ({ kty, crv, x, y });
const canonical = ({ crv, kty, x, y }) => JSON.stringify({ crv, kty, x, y });
const thumbprint = (jwk) => sha256(utf8(canonical(jwk)));

async function verify(jwk, message, signature) {
	const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
	const key = await subtle.importKey('jwk', publicPart(jwk), algorithm, false, ['verify']);
	return subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, key, signature, message);
}

async function agree(privateJwk, publicJwk) {
	const algorithm = { name: 'ECDH', namedCurve: 'P-256' };
	const mine = await subtle.importKey('jwk', privateJwk, algorithm, false, ['deriveBits']);
	const other = await subtle.importKey('jwk', publicPart(publicJwk), algorithm, false, []);
	return new Uint8Array(await subtle.deriveBits({ name: 'ECDH', public: other }, mine, 256));
}

// ---- statements

async function endorsement(service, username, version, ofKey, ofPrevious) {
	return concat(padTo(utf8('\0e2emsg key endorsement v1'), 32), await sha256(utf8(service)),
		padTo(utf8(username), 32), u32(version), ofKey, ofPrevious);
}

async function identityChange(service, username, ofNew, ofOld) {
	return concat(padTo(utf8('\0e2emsg identity change v1'), 32), await sha256(utf8(service)),
		padTo(utf8(username), 32), ofNew, ofOld);
}

// ---- suites

function context(sender, receiver) {
	return concat(padTo(utf8('e2emsg suite 1'), 32), sender.id, receiver.id,
		u32(sender.version), u32(receiver.version), sender.thumbprint, receiver.thumbprint);
}

async function messageKey(suite, secret, info) {
	if (suite === 0) return secret;
	const ikm = await subtle.importKey('raw', secret, 'HKDF', false, ['deriveBits']);
	const how = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(0), info };
	return new Uint8Array(await subtle.deriveBits(how, ikm, 256));
}

const gcm = (suite, iv, info) =>
	({ name: 'AES-GCM', iv, tagLength: 128, ...(suite === 1 && { additionalData: info }) });

async function seal(suite, key, iv, info, plaintext) {
	const aes = await subtle.importKey('raw', key, 'AES-GCM', false, ['encrypt']);
	const sealed = new Uint8Array(await subtle.encrypt(gcm(suite, iv, info), aes, plaintext));
	return { ciphertext: sealed.slice(0, -16), tag: sealed.slice(-16) };
}

// The plaintext, or null for an envelope that was changed.
async function open(suite, key, iv, info, ciphertext, tag) {
	const aes = await subtle.importKey('raw', key, 'AES-GCM', false, ['decrypt']);
	try {
		return new Uint8Array(
			await subtle.decrypt(gcm(suite, iv, info), aes, concat(ciphertext, tag)));
	} catch {
		return null;
	}
}

async function messageId(mailbox, sender, iv) {
	const id = (await sha256(concat(mailbox, sender, iv))).slice(0, 16);
	id[6] = (id[6] & 0x0f) | 0x80;
	id[8] = (id[8] & 0x3f) | 0x80;
	return id;
}

// ---- frame

const field = (type, value) => concat([type], u32(value.length), value);
const kinds = { delivered: 1, read: 2 };

function buildFrame({ text, clientMessageId, receipt, logHead }) {
	const parts = [new Uint8Array([1])];
	if (text !== undefined) parts.push(field(1, utf8(text)));
	if (clientMessageId !== undefined) parts.push(field(2, fromBase64url(clientMessageId)));
	if (receipt !== undefined)
		parts.push(field(3, concat([kinds[receipt.kind]], uuidBytes(receipt.messageId))));
	if (logHead !== undefined) parts.push(field(4, fromBase64url(logHead)));
	const bare = concat(...parts);
	let size = 256;
	while (size < bare.length) size *= 2;
	return padTo(bare, size);
}

const kindOf = (byte) => Object.keys(kinds).find((kind) => kinds[kind] === byte);

function need(condition, problem) {
	if (!condition) throw new Error(problem);
}

// How the value of a known field is read into the frame.
const readers = {
	1: ['text', (value) => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value)],
	2: ['clientMessageId', (value) => {
		need(value.length === 16, 'size of the message id');
		return toBase64url(value);
	}],
	3: ['receipt', (value) => {
		need(value.length === 17 && kindOf(value[0]) !== undefined, 'receipt');
		return { kind: kindOf(value[0]), messageId: uuidText(value.slice(1)) };
	}],
	4: ['logHead', (value) => {
		need(value.length === 28, 'size of the head of the key log');
		return toBase64url(value);
	}],
};

function parseFrame(bytes) {
	const frame = {};
	const others = [];
	let at = 1;
	need(bytes.length > 0 && bytes.length <= 65536 && bytes[0] === 1, 'version or size');
	while (at < bytes.length && bytes[at] !== 0) {
		need(bytes.length - at >= 5, 'cut off');
		const type = bytes[at];
		const size = new DataView(bytes.buffer, bytes.byteOffset).getUint32(at + 1);
		need(size <= bytes.length - at - 5, 'past the end');
		const value = bytes.slice(at + 5, at + 5 + size);
		if (readers[type]) {
			const [name, read] = readers[type];
			need(!(name in frame), 'twice');
			frame[name] = read(value);
		} else others.push({ type, valueHex: toHex(value) });
		at += 5 + size;
	}
	need(bytes.slice(at).every((byte) => byte === 0), 'padding');
	return others.length > 0 ? { ...frame, others } : frame;
}

function tryFrame(bytes) {
	try {
		return parseFrame(bytes);
	} catch {
		return null;
	}
}

// ---- safety number, bucket

async function safetyHalf(service, { username, identityThumbprint }) {
	const print = fromBase64url(identityThumbprint);
	const start = concat(padTo(utf8('e2emsg safety number v1'), 32), await sha256(utf8(service)),
		padTo(utf8(username), 32), print);
	let hash = await digest('SHA-512', start);
	for (let i = 0; i < 5200; i++) hash = await digest('SHA-512', concat(hash, print));
	let digits = '';
	for (let i = 0; i < 30; i += 5)
		digits += (BigInt('0x' + toHex(hash.slice(i, i + 5))) % 100000n).toString().padStart(5, '0');
	return digits;
}

async function safetyNumber(service, users) {
	const halves = [];
	for (const user of users) halves.push(await safetyHalf(service, user));
	return halves.sort().join('');
}

async function bucket(username) {
	const hash = await sha256(utf8('e2emsg bucket v1\0' + username));
	return hash[0] * 256 + hash[1];
}

// ---- the checks, in the order of the file

let count = 0;
let failed = 0;

function ok(good, name) {
	count++;
	if (!good) failed++;
	console.log(`${good ? '' : 'not '}ok ${count} - ${name}`);
}

const userNamed = (name) => vectors.users.find((user) => user.username === name);
const keyOf = (name, version) => userNamed(name).encryptionKeys[version - 1];

const party = async (name, version) => ({
	id: uuidBytes(userNamed(name).userId),
	version,
	thumbprint: await thumbprint(keyOf(name, version).jwk),
});

for (const user of vectors.users) {
	const keys = [...(user.identityKey ? [user.identityKey] : []), ...user.encryptionKeys];
	for (const key of keys)
		ok(toBase64url(await thumbprint(key.jwk)) === key.thumbprint, `thumbprint of ${user.username}`);
	ok((await bucket(user.username)).toString(16).padStart(4, '0') === user.userId.slice(0, 4),
		`the id of ${user.username} begins with the bucket`);
}

for (const vector of vectors.thumbprints)
	ok(canonical(vector.jwk) === vector.canonical &&
		toBase64url(await thumbprint(vector.jwk)) === vector.thumbprint, 'thumbprint');

for (const vector of vectors.endorsements) {
	const previous = vector.previousThumbprint
		? fromBase64url(vector.previousThumbprint) : new Uint8Array(32);
	const statement = await endorsement(vectors.service, vector.username, vector.keyVersion,
		await thumbprint(vector.publicKey), previous);
	const good = await verify(vector.identityKey, statement, fromBase64url(vector.signature));
	ok(good === vector.valid && (!vector.valid || toHex(statement) === vector.statementHex),
		`endorsement: ${vector.comment}`);
}

for (const vector of vectors.identityChanges) {
	const statement = await identityChange(vectors.service, vector.username,
		await thumbprint(vector.newIdentityKey), await thumbprint(vector.oldIdentityKey));
	const good = await verify(vector.oldIdentityKey, statement, fromBase64url(vector.signature));
	ok(good === vector.valid && toHex(statement) === vector.statementHex,
		`identity change: ${vector.valid ? 'signed by the old key' : vector.comment}`);
}

for (const vector of vectors.sessions) {
	const payload = JSON.stringify({ sub: vector.username, aud: vector.audience, nonce: vector.nonce });
	const input = `${toBase64url(utf8(vector.header))}.${toBase64url(utf8(payload))}`;
	const signature = fromBase64url(vector.assertion.split('.')[2]);
	ok(vector.header === '{"alg":"ES256","typ":"e2emsg-session+jwt"}' &&
		input === vector.signingInput && vector.assertion.startsWith(`${input}.`) &&
		await verify(vector.identityKey, utf8(input), signature), `session of ${vector.username}`);
}

for (const vector of vectors.frames) {
	const { comment, valid, built, startHex, size, textRepeat, ...said } = vector;
	if (textRepeat) said.text = textRepeat.character.repeat(textRepeat.count);
	const bytes = startHex === null ? buildFrame(said) : padTo(fromHex(startHex), size);
	const frame = tryFrame(bytes);
	const reads = valid
		? frame !== null && bytes.length === size && Object.keys(frame).length === Object.keys(said).length &&
			Object.entries(said).every(([name, value]) =>
				JSON.stringify(frame[name]) === JSON.stringify(value))
		: frame === null;
	ok(reads && (!built || same(buildFrame(said), bytes)), `frame: ${comment}`);
}

for (const vector of vectors.envelopes) {
	const { suite } = vector;
	const sender = await party(vector.sender, vector.senderKeyVersion);
	const receiver = await party(vector.receiver, vector.keyVersion);
	const theirs = keyOf(vector.sender, vector.senderKeyVersion).jwk;
	const mine = keyOf(vector.receiver, vector.keyVersion).jwk;
	const [iv, ciphertext, tag] =
		[vector.iv, vector.ciphertext, vector.authTag].map(fromBase64url);
	const info = context(sender, receiver);
	const secret = await agree(mine, theirs);
	const key = await messageKey(suite, secret, info);
	const opened = await open(suite, key, iv, info, ciphertext, tag);
	ok(vector.valid ? opened !== null && toHex(opened) === vector.plaintextHex : opened === null,
		`open: ${vector.comment}`);
	if (!vector.keyHex) continue;
	const sealed = await seal(suite, key, iv, info, fromHex(vector.plaintextHex));
	ok(toHex(secret) === vector.sharedSecretHex && toHex(key) === vector.keyHex &&
		(suite === 0 || toHex(info) === vector.contextHex) &&
		same(await agree(theirs, mine), secret) &&
		same(sealed.ciphertext, ciphertext) && same(sealed.tag, tag), `seal: ${vector.comment}`);
	ok(uuidText(await messageId(receiver.id, sender.id, iv)) === vector.messageId,
		`message id: ${vector.comment}`);
}

for (const vector of vectors.safetyNumbers) {
	ok(await safetyNumber(vector.service, vector.users) === vector.safetyNumber &&
		await safetyNumber(vector.service, [...vector.users].reverse()) === vector.safetyNumber,
		`safety number of ${vector.users.map((user) => user.username).join(' and ')}`);
}

for (const vector of vectors.messageIds)
	ok(uuidText(await messageId(uuidBytes(vector.mailboxId), uuidBytes(vector.senderId),
		fromBase64url(vector.iv))) === vector.messageId, `message id ${vector.messageId}`);

for (const vector of vectors.buckets)
	ok(await bucket(vector.username) === vector.bucket, `bucket of ${vector.username}`);

console.log(`1..${count}`);
process.exitCode = failed === 0 ? 0 : 1;
