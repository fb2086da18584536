// Blocked users.  The server refuses their mail; it is told of what was decided
// here, and says what other devices of this account decided.  Until it has
// heard, their mail is thrown away here.
//
//	refusedThere of a contact: does the server refuse, as far as is known here?
//	null: it was told, and no answer came
//	{name: 'blocks', ids} in "meta": whom it refused when it was asked last,
//	for people who are not met yet
import * as field from '../crypto/field.js';
import { uuidText } from '../crypto/bytes.js';
import { expect } from './answer.js';

const BLOCKS_MAX = 10_000; // in an answer; a gateway has a tenth of that

export const blocked = (contact) => ({ ...contact, state: 'blocked', unread: 0 });
export const unblocked = (contact) => (contact.state === 'blocked' ? { ...contact, state: 'accepted' } : contact);

// Is the server still to be told?
const isDue = ({ state, refusedThere = false }) => (state === 'blocked') !== refusedThere;

// A contact, now that the server says whether it refuses: what was decided here and not told yet goes first.
function compare(contact, isThere) {
	const { refusedThere = false } = contact;
	if (refusedThere === null || refusedThere === isThere) return contact;
	const follow = isThere ? blocked : unblocked;
	return { ...(isDue(contact) ? contact : follow(contact)), refusedThere: isThere };
}

// Somebody who is met now: another device may have blocked them.  In a transaction over "meta".
export async function asBlocked(t, contact) {
	const { ids } = await t.get('meta', 'blocks') ?? { ids: [] };
	return ids.includes(contact.userId) ? { ...blocked(contact), refusedThere: true } : contact;
}

export class Blocks {
	constructor(core) {
		this.core = core;
	}

	// Takes over what other devices decided, and tells what is due.
	meet() {
		return this.core.tabs.alone('blocks', async () => {
			try {
				await this.takeOver();
			} finally {
				await this.tellDue();
			}
		});
	}

	// Tells what is due; what fails is due at the next call.
	run() {
		return this.core.tabs.alone('blocks', () => this.tellDue());
	}

	async takeOver() {
		const answer = await this.core.session.find(['not_found'], 'GET', '/blocks');
		if (answer === null) return; // a gateway without blocks
		const ids = expect('a list of blocks', () => field.array(answer.body, 'blocks', BLOCKS_MAX)
			.map((one) => uuidText(field.uuid(one, 'senderId'))));
		await this.core.store.write(['account', 'meta'], async (t) => {
			await this.core.account.checkHere(t);
			await t.put('meta', { name: 'blocks', ids });
		});
		const there = new Set(ids);
		for (const { username } of await this.core.peers.all()) await this.follow(username, there);
	}

	async follow(username, there) {
		let isNew = false;
		const contact = await this.core.peers.update(username, (before) => {
			const after = compare(before, there.has(before.userId));
			isNew = after.state !== before.state;
			return after;
		});
		if (isNew) this.say(contact);
	}

	say(contact) {
		const text = contact.state === 'blocked' ? `${contact.username} is blocked` : `${contact.username} is not blocked any more`;
		this.core.events.warn('block_elsewhere', `${text}: another device of yours told the server so`, contact.username);
	}

	async tellDue() {
		for (const contact of await this.core.peers.all()) if (isDue(contact)) await this.tell(contact);
	}

	async tell({ username, userId, state }) {
		const refusedThere = state === 'blocked';
		await this.note(username, null);
		try {
			await this.core.session.call(refusedThere ? 'PUT' : 'DELETE', `/blocks/${userId}`, { repeat: true });
		} catch (error) {
			if (error.code !== 'too_many_blocks') throw error;
			this.core.events.warn('block_not_told', error.hint, username);
			return;
		}
		await this.note(username, refusedThere);
	}

	note(username, refusedThere) { return this.core.peers.update(username, (contact) => ({ ...contact, refusedThere })); }
}
