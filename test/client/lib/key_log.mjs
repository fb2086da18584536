// A key log in memory, written from docs/protocol.md ("Key log"), RFC 9162
// section 2.1 and C2SP signed-note.  It shares no code with the C programs and
// believes everything it is told, so that a test can cheat with it.
//
//	const log = new KeyLog('msg.test');
//	log.add({ username, userId, event: 'registered', keyVersion: 1, thumbprint });
//	log.publish();                        // ends the round, signs a checkpoint
//	log.reply('/key-log/entries', query)  // what the public routes answer
//
// UUIDs are texts, thumbprints and signatures base64url as on the wire, hashes
// Buffers, sizes and leaf numbers plain numbers.
import { createHash, createPrivateKey, createPublicKey, randomBytes, sign, verify } from 'node:crypto';

export const EVENTS = ['registered', 'rotated', 'identity_added', 'identity_replaced', 'identity_reset', 'deleted'];

const b64 = (bytes) => bytes.toString('base64url');
const sha256 = (...parts) => {
	const hash = createHash('sha256');
	for (const part of parts) hash.update(part);
	return hash.digest();
};

// ---- entries

const u32 = (value) => { const out = Buffer.alloc(4); out.writeUInt32BE(value); return out; };
const u64 = (value) => { const out = Buffer.alloc(8); out.writeBigUInt64BE(BigInt(value)); return out; };
const padded = (text) => { const out = Buffer.alloc(32); out.write(text); return out; };
const zerosOr = (text, size) => (text ? Buffer.from(text, 'base64url') : Buffer.alloc(size));

// 385 bytes: what happened to a user's keys.
export function userEntry(service, { username, userId, number, event, keyVersion, thumbprint, previousThumbprint,
	identityThumbprint, signature, endorsement, time, previousEntry }) {
	return Buffer.concat([padded('\0e2emsg key log entry v1'), sha256(service), padded(username),
		Buffer.from(userId.replaceAll('-', ''), 'hex'), u32(number), Buffer.from([EVENTS.indexOf(event) + 1]),
		u32(keyVersion), zerosOr(thumbprint, 32), zerosOr(previousThumbprint, 32), zerosOr(identityThumbprint, 32),
		zerosOr(signature, 64), zerosOr(endorsement, 64), u64(time), previousEntry ?? Buffer.alloc(32)]);
}

// 104 bytes: the last entry of a round.
export const roundEntry = (service, round) =>
	Buffer.concat([padded('\0e2emsg key log round v1'), sha256(service), u64(round), Buffer.alloc(32)]);

// ---- the tree (RFC 9162 section 2.1)

export const leafHash = (entry) => sha256(Buffer.from([0]), entry);
export const nodeHash = (left, right) => sha256(Buffer.from([1]), left, right);

// The largest power of two that is smaller than n.
const split = (n) => 2 ** Math.floor(Math.log2(n - 1));

export class Tree {
	constructor(leaves = []) {
		this.levels = [leaves]; // levels[h][i]: root of the leaves from i * 2^h on, 2^h of them
	}

	get size() { return this.levels[0].length; }

	append(hash) { this.levels[0].push(hash); }

	node(height, index) {
		this.levels[height] ??= [];
		this.levels[height][index] ??= nodeHash(this.node(height - 1, 2 * index), this.node(height - 1, 2 * index + 1));
		return this.levels[height][index];
	}

	// MTH(D[from:to])
	hash(from, to) {
		const count = to - from;
		if (count === 0) return sha256();
		const height = Math.log2(count);
		if (Number.isInteger(height)) return this.node(height, from / count);
		const middle = from + split(count);
		return nodeHash(this.hash(from, middle), this.hash(middle, to));
	}

	root(size = this.size) { return this.hash(0, size); }

	// PATH(index, D[from:to])
	inclusion(index, size, from = 0, to = size) {
		if (to - from === 1) return [];
		const middle = from + split(to - from);
		return index < middle
			? [...this.inclusion(index, size, from, middle), this.hash(middle, to)]
			: [...this.inclusion(index, size, middle, to), this.hash(from, middle)];
	}

	// PROOF(old, D[0:size])
	consistency(old, size) {
		return old === 0 || old === size ? [] : this.subproof(old, 0, size, true);
	}

	// SUBPROOF(old - from, D[from:to], whole)
	subproof(old, from, to, whole) {
		if (old === to) return whole ? [] : [this.hash(from, to)];
		const middle = from + split(to - from);
		return old <= middle
			? [...this.subproof(old, from, middle, whole), this.hash(middle, to)]
			: [...this.subproof(old, middle, to, false), this.hash(from, middle)];
	}
}

// ---- signed notes

const PKCS8_ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex');

export class NoteKey {
	constructor(name, seed = randomBytes(32)) {
		this.name = name;
		this.key = createPrivateKey({ key: Buffer.concat([PKCS8_ED25519, seed]), format: 'der', type: 'pkcs8' });
		this.publicKey = createPublicKey(this.key).export({ format: 'der', type: 'spki' }).subarray(-32);
		const typed = Buffer.concat([Buffer.from([1]), this.publicKey]);
		this.keyId = sha256(name, '\n', typed).subarray(0, 4);
		this.verifier = `${name}+${this.keyId.toString('hex')}+${typed.toString('base64')}`;
	}

	// The text, which ends with a newline, and a signature of it.
	sign(text) {
		const blob = Buffer.concat([this.keyId, sign(null, Buffer.from(text), this.key)]);
		return `${text}\n\u2014 ${this.name} ${blob.toString('base64')}\n`;
	}

	// The text of a note, or null when this key did not sign it.
	open(note) {
		const [, text, name, blob] = note.match(/^([^]*\n)\n\u2014 (\S+) (\S+)\n$/) ?? [];
		const bytes = Buffer.from(blob ?? '', 'base64');
		return name === this.name && bytes.subarray(0, 4).equals(this.keyId) &&
			verify(null, Buffer.from(text), createPublicKey(this.key), bytes.subarray(4)) ? text : null;
	}

	checkpoint(size, root, origin = this.name) {
		return this.sign(`${origin}\n${size}\n${root.toString('base64')}\n`);
	}

	// What this key, the old one, says when it hands over to a new one.
	succession(verifier, old, fresh) {
		return this.sign('e2emsg key log succession v1\n' + `${verifier}\n` +
			`${old.size} ${old.root.toString('base64')}\n${fresh.size} ${fresh.root.toString('base64')}\n`);
	}
}

// Two keys of one key id, which is found by trying names: it has 32 bits.
export const twinKeys = () => [new NoteKey('msg.test/log34968', Buffer.alloc(32, 1)), new NoteKey('msg.test/log16596', Buffer.alloc(32, 2))];

// ---- the log

const problem = (status, code) => ({ status, body: { type: 'about:blank', title: code, status, code, hint: 'none' } });

export class KeyLog {
	constructor(service, key = new NoteKey('msg.test/log')) {
		this.service = service;
		this.key = key;
		this.tree = new Tree();
		this.rows = []; // of each leaf: { index, entry, leafHash, fields?, identityKey? }
		this.rounds = 0;
		this.successions = [];
		this.checkpoint = undefined; // the newest note
		this.signed = 0; // its size
	}

	push(entry, more = {}) {
		const row = { index: this.tree.size, entry, leafHash: leafHash(entry), ...more };
		this.tree.append(row.leafHash);
		this.rows.push(row);
		return row;
	}

	// The user's newest row, signed or not.
	newest(userId) { return this.rows.findLast((row) => row.fields?.userId === userId); }

	// Appends an entry of a user; number, time and link follow from what is there unless they are given.
	// "previous" spares the search for the user's newest row in a long log (null: there is none).
	add(fields, identityKey, previous = this.newest(fields.userId)) {
		const all = { number: (previous?.fields.number ?? 0) + 1, time: Date.now(),
			previousEntry: previous?.leafHash, ...fields };
		return this.push(userEntry(this.service, all), { fields: all, identityKey });
	}

	endRound(round = ++this.rounds) { return this.push(roundEntry(this.service, round)); }

	// Signs all that is there.
	sign() {
		this.signed = this.tree.size;
		this.checkpoint = this.key.checkpoint(this.signed, this.tree.root());
		return this.checkpoint;
	}

	publish() {
		this.endRound();
		return this.sign();
	}

	// Another log with the same first entries, signed by the same key or another: what a liar shows to some.
	fork(size = this.tree.size, key = this.key) {
		const other = new KeyLog(this.service, key);
		other.rows = this.rows.slice(0, size);
		other.tree = new Tree(this.tree.levels[0].slice(0, size));
		other.rounds = other.rows.filter((row) => !row.fields).length;
		return other;
	}

	// Lets the old log hand over to this one, which begins with what it holds now.
	succeed(old) {
		const end = { size: old.signed, root: old.tree.root(old.signed) };
		const begin = { size: this.tree.size, root: this.tree.root() };
		this.successions = [...old.successions, old.key.succession(this.key.verifier, end, begin)];
	}

	// The value of field 4 of a frame.
	head(size = this.signed, root = this.tree.root(size)) {
		const blob = Buffer.from(this.key.checkpoint(size, root).split(' ').at(-1), 'base64');
		return Buffer.concat([blob.subarray(0, 4), u64(size), root, blob.subarray(4)]);
	}

	// Is the row covered by the newest checkpoint?
	isSigned(row) { return row.index < this.signed; }

	// The signed rows of a user from number "from" on.
	rowsOf(userId, from = 1) {
		return this.rows.filter((row) => row.fields?.userId === userId && row.fields.number >= from && this.isSigned(row));
	}

	// The newest signed row of a key version (of the newest one without it).
	rowOf(userId, keyVersion) {
		return this.rowsOf(userId).findLast(({ fields }) => !keyVersion || fields.keyVersion === keyVersion);
	}

	// The member "log" of a key object, or of the answer with rotations.
	member({ index, entry }) {
		return { checkpoint: this.checkpoint, index, size: this.signed, entry: b64(entry),
			proof: b64(Buffer.concat(this.tree.inclusion(index, this.signed))) };
	}

	// A row of "rotations".
	rotation({ entry, fields }) {
		const { number, event, keyVersion, thumbprint, previousThumbprint, identityThumbprint, signature, endorsement } = fields;
		return { number, event, keyVersion, thumbprint, ...(previousThumbprint && { previousThumbprint }),
			...(identityThumbprint && { identityThumbprint }), ...(signature && { signature }),
			...(endorsement && { endorsement }), createdAt: new Date(fields.time).toISOString(), entry: b64(entry) };
	}

	// The body of GET /users/{who}/key-rotations?from=
	rotations(userId, from = 1) {
		const rows = this.rowsOf(userId, from).slice(0, 500);
		return { rotations: rows.map((row) => this.rotation(row)), ...(rows.length > 0 && { log: this.member(rows.at(-1)) }) };
	}

	view() {
		return { verifier: this.key.verifier, checkpoint: this.checkpoint, successions: this.successions };
	}

	consistency(from, to) {
		if (!(from >= 0 && from <= to && to <= this.signed)) return problem(404, 'not_in_log');
		return { status: 200, body: { from, to, fromRoot: b64(this.tree.root(from)), toRoot: b64(this.tree.root(to)),
			proof: b64(Buffer.concat(this.tree.consistency(from, to))) } };
	}

	inclusion(leaf, size) {
		if (!(leaf >= 0 && leaf < size && size <= this.signed)) return problem(404, 'not_in_log');
		return { status: 200, body: { leaf, size, leafHash: b64(this.rows[leaf].leafHash),
			proof: b64(Buffer.concat(this.tree.inclusion(leaf, size))) } };
	}

	// A row of "entries"; "gone" stands in a row whose payload is.
	entry({ entry, leafHash: hash, identityKey, gone }) {
		return gone ? { leafHash: b64(hash) } : { entry: b64(entry), ...(identityKey && { identityKey }) };
	}

	entries(from, limit) {
		if (!(limit >= 1 && limit <= 1000)) return problem(400, 'invalid_request');
		const rows = this.rows.slice(from, Math.min(from + limit, this.signed));
		return { status: 200, body: { from, size: this.signed, entries: rows.map((row) => this.entry(row)) } };
	}

	// What a public route answers, { status, body }; undefined for a path that is none of them.
	reply(path, query = new URLSearchParams()) {
		const number = (name, otherwise) => Number(query.get(name) ?? otherwise);
		if (!path.startsWith('/key-log')) return undefined;
		if (this.checkpoint === undefined) return problem(503, 'not_logged');
		switch (path) {
			case '/key-log': return { status: 200, body: this.view() };
			case '/key-log/checkpoint':
				return { status: 200, text: this.checkpoint, headers: { 'Content-Type': 'text/plain; charset=utf-8' } };
			case '/key-log/proof/inclusion': return this.inclusion(number('leaf'), number('size'));
			case '/key-log/proof/consistency': return this.consistency(number('from'), number('to'));
			case '/key-log/entries': return this.entries(number('from', 0), number('limit', 256));
			default: return problem(404, 'not_found');
		}
	}
}

// Heads that the log's key did not sign, made of one that it did: what a peer could make up.
export function madeUpHeads(log) {
	const head = log.head();
	const put = (at, bytes) => Buffer.concat([head.subarray(0, at), bytes, head.subarray(at + bytes.length)]);
	return {
		'another size': put(4, u64(log.signed + 1)),
		'a size of 2^64 - 1': put(4, Buffer.alloc(8, 255)),
		'another root': put(12, sha256('another root')),
		'the signature of another size': put(44, log.head(log.signed - 1).subarray(44)),
		'the signature of another root': put(44, log.head(log.signed, sha256('x')).subarray(44)),
		'the signature of another key': put(44, log.fork(log.signed, new NoteKey(log.key.name)).head(log.signed).subarray(44)),
		'a signature of zeros': put(44, Buffer.alloc(64)),
	};
}

// The answer of a server that keeps no log.
export const keyLogOff = () => problem(404, 'key_log_off');
