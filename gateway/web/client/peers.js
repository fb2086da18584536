// Keys of peers: fetched, verified, judged by trust.js, remembered.
import * as keyObject from '../crypto/key_object.js';
import { equal, usernameValid, uuidText } from '../crypto/bytes.js';
import { Malformed } from '../crypto/errors.js';
import { isForBackup } from './backup.js';
import { asBlocked } from './blocks.js';
import { E2emsgError, isRefusal, refuse } from './error.js';
import * as trust from './trust.js';

const NOT_THERE = ['unknown_user', 'unknown_key_version'];

export function checkName(username) {
	if (usernameValid(username)) return;
	refuse('invalid_username', 'this is no name of a user',
		{ hint: 'It has 3 to 32 of a-z, 0-9, ".", "_" and "-", and begins with a letter.' });
}

export class Peers {
	constructor(core) {
		this.core = core;
	}

	byName(username) {
		return this.core.store.read(['contacts'], (t) => t.get('contacts', username));
	}

	async byId(userId) {
		const [contact] = await this.core.store.read(['contacts'], (t) => t.range('contacts', 'userId', userId, userId));
		return contact;
	}

	all() { return this.core.store.read(['contacts'], (t) => t.all('contacts')); }

	/*
	 * Changes a contact in one step: change() gives the new one, or what it got
	 * when nothing changes.  The contact, or undefined when there is none.
	 */
	async update(username, change) {
		const [before, after] = await this.core.store.write(['contacts', 'meta'], async (t) => {
			const contact = await t.get('contacts', username);
			const next = contact && change(contact);
			if (next !== contact) await t.put('contacts', next);
			if (next !== contact && isForBackup(next, contact)) await this.core.backup.mark(t);
			return [contact, next];
		});
		if (after !== before) await this.core.conversations.announce(after, before, true);
		return after;
	}

	// Reads a key object and checks it, but the contact it belongs to.
	async read(object, asked) {
		const { service } = this.core.account.need();
		let seen;
		try {
			seen = await keyObject.read(object, service);
		} catch (error) {
			if (!(error instanceof Malformed)) throw error;
			const name = typeof object?.username === 'string' ? object.username.slice(0, 36) : asked.who;
			throw new E2emsgError('refused_key', `the key that the server gives for ${name} is not usable: ${error.message}`,
				{ username: asked.username });
		}
		await this.checkAsked(asked, seen);
		await this.core.keyLog.checkKey(object, seen);
		return seen;
	}

	// Is it the key of the user and the version that were asked for?
	async checkAsked({ who, version }, seen) {
		const id = uuidText(seen.userId);
		const owner = await this.byId(id);
		const isOther = (owner && owner.username !== seen.username) || (seen.username !== who && id !== who);
		if (isOther || (version !== 0 && version !== seen.version))
			throw new E2emsgError('refused_key', `the server sent the key of ${seen.username}, version ${seen.version}, ` +
				'in place of the one that was asked for');
	}

	// Asks for a key of a user (a name or an id), the current one for version 0.
	async fetch(who, version) {
		const path = `/users/${who}/public-key${version ? `?version=${version}` : ''}`;
		const answer = await this.core.session.find(NOT_THERE, 'GET', path);
		if (answer === null && version === 0)
			refuse('unknown_user', `there is no user ${who} on this server`, { status: 404, username: who, hint: 'Ask the other how the name is spelt.' });
		if (answer === null)
			refuse('unknown_key_version', `the server has no key of version ${version} for ${who}`, { status: 404, hint: 'It may have been restored from an older state.' });
		return this.read(answer.body, { who, version });
	}

	/*
	 * The contact of a username, met now when it was not met before, or when it
	 * came out of a backup without a key.
	 */
	async find(username) {
		const known = await this.byName(username);
		if (known && trust.newestKey(known) && !this.isOutdatedSelf(known)) return known;
		return this.look(username);
	}

	// The own mailbox: its key follows the keyring.
	isOutdatedSelf({ username, highest }) {
		const account = this.core.account.need();
		return username === account.username && highest < account.keyVersion;
	}

	// Asks for the current key, whatever is known, and judges it.
	async look(username) {
		const seen = await this.fetch(username, 0);
		return this.take(seen, 0, 'accepted');
	}

	// Takes a current key object that the server sent by itself, in a refusal.
	async takeCurrent(contact, object) {
		const seen = await this.read(object, { who: contact.username, version: 0, username: contact.username });
		return this.take(seen, 0, contact.state);
	}

	/*
	 * Remembers what a verified key object says.  The contact; throws refused_key
	 * when no use of the key is allowed.
	 */
	async take(seen, asked, state) {
		await this.checkOwn(seen);
		const first = seen.username === this.core.account.need().username ? 'accepted' : state;
		const { before, contact, verdict, refusal } = await this.core.store.write(['account', 'contacts', 'meta'], async (t) => {
			await this.core.account.checkHere(t);
			const known = await t.get('contacts', seen.username);
			const met = known ? trust.meet(known, seen, asked)
				: { verdict: 'first', refusal: null, contact: await asBlocked(t, trust.begin(seen, first)) };
			if (met.contact !== known) await t.put('contacts', met.contact);
			return { before: known, ...met };
		});
		if (contact !== before) await this.core.conversations.announce(contact, before);
		if (refusal) throw trust.refusedKey(contact, refusal);
		await this.tell(contact, before, verdict);
		return contact;
	}

	// Says what the user should know of it.
	async tell(contact, before, verdict) {
		const { username, highest } = contact;
		if (verdict === 'rotated' && before.keys.length > 0)
			await this.core.conversations.note(username, 'key_rotated', { keyVersion: highest });
		if (contact.changed && !before?.changed)
			await this.core.conversations.note(username, 'identity_changed', { what: contact.changed });
		if (verdict === 'first' && !contact.identity)
			this.core.events.warn('unsigned_peer', `${username} has no identity key: the key may be made up`, username);
	}

	// Is a key of the user's own name the one in the keyring?
	async checkOwn(seen) {
		if (seen.username !== this.core.account.need().username) return;
		const mine = await this.core.keyring.encryption(seen.version);
		if (!mine || !equal(mine.thumbprint, seen.thumbprint))
			throw new E2emsgError('own_key_changed', `the server gives a key for ${seen.username} that is not yours`);
	}

	// The server's no to a sender's key is one to this message, and to no other.
	async fetchSender(senderId, version) {
		await this.core.session.need(); // what a sign-in meets is no word about the key
		try {
			return await this.fetch(senderId, version);
		} catch (error) {
			if (!isRefusal(error) || NOT_THERE.includes(error.code)) throw error;
			throw new E2emsgError('refused_key', `the server does not give the sender's key: ${error.message}`, { cause: error });
		}
	}

	/*
	 * A sender's key of a version (0: the current one), to read with.  {contact,
	 * key, flagged: not the identity that is remembered}
	 */
	async senderKey(senderId, version) {
		const known = await this.byId(senderId);
		const kept = known && trust.keyOf(known, version);
		if (kept) return { contact: known, key: kept, flagged: known.changed !== null };
		const seen = await this.fetchSender(senderId, version);
		const before = await this.byName(seen.username);
		const verdict = before ? trust.judge(before, seen) : 'known';
		const contact = await this.take(seen, version, 'request');
		return { contact, flagged: contact.changed !== null || trust.isOtherIdentity(verdict),
			key: { version: seen.version, jwk: seen.jwk, thumbprint: seen.thumbprint } };
	}
}
