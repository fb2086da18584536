// Receipts: what the peer's say of our messages, and ours about the peer's.
// A receipt about a message says the same of all earlier ones.
import * as mail from './mail.js';
import { random, toHex, uuidText } from '../crypto/bytes.js';
import { newestKey } from './trust.js';

const SUITE = 1; // the tutorial's has no frames
const NOT_SENT = ['waiting', 'asks', 'refused'];

/*
 * Notes what a receipt says, in a transaction over "messages": every earlier
 * message to the peer came as far.  The records that changed.
 */
export async function apply(t, contact, { kind, messageId }) {
	const id = uuidText(messageId);
	const found = await t.range('messages', 'messageId', id, id);
	const about = found.find(({ direction, peer }) => direction === 'out' && peer === contact.username);
	if (!about) return [];
	const behind = [];
	await t.walkBack('messages', 'conversation', [about.peer, 0], [about.peer, about.order], (record) => {
		if (record.direction !== 'out' || (record.id !== about.id && NOT_SENT.includes(record.state))) return true;
		if (mail.isFurther(kind, record.state)) behind.push(record);
		return mail.isFurther(kind, record.state); // what lies before came as far by an earlier receipt
	});
	const changed = behind.map((record) => ({ ...record, state: kind }));
	for (const record of changed) await t.put('messages', record);
	return changed;
}

export class Receipts {
	constructor(core) {
		this.core = core;
	}

	// What is due to a contact: "read", "delivered" or nothing.
	due(contact) {
		const { lastIn, seenIn, delivered, read } = contact;
		if (!lastIn || !this.mayAnswer(contact)) return undefined;
		if (seenIn && read !== seenIn) return { kind: 'read', messageId: seenIn };
		return delivered !== lastIn && read !== lastIn ? { kind: 'delivered', messageId: lastIn } : undefined;
	}

	// Only people whom one talks to are told what one got and read.
	mayAnswer({ username, state, welcome, verified, changed, identity, unsignedYes, suite }) {
		return state === 'accepted' && (welcome || verified) && !changed && (identity || unsignedYes) && suite === SUITE &&
			username !== this.core.account.need().username;
	}

	/*
	 * Puts the receipt that is due into the outbox, in one step with the note
	 * that it was; a newer one takes the place of one that is not sealed yet.
	 */
	async settle(username) {
		const entry = await this.core.store.write(['contacts', 'outbox', 'meta'], async (t) => {
			const contact = await t.get('contacts', username);
			const receipt = contact && newestKey(contact) && this.due(contact);
			if (!receipt) return undefined;
			await t.put('contacts', { ...contact, [receipt.kind]: receipt.messageId });
			for (const other of await t.all('outbox'))
				if (other.receipt && other.peer === username && !other.envelope) await t.delete('outbox', other.id);
			const made = { id: toHex(random(16)), order: await mail.nextOrder(t), peer: username, receipt, suite: SUITE,
				since: this.core.now(), envelope: null, unsignedOk: null };
			await t.put('outbox', made);
			return made;
		});
		if (entry) this.core.delivery.run().catch(() => {});
	}

	// Of all contacts: what a closed tab left undone.
	async settleAll() {
		for (const { username } of await this.core.peers.all()) await this.settle(username);
	}
}
