// Looking at people: who they are, whether one has compared, and the user's yes
// to what changed.
import { groups, safetyNumber } from '../crypto/safety.js';
import { usernameValid } from '../crypto/bytes.js';
import { contactView } from './conversations.js';
import { E2emsgError, refuse } from './error.js';
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

	// {digits, groups, qr} of this account and a signed peer.
	async safetyNumber(username) {
		const contact = await this.signed(username);
		const mine = await this.core.keyring.identity();
		const { username: me, service } = this.core.account.need();
		const digits = await safetyNumber(service, { username: me, identityThumbprint: mine.thumbprint },
			{ username, identityThumbprint: contact.identityThumbprint });
		return { digits, groups: groups(digits), qr: digits };
	}

	async signed(username) {
		checkName(username);
		const contact = await this.core.peers.find(username);
		if (contact.changed) throw new E2emsgError('untrusted_identity', `the identity of ${username} changed: ${contact.changed}`, { username });
		if (!contact.identity)
			refuse('unsigned_peer', `${username} has no identity key, and so no safety number`, { username, hint: 'There is nothing to compare.' });
		return contact;
	}

	// The user has compared the safety number.
	async verify(username) {
		const { verified } = await this.signed(username);
		await this.core.peers.update(username, (contact) => ({ ...contact, verified: true }));
		if (!verified) await this.core.conversations.note(username, 'verified');
	}

	// The user's yes to what the server shows of the peer now.
	async acceptKeyChange(username) {
		checkName(username);
		const seen = await this.core.peers.fetch(username, 0);
		const before = await this.core.peers.byName(username) ?? await this.core.peers.take(seen, 0, 'accepted');
		const accepted = trust.accept(before, seen);
		await this.core.peers.update(username, (contact) => trust.accept(contact, seen));
		if (before.changed) await this.core.conversations.note(username, 'identity_accepted', { keyVersion: accepted.highest });
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

function checkName(username) {
	if (!usernameValid(username)) refuse('invalid_username', 'that is no username');
}
