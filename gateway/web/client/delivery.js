// Hands the entries of the outbox to the server, each exactly once: one tab at
// a time, in order, the same envelope until there is an answer.
import * as field from '../crypto/field.js';
import { expect, time } from './answer.js';
import { RETRY_MAX_S } from './api.js';
import { E2emsgError, isPassing, pack, refuse, unpack } from './error.js';
import { jitter } from './jitter.js';
import { isUnsignedOk } from './outbox.js';
import { checkReceiver } from './trust.js';

const ROUNDS_MAX = 4; // of sealing again, when the peer rotates as we send
const ASK_AFTER_MS = 6 * 86400_000; // the server forgets an envelope after seven days
const WAIT_MIN_S = 1;
const WAIT_MAX_S = 60;

// These stop one peer's entries, and wait for the user.
const NEEDS_USER = ['untrusted_identity', 'unsigned_peer', 'refused_key', 'blocked'];
// These stop everything, and wait for the user.
const STOPS = ['key_log_problem', 'own_key_changed', 'other_service', 'signed_out', 'no_account', 'storage_failed',
	'outdated_page', 'closed'];
// The receiver's mailbox alone can't take mail now.
const OF_RECEIVER = ['mailbox_busy', 'too_many_rounds'];

export class Delivery {
	constructor(core) {
		this.core = core;
		this.running = Promise.resolve();
		this.next = undefined; // the run that waits for its turn
		this.failures = 0; // in a row
	}

	/*
	 * Delivers all that waits.  A map of id → error of what was not delivered;
	 * calls during a run share the next one.
	 */
	run() {
		this.next ??= this.running.then(() => {
			this.next = undefined;
			return this.core.tabs.alone('outbox', () => this.runNow());
		});
		this.running = this.next.catch(() => {});
		return this.next;
	}

	async runNow() {
		const asked = await this.asked();
		if (asked) return this.hold(asked);
		const errors = new Map();
		const held = new Map(); // peers whose entries wait for an earlier one, and why
		let stopped; // by what everything waits for
		this.rest();
		for (const { id } of await this.core.outbox.entries()) {
			const entry = await this.core.outbox.entry(id); // as it is now: others were on their way meanwhile
			if (!entry) continue;
			const error = stopped ?? held.get(entry.peer) ?? await this.attempt(entry);
			if (!error) continue;
			errors.set(entry.id, error);
			if (await this.core.outbox.entry(id)) held.set(entry.peer, error); // what is refused for good holds nobody
			if (STOPS.includes(error.code) || (isPassing(error) && !OF_RECEIVER.includes(error.code))) stopped = error;
		}
		if (stopped?.retryAfter && isPassing(stopped)) await this.heed(stopped);
		this.plan([...errors.values()].filter((error) => isPassing(error) || error.code === 'bad_answer'));
		return errors;
	}

	// The server asks for patience: what is written meanwhile waits, too, in every tab and after a reload.
	heed(error) {
		const until = this.core.now() + 1000 * error.retryAfter;
		return this.core.store.write(['account', 'meta'], async (t) => {
			if (await this.core.account.isHere(t)) await t.put('meta', { name: 'patience', until, error: pack(error) });
		});
	}

	// The error with which it asked, while it is not over.
	async asked() {
		const kept = await this.core.store.read(['meta'], (t) => t.get('meta', 'patience'));
		const seconds = kept ? (kept.until - this.core.now()) / 1000 : 0;
		return seconds > 0 && seconds <= RETRY_MAX_S ? unpack({ ...kept.error, retryAfter: seconds }) : undefined;
	}

	async hold(error) {
		this.later(error.retryAfter);
		return new Map((await this.core.outbox.entries()).map(({ id }) => [id, error]));
	}

	// Tries again later when that can help.
	plan(errors) {
		this.failures = errors.length > 0 ? this.failures + 1 : 0;
		if (errors.length === 0) return;
		const asked = Math.max(0, ...errors.map(({ retryAfter }) => retryAfter ?? 0));
		this.later(Math.max(asked, Math.min(WAIT_MIN_S * 2 ** (this.failures - 1), WAIT_MAX_S) * jitter()));
	}

	later(seconds) {
		this.rest();
		if (!this.core.closed) this.cancel = this.core.later(1000 * seconds, () => this.run().catch(() => {}));
	}

	// Tries nothing more by itself.
	rest() { this.cancel?.(); }

	// Tries one entry; why it stays, or undefined when it is settled.
	async attempt(entry) {
		const { outbox } = this.core;
		if (Math.abs(this.core.now() - entry.since) > ASK_AFTER_MS) { // whichever way the clock was wrong
			await outbox.settle(entry, { state: 'asks' }, { remove: entry.receipt !== undefined });
			return undefined;
		}
		try {
			await this.deliver(entry);
			return undefined;
		} catch (error) {
			if (!(error instanceof E2emsgError)) throw error;
			return this.note(entry, error);
		}
	}

	// What becomes of an entry that was not delivered; gives the error back.
	async note(entry, error) {
		const { outbox } = this.core;
		const isForbidden = error.status === 401 || (error.status === 403 && error.code !== 'not_accepted');
		const stays = isPassing(error) || STOPS.includes(error.code) || isForbidden || error.code === 'bad_answer';
		if (entry.receipt) {
			if (!stays) await outbox.settle(entry, {});
		} else if (NEEDS_USER.includes(error.code) || error.code === 'key_log_problem')
			await outbox.settle(entry, { state: 'waiting', problem: error.message }, { remove: false });
		else if (!stays) await outbox.settle(entry, { state: 'refused', problem: error.message });
		return error;
	}

	async deliver(entry) {
		let sealed = entry;
		for (let round = 0; round < ROUNDS_MAX; round++) {
			await this.core.session.need(); // a sign-in may hear that their number differs
			sealed = await this.prepare(sealed);
			await this.core.keyLog.checkSending();
			const answer = await this.post(sealed);
			if (answer) return this.finish(sealed, answer.body);
			sealed = { ...sealed, envelope: null };
		}
		throw new E2emsgError('too_many_rounds', 'the server keeps asking for another key', { status: 503 });
	}

	// Sees to it that the entry is sealed, for somebody who may be written to.
	async prepare(entry) {
		const contact = await this.core.peers.find(entry.peer);
		if (contact.state === 'blocked') refuse('blocked', `${entry.peer} is blocked`, { username: entry.peer });
		checkReceiver(contact, isUnsignedOk(entry, contact));
		return entry.envelope ? entry : this.core.outbox.reseal(entry, contact);
	}

	// The answer, whatever is in it, or null when the envelope must be sealed again.
	async post({ envelope, peer }) {
		try {
			return await this.core.session.call('POST', '/messages', { body: envelope });
		} catch (error) {
			if (error.code === 'iv_reused') return null;
			if (error.code !== 'stale_key_version') throw error;
			await this.core.peers.takeCurrent(await this.core.peers.byName(peer), error.current);
			return null;
		}
	}

	// The server has it.
	async finish(entry, answer) {
		const given = expect('an answer to a message', () =>
			({ messageId: field.uuidText(answer, 'messageId'), sentAt: time(answer, 'sentAt') }));
		if (given.messageId !== entry.messageId)
			refuse('bad_answer', 'the server\'s answer does not fit the message; it is kept in the outbox');
		await this.core.outbox.settle(entry, { ...given, state: 'sent', problem: undefined });
		this.failures = 0;
	}
}
