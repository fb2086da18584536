// What is shown of peers and of the mail with them.
import * as mail from './mail.js';
import * as trust from './trust.js';
import { isForBackup } from './backup.js';
import { blocked, unblocked } from './blocks.js';
import { checkName } from './peers.js';
import { refuse } from './error.js';

const PAGE = 50; // messages, unless asked otherwise

export function contactView(contact) {
	const problem = contact.changed ? `the identity of ${contact.username} changed: ${contact.changed}`
		: contact.refused ?? (trust.isDiffering(contact) ? trust.OTHER_NUMBER : null);
	return { username: contact.username, userId: contact.userId, keyVersion: contact.highest, state: contact.state,
		trust: trust.standing(contact), verified: contact.verified, numberDiffered: trust.hasDiffered(contact), ...(problem && { problem }) };
}

export class Conversations {
	constructor(core) {
		this.core = core;
	}

	async last(contact) {
		const [record] = await this.core.store.read(['messages'], (t) => mail.newest(t, contact.username, {
			limit: 1, wanted: ({ direction }) => direction !== 'note' }));
		return record;
	}

	// Tells the listeners that a contact is new or changed.  isMarked: as one to be saved, too.
	async announce(contact, before, isMarked = false) {
		const last = await this.last(contact);
		this.core.events.emit('conversation', this.view(contact, last));
		if (isForBackup(contact, before)) this.core.backup.later(isMarked);
	}

	view(contact, last) {
		return { ...contactView(contact), last: last ? mail.view(last) : null, unread: contact.unread };
	}

	async announceByName(username) {
		const contact = await this.core.peers.byName(username);
		if (contact) await this.announce(contact, contact);
	}

	// All of them, the one with the newest message first.
	async list() {
		const contacts = await this.core.peers.all();
		const found = await Promise.all(contacts.map(async (contact) => ({ contact, last: await this.last(contact) })));
		const order = ({ last }) => last?.order ?? 0;
		found.sort((a, b) => order(b) - order(a) || (a.contact.username < b.contact.username ? -1 : 1));
		return found.map(({ contact, last }) => this.view(contact, last));
	}

	// Messages and notes, oldest first: the newest ones, or those before one; of a name, or of the id of a sender who is not known.
	async messages(username, { before, limit = PAGE } = {}) {
		const records = await this.core.store.read(['messages'], async (t) => {
			const end = before === undefined ? undefined : await t.get('messages', before);
			if (before !== undefined && !end) refuse('unknown_message', `there is no message ${before}`);
			return mail.newest(t, username, { limit, ...(end && { before: end.order - 1 }) });
		});
		return records.reverse().map(mail.view);
	}

	// Puts a remark into a conversation.
	async note(username, note, details) {
		const record = await this.core.store.write(['account', 'meta', 'messages'], async (t) => {
			await this.core.account.checkHere(t);
			return mail.add(t, { id: `note-${crypto.randomUUID()}`, peer: username, direction: 'note', state: 'note', note,
				...(details && { details }), sentAt: new Date(this.core.now()).toISOString() });
		});
		this.core.events.emit('message', mail.view(record));
	}

	async need(username) {
		checkName(username);
		return await this.core.peers.byName(username) ?? refuse('not_a_contact', `${username} is no contact`, { username });
	}

	async change(username, change) {
		await this.need(username);
		return this.core.peers.update(username, change);
	}

	// A stranger becomes somebody one talks to.
	async accept(username) {
		await this.change(username, (contact) => ({ ...contact, state: 'accepted', welcome: true }));
		await this.core.receipts.settle(username);
	}

	async block(username) {
		await this.change(username, blocked);
		this.core.blocks.run().catch(() => {});
	}

	async unblock(username) {
		await this.change(username, unblocked);
		this.core.blocks.run().catch(() => {});
	}

	// What is seen while others shall not know is told at no later time either.
	async markRead(username) {
		await this.change(username, (contact) => {
			const seenIn = this.core.readReceipts ? contact.lastIn : contact.seenIn;
			return contact.unread > 0 || contact.seenIn !== seenIn ? { ...contact, unread: 0, seenIn } : contact;
		});
		await this.core.receipts.settle(username);
	}
}
