// A gateway in memory that can be told to lie, to lose answers and to die.
// It keeps the REST shapes of docs/api.md and believes everything it is told.
import { createServer } from 'node:http';
import { createCipheriv, createHash, hkdfSync, randomBytes, webcrypto } from 'node:crypto';
import { KeyLog, keyLogOff } from './key_log.mjs';

const { subtle } = webcrypto;

export const b64 = (bytes) => Buffer.from(bytes).toString('base64url');
export const sha256 = (...parts) => {
	const hash = createHash('sha256');
	for (const part of parts) hash.update(part);
	return hash.digest();
};

const uuid = (bytes) => {
	const id = Buffer.from(bytes.subarray(0, 16));
	id[6] = (id[6] & 0x0f) | 0x80;
	id[8] = (id[8] & 0x3f) | 0x80;
	return id.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
};
const uuidBytes = (text) => Buffer.from(text.replaceAll('-', ''), 'hex');
const now = () => new Date().toISOString();

export const thumbprint = ({ crv, kty, x, y }) => b64(sha256(JSON.stringify({ crv, kty, x, y })));
export const messageId = (mailbox, sender, iv) =>
	uuid(sha256(uuidBytes(mailbox), uuidBytes(sender), Buffer.from(iv, 'base64url')));

// ---- keys of users who have no client of their own

const publicPart = ({ kty, crv, x, y }) => ({ kty, crv, x, y });

async function makeKey(name, usages) {
	const pair = await subtle.generateKey({ name, namedCurve: 'P-256' }, true, usages);
	return { pair, jwk: publicPart(await subtle.exportKey('jwk', pair.publicKey)) };
}

export const makeEncryptionKey = () => makeKey('ECDH', ['deriveBits']);
export const makeIdentityKey = () => makeKey('ECDSA', ['sign', 'verify']);

const fixed = (text, size) => Buffer.concat([Buffer.from(text), Buffer.alloc(size)]).subarray(0, size);
const u32 = (value) => { const out = Buffer.alloc(4); out.writeUInt32BE(value); return out; };

export async function endorse(identity, service, username, version, ofKey, ofPrevious) {
	const statement = Buffer.concat([fixed('\0e2emsg key endorsement v1', 32), sha256(service),
		fixed(username, 32), u32(version), Buffer.from(ofKey, 'base64url'),
		ofPrevious ? Buffer.from(ofPrevious, 'base64url') : Buffer.alloc(32)]);
	return b64(await subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, identity.pair.privateKey, statement));
}

// A user's key object that is true to itself, with an identity and a key of the
// server's; without identity: unsigned.
export async function forgeKey(service, user, version, identity, key) {
	const previous = version > 1 ? thumbprint(user.keys[version - 2].jwk) : undefined;
	const print = thumbprint(key.jwk);
	return { userId: user.id, username: user.username, publicKey: key.jwk, keyVersion: version,
		thumbprint: print, ...(previous && { previousThumbprint: previous }),
		...(identity && { identityKey: identity.jwk,
			signature: await endorse(identity, service, user.username, version, print, previous) }) };
}

// The refusal of an envelope, with a key object.
export const stale = (current) => ({ status: 409, body: { code: 'stale_key_version', title: 'stale', hint: '', current } });

// Seals as the tutorial does: the raw secret is the key, nothing is bound.
export async function sealTutorial(mine, theirJwk, text) {
	const other = await subtle.importKey('jwk', theirJwk, { name: 'ECDH', namedCurve: 'P-256' }, false, []);
	const secret = await subtle.deriveBits({ name: 'ECDH', public: other }, mine.pair.privateKey, 256);
	const key = await subtle.importKey('raw', secret, 'AES-GCM', false, ['encrypt']);
	const iv = randomBytes(12);
	const sealed = Buffer.from(await subtle.encrypt({ name: 'AES-GCM', iv }, key, Buffer.from(text)));
	return { suite: 0, iv: b64(iv), ciphertext: b64(sealed.subarray(0, -16)), authTag: b64(sealed.subarray(-16)) };
}

// A frame with a text and a head of the key log, which may be anything, sealed in suite 1 by hand: from a user with
// "mine" as the newest key, for that of another.
export async function sealHead(mine, from, to, text, head) {
	const field = (type, value) => Buffer.concat([Buffer.from([type]), u32(value.length), value]);
	const frame = fixed(Buffer.concat([Buffer.from([1]), field(1, Buffer.from(text)), field(2, randomBytes(16)), field(4, head)]), 256);
	const theirs = to.keys.at(-1).jwk;
	const context = Buffer.concat([fixed('e2emsg suite 1', 32), uuidBytes(from.id), uuidBytes(to.id), u32(from.keys.length), u32(to.keys.length),
		Buffer.from(thumbprint(mine.jwk), 'base64url'), Buffer.from(thumbprint(theirs), 'base64url')]);
	const other = await subtle.importKey('jwk', theirs, { name: 'ECDH', namedCurve: 'P-256' }, false, []);
	const secret = await subtle.deriveBits({ name: 'ECDH', public: other }, mine.pair.privateKey, 256);
	const bytes = hkdfSync('sha256', Buffer.from(secret), '', context, 32);
	const iv = randomBytes(12);
	const cipher = createCipheriv('aes-256-gcm', Buffer.from(bytes), iv).setAAD(context);
	const ciphertext = Buffer.concat([cipher.update(frame), cipher.final()]);
	return { suite: 1, senderKeyVersion: from.keys.length, iv: b64(iv), ciphertext: b64(ciphertext), authTag: b64(cipher.getAuthTag()) };
}

// ---- the gateway

const problem = (status, code, more = {}) =>
	({ status, body: { type: 'about:blank', title: code, status, code, hint: 'none', ...more } });

export class Gateway {
	// keyLog: true for a server that keeps one, or the log itself.
	constructor(service = 'msg.test', { keyLog = false } = {}) {
		this.service = service;
		this.log = keyLog === true ? new KeyLog(service) : keyLog || undefined;
		this.slow = false; // does the log leave new entries waiting?
		this.users = new Map(); // username -> user
		this.requests = []; // "METHOD path" of all that came
		this.before = () => undefined; // a reply in place of the honest one
		this.after = (request, reply) => reply; // the honest reply, to be spoilt
	}

	async start() {
		this.server = createServer((request, response) => this.serve(request, response));
		await new Promise((resolve) => this.server.listen(0, '127.0.0.1', resolve));
		this.url = `http://127.0.0.1:${this.server.address().port}`;
	}

	stop() {
		this.server.closeAllConnections?.();
		this.server.close();
	}

	// Forgets every lie.
	behave() {
		this.before = () => undefined;
		this.after = (request, reply) => reply;
		this.requests = [];
		this.slow = false;
	}

	async serve(request, response) {
		const chunks = [];
		for await (const chunk of request) chunks.push(chunk);
		const url = new URL(request.url, this.url);
		const asked = { method: request.method, path: url.pathname, query: url.searchParams,
			length: request.headers['content-length'],
			token: request.headers.authorization?.replace(/^Bearer /, ''),
			body: chunks.length > 0 ? JSON.parse(Buffer.concat(chunks)) : undefined };
		this.requests.push(`${asked.method} ${asked.path}`);
		const early = await this.before(asked);
		const reply = await this.after(asked, early ?? await this.route(asked));
		if (reply === 'hang up') return request.socket.destroy();
		if (reply.stream) return reply.stream(response);
		const text = reply.text ?? JSON.stringify(reply.body);
		response.writeHead(reply.status, { 'Content-Type': 'application/json', ...reply.headers });
		response.end(text);
	}

	find(who) {
		return this.users.get(who) ?? [...this.users.values()].find((user) => user.id === who);
	}

	token(user) {
		const token = b64(randomBytes(24));
		user.tokens.add(token);
		return { token, expiresAt: new Date(Date.now() + 3600e3).toISOString() };
	}

	// Appends what happened last to a user, and signs it unless the log is slow.
	record(user, event = user.keys.length > 1 ? 'rotated' : 'registered') {
		const keyVersion = user.keys.length;
		const { jwk, identity, signature } = user.keys.at(-1);
		this.log?.add({ username: user.username, userId: user.id, event, keyVersion, thumbprint: thumbprint(jwk), signature,
			...(keyVersion > 1 && { previousThumbprint: thumbprint(user.keys.at(-2).jwk) }),
			...(identity && { identityThumbprint: thumbprint(identity) }) }, identity);
		if (!this.slow) this.log?.publish();
	}

	// The newest version that is served.
	version(user) {
		return this.log ? this.log.rowOf(user.id)?.fields.keyVersion : user.keys.length;
	}

	// The member "log" of a key object.
	proof(user, version) {
		const row = this.log?.rowOf(user.id, version);
		return row && { log: this.log.member(row) };
	}

	keyObject(user, version = this.version(user)) {
		const key = user.keys[version - 1];
		return key && { userId: user.id, username: user.username, publicKey: key.jwk,
			keyVersion: version, thumbprint: thumbprint(key.jwk),
			...(version > 1 && { previousThumbprint: thumbprint(user.keys[version - 2].jwk) }),
			...(key.identity && { identityKey: key.identity, signature: key.signature }),
			createdAt: now(), ...this.proof(user, version) };
	}

	add(username, jwk, identity, signature) {
		const user = { username, id: uuid(sha256('id', username)), keys: [{ jwk, identity, signature }],
			mail: [], acknowledged: 0, tokens: new Set() };
		this.users.set(username, user);
		this.record(user);
		return user;
	}

	// A user who has no client, signed; "mine" is the key.
	async addByHand(username) {
		const [mine, identity] = [await makeEncryptionKey(), await makeIdentityKey()];
		const user = this.add(username, mine.jwk, identity.jwk, await endorse(identity, this.service, username, 1, thumbprint(mine.jwk)));
		return { name: username, there: user, mine };
	}

	// A key and an identity of the server's own for a user, who never made them; gives the key.
	async impersonate(user) {
		const [key, identity] = [await makeEncryptionKey(), await makeIdentityKey()];
		const { signature } = await forgeKey(this.service, user, user.keys.length + 1, identity, key);
		user.keys.push({ jwk: key.jwk, identity: identity.jwk, signature });
		this.record(user);
		return key;
	}

	// Puts mail into a mailbox; "lies" replace what is true of it.
	deliver(to, from, envelope, lies = {}) {
		const { suite = 0, iv, ciphertext, authTag, keyVersion = to.keys.length, senderKeyVersion } = envelope;
		const message = { messageId: messageId(to.id, from.id, iv), seq: to.mail.length + 1, senderId: from.id,
			receiverId: to.id, suite, keyVersion, ...(senderKeyVersion && { senderKeyVersion }),
			iv, ciphertext, authTag, sentAt: now(), ...lies };
		to.mail.push(message);
		return message;
	}

	route(asked) {
		const { method, path } = asked;
		const named = path.match(/^\/users\/([^/]+)\/public-key$/);
		const history = path.match(/^\/users\/([^/]+)\/key-rotations$/);
		if (this.log?.rows.length > this.log?.signed && !this.slow) this.log.publish();
		if (path.startsWith('/key-log')) return this.log?.reply(path, asked.query) ?? keyLogOff();
		if (method === 'POST' && path === '/sessions/challenge')
			return { status: 200, body: { nonce: b64(randomBytes(24)), audience: this.service, expiresIn: 120 } };
		if (method === 'POST' && path === '/users') return this.register(asked.body);
		if (method === 'POST' && path === '/sessions') return this.signIn(asked.body);
		const caller = [...this.users.values()].find((user) => user.tokens.has(asked.token));
		if (!caller) return problem(401, 'invalid_token');
		if (method === 'GET' && named) return this.publicKey(named[1], asked.query.get('version'));
		if (method === 'GET' && history && this.log)
			return { status: 200, body: this.log.rotations(this.find(history[1])?.id, Number(asked.query.get('from') ?? 1)) };
		if (method === 'PUT' && named) return this.rotate(caller, asked.body);
		if (method === 'POST' && path === '/messages') return this.send(caller, asked.body);
		if (method === 'GET' && path === '/messages')
			return asked.query.get('wait') ? this.poll(caller, asked.query) : this.inbox(caller, asked.query);
		if (method === 'POST' && path === '/messages/ack') {
			caller.acknowledged = Math.max(caller.acknowledged, asked.body.through);
			return { status: 200, body: { acknowledged: caller.acknowledged } };
		}
		if (method === 'POST' && path === '/sessions/refresh') return this.refresh(caller, asked);
		return problem(404, 'not_found');
	}

	register({ username, publicKey, identityKey, signature }) {
		if (this.users.has(username)) return problem(409, 'username_taken');
		const user = this.add(username, publicKey, identityKey, signature);
		return { status: this.version(user) ? 201 : 202, body: { id: user.id, username, keyVersion: 1, ...this.token(user) } };
	}

	signIn({ assertion }) {
		const { sub } = JSON.parse(Buffer.from(assertion.split('.')[1], 'base64url'));
		const user = this.users.get(sub);
		return user ? { status: 201, body: this.token(user) } : problem(401, 'invalid_assertion');
	}

	// Takes no body, as the real one does.
	refresh(caller, { length, body }) {
		if (length === undefined) return problem(411, 'length_required');
		if (body !== undefined) return problem(400, 'invalid_request', { detail: 'this call takes no body' });
		return { status: 201, body: this.token(caller) };
	}

	publicKey(who, version) {
		const user = this.find(who);
		const body = user && this.keyObject(user, version ? Number(version) : undefined);
		return body ? { status: 200, body } : problem(404, user ? 'unknown_key_version' : 'unknown_user');
	}

	rotate(caller, { publicKey, keyVersion, signature }) {
		const again = this.log && keyVersion === caller.keys.length && thumbprint(publicKey) === thumbprint(caller.keys.at(-1).jwk);
		if (!again && keyVersion !== caller.keys.length + 1) return problem(409, 'version_conflict');
		if (!again) {
			caller.keys.push({ jwk: publicKey, identity: caller.keys[0].identity, signature });
			this.record(caller);
		}
		return this.version(caller) === keyVersion
			? { status: 200, body: { keyVersion, throughSeq: caller.mail.length } }
			: { status: 202, body: { keyVersion } };
	}

	send(caller, envelope) {
		const receiver = this.find(envelope.receiverId);
		if (!receiver) return problem(404, 'unknown_receiver');
		const known = receiver.mail.find((mail) => mail.senderId === caller.id && mail.iv === envelope.iv);
		if (known) return { status: 200, body: { messageId: known.messageId, sentAt: known.sentAt } };
		if (envelope.keyVersion !== this.version(receiver))
			return problem(409, 'stale_key_version', { current: this.keyObject(receiver) });
		const { messageId: id, sentAt } = this.deliver(receiver, caller, envelope);
		return { status: 201, body: { messageId: id, sentAt } };
	}

	inbox(caller, query) {
		const after = Math.max(Number(query.get('after')), caller.acknowledged);
		const messages = caller.mail.filter(({ seq }) => seq > after);
		return { status: 200, body: { messages, next: messages.at(-1)?.seq ?? after } };
	}

	// Answers early only in that mail comes.
	async poll(caller, query) {
		const end = Date.now() + 1000 * Number(query.get('wait'));
		for (;;) {
			const reply = this.inbox(caller, query);
			if (reply.body.messages.length > 0 || Date.now() > end || !this.server.listening) return reply;
			await new Promise((resolve) => { setTimeout(resolve, 20); });
		}
	}
}
