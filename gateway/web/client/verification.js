// Looking at people: who they are, whether one has compared, and the user's yes
// to what changed.
import { groups, safetyNumber } from '../crypto/safety.js';
import { equal } from '../crypto/bytes.js';
import { contactView } from './conversations.js';
import { E2emsgError } from './error.js';
import { checkName } from './peers.js';
import * as trust from './trust.js';

// What the user may have seen, comparing.
const SAME = { verified: true, differs: false, note: 'verified' };
const OTHER = { verified: false, differs: true, note: 'number_differs' };

export class Verification {
	constructor(core) {
		this.core = core;
	}

	// Looks a user up, and remembers; what is refused is shown in the contact.
	async contact(username) {
		checkName(username);
		try {
			return contactView(await this.core.peers.look(username));
		} catch (error) {
			const known = await this.core.peers.byName(username);
			if (!known || error.code !== 'refused_key') throw error;
			return contactView(known);
		}
	}

	/*
	 * {digits, groups, qr, changed} of this account and a signed peer.  Of one
	 * whose identity changed it is that of the identity that the server shows now:
	 * whoever is to accept it must be able to compare before.
	 */
	async safetyNumber(username) {
		const contact = await this.known(username);
		const changed = contact.changed !== null;
		const { identity, identityThumbprint } = changed ? await this.core.peers.fetch(username, 0) : contact;
		if (!identity) throw unsigned(username);
		const digits = await this.digits({ username, identityThumbprint });
		return { digits, groups: groups(digits), qr: digits, changed };
	}

	async digits({ username, identityThumbprint }) {
		const mine = await this.core.keyring.identity();
		const { username: me, service } = this.core.account.need();
		return safetyNumber(service, { username: me, identityThumbprint: mine.thumbprint }, { username, identityThumbprint });
	}

	known(username) {
		checkName(username);
		return this.core.peers.find(username);
	}

	// The user has compared, and it was the same number.
	verify(username, digits) { return this.compared(username, digits, SAME); }

	// It was another one: nothing is sent until it is the same, or acceptKeyChange().
	distrust(username, digits) { return this.compared(username, digits, OTHER); }

	/*
	 * The user has compared the safety number: "digits", if given, must be those
	 * of now, since another tab may have accepted another identity meanwhile.
	 */
	async compared(username, digits, { verified, differs, note }) {
		const known = await this.known(username);
		const { changed, identity } = known;
		if (changed) throw new E2emsgError('untrusted_identity', `${username}: ${changed}`, { username });
		if (!identity) throw unsigned(username);
		if (digits !== undefined && digits !== await this.digits(known)) throw otherNumber(username);
		await this.core.peers.update(username, (contact) => {
			const isSame = contact.identity && equal(contact.identityThumbprint, known.identityThumbprint);
			if (contact.changed || !isSame) throw otherNumber(username);
			return { ...trust.turned(contact, differs), verified };
		});
		if (known.verified !== verified || trust.isDiffering(known) !== differs) await this.core.conversations.note(username, note);
		await this.core.receipts.settle(username);
		this.core.delivery.run().catch(() => {});
	}

	/*
	 * The user's yes to what the server shows of the peer now: "digits", if given,
	 * must be those of that, since the server may show another identity by now than
	 * the one that was compared.  That one is met then: nothing is sent to it.
	 */
	async acceptKeyChange(username, digits) {
		checkName(username);
		const seen = await this.core.peers.fetch(username, 0);
		await this.core.peers.checkOwn(seen);
		if (digits !== undefined && (!seen.identity || digits !== await this.digits(seen))) {
			if (await this.core.peers.byName(username)) await this.core.peers.take(seen, 0, 'accepted');
			throw otherNumber(username);
		}
		const before = await this.core.peers.byName(username) ?? await this.core.peers.take(seen, 0, 'accepted');
		const accepted = trust.accept(before, seen);
		await this.core.peers.update(username, (contact) => trust.accept(contact, seen));
		if (before.changed || trust.isOtherIdentity(trust.judge(before, seen)))
			await this.core.conversations.note(username, 'identity_accepted', { keyVersion: accepted.highest });
		else if (trust.isDiffering(before))
			await this.core.conversations.note(username, 'difference_accepted');
		await this.core.outbox.unseal(username);
		await this.core.receipts.settle(username);
		this.core.delivery.run().catch(() => {});
		await this.core.inbox.retry();
	}

	// The user's yes to the key log that the server shows now.
	async acceptKeyLog() {
		const known = await this.core.keyLog.accept();
		if (known !== null) await this.core.rotation.restore(known);
		this.core.delivery.run().catch(() => {});
		await this.core.inbox.retry();
	}
}

const unsigned = (username) => new E2emsgError('unsigned_peer',
	`${username} has no identity key, and so no safety number`, { username, hint: 'There is nothing to compare.' });

const otherNumber = (username) => new E2emsgError('number_changed',
	`the safety number with ${username} is not the one that was compared`, { username });
