// Mail on its way in: opened, stored, and only then acknowledged
// (docs/protocol.md, "Receiving").
import * as field from '../crypto/field.js';
import * as mail from './mail.js';
import * as receipts from './receipts.js';
import { computedId, outline, readSealed } from './opening.js';
import { expect } from './answer.js';
import { refuse } from './error.js';

const AREAS = ['account', 'meta', 'messages', 'outbox', 'seen', 'contacts'];
const NOTHING = { name: 'progress', last: 0, acknowledged: 0 };

// A name in "seen" for a sender's own message id.
const clientKey = (senderId, clientId) => `${senderId}/${clientId}`;

export class Inbox {
	constructor(core) {
		this.core = core;
	}

	// How far mail is stored, and acknowledged.
	async progress() {
		return await this.core.store.read(['meta'], (t) => t.get('meta', 'progress')) ?? NOTHING;
	}

	/*
	 * Takes messages as the server gave them (any iterable), in order, and
	 * acknowledges them.
	 * Throws at the first one that is no mail, or that can't be looked at now;
	 * those before it are stored.
	 */
	async take(messages) {
		await this.core.tabs.alone('inbox', async () => {
			const touched = new Set();
			try {
				for (const message of messages) await this.takeOne(readSealed(message), touched);
			} finally {
				await this.acknowledge();
			}
			for (const username of touched) await this.core.receipts.settle(username);
		});
	}

	// Asks for all new mail, as long as it gets on; how many messages came.
	async fetch({ wait = 0, signal } = {}) {
		let count = 0;
		for (;;) {
			const { last } = await this.progress();
			const path = `/messages?after=${last}${wait > 0 && count === 0 ? `&wait=${wait}` : ''}`;
			const { body } = await this.core.session.call('GET', path, { signal, waitMs: 1000 * wait });
			if (!Array.isArray(body?.messages)) refuse('bad_answer', 'the server sent something that is not mail');
			if (body.messages.length === 0) return count;
			await this.take(body.messages);
			count += body.messages.length;
			if ((await this.progress()).last === last) return count;
		}
	}

	async takeOne(sealed, touched) {
		const { last } = await this.progress();
		const id = await computedId(sealed);
		const isSeen = await this.core.store.read(['seen'], (t) => t.get('seen', id)) !== undefined;
		if (sealed.seq <= last && isSeen) return;
		if (sealed.seq <= last) refuse('not_a_message', `the server sent mail ${sealed.seq} after mail ${last}`);
		const gap = sealed.seq > last + 1 ? await this.gapOf(last, sealed.seq) : undefined;
		const opened = await this.open(sealed, isSeen);
		const letter = await this.store(sealed, id, gap, opened);
		if (letter) touched.add(opened.contact.username);
	}

	/*
	 * The numbers between two messages that are missing: not those through
	 * "expired", of which the server says that nobody read them in time.
	 */
	async gapOf(last, seq) {
		const { body } = await this.core.session.call('GET', `/messages?after=${last}&limit=1`);
		const expired = Number.isSafeInteger(body?.expired) ? Math.min(body.expired, seq - 1) : 0;
		if (expired > last) this.core.events.warn('expired_mail', `the server says that mail through ${expired} expired before it was read`);
		const from = Math.max(last, expired) + 1;
		return from < seq ? { from, through: seq - 1 } : undefined;
	}

	async open(sealed, isSeen) {
		const contact = await this.core.peers.byId(sealed.senderId);
		if (!isSeen && contact?.state !== 'blocked') return this.core.opening.open(sealed);
		return { contact, record: { ...outline(sealed), state: 'repeated', problem: 'this envelope was here before' } };
	}

	/*
	 * Stores all that one message brings, in one step: the record or the sealed
	 * envelope, what its receipt says, that it was here.  Is it a letter of a
	 * contact?
	 */
	async store(sealed, id, gap, { record, contact, frame, flagged }) {
		const shown = []; // records that are new or changed
		const after = await this.core.store.write(AREAS, async (t) => {
			await this.core.account.checkHere(t);
			const { acknowledged = 0 } = await t.get('meta', 'progress') ?? {};
			await t.put('meta', { name: 'progress', last: sealed.seq, acknowledged });
			await t.put('seen', { id });
			const now = contact && await t.get('contacts', contact.username);
			const peer = now?.username ?? sealed.senderId;
			if (gap) shown.push(await mail.add(t, gapNote(peer, gap, sealed)));
			if (now?.state === 'blocked') return undefined;
			if (await this.isSecond(t, sealed, record)) return undefined;
			if (frame?.receipt && !flagged)
				shown.push(...await receipts.apply(t, now, frame.receipt));
			if (frame?.receipt && record.text === undefined) return noteArrival(t, now, record, flagged);
			shown.push(await mail.add(t, { id: record.state === 'repeated' ? `repeat-${sealed.seq}` : id, peer, ...record }));
			return now && noteArrival(t, now, record, flagged);
		});
		if (gap) this.core.events.warn('missing_mail', missing(gap));
		for (const one of shown) this.core.events.emit('message', mail.view(one));
		for (const username of new Set([...shown.map(({ peer }) => peer), ...(after ? [after.username] : [])]))
			await this.core.conversations.announceByName(username);
		return after !== undefined && mail.isLetter(record) && !flagged;
	}

	// The same message in another envelope?  Its client's id is known from now on.
	async isSecond(t, sealed, { clientId }) {
		if (clientId === undefined) return false;
		const id = clientKey(sealed.senderId, clientId);
		if (await t.get('seen', id)) return true;
		await t.put('seen', { id });
		return false;
	}

	// After a restore: reading begins where the account had acknowledged mail.
	async begin() {
		const { body } = await this.core.session.call('POST', '/messages/ack', { body: { through: 0 }, repeat: true });
		const through = expect('the answer to an acknowledgement', () => field.number(body, 'acknowledged', 0));
		await this.core.store.write(['meta'], (t) => t.put('meta', { name: 'progress', last: through, acknowledged: through }));
	}

	// Tells the server what is stored here.
	async acknowledge() {
		const { last, acknowledged } = await this.progress();
		if (last <= acknowledged) return;
		await this.core.session.call('POST', '/messages/ack', { body: { through: last }, repeat: true });
		await this.core.store.write(['account', 'meta'], async (t) => {
			await this.core.account.checkHere(t);
			const now = await t.get('meta', 'progress');
			await t.put('meta', { ...now, acknowledged: Math.max(now.acknowledged, last) });
		});
	}

	// Tries the newest stored envelopes again that did not open, now that keys may be there.
	async retry(max = Infinity) {
		await this.core.tabs.alone('inbox', async () => {
			const closed = await this.core.store.read(['messages'], (t) => t.range('messages', 'sealed', 1, 1));
			const hopeful = closed.filter(({ state }) => state === 'untrusted_key' || state === 'no_private_key');
			hopeful.sort((a, b) => b.order - a.order);
			for (const record of hopeful.slice(0, max).reverse()) await this.retryOne(record);
		});
	}

	async retryOne(before) {
		const { record, contact, frame, flagged } = await this.core.opening.open(readSealed(before.envelope));
		if (record.state !== 'opened') return;
		const shown = [];
		await this.core.store.write(AREAS, async (t) => {
			const now = await t.get('contacts', contact.username);
			await t.delete('messages', before.id);
			if (now.state === 'blocked' || await this.isSecond(t, { senderId: before.peerId }, record)) return;
			if (frame.receipt && !flagged)
				shown.push(...await receipts.apply(t, now, frame.receipt));
			if (frame.receipt && record.text === undefined) return;
			const opened = { ...record, id: before.id, peer: contact.username, order: before.order };
			await t.put('messages', opened);
			shown.push(opened);
			await noteArrival(t, now, record, flagged, await isNewest(t, now, opened));
		});
		for (const one of shown) this.core.events.emit('message', mail.view(one));
		await this.core.conversations.announceByName(contact.username);
	}
}

const missing = ({ from, through }) =>
	(from === through ? `mail ${from} is missing` : `mail ${from} to ${through} is missing`) +
	': another copy of this account may have taken it, or the server withholds it';

const gapNote = (peer, gap, { seq, sentAt }) =>
	({ id: `gap-${seq}`, peer, direction: 'note', state: 'note', note: 'missing', details: gap, sentAt });

// Did no letter of the contact come after the record?
async function isNewest(t, { lastIn }, { order }) {
	const found = lastIn ? await t.range('messages', 'messageId', lastIn, lastIn) : [];
	return !found.some((one) => mail.isLetter(one) && one.order > order);
}

// A letter makes the conversation unread; what is newest says in which suite to answer.
async function noteArrival(t, contact, record, flagged, newest = true) {
	const isLetter = mail.isLetter(record);
	const next = { ...contact,
		...(isLetter && { unread: contact.unread + 1 }),
		...(isLetter && !flagged && newest && { lastIn: record.messageId }),
		...(record.state === 'opened' && !flagged && newest && { suite: record.suite }) };
	await t.put('contacts', next);
	return next;
}
