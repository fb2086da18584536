// A server that shows a key log and can be told to lie about it, users who
// sign what it holds, and runs of the auditor.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { KeyLog, NoteKey, keyLogOff } from './key_log.mjs';
import { run } from './tap.mjs';

export const SERVICE = 'msg.test';

// ---- users, who sign

export const b64 = (bytes) => bytes.toString('base64url');
export const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();
const padded = (text) => Buffer.concat([Buffer.from(text), Buffer.alloc(32)]).subarray(0, 32);
const u32 = (value) => { const out = Buffer.alloc(4); out.writeUInt32BE(value); return out; };
const bytes = (text) => (text ? Buffer.from(text, 'base64url') : Buffer.alloc(32));

export function makeIdentity() {
	const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
	const { kty, crv, x, y } = pair.publicKey.export({ format: 'jwk' });
	return { jwk: { kty, crv, x, y }, thumbprint: b64(sha256(JSON.stringify({ crv, kty, x, y }))),
		sign: (...parts) => b64(sign('sha256', Buffer.concat(parts), { key: pair.privateKey, dsaEncoding: 'ieee-p1363' })) };
}

export const endorse = (identity, { username, keyVersion, thumbprint, previousThumbprint }) =>
	identity.sign(padded('\0e2emsg key endorsement v1'), sha256(SERVICE), padded(username), u32(keyVersion),
		bytes(thumbprint), bytes(previousThumbprint));
export const endorseChange = (old, username, fresh) =>
	old.sign(padded('\0e2emsg identity change v1'), sha256(SERVICE), padded(username), bytes(fresh.thumbprint),
		bytes(old.thumbprint));

let keys = 0;
export const newThumbprint = () => b64(sha256(`encryption key ${++keys}`));
export const idOf = (name) => sha256('id', name).toString('hex').slice(0, 32)
	.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

// A user of a log.  Each call appends what really happens, "lies" in place of what is true.
export class User {
	constructor(log, username, identity) {
		Object.assign(this, { log, username, identity, userId: idOf(username), keyVersion: 1, thumbprint: newThumbprint() });
	}

	state() {
		const { username, userId, keyVersion, thumbprint, previousThumbprint, identity } = this;
		const said = { username, userId, keyVersion, thumbprint, previousThumbprint };
		return identity ? { ...said, identityThumbprint: identity.thumbprint, signature: endorse(identity, said) } : said;
	}

	add(event, lies = {}, identityKey = this.identity?.jwk) {
		return this.log.add({ ...this.state(), event, ...lies }, identityKey);
	}

	register(lies, key) { return this.add('registered', lies, key); }

	rotate(lies, key) {
		this.previousThumbprint = this.thumbprint;
		this.thumbprint = newThumbprint();
		this.keyVersion++;
		return this.add('rotated', lies, key);
	}

	setIdentity(event, identity, lies) {
		const endorsement = event === 'identity_replaced' ? endorseChange(this.identity, this.username, identity) : undefined;
		this.identity = identity;
		return this.add(event, { endorsement, ...lies });
	}
}

// ---- the server, and runs against it

const honest = (asked, reply) => reply;

// A lie that changes the body of the answers on a path.
export const spoil = (path, change) => (asked, reply) =>
	(asked.path === path ? { status: 200, body: change(structuredClone(reply.body), asked) } : reply);

export class AuditScene {
	constructor() {
		this.folder = mkdtempSync(join(tmpdir(), 'e2emsg-audit.'));
		this.homes = 0;
		this.shown = undefined; // the log, or undefined: the server keeps none
		this.requests = []; // paths
		this.behave();
	}

	behave() { this.lie = honest; }

	async open() {
		this.server = createServer((request, response) => this.serve(request, response));
		await new Promise((resolve) => { this.server.listen(0, '127.0.0.1', resolve); });
		this.url = `http://127.0.0.1:${this.server.address().port}`;
		return this;
	}

	close() {
		this.server.closeAllConnections?.();
		this.server.close();
		rmSync(this.folder, { recursive: true });
	}

	serve(request, response) {
		const { pathname, searchParams } = new URL(request.url, 'http://server');
		this.requests.push(pathname);
		const reply = this.lie({ path: pathname, query: searchParams }, this.shown?.reply(pathname, searchParams) ?? keyLogOff());
		if (reply === 'hang up') return request.socket.destroy();
		response.writeHead(reply.status, { 'Content-Type': 'application/json', ...reply.headers });
		return response.end(reply.text ?? JSON.stringify(reply.body));
	}

	newHome() { return join(this.folder, String(++this.homes)); }

	audit(home, ...args) { return run(['audit', '--home', home, '--server', this.url, ...args]); }

	// A log with a signed user and an unsigned one.
	begin() {
		this.behave();
		const log = new KeyLog(SERVICE, new NoteKey('msg.test/log'));
		const alice = new User(log, 'alice', makeIdentity());
		const bob = new User(log, 'bob');
		alice.register();
		bob.register();
		log.publish();
		this.shown = log;
		return { log, alice, bob, home: this.newHome() };
	}
}
