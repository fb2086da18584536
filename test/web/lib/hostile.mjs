// What was cut off or changed is never taken for what it was: every structure
// cut at every byte, and bits of it flipped.
import * as backup from '../../../gateway/web/crypto/backup.js';
import * as bytes from '../../../gateway/web/crypto/bytes.js';
import { openCheckpoint } from '../../../gateway/web/crypto/checkpoint.js';
import { Unsupported } from '../../../gateway/web/crypto/errors.js';
import * as frames from '../../../gateway/web/crypto/frame.js';
import * as key from '../../../gateway/web/crypto/key.js';
import * as keyObject from '../../../gateway/web/crypto/key_object.js';
import * as keyProof from '../../../gateway/web/crypto/key_proof.js';
import { decode, encode } from '../../../gateway/web/crypto/log_entry.js';
import * as successions from '../../../gateway/web/crypto/log_succession.js';
import { verifyConsistency, verifyInclusion } from '../../../gateway/web/crypto/merkle.js';
import { needEd25519, openNote, parseVerifier } from '../../../gateway/web/crypto/note.js';
import * as recovery from '../../../gateway/web/crypto/recovery.js';
import { endorsement, sign, verify } from '../../../gateway/web/crypto/statement.js';
import * as suite from '../../../gateway/web/crypto/suite.js';
import { attempt, ECDH, flips, isRefused, misspellings, People, privateKey, sameBytes } from './tools.mjs';

// Is none of them accepted?
async function none(candidates, accepts) {
	for (const candidate of candidates) if (await accepts(candidate)) return false;
	return true;
}

function* cuts(whole, from = 0) {
	for (let size = from; size < whole.length; size++) yield whole.slice(0, size);
}

// ---- frames

async function checkFrames(ok) {
	const said = { text: 'hi', id: new Uint8Array(16).fill(1), receipt: { kind: 'read', messageId: new Uint8Array(16).fill(2) },
		logHead: new Uint8Array(108).fill(3) };
	const frame = frames.build(said);
	const ends = [1, 8, 29, 51, 164]; // of the version and of each field
	const wrong = [];
	for (const cut of cuts(frame)) {
		const good = ends.includes(cut.length) || cut.length > ends.at(-1);
		if ((await attempt(() => frames.parse(cut)) !== null) !== good) wrong.push(cut.length);
	}
	ok(wrong.length === 0, `a frame that is cut off inside a field is refused ${wrong}`);
	const behind = ends.at(-1) + 1; // what stands first begins a field
	ok(await none(flips(frame.slice(behind)), async (zeros) => !await isRefused(() => frames.parse(bytes.concat(frame.slice(0, behind), zeros)))),
		'no bit of the padding may be set');
	ok(await none(flips(frame.slice(0, 1)), async ([version]) => {
		const changed = frame.slice();
		changed[0] = version;
		return !await isRefused(() => frames.parse(changed));
	}), 'no other version');
	ok(await none(flips(frame), async (changed) => {
		const read = await attempt(() => frames.parse(changed));
		return read !== null && read.others.length === 0 && sameBytes(frames.build(read), frame);
	}), 'no changed frame says the same');
	ok(await isRefused(() => frames.parse(new Uint8Array(65537).fill(1, 0, 1))), 'a frame of 65537 bytes is refused');
	for (const [name, part] of [['id', { id: new Uint8Array(15) }], ['head', { logHead: new Uint8Array(109) }],
		['receipt', { receipt: { kind: 'read', messageId: new Uint8Array(17) } }],
		['kind', { receipt: { kind: 'seen', messageId: new Uint8Array(16) } }]])
		ok(await isRefused(() => frames.build(part)), `no frame is built with a wrong ${name}`);
}

// ---- envelopes

async function checkEnvelopes(ok, vectors) {
	const people = new People(vectors);
	const vector = vectors.envelopes.find(({ suite: number, valid }) => number === 1 && valid);
	const parties = {
		sender: await people.party(vector.sender, vector.senderKeyVersion),
		receiver: await people.party(vector.receiver, vector.keyVersion),
	};
	const mine = await privateKey(people.key(vector.receiver, vector.keyVersion), ECDH, 'deriveBits');
	const messageKey = await suite.messageKey(1, mine, people.key(vector.sender, vector.senderKeyVersion), parties);
	const envelope = { iv: bytes.fromBase64url(vector.iv), ciphertext: bytes.fromBase64url(vector.ciphertext),
		authTag: bytes.fromBase64url(vector.authTag) };
	const opens = async (changed, others = parties) => await suite.openWith(1, messageKey, others, { ...envelope, ...changed }) !== null;
	ok(await opens({}), 'the envelope itself opens');
	for (const name of ['iv', 'authTag', 'ciphertext'])
		ok(await none(flips(envelope[name]), (changed) => opens({ [name]: changed })), `${name}: no bit can change`);
	ok(await none(cuts(envelope.ciphertext), (ciphertext) => opens({ ciphertext })), 'ciphertext: nothing can be cut off');
	ok(await none(['iv', 'authTag'], (name) => attempt(() => opens({ [name]: envelope[name].slice(1) }))), 'iv, tag: of one size');
	for (const end of ['sender', 'receiver'])
		for (const other of [{ version: parties[end].version + 1 }, { id: parties[end].id.map((byte) => byte ^ 1) },
			{ thumbprint: parties[end].thumbprint.map((byte) => byte ^ 1) }])
			ok(!await opens({}, { ...parties, [end]: { ...parties[end], ...other } }), `another ${Object.keys(other)[0]} of the ${end}`);
	ok(!await opens({}, { sender: parties.receiver, receiver: parties.sender }), 'the other direction');
	const large = new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-GCM', iv: envelope.iv, additionalData: suite.context(parties) },
		messageKey, new Uint8Array(65537)));
	ok(!await opens({ ciphertext: large.slice(0, -16), authTag: large.slice(-16) }), '65537 bytes, though well sealed');
	ok(await isRefused(() => suite.messageKey(2, mine, people.key('alice', 1), parties)), 'an unknown suite');
	ok(await isRefused(() => suite.sealWith(1, messageKey, parties, envelope.iv, new Uint8Array(65537))), 'too much to seal');
}

// ---- keys and what they sign

const OTHER_VALUES = [undefined, null, 0, 1, -1, 1.5, 2 ** 53, '', 'x', true, [], {}, [[]], { x: 1 }];

// Members that may be missing: createdAt and log are not looked at here; a
// key without an identity is one of an unsigned user.
const MAY_BE_MISSING = { previousThumbprint: 1, identityKey: 1, createdAt: 0 };

async function checkKeyObjects(ok, vectors) {
	const people = new People(vectors);
	const { service } = vectors;
	const object = people.keyObject(vectors.endorsements[1]);
	const reads = async (changed) => await attempt(() => keyObject.read(changed, service)) !== null;
	ok(await reads(object), 'the key object itself is read');
	for (const name of Object.keys(object).filter((member) => !(member in MAY_BE_MISSING)))
		ok(await none(OTHER_VALUES, (value) => reads({ ...object, [name]: value })), `key object: no other ${name}`);
	ok(await none(OTHER_VALUES, (value) => reads({ ...object, previousThumbprint: value })), 'key object: no other previousThumbprint');
	ok(await none(OTHER_VALUES.slice(2), (value) => reads({ ...object, identityKey: value })), 'key object: no other identityKey');
	ok(await none(OTHER_VALUES, (value) => reads(value)), 'nothing else is a key object');
	const first = people.keyObject(vectors.endorsements[0]);
	ok(await reads(first) && await reads({ ...first, previousThumbprint: null }), 'a first version has no previous one');
	ok(!await reads({ ...first, previousThumbprint: first.thumbprint }), 'a first version with a previous one');
	ok(!await reads({ ...object, keyVersion: 2 ** 31 }) && !await reads({ ...object, username: 'Alice' }) &&
		!await reads({ ...object, userId: object.userId.toUpperCase() }), 'key object: a version, a name, an id that there is not');
	for (const name of ['thumbprint', 'signature', 'previousThumbprint'])
		ok(await none(misspellings(object[name]), (text) => reads({ ...object, [name]: text })), `key object: ${name} of other letters`);
	for (const name of ['publicKey', 'identityKey'])
		for (const coordinate of ['x', 'y'])
			ok(await none(misspellings(object[name][coordinate]), (text) => reads({ ...object, [name]: { ...object[name], [coordinate]: text } })),
				`key object: ${coordinate} of ${name} of other letters`);
	const { identityKey, signature, ...unsigned } = object;
	ok(await reads(unsigned) && !await reads({ ...unsigned, thumbprint: first.thumbprint }), 'an unsigned key, with its own thumbprint only');
	ok(!await reads({ ...unsigned, identityKey }) && !await reads({ ...unsigned, identityKey, signature: first.signature }),
		'an identity key without its signature');
	ok(signature !== first.signature && !await reads(await endorsedByItself(service)), 'one key for both purposes');
}

// A key object whose key signs itself.
async function endorsedByItself(service) {
	const { jwk, privateKey: mine } = await key.generate('identity');
	const print = await key.thumbprint(jwk);
	const statement = await endorsement(service, 'mallory', 1, print, null);
	return { userId: '1f7ccdaf-e29a-8b89-83ad-b01873cf5ad5', username: 'mallory', publicKey: jwk, keyVersion: 1,
		thumbprint: bytes.toBase64url(print), identityKey: jwk, signature: bytes.toBase64url(await sign(mine, statement)) };
}

async function checkSignatures(ok, vectors) {
	const { identityKey, statementHex, signature } = vectors.endorsements[0];
	const [message, raw] = [bytes.fromHex(statementHex), bytes.fixed(signature, 64)];
	ok(await none(flips(raw), (changed) => verify(identityKey, message, changed)), 'signature: no bit can change');
	ok(await none(flips(message, 1), (changed) => verify(identityKey, changed, raw)), 'statement: no bit can change');
	ok(await none(cuts(raw), (changed) => verify(identityKey, message, changed)), 'signature: nothing can be cut off');
	ok(!await verify(identityKey, message, new Uint8Array(64)), 'signature: zeros');
	const { jwk } = await key.generate('encryption');
	for (const extra of [{ d: 'AA' }, { use: 'sig' }, { alg: 'ES256' }, { key_ops: ['sign'] }, { key_ops: ['deriveBits', 'deriveBits'] }, { key_ops: 'deriveBits' }])
		ok(await isRefused(() => key.read({ ...jwk, ...extra }, 'encryption')), `a key with ${JSON.stringify(extra)}`);
	ok(key.read({ ...jwk, key_ops: ['deriveBits'], use: 'enc', kid: 7 }, 'encryption').x === jwk.x, 'a key with members that fit');
	ok(await isRefused(() => key.read(jwk.x, 'identity')) && await isRefused(() => key.read([jwk], 'identity')), 'no key at all');
}

// ---- the key log

async function checkLogEntries(ok, { keyLog }) {
	for (const kind of ['user', 'round']) {
		const entry = bytes.fromHex(keyLog.entries.find((one) => one.kind === kind).entryHex);
		ok(await none(cuts(entry), async (cut) => !await isRefused(() => decode(cut))), `entry (${kind}): nothing can be cut off`);
		ok(await isRefused(() => decode(bytes.concat(entry, [0]))), `entry (${kind}): nothing can be added`);
		ok(await none(flips(entry), async (changed) => {
			const decoded = await attempt(() => decode(changed));
			return decoded !== null && !sameBytes(encode(decoded), changed);
		}), `entry (${kind}): each has one meaning`);
	}
}

async function checkProofs(ok, { keyLog }) {
	const root = (size) => bytes.fixed(keyLog.roots[size], 32);
	const { leaf, size, proof } = keyLog.inclusionProofs.find((one) => one.valid && one.size === 8);
	const [hash, path] = [bytes.fixed(keyLog.entries[leaf].leafHash, 32), bytes.fromBase64url(proof)];
	const includes = (changed) => verifyInclusion(hash, leaf, size, changed, root(size));
	ok(await includes(path), 'a leaf is proved');
	ok(await none(flips(path), includes) && await none(cuts(path), includes), 'but not by a changed proof');
	ok(!await includes(bytes.concat(path, new Uint8Array(32))), 'nor by a longer one');
	ok(await none([-1, 0.5, leaf + 1, size, 2 ** 53, NaN], (index) => verifyInclusion(hash, index, size, path, root(size))), 'nor at another index');
	ok(await none([0, -1, size / 2, size + 1, 2 * size, 2 ** 53, Infinity], (other) => verifyInclusion(hash, leaf, other, path, root(size))),
		'nor in a tree of another size');
	const grown = keyLog.consistencyProofs.find(({ from, to, valid }) => valid && from === 3 && to === 7);
	const steps = bytes.fromBase64url(grown.proof);
	const continues = (changed) => verifyConsistency(3, root(3), 7, root(7), changed);
	ok(await continues(steps), 'a tree continues another');
	ok(await none(flips(steps), continues) && await none(cuts(steps), continues), 'but not by a changed proof');
	ok(await none([[7, 3], [4, 7], [3, 4], [3, 16], [3, 2 ** 53], [-1, 7]], ([from, to]) => verifyConsistency(from, root(3), to, root(7), steps)),
		'nor between other sizes');
	ok(!await verifyConsistency(3, root(3), 3, root(4), new Uint8Array(0)), 'nor to another tree of the same size');
}

async function checkNotes(ok, { keyLog }) {
	const [{ verifier: text }] = keyLog.keys;
	const verifier = await parseVerifier(text);
	const [{ note }] = keyLog.checkpoints;
	const opens = async (changed) => (await openCheckpoint(changed, verifier)).result === 'fine';
	ok(await opens(note), 'the checkpoint itself opens');
	ok(await none(cuts(note), opens), 'checkpoint: nothing can be cut off');
	ok(await none(misspellings(note), opens), 'checkpoint: no letter can change');
	ok(await none(['\0', ' ', '\n', '\r', 'x', '\ud800'], (extra) => opens(note + extra)), 'checkpoint: nothing can be added');
	const line = note.slice(note.indexOf('\n\n') + 2);
	ok(await opens(note + line.repeat(15)) && !await opens(note + line.repeat(16)), 'a note has 16 signatures at most');
	const stranger = `\u2014 x ${bytes.toBase64(new Uint8Array(2900))}\n`;
	ok(await opens(note + stranger.replace(/A{200}/, '')) && !await opens(note + stranger.repeat(2)), 'a note has 4096 bytes at most');
	ok((await openNote(note.replace('log\n', 'log\t\n'), verifier)).result === 'malformed', 'control characters are no note');
	ok(await none(cuts(text), async (cut) => !await isRefused(() => parseVerifier(cut))), 'verifier: nothing can be cut off');
	ok(await none(misspellings(text), async (changed) => !await isRefused(() => parseVerifier(changed))), 'verifier: no letter can change');
	const typed = bytes.concat([2], verifier.publicKey);
	const id = bytes.toHex((await bytes.sha256(bytes.concat(bytes.utf8(`${verifier.name}\n`), typed))).slice(0, 4));
	ok(await isRefused(() => parseVerifier(`${verifier.name}+${id}+${bytes.toBase64(typed)}`)), 'verifier: no key of another type');
	ok(!await opens(`${note}\u2014 x AAAAAA==\n`) && await opens(`${note}\u2014 x AAAAAAA=\n`), 'a signature is longer than a key id');
	const handover = keyLog.successions.find(({ valid }) => valid).note;
	const leads = async (changed) => await successions.read(changed, verifier) !== null;
	ok(await none(cuts(handover), leads) && await none(misspellings(handover), leads), 'succession: nothing can be cut off or change');
}

async function checkKeyProofs(ok, { keyLog }) {
	const { leaf, size, proof } = keyLog.inclusionProofs.find((one) => one.valid && one.leaf === 0 && one.size === 8);
	const log = { checkpoint: keyLog.checkpoints[0].note, index: leaf, size, proof,
		entry: bytes.toBase64url(bytes.fromHex(keyLog.entries[leaf].entryHex)) };
	const reads = async (changed) => await attempt(() => keyProof.read(changed)) !== null;
	ok(await reads(log), 'the proof of a key is read');
	for (const [name, good] of [['checkpoint', ['x']], ['index', [0, 1]], ['size', [0, 1]], ['entry', []], ['proof', ['']]])
		ok(await none(OTHER_VALUES.filter((value) => !good.includes(value)), (value) => reads({ ...log, [name]: value })),
			`proof of a key: no other ${name}`);
	ok(await none(OTHER_VALUES, reads), 'nothing else is the proof of a key');
	const hashes = (count) => bytes.toBase64url(new Uint8Array(count * 32));
	ok(await reads({ ...log, proof: hashes(64) }) && !await reads({ ...log, proof: hashes(65) }), 'at most 64 hashes');
	const round = keyLog.entries.find(({ kind }) => kind === 'round').entryHex;
	ok(!await reads({ ...log, entry: bytes.toBase64url(bytes.fromHex(round)) }), 'the end of a round proves no key');
}

// ---- recovery

async function checkBackups(ok, { service, recovery: { backups, codes } }) {
	const [{ username, code, backup: text }] = backups;
	const owner = { service, username };
	const blob = bytes.fromBase64url(text);
	const opener = await recovery.opener(await recovery.readCode(code), service, username);
	const opens = async (changed) => !await isRefused(() => backup.open(changed, opener, owner));
	ok(await none(cuts(blob), async (cut) => !await isRefused(() => backup.parse(cut))), 'backup: nothing can be cut off');
	ok(await none(flips(blob, 1), opens), 'backup: no bit can change');
	const letters = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
	const reads = async (typed) => !await isRefused(() => recovery.readCode(typed));
	ok(await none(misspellings(codes[0].text.replaceAll('-', ''), [...letters]), reads), 'recovery code: no letter can change');
	ok(await none(cuts(codes[0].text), reads), 'recovery code: nothing can be cut off');
}

// ---- bytes

async function checkBytes(ok) {
	for (const value of [-1, 1.5, NaN, 2 ** 32, '1', null]) ok(await isRefused(() => bytes.u32(value)), `no u32: ${value}`);
	for (const value of [-1, 1.5, NaN, 2 ** 53, '1', null]) ok(await isRefused(() => bytes.u64(value)), `no u64: ${value}`);
	ok(bytes.getU64(bytes.u64(2 ** 53 - 1), 0) === 2 ** 53 - 1, 'the largest u64');
	ok(await isRefused(() => bytes.getU64(bytes.fromHex('0020000000000000'), 0)), 'a larger one is refused');
	for (const text of ['', 'ab', 'Abc', '1bc', 'a b', 'a'.repeat(33), 'abc\n', '\u00e4bc', 'abcdef0123456789abcdef0123456789', null])
		ok(!bytes.usernameValid(text), `no username: ${JSON.stringify(text)}`);
	ok(bytes.usernameValid('a.b-c_9') && bytes.usernameValid('a'.repeat(31)), 'usernames');
	for (const text of ['', 'x', '1f7ccdaf-e29a-8b89-83ad-b01873cf5ad', '1F7CCDAF-e29a-8b89-83ad-b01873cf5ad5', '1f7ccdafe29a8b8983adb01873cf5ad5', 7])
		ok(await isRefused(() => bytes.uuidBytes(text)), `no UUID: ${text}`);
	for (const hex of ['c0af', 'eda080', 'f4908080', 'ff', 'c3']) ok(await isRefused(() => bytes.fromUtf8(bytes.fromHex(hex))), `no UTF-8: ${hex}`);
	ok(bytes.fromUtf8(bytes.fromHex('efbbbf41')) === '\ufeffA', 'a byte order mark stays');
	ok(bytes.equal([1, 2], [1, 2]) && !bytes.equal([1, 2], [1, 3]) && !bytes.equal([1], [1, 2]), 'equal bytes');
}

// ---- old browsers

// What is thrown while the browser has this for "crypto".
async function thrownWith(other, work) {
	const real = Object.getOwnPropertyDescriptor(globalThis, 'crypto');
	Object.defineProperty(globalThis, 'crypto', { value: other, configurable: true });
	try {
		await work();
		return null;
	} catch (error) {
		return error;
	} finally {
		if (real) Object.defineProperty(globalThis, 'crypto', real);
		else delete globalThis.crypto; // of the prototype
	}
}

async function checkUnsupported(ok) {
	const isUnsupported = (error, pattern) => error instanceof Unsupported && pattern.test(error.message);
	const verifies = () => needEd25519();
	ok(isUnsupported(await thrownWith(undefined, verifies), /https/), 'without WebCrypto: says that https is missing');
	ok(isUnsupported(await thrownWith({}, () => bytes.sha256(new Uint8Array(0))), /https/), 'or on a page of plain http');
	const old = { importKey: async () => { throw new DOMException('x', 'NotSupportedError'); } };
	ok(isUnsupported(await thrownWith({ subtle: old }, verifies), /Ed25519/), 'without Ed25519: says so');
	const broken = { importKey: async () => { throw new TypeError('x'); } };
	ok(await thrownWith({ subtle: broken }, verifies) instanceof TypeError, 'other errors pass through');
	ok(await thrownWith(crypto, verifies) === null, 'this one has all that is needed');
}

export async function checkHostile(ok, vectors) {
	await checkUnsupported(ok);
	await checkBytes(ok);
	await checkFrames(ok);
	await checkEnvelopes(ok, vectors);
	await checkKeyObjects(ok, vectors);
	await checkSignatures(ok, vectors);
	await checkLogEntries(ok, vectors);
	await checkProofs(ok, vectors);
	await checkNotes(ok, vectors);
	await checkKeyProofs(ok, vectors);
	await checkBackups(ok, vectors);
}
