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
		need(value.length === 108, 'size of the head of the key log');
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

// ---- key log

const u64 = (value) => concat(u32(Math.floor(value / 2 ** 32)), u32(value % 2 ** 32));
const events = ['registered', 'rotated', 'identity_added', 'identity_replaced', 'identity_reset', 'deleted'];
const orZeros = (text, size) => (text === null ? new Uint8Array(size) : fromBase64url(text));
const nodeHash = (left, right) => sha256(concat([1], left, right));
const leafHash = (entry) => sha256(concat([0], entry));

async function logEntry(service, said) {
	const head = (label) => concat(padTo(utf8(label), 32), service);
	if (said.kind === 'round') return concat(head('\0e2emsg key log round v1'), u64(said.round), new Uint8Array(32));
	return concat(head('\0e2emsg key log entry v1'), padTo(utf8(said.username), 32), uuidBytes(said.userId),
		u32(said.number), [events.indexOf(said.event) + 1], u32(said.keyVersion), fromBase64url(said.thumbprint),
		orZeros(said.previousThumbprint, 32), orZeros(said.identityThumbprint, 32), orZeros(said.signature, 64),
		orZeros(said.endorsement, 64), u64(said.time), orZeros(said.previousEntry, 32));
}

// Is it an entry that logEntry() can write?
function isLogEntry(bytes) {
	const label = new TextDecoder().decode(bytes.slice(0, 32)).replace(/\0*$/, '');
	const view = new DataView(bytes.buffer, bytes.byteOffset);
	if (label === '\0e2emsg key log round v1') return bytes.length === 104 && view.getBigUint64(64) >= 1n;
	const name = new TextDecoder('latin1').decode(bytes.slice(64, 96));
	return label === '\0e2emsg key log entry v1' && bytes.length === 385 && /^[!-~]+\0*$/.test(name) &&
		view.getUint32(112) >= 1 && bytes[116] >= 1 && bytes[116] <= 6 && view.getBigInt64(345) >= 0n;
}

// MTH of RFC 9162 section 2.1.1.
async function treeRoot(hashes) {
	if (hashes.length <= 1) return hashes[0] ?? sha256(new Uint8Array(0));
	let half = 1;
	while (half * 2 < hashes.length) half *= 2;
	return nodeHash(await treeRoot(hashes.slice(0, half)), await treeRoot(hashes.slice(half)));
}

function splitProof(text) {
	const bytes = fromBase64url(text);
	need(bytes.length % 32 === 0, 'size of a proof');
	return Array.from({ length: bytes.length / 32 }, (_, i) => bytes.slice(32 * i, 32 * i + 32));
}

// RFC 9162 section 2.1.3.2.
async function includes(root, size, leaf, hash, proof) {
	let [fn, sn, r] = [leaf, size - 1, hash];
	if (leaf >= size) return false;
	for (const p of proof) {
		if (sn === 0) return false;
		if (fn % 2 === 1 || fn === sn) {
			r = await nodeHash(p, r);
			while (fn % 2 === 0 && fn !== 0) [fn, sn] = [fn / 2, Math.floor(sn / 2)];
		} else r = await nodeHash(r, p);
		[fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)];
	}
	return sn === 0 && same(r, root);
}

// RFC 9162 section 2.1.4.2.
async function beginsWith(oldSize, oldRoot, size, root, proof) {
	if (oldSize > size) return false;
	if (oldSize === size) return proof.length === 0 && same(oldRoot, root);
	if (oldSize === 0) return proof.length === 0;
	const path = Number.isInteger(Math.log2(oldSize)) ? [oldRoot, ...proof] : [...proof];
	if (path.length === 0) return false;
	let [fn, sn] = [oldSize - 1, size - 1];
	while (fn % 2 === 1) [fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)];
	let [fr, sr] = [path[0], path[0]];
	for (const c of path.slice(1)) {
		if (sn === 0) return false;
		if (fn % 2 === 1 || fn === sn) {
			[fr, sr] = [await nodeHash(c, fr), await nodeHash(c, sr)];
			while (fn % 2 === 0 && fn !== 0) [fn, sn] = [fn / 2, Math.floor(sn / 2)];
		} else sr = await nodeHash(sr, c);
		[fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)];
	}
	return sn === 0 && same(fr, oldRoot) && same(sr, root);
}

const toBase64 = (bytes) => Buffer.from(bytes).toString('base64');
const keyId = async (name, publicKey) => (await sha256(concat(utf8(`${name}\n`), [1], publicKey))).slice(0, 4);

// The text of a note that the key signed, or null.
async function openNote(note, { name, publicKeyHex }) {
	const publicKey = fromHex(publicKeyHex);
	const id = await keyId(name, publicKey);
	const end = note.lastIndexOf('\n\n');
	const lines = note.slice(end + 2).split('\n');
	if (end < 0 || lines.pop() !== '' || lines.length === 0) return null;
	const text = note.slice(0, end + 1);
	const key = await subtle.importKey('raw', publicKey, 'Ed25519', false, ['verify']);
	let found = false;
	for (const line of lines) {
		const [, by, blob] = line.match(/^\u2014 ([^ +]+) ([A-Za-z0-9+/]+=*)$/) ?? [];
		if (!by) return null;
		const bytes = new Uint8Array(Buffer.from(blob, 'base64'));
		if (by !== name || !same(bytes.slice(0, 4), id)) continue;
		if (!await subtle.verify('Ed25519', key, bytes.slice(4), utf8(text))) return null;
		found = true;
	}
	return found ? text : null;
}

const treeHead = '(0|[1-9][0-9]*)';
const treeRootText = '([A-Za-z0-9+/]{43}=)';

async function openCheckpoint(note, key) {
	const text = await openNote(note, key);
	const [, origin, size, root] = text?.match(new RegExp(`^([^\\n]+)\\n${treeHead}\\n${treeRootText}\\n$`)) ?? [];
	return origin === key.name ? { size: Number(size), root } : null;
}

// A head is a checkpoint in binary: key id[4], size[8], root[32], signature[64].
function openHead(head, key) {
	const size = Buffer.from(head.slice(4, 12)).readBigUInt64BE();
	const [root, blob] = [head.slice(12, 44), concat(head.slice(0, 4), head.slice(44))].map((bytes) => Buffer.from(bytes).toString('base64'));
	return openCheckpoint(`${key.name}\n${size}\n${root}\n\n\u2014 ${key.name} ${blob}\n`, key);
}

async function openSuccession(note, key) {
	const text = await openNote(note, key);
	const line = `${treeHead} ${treeRootText}\\n`;
	const found = text?.match(new RegExp(`^e2emsg key log succession v1\\n([^\\n]+)\\n${line}${line}$`));
	if (!found) return null;
	const [, verifier, oldSize, oldRoot, newSize, newRoot] = found;
	return { verifier, oldSize: Number(oldSize), oldRoot, newSize: Number(newSize), newRoot };
}

// ---- recovery code, backup

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const codeCheck = async (secret) => {
	const hash = await sha256(concat(padTo(utf8('e2emsg recovery code v1'), 32), secret));
	return hash[0] * 16 + (hash[1] >> 4);
};

async function writeCode(secret) {
	let bits = BigInt('0x' + toHex(secret)) << 12n | BigInt(await codeCheck(secret));
	let text = '';
	for (let i = 0; i < 28; i++, bits >>= 5n) text = alphabet[Number(bits & 31n)] + text;
	return text.match(/.{4}/g).join('-');
}

// The 16 secret bytes of what somebody typed, or null.
async function readCode(typed) {
	const text = typed.replace(/[ -]/g, '');
	if (!/^[0-9A-TV-Za-tv-z]{28}$/.test(text)) return null;
	const plain = text.toUpperCase().replaceAll('O', '0').replace(/[IL]/g, '1');
	const bits = [...plain].reduce((sum, letter) => sum << 5n | BigInt(alphabet.indexOf(letter)), 0n);
	const secret = fromHex((bits >> 12n).toString(16).padStart(32, '0'));
	return Number(bits & 0xfffn) === await codeCheck(secret) ? secret : null;
}

async function ofCode(secret, label, service, username) {
	return messageKey(1, secret, concat(padTo(utf8(label), 32), await sha256(utf8(service)), padTo(utf8(username), 32)));
}

const locatorOf = (secret, ...whose) => ofCode(secret, 'e2emsg backup locator v1', ...whose);
const openerOf = (secret, ...whose) => ofCode(secret, 'e2emsg backup opener v1', ...whose);

async function backupInfo(service, username, kind, version) {
	return concat(padTo(utf8('e2emsg backup v1'), 32), await sha256(utf8(service)), padTo(utf8(username), 32),
		[kind], u32(version));
}

async function sealPart(key, iv, info, plaintext) {
	const { ciphertext, tag } = await seal(1, key, iv, info, plaintext);
	return concat(iv, ciphertext, tag);
}

const openPart = (key, sealed, info) =>
	open(1, key, sealed.slice(0, 12), info, sealed.slice(12, -16), sealed.slice(-16));

// "ivs": of the fields in their order.
async function buildBackup(service, username, secret, { backupKey, account, identityKey, keys, ivs }) {
	const opener = await openerOf(secret, service, username);
	const part = async (key, iv, kind, version, plaintext) =>
		sealPart(key, iv, await backupInfo(service, username, kind, version), plaintext);
	const fields = [
		field(1, await part(opener, ivs[0], 0, 0, backupKey)),
		field(2, await part(backupKey, ivs[1], 3, 0, utf8(account))),
		field(3, await part(backupKey, ivs[2], 1, 0, identityKey)),
	];
	for (const [i, { version, pkcs8 }] of keys.entries())
		fields.push(field(4, concat(u32(version), await part(backupKey, ivs[3 + i], 2, version, pkcs8))));
	return concat([1], ...fields);
}

// The sealed parts by name, without any key; throws when malformed.
function parseBackup(bytes) {
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
	const once = { 1: 'backupKey', 2: 'account', 3: 'identityKey' };
	const parts = { keys: new Map() };
	need(bytes.length <= 65536 && bytes[0] === 1, 'version or size');
	for (let at = 1; at < bytes.length;) {
		need(bytes.length - at >= 5, 'cut off');
		const [type, size] = [bytes[at], view.getUint32(at + 1)];
		const value = bytes.slice(at + 5, at + 5 + size);
		need(value.length === size, 'past the end');
		at += 5 + size;
		if (once[type]) {
			need(!parts[once[type]] && size >= 28 && (type !== 1 || size === 60), 'twice or too short');
			parts[once[type]] = value;
		} else if (type === 4) {
			need(size >= 32, 'too short');
			const version = new DataView(value.buffer).getUint32(0);
			need(version >= 1 && version < 2 ** 31 && !parts.keys.has(version), 'key version');
			parts.keys.set(version, value.slice(4));
		}
	}
	need(Object.values(once).every((name) => parts[name]) && parts.keys.size > 0, 'a part is missing');
	return parts;
}

const privateKey = (pkcs8) => subtle.importKey('pkcs8', pkcs8, { name: 'ECDH', namedCurve: 'P-256' }, true, ['deriveBits']);

async function openBackup(service, username, secret, parts) {
	const part = async (key, sealed, kind, version) => {
		const plaintext = await openPart(key, sealed, await backupInfo(service, username, kind, version));
		need(plaintext !== null, 'does not open');
		return plaintext;
	};
	const backupKey = await part(await openerOf(secret, service, username), parts.backupKey, 0, 0);
	const text = new TextDecoder('utf-8', { fatal: true }).decode(await part(backupKey, parts.account, 3, 0));
	const account = JSON.parse(text);
	const identityKey = await part(backupKey, parts.identityKey, 1, 0);
	const keys = [];
	for (const [version, sealed] of [...parts.keys].sort(([a], [b]) => a - b))
		keys.push({ version, pkcs8: await part(backupKey, sealed, 2, version) });
	need(account.username === username && account.service === service, 'another account');
	need(account.keyVersion === keys.at(-1).version, 'the newest key is missing');
	for (const bytes of [identityKey, ...keys.map(({ pkcs8 }) => pkcs8)]) await privateKey(bytes);
	return { backupKey, text, identityKey, keys };
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

const { keyLog } = vectors;
const serviceHash = await sha256(utf8(vectors.service));
const leaves = keyLog.entries.map((entry) => fromBase64url(entry.leafHash));
const roots = keyLog.roots.map(fromBase64url);
const standard = (text) => toBase64(fromBase64url(text));

for (const key of keyLog.keys) {
	const publicKey = fromHex(key.publicKeyHex);
	ok(toHex(await keyId(key.name, publicKey)) === key.keyIdHex &&
		key.verifier === `${key.name}+${key.keyIdHex}+${toBase64(concat([1], publicKey))}`, `verifier of ${key.name}`);
}

for (const vector of keyLog.entries) {
	const entry = await logEntry(serviceHash, vector);
	ok(toHex(entry) === vector.entryHex && isLogEntry(entry) && toBase64url(await leafHash(entry)) === vector.leafHash,
		`log entry: ${vector.comment}`);
	if (!vector.signature) continue;
	const statement = await endorsement(vectors.service, vector.username, vector.keyVersion,
		fromBase64url(vector.thumbprint), orZeros(vector.previousThumbprint, 32));
	ok(toBase64url(await thumbprint(vector.identityKey)) === vector.identityThumbprint &&
		await verify(vector.identityKey, statement, fromBase64url(vector.signature)), `its signature: ${vector.comment}`);
}

for (const { comment, entryHex } of keyLog.malformedEntries)
	ok(!isLogEntry(fromHex(entryHex)), `no log entry: ${comment}`);

for (let size = 0; size < roots.length; size++)
	ok(same(await treeRoot(leaves.slice(0, size)), roots[size]), `root of ${size} entries`);

for (const { leaf, size, proof, valid } of keyLog.inclusionProofs)
	ok(await includes(roots[size], size, leaf, leaves[leaf], splitProof(proof)) === valid,
		`leaf ${leaf} of ${size}${valid ? '' : ', not proved'}`);

for (const { from, to, proof, valid } of keyLog.consistencyProofs)
	ok(await beginsWith(from, roots[from], to, roots[to], splitProof(proof)) === valid,
		`from ${from} to ${to}${valid ? '' : ', not proved'}`);

for (const { comment, note, size, root, valid } of keyLog.checkpoints) {
	const opened = await openCheckpoint(note, keyLog.keys[0]);
	ok(valid ? opened?.size === size && opened.root === standard(root) : opened === null, `checkpoint: ${comment}`);
}

for (const { comment, note, valid, ...said } of keyLog.successions) {
	const opened = await openSuccession(note, keyLog.keys[0]);
	ok(valid ? JSON.stringify(opened) === JSON.stringify({ ...said, oldRoot: standard(said.oldRoot), newRoot: standard(said.newRoot) })
		: opened === null, `succession: ${comment}`);
}

for (const { comment, headHex, valid } of keyLog.heads)
	ok((await openHead(fromHex(headHex), keyLog.keys[0]) !== null) === valid, `log head: ${comment}${valid ? '' : ', not signed'}`);

for (const { comment, text, keyIdHex, size, root, signature, headHex, frameStartHex, frameSize } of keyLog.heads.filter(({ valid }) => valid)) {
	const head = concat(fromHex(keyIdHex), u64(size), fromBase64url(root), fromBase64url(signature));
	const frame = padTo(concat([1], field(1, utf8(text)), field(4, head)), frameSize);
	ok(toHex(head) === headHex && same(frame, padTo(fromHex(frameStartHex), frameSize)), `log head in a frame: ${comment}`);
}

const { recovery } = vectors;

for (const { comment, text, secretHex, written, valid } of recovery.codes) {
	const secret = await readCode(text);
	ok(valid ? secret !== null && toHex(secret) === secretHex && (!written || await writeCode(secret) === text)
		: secret === null, `recovery code: ${comment}`);
}

for (const { username, secretHex, locator, openerHex } of recovery.derived) {
	const secret = fromHex(secretHex);
	ok(toBase64url(await locatorOf(secret, vectors.service, username)) === locator &&
		toHex(await openerOf(secret, vectors.service, username)) === openerHex, `locator and opener of ${username}`);
}

// The blob of a vector: "tail" stands for a last field of zeros.
function backupBytes({ backup, tail }) {
	const bytes = fromBase64url(backup);
	return tail ? concat(bytes, field(tail.type, new Uint8Array(tail.size))) : bytes;
}

for (const vector of recovery.backups) {
	const { comment, username, code, account, keys } = vector;
	const secret = await readCode(code);
	const bytes = backupBytes(vector);
	const opened = await openBackup(vectors.service, username, secret, parseBackup(bytes));
	ok(toHex(opened.backupKey) === vector.backupKeyHex && opened.text === account &&
		toHex(opened.identityKey) === vector.identityKeyHex &&
		JSON.stringify(opened.keys.map(({ version, pkcs8 }) => ({ version, pkcs8Hex: toHex(pkcs8) }))) ===
			JSON.stringify(keys), `opens: ${comment}`);
	for (const [jwk, hex] of [[userNamed(username).identityKey.jwk, vector.identityKeyHex],
		...keys.map(({ version, pkcs8Hex }) => [keyOf(username, version).jwk, pkcs8Hex])]) {
		const { d } = await subtle.exportKey('jwk', await privateKey(fromHex(hex)));
		ok(d === jwk.d, 'a private key of it');
	}
	if (!vector.ivs) continue;
	const built = await buildBackup(vectors.service, username, secret, {
		backupKey: fromHex(vector.backupKeyHex), account, identityKey: fromHex(vector.identityKeyHex),
		keys: keys.map(({ version, pkcs8Hex }) => ({ version, pkcs8: fromHex(pkcs8Hex) })),
		ivs: vector.ivs.map(fromBase64url),
	});
	ok(same(built, bytes), `built: ${comment}`);
}

// "parses": well formed, so that only the keys or the contents speak against it.
for (const vector of recovery.refusedBackups) {
	const { comment, username, code, parses } = vector;
	let parts = null;
	let opened = null;
	try {
		parts = parseBackup(backupBytes(vector));
		opened = await openBackup(vectors.service, username, await readCode(code), parts);
	} catch { /* as it should be */ }
	ok((parts !== null) === parses && opened === null, `no backup: ${comment}`);
}

console.log(`1..${count}`);
process.exitCode = failed === 0 ? 0 : 1;
