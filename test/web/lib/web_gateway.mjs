// The gateway in memory with the routes that a web client uses besides: the
// stream of server-sent events, backups, blocks.
import { Gateway, sha256 } from '../../client/lib/gateway.mjs';

const problem = (status, code, more = {}) =>
	({ status, body: { type: 'about:blank', title: code, status, code, hint: 'none', ...more } });

export class WebGateway extends Gateway {
	constructor(service, options) {
		super(service, options);
		this.streams = new Set(); // { user, response, last }
		this.streamsMax = Infinity;
		this.restores = 0;
		this.blocksMax = Infinity;
	}

	stop() {
		super.stop();
		for (const { response } of this.streams) response.destroy();
	}

	route(asked) {
		if (asked.method === 'POST' && asked.path === '/backup/restore') return this.restoreBackup(asked.body);
		const caller = [...this.users.values()].find((user) => user.tokens.has(asked.token));
		if (caller && asked.path === '/backup')
			return asked.method === 'PUT' ? this.putBackup(caller, asked.body) : this.getBackup(caller);
		if (caller && asked.path === '/messages/stream' && this.streams.size >= this.streamsMax) return problem(503, 'stream_capacity');
		if (caller && asked.path === '/messages/stream')
			return { status: 200, stream: (response) => this.stream(caller, asked.query.get('after'), response) };
		if (caller && asked.path === '/blocks') return this.listBlocks(caller);
		if (caller && asked.path.startsWith('/blocks/')) return this.block(caller, asked);
		return super.route(asked);
	}

	// ---- blocks

	block(caller, { method, path, length, body }) {
		const senderId = path.slice('/blocks/'.length);
		if (method === 'PUT' && (length === undefined || body !== undefined)) return problem(411, 'length_required');
		caller.blocks ??= new Set();
		if (method === 'DELETE') caller.blocks.delete(senderId);
		else if (caller.blocks.size >= this.blocksMax) return problem(409, 'too_many_blocks');
		else caller.blocks.add(senderId);
		return { status: 200, body: { senderId, createdAt: new Date().toISOString() } };
	}

	listBlocks({ blocks = [] }) {
		return { status: 200, body: { blocks: [...blocks].map((senderId) => ({ senderId, createdAt: new Date().toISOString() })) } };
	}

	send(caller, envelope) {
		const receiver = this.find(envelope.receiverId);
		const isKnown = receiver?.mail.some(({ senderId, iv }) => senderId === caller.id && iv === envelope.iv);
		return receiver?.blocks?.has(caller.id) && !isKnown ? problem(403, 'not_accepted') : super.send(caller, envelope);
	}

	// ---- mail as it comes

	// Answers with what comes until the connection ends.
	stream(user, after, response) {
		const stream = { user, response, last: Math.max(Number(after), user.acknowledged) };
		response.writeHead(200, { 'Content-Type': 'text/event-stream' });
		response.write('retry: 2000\n\n:\n\n');
		this.streams.add(stream);
		response.on('close', () => this.streams.delete(stream));
		this.feed(stream);
	}

	feed(stream) {
		for (const message of stream.user.mail.filter(({ seq }) => seq > stream.last)) {
			stream.response.write(`id: ${message.seq}\nevent: message\ndata: ${JSON.stringify(message)}\n\n`);
			stream.last = message.seq;
		}
	}

	deliver(to, ...rest) {
		const message = super.deliver(to, ...rest);
		this.feedAll(to);
		return message;
	}

	// Gives out what a test has put into a mailbox.
	feedAll(user) {
		for (const stream of this.streams) if (stream.user === user) this.feed(stream);
	}

	// ---- backups

	putBackup(caller, { version, locator, backup }) {
		const { version: stored = 0, hash, blob } = caller.backup ?? {};
		const wanted = locator ? sha256(Buffer.from(locator, 'base64url')).toString('hex') : hash;
		if (version === stored && wanted === hash && blob === backup) return { status: 200, body: { version } };
		if (version !== stored + 1) return problem(409, 'version_conflict');
		if (!wanted) return problem(400, 'invalid_request');
		caller.backup = { version, hash: wanted, blob: backup };
		return { status: 200, body: { version } };
	}

	getBackup({ backup }) {
		return backup ? { status: 200, body: { version: backup.version, backup: backup.blob } } : problem(404, 'no_backup');
	}

	restoreBackup({ username, locator }) {
		this.restores++;
		const { backup } = this.users.get(username) ?? {};
		return backup?.hash === sha256(Buffer.from(locator, 'base64url')).toString('hex')
			? { status: 200, body: { username, version: backup.version, backup: backup.blob } } : problem(404, 'no_backup');
	}
}
