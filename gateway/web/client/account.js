// What an account is, and how one is made here and on the server.
//
//	{name: 'account', state: 'registering' | 'registered', username, userId,
//	 service (pinned), keyVersion, identity (thumbprint), signedOut, code (the
//	 recovery code, until it is said to be kept)}
import * as field from '../crypto/field.js';
import * as recovery from '../crypto/recovery.js';
import { endorsement, sign } from '../crypto/statement.js';
import { equal, toBase64url, uuidText } from '../crypto/bytes.js';
import * as keyObject from '../crypto/key_object.js';
import { expect, expectAsync } from './answer.js';
import { emptyBackup } from './backup.js';
import { makeKeys } from './keyring.js';
import { checkName } from './peers.js';
import { refuse } from './error.js';

const FIRST_VERSION = 1;

// A header can't carry anything else.
function checkIdToken(token) {
	if (token !== undefined && !/^[\w.-]{1,8192}$/.test(token)) refuse('bad_id_token', 'the token of the identity provider is none');
}

export class Accounts {
	constructor(core) {
		this.core = core;
		this.record = undefined;
	}

	async load() {
		this.record = await this.core.store.read(['account'], (t) => t.get('account', 'account'));
	}

	get isRegistered() { return this.record?.state === 'registered'; }

	// What the module shows of it; null when nobody is at home.
	get view() {
		if (!this.isRegistered || this.record.signedOut) return null;
		const { username, userId, service, keyVersion, identity } = this.record;
		return { username, userId, service, keyVersion, identity, backup: this.core.backup.view };
	}

	// Whose keys are here while nobody is signed in; null otherwise.
	get signedOut() { return this.isRegistered && this.record.signedOut ? this.record.username : null; }

	// Whose registration was begun here and has no end yet; null otherwise.
	get unfinished() { return this.record && !this.isRegistered ? this.record.username : null; }

	// The recovery code that nobody has said to have kept; null otherwise, and
	// while it is not known whether it is the one that counts.
	get unkeptCode() { return (this.view && !this.core.backup.isCodeOpen && this.record.code) || null; }

	announce() { this.core.events.emit('account', this.view); }

	// The account; throws when there is none to work with.
	need() {
		if (!this.record) refuse('no_account', 'this browser holds no account');
		const { username, signedOut } = this.record;
		if (!this.isRegistered) refuse('registration_unfinished', `the registration of ${username} has not ended`);
		if (signedOut) refuse('signed_out', `${username} is signed out`);
		return this.record;
	}

	// What backups and keys are bound to.
	owner() {
		const { service, username } = this.record;
		return { service, username };
	}

	/*
	 * In a transaction over "account": nothing is stored any more for an account
	 * that another tab has forgotten meanwhile.
	 */
	async checkHere(t) {
		if (!await this.isHere(t)) refuse('signed_out', 'the account is no longer in this browser');
	}

	async isHere(t) {
		const kept = await t.get('account', 'account');
		return kept !== undefined && kept.userId === this.record?.userId;
	}

	async save(change) {
		this.record = await this.core.store.write(['account'], async (t) => {
			const next = { ...await t.get('account', 'account'), ...change };
			await t.put('account', next);
			return next;
		});
		this.announce();
	}

	// Another device of this account has rotated, and its key came with the backup.
	async follow(version) {
		if (version <= this.record.keyVersion) return;
		if (await this.core.keyring.encryption(version)) await this.save({ keyVersion: version });
	}

	// ---- registration

	register(username, { idToken } = {}) {
		return this.core.tabs.alone('keys', async () => {
			await this.load();
			if (this.isRegistered) refuse('account_exists', `this browser holds the account ${this.record.username}`);
			checkName(username);
			checkIdToken(idToken);
			this.core.askToPersist();
			const resumed = this.record?.username === username;
			if (resumed) await this.core.session.challenge(username, this.record.service);
			else await this.prepare(username);
			const { code } = this.record;
			await this.announceKeys(resumed, idToken);
			await this.finish();
			return { recoveryCode: code };
		});
	}

	// Learns the service's name, makes the keys, and stores all of it.
	async prepare(username) {
		const { service } = await this.core.session.challenge(username);
		const { code, secret } = await recovery.makeCode();
		const keys = await makeKeys({ service, username }, await recovery.opener(secret, service, username));
		const locator = await recovery.locator(secret, service, username);
		const identity = toBase64url(keys.find(({ name }) => name === 'identity').thumbprint);
		const record = { name: 'account', state: 'registering', username, service, keyVersion: FIRST_VERSION, identity,
			signedOut: false, code };
		await this.core.store.clear();
		await this.core.store.write(['account', 'keys', 'meta'], async (t) => {
			await t.put('account', record);
			for (const key of keys) await t.put('keys', key);
			await t.put('meta', emptyBackup(locator));
		});
		this.record = record;
	}

	async body() {
		const { username, service } = this.record;
		const identity = await this.core.keyring.identity();
		const key = await this.core.keyring.encryption(FIRST_VERSION);
		const statement = await endorsement(service, username, FIRST_VERSION, key.thumbprint, null);
		const signature = toBase64url(await sign(identity.privateKey, statement));
		return { username, publicKey: key.jwk, identityKey: identity.jwk, signature };
	}

	async announceKeys(resumed, token) {
		try {
			const { body } = await this.core.api.call('POST', '/users', { body: await this.body(), token });
			await this.takeAnswer(body);
		} catch (error) {
			if (error.code !== 'username_taken') throw error;
			await this.findOut(resumed, error);
		}
	}

	async takeAnswer(body) {
		const userId = expect('the answer to a registration', () => uuidText(field.uuid(body, 'id')));
		if (body.keyVersion !== FIRST_VERSION) refuse('bad_answer', 'the server\'s answer is not that to a registration');
		await this.core.session.takeToken(this.record.username, body, true);
		await this.save({ userId, state: 'registered' });
	}

	// The name is taken: by an earlier try of ours, or by somebody else?
	async findOut(resumed, taken) {
		try {
			if (resumed) return await this.adopt();
		} catch (error) {
			if (error.status !== 401) throw error;
		}
		await this.forget();
		throw taken;
	}

	// Is the key that the server has for this name the one made here?
	async adopt() {
		const { username, service } = this.record;
		const { token } = await this.core.session.signInAs(this.record);
		const { body } = await this.core.api.call('GET', `/users/${username}/public-key`, { token });
		const seen = await expectAsync('a key object', () => keyObject.read(body, service));
		const key = await this.core.keyring.encryption(FIRST_VERSION);
		const isSame = seen.version === FIRST_VERSION && equal(seen.thumbprint, key.thumbprint);
		if (seen.username !== username || !isSame)
			refuse('own_key_changed', `the server has another key for ${username} than the one made here`);
		await this.save({ userId: uuidText(seen.userId), state: 'registered' });
	}

	// The account is made: the backup, a look at the log.
	async finish() {
		await this.core.backup.load();
		await this.core.backup.save().catch((error) => {
			this.core.backup.unsaved(error);
			this.core.backup.saveSoon();
		});
		await this.core.keyLog.checkAfter();
		this.announce();
	}

	// Whose owner has it elsewhere: from now on nothing here can show it, or needs to tell of it.
	async codeKept() {
		this.need();
		await this.core.backup.change((state) => ({ ...state, replaced: false }));
		await this.save({ code: undefined });
	}

	// ---- login, logout

	async login() {
		await this.load();
		if (!this.record) refuse('no_account', 'this browser holds no account');
		if (!this.isRegistered) this.need();
		if (this.record.signedOut) await this.save({ signedOut: false });
		await this.core.session.signIn();
		this.announce();
		return this.view;
	}

	async logout({ forget = false, unsavedOk = false } = {}) {
		if (forget && !unsavedOk) await this.core.backup.finish();
		this.core.rest();
		if (forget) await this.forget();
		else if (this.record) {
			await this.save({ signedOut: true }); // from here on nobody signs in again
			await this.core.session.forgetToken();
		}
	}

	async forget() {
		await this.core.store.clear();
		await this.core.reload();
		this.announce();
	}
}
