// New mail as it comes.  One tab of a database holds the stream of the
// server's events and takes the mail of all; the others wait for its end.
import { Malformed } from '../crypto/errors.js';
import { expect } from './answer.js';
import { E2emsgError } from './error.js';
import { jitter } from './jitter.js';

const WAIT_S = 25; // of one long poll
const POLLS_MAX = 12; // then the stream is tried again
const RETRIES_MAX = 20; // envelopes that did not open, at each connection
const BACK_OFF_MS = 1000;
const BACK_OFF_MAX_MS = 30_000;
const GIVE_UP = ['no_account', 'signed_out', 'other_service', 'invalid_assertion', 'own_key_changed',
	'unsupported_browser', 'outdated_page'];

export class Live {
	constructor(core) {
		this.core = core;
		this.state = 'closed';
		this.ending = undefined; // an AbortController while connected
	}

	// Begins; resolves when this tab knows how it gets its mail.
	connect() {
		if (this.ending) return this.begun;
		this.ending = new AbortController();
		this.watchNetwork(this.ending.signal);
		this.begun = new Promise((resolve) => { this.settled = resolve; });
		this.set('connecting');
		this.run(this.ending.signal);
		return this.begun;
	}

	close(error) {
		this.ending?.abort();
		this.ending = undefined;
		this.set('closed', error);
	}

	set(state, error) {
		if (state !== 'connecting') this.settled?.();
		if (state === this.state && !error) return;
		this.state = state;
		this.core.events.emit('connection', { state, ...(error && { error }) });
	}

	// Holds the lock of the stream; until it is free, another tab does.
	async run(signal) {
		const waiting = this.core.later(500, () => this.set('elsewhere'));
		try {
			await this.core.tabs.hold('stream', signal, async () => {
				waiting();
				await this.stay(signal);
			});
		} catch (error) {
			if (!signal.aborted) this.close(wrap(error));
		} finally {
			waiting();
		}
	}

	// Connects again and again until it is closed; throws why it can't go on.
	async stay(signal) {
		for (let failures = 0; !signal.aborted;) {
			let asked;
			try {
				this.set('connecting');
				await this.follow(signal, () => { failures = 0; });
			} catch (error) {
				if (signal.aborted) return;
				if (GIVE_UP.includes(error.code)) throw error;
				failures++;
				this.set('offline', wrap(error));
				asked = error.retryAfter;
			}
			await this.pause(failures, asked, signal);
		}
	}

	// One connection, which ends with the signal, or when the network goes.
	async follow(signal, cheer) {
		const drop = new AbortController();
		const end = () => drop.abort();
		this.drop = end;
		signal.addEventListener('abort', end);
		try {
			await this.core.session.need();
			this.catchUp();
			const stream = await this.open(drop.signal);
			cheer();
			this.set('online');
			this.check = stream?.check;
			if (stream) await this.read(stream.events);
			else await this.poll(drop.signal);
		} finally {
			this.check = undefined;
			signal.removeEventListener('abort', end);
		}
	}

	// What waits on this side.
	catchUp() {
		this.core.opening.hope();
		this.core.blocks.meet().catch(() => {});
		this.core.delivery.run().catch(() => {});
		this.core.receipts.settleAll().catch(() => {});
		this.core.inbox.retry(RETRIES_MAX).catch(() => {});
		this.core.backup.saveSoon();
	}

	// The stream, or null when the server has no room for one.
	async open(signal) {
		try {
			return await this.openStream(signal);
		} catch (error) {
			if (error.code === 'stream_capacity') return null;
			throw error;
		}
	}

	async openStream(signal) {
		const { last } = await this.core.inbox.progress();
		return this.core.session.with((token) => this.core.api.stream(`/messages/stream?after=${last}`, { token, signal }));
	}

	// Takes the messages of the stream, as many at once as have come.
	async read(events) {
		for await (const batch of events) {
			const messages = batch.filter(({ event }) => event === 'message');
			if (messages.length > 0) await this.core.inbox.take(parseEach(messages));
			if (batch.some(({ event }) => event === 'end')) return;
		}
	}

	async poll(signal) {
		for (let polls = 0; polls < POLLS_MAX && !signal.aborted; polls++)
			await this.core.inbox.fetch({ wait: WAIT_S, signal });
	}

	// Waits before the next try: as long as the server asks for, or until the network is back.
	pause(failures, asked = 0, signal) {
		const ms = Math.min(BACK_OFF_MS * 2 ** Math.max(0, failures - 1), BACK_OFF_MAX_MS) * jitter();
		return new Promise((resolve) => {
			const end = () => {
				cancel();
				signal.removeEventListener('abort', end);
				this.wake = undefined;
				resolve();
			};
			const cancel = this.core.later(Math.max(1000 * asked, ms), end);
			signal.addEventListener('abort', end);
			if (asked === 0) this.wake = end;
		});
	}

	// Browsers say when the network comes and goes, and when a page is looked at again.
	watchNetwork(signal) {
		const again = () => {
			if (globalThis.document?.visibilityState === 'hidden') return;
			this.check?.();
			this.wake?.();
			this.core.delivery.run().catch(() => {});
		};
		for (const event of ['online', 'pageshow', 'visibilitychange']) globalThis.addEventListener?.(event, again, { signal });
		globalThis.addEventListener?.('offline', () => this.drop?.(), { signal });
	}
}

function parse(data) {
	try {
		return JSON.parse(data);
	} catch {
		throw new Malformed('it is not JSON');
	}
}

// One after the other: what comes before garbage is taken.
function* parseEach(events) {
	for (const { data } of events) yield expect('mail', () => parse(data));
}

const wrap = (error) => (error instanceof E2emsgError ? error
	: new E2emsgError('failed', String(error?.message ?? error), { cause: error }));
