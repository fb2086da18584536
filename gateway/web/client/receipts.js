// Receipts: what the peer's say of our messages, and ours about the peer's.
// A receipt about a message says the same of all earlier ones.
import * as mail from './mail.js';
import { random, toHex, uuidText } from '../crypto/bytes.js';
import { isDiffering, newestKey } from './trust.js';

const SUITE = 1; // the tutorial's has no frames
const NOT_SENT = ['waiting', 'asks', 'refused'];
const AS_FAR_MAX = 200; // messages in a row that came as far before: what lies behind them did, too

// The server took the one after the other; what was sent again may stand before what was sent first.
const isSentAfter = (one, other) =>
	!NOT_SENT.includes(other.state) && Date.parse(one.sentAt) > Date.parse(other.sentAt);

/*
 * Notes what a receipt says, in a transaction over "messages" and "outbox":
 * every earlier message to the peer came as far, and what arrived is on its way
 * no more.  The records that changed.
 */
export async function apply(t, contact, { kind, messageId }) {
	const id = uuidText(messageId);
	const found = await t.range('messages', 'messageId', id, id);
	const about = found.find(({ direction, peer }) => direction === 'out' && peer === contact.username);
	if (!about) return [];
	const behind = [];
	let asFar = 0;
	await t.walkBack('messages', 'conversation', [about.peer, 0], [about.peer, about.order], (record) => {
		if (record.direction !== 'out') return true;
		if (record.id !== about.id && (NOT_SENT.includes(record.state) || isSentAfter(record, about))) return true;
		const isNew = mail.isFurther(kind, record.state);
		if (isNew) behind.push(record);
		asFar = isNew ? 0 : asFar + 1;
		return asFar < AS_FAR_MAX;
	});
	const changed = behind.map((record) => ({ ...record, state: kind }));
	for (const record of changed) {
		await t.put('messages', record);
		await t.delete('outbox', record.id);
	}
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
		if (this.core.readReceipts && seenIn && read !== seenIn) return { kind: 'read', messageId: seenIn };
		return delivered !== lastIn && read !== lastIn ? { kind: 'delivered', messageId: lastIn } : undefined;
	}

	// Only people whom one talks to are told what one got and read.
	mayAnswer({ username, state, welcome, verified, changed, differs, identity, unsignedYes, suite }) {
		return state === 'accepted' && (welcome || verified) && !changed && !isDiffering({ differs }) && (identity || unsignedYes) &&
			suite === SUITE && username !== this.core.account.need().username;
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
