// Looking at people: who they are, whether one has compared, and the user's yes
// to what changed.
import { groups, safetyNumber } from '../crypto/safety.js';
import { contactView } from './conversations.js';
import { E2emsgError } from './error.js';
import { checkName } from './peers.js';
import * as trust from './trust.js';

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
		const mine = await this.core.keyring.identity();
		const { username: me, service } = this.core.account.need();
		const digits = await safetyNumber(service, { username: me, identityThumbprint: mine.thumbprint },
			{ username, identityThumbprint });
		return { digits, groups: groups(digits), qr: digits, changed };
	}

	known(username) {
		checkName(username);
		return this.core.peers.find(username);
	}

	// The user has compared the safety number.
	async verify(username) {
		const { changed, identity, verified } = await this.known(username);
		if (changed) throw new E2emsgError('untrusted_identity', `${username}: ${changed}`, { username });
		if (!identity) throw unsigned(username);
		await this.core.peers.update(username, (contact) => ({ ...contact, verified: true }));
		if (!verified) await this.core.conversations.note(username, 'verified');
	}

	// The user's yes to what the server shows of the peer now.
	async acceptKeyChange(username) {
		checkName(username);
		const seen = await this.core.peers.fetch(username, 0);
		await this.core.peers.checkOwn(seen);
		const before = await this.core.peers.byName(username) ?? await this.core.peers.take(seen, 0, 'accepted');
		const accepted = trust.accept(before, seen);
		await this.core.peers.update(username, (contact) => trust.accept(contact, seen));
		if (before.changed)
			await this.core.conversations.note(username, 'identity_accepted', { keyVersion: accepted.highest });
		await this.core.outbox.unseal(username);
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
