// Mail on its way out: sealed, and stored with its text before the server
// hears of it.  An entry is kept until the server has answered:
//
//	{id (hex of the client's message id), order, peer, text or receipt, suite,
//	 envelope (null: not sealed yet), messageId, reflection (sealing.js), since
//	 (sealed or written: ms), unsignedOk (the thumbprint that the yes was for)}
import * as mail from './mail.js';
import { random, toBase64url, toHex } from '../crypto/bytes.js';
import { checkText, seal } from './sealing.js';
import { checkReceiver, newestKey } from './trust.js';
import { checkName } from './peers.js';
import { isPassing, refuse } from './error.js';

const ID_SIZE = 16; // bytes
const SUITE = 1;
const AREAS = ['account', 'meta', 'messages', 'outbox', 'seen', 'contacts'];

// Is the user's yes to an unsigned key for the contact's newest one?
export function isUnsignedOk({ unsignedOk }, contact) {
	const newest = newestKey(contact);
	return newest !== undefined && unsignedOk === toBase64url(newest.thumbprint);
}

export class Outbox {
	constructor(core) {
		this.core = core;
	}

	/*
	 * The peer, who may be written to as far as is known here.  isOk(contact): did
	 * the user say yes to its unsigned key?
	 */
	async receiver(username, isOk) {
		const { peers, keyLog, receipts } = this.core;
		if (keyLog.problem) await keyLog.checkSending();
		const contact = await this.findReceiver(username);
		if (contact.state === 'blocked') refuse('blocked', `${username} is blocked`, { username });
		checkReceiver(contact, isOk(contact));
		if (contact.state === 'accepted' && contact.welcome) return contact;
		const accepted = await peers.update(username, (one) => ({ ...one, state: 'accepted', welcome: true }));
		await receipts.settle(username);
		return accepted;
	}

	// A known one whose key can't be asked for now will do: the entry waits.
	async findReceiver(username) {
		try {
			return await this.core.peers.find(username);
		} catch (error) {
			const known = await this.core.peers.byName(username);
			if (known && isPassing(error)) return known;
			throw error;
		}
	}

	/*
	 * Stores a text for a peer, sealed if there is a key, and tries to deliver
	 * it.  The message as it is then; throws why it can't go out, with its id when
	 * it is kept.
	 */
	async send(username, text, { unsignedOk = false } = {}) {
		this.core.account.need();
		checkName(username);
		checkText(text, SUITE);
		const contact = await this.receiver(username, () => unsignedOk);
		checkText(text, contact.suite);
		const newest = newestKey(contact);
		const entry = { id: toHex(random(ID_SIZE)), peer: username, text, suite: contact.suite, since: this.core.now(),
			envelope: null, unsignedOk: unsignedOk && newest ? toBase64url(newest.thumbprint) : null };
		const sealed = newest ? await seal(this.core, entry, contact) : {};
		await this.store({ ...entry, ...sealed });
		return this.deliver(entry.id);
	}

	async deliver(id) {
		const errors = await this.core.delivery.run();
		const record = await this.core.store.read(['messages'], (t) => t.get('messages', id));
		const error = errors.get(id);
		if (error && !isPassing(error)) throw Object.assign(error, { id });
		return mail.view(record);
	}

	// The entry and its record of the mail, in one step.
	async store(entry) {
		const record = await this.core.store.write(AREAS, async (t) => {
			await this.core.account.checkHere(t);
			const known = await t.get('messages', entry.id);
			const whole = { ...entry, order: await mail.nextOrder(t) };
			await t.put('outbox', whole);
			if (entry.reflection) await t.put('seen', { id: entry.reflection });
			if (entry.receipt) return undefined;
			const made = { ...recordOf(whole), order: known?.order ?? whole.order };
			await t.put('messages', made);
			const [moved] = await mail.moveBelowNote(t, [made]);
			return moved ?? made;
		});
		if (record) await this.announce([record]);
	}

	async announce(records) {
		for (const record of records) this.core.events.emit('message', mail.view(record));
		if (records.length > 0) await this.core.conversations.announceByName(records[0].peer);
	}

	entry(id) { return this.core.store.read(['outbox'], (t) => t.get('outbox', id)); }

	// Puts a newly sealed envelope in the place of the one before.
	async reseal(entry, contact) {
		const next = { ...entry, ...await seal(this.core, entry, contact), since: this.core.now() };
		const moved = await this.core.store.write(AREAS, async (t) => {
			await this.core.account.checkHere(t);
			if (next.reflection) await t.put('seen', { id: next.reflection });
			const record = await t.get('messages', next.id);
			if (record) await t.put('messages', { ...record, ...envelopeOf(next) });
			if (!await t.get('outbox', next.id)) return []; // a receipt may have ended it
			await t.put('outbox', next);
			return mail.moveBelowNote(t, await waitingFrom(t, next));
		});
		await this.announce(moved);
		return next;
	}

	// What waits, oldest first.
	entries() {
		return this.core.store.read(['outbox'], (t) => t.range('outbox', 'order', 0, Number.MAX_SAFE_INTEGER));
	}

	// The messages among them; a receipt has no record.
	async unsent() {
		const records = await this.core.store.read(['outbox', 'messages'], async (t) => {
			const entries = await t.range('outbox', 'order', 0, Number.MAX_SAFE_INTEGER);
			return Promise.all(entries.map(({ id }) => t.get('messages', id)));
		});
		return records.filter(Boolean).map(mail.view);
	}

	/*
	 * Ends an entry, or leaves it and notes how things are: "change" is made to
	 * its record.  A state never goes back, and what has arrived waits no more.
	 */
	async settle(entry, change, { remove = true } = {}) {
		const record = await this.core.store.write(AREAS, async (t) => {
			const known = await t.get('messages', entry.id);
			const isOver = known !== undefined && mail.hasArrived(known);
			if (remove || isOver) await t.delete('outbox', entry.id);
			if (!known || (isOver && !remove) || isNothingNew(known, change)) return undefined;
			const state = mail.isFurther(known.state, change.state) ? known.state : change.state;
			const next = { ...known, ...change, state };
			if (next.problem === undefined) delete next.problem;
			await t.put('messages', next);
			return next;
		});
		if (record) await this.announce([record]);
	}

	/*
	 * Tries again: all that waits, or one message that asks or was refused,
	 * which is sealed anew.
	 */
	async resend(id) {
		if (id === undefined) return void await this.core.delivery.run();
		const { entry, record } = await this.find(id);
		if (record.state !== 'waiting') await this.renew(record, entry);
		await this.deliver(id);
	}

	// Writes an entry again for a message that the server may have or have refused.
	async renew({ id, peer, text }, before) {
		const contact = await this.receiver(peer, (one) => before !== undefined && isUnsignedOk(before, one));
		const fresh = { id, peer, text, suite: contact.suite, since: this.core.now(), envelope: null,
			unsignedOk: before?.unsignedOk ?? null };
		const sealed = newestKey(contact) ? await seal(this.core, fresh, contact) : {};
		await this.store({ ...fresh, ...sealed });
	}

	// Takes a message back that waits, asks or was refused.
	async discard(id) {
		await this.core.tabs.alone('outbox', async () => {
			const { record } = await this.find(id);
			await this.core.store.write(AREAS, async (t) => {
				await t.delete('outbox', id);
				await t.delete('messages', id);
			});
			this.core.events.emit('message', { ...mail.view(record), state: 'discarded' });
			await this.core.conversations.announceByName(record.peer);
		});
	}

	async find(id) {
		const [entry, record] = await this.core.store.read(['outbox', 'messages'], async (t) =>
			[await t.get('outbox', id), await t.get('messages', id)]);
		if (!record) refuse('unknown_message', `there is no message ${id}`);
		if (!['waiting', 'asks', 'refused'].includes(record.state)) refuse('not_waiting', `the message is ${record.state}`);
		return { entry, record };
	}

	// The identity of the peer was accepted: what was sealed for the one before is sealed anew.
	async unseal(username) {
		await this.core.store.write(['outbox'], async (t) => {
			for (const entry of await t.all('outbox'))
				if (entry.peer === username) await t.put('outbox', { ...entry, envelope: null });
		});
	}
}

// The record of an entry, and those of what waits behind it for the same peer.
async function waitingFrom(t, { peer, order }) {
	const entries = await t.range('outbox', 'order', order, Number.MAX_SAFE_INTEGER);
	const records = await Promise.all(entries.filter((entry) => entry.peer === peer).map(({ id }) => t.get('messages', id)));
	return records.filter(Boolean).sort((a, b) => a.order - b.order); // a receipt has none
}

const isNothingNew = (record, change) => Object.entries(change).every(([name, value]) => record[name] === value);

const envelopeOf = ({ messageId, envelope }) => (envelope
	? { messageId, iv: envelope.iv, keyVersion: envelope.keyVersion, senderKeyVersion: envelope.senderKeyVersion } : {});

const recordOf = (entry) => ({ id: entry.id, order: entry.order, peer: entry.peer, direction: 'out', text: entry.text,
	sentAt: new Date(entry.since).toISOString(), state: 'waiting', suite: entry.suite, ...envelopeOf(entry) });
