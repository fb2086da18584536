// An account comes back, or moves to this browser, with its recovery code
// (docs/protocol.md, "Restoring").
import * as blobs from '../crypto/backup.js';
import * as field from '../crypto/field.js';
import * as recovery from '../crypto/recovery.js';
import * as logPin from '../crypto/log_pin.js';
import { fromBase64url, sha256, toBase64url } from '../crypto/bytes.js';
import { Malformed } from '../crypto/errors.js';
import { contactsOf, emptyBackup, readCode } from './backup.js';
import { expect } from './answer.js';
import { keysOf } from './keyring.js';
import { checkName } from './peers.js';
import { E2emsgError, refuse } from './error.js';

const ROUNDS_MAX = 4; // against another device that keeps rotating

export class Restore {
	constructor(core) {
		this.core = core;
	}

	run(username, typed) {
		return this.core.tabs.alone('keys', async () => {
			const { account } = this.core;
			await account.load();
			if (account.isRegistered) refuse('account_exists', `this browser holds the account ${account.record.username}`);
			checkName(username);
			const secret = await readCode(typed);
			const { service } = await this.core.session.challenge(username);
			await this.bringBack({ service, username }, secret);
			return account.view;
		});
	}

	// A backup without the account's newest key may have been replaced since: another device rotates.
	async bringBack(owner, secret) {
		let opened = await this.fetch(owner, secret);
		this.core.askToPersist();
		for (let round = 1; ; round++) {
			await this.store(opened, await recovery.locator(secret, owner.service, owner.username));
			try {
				return await this.begin();
			} catch (error) {
				const { version } = opened;
				if (error.code !== 'old_backup' || round === ROUNDS_MAX) throw error;
				opened = await this.fetch(owner, secret).catch(() => { throw error; });
				if (opened.version <= version) throw error;
			}
		}
	}

	// The opened backup, and its version.
	async fetch(owner, secret) {
		const locator = toBase64url(await recovery.locator(secret, owner.service, owner.username));
		const { body } = await this.core.api.call('POST', '/backup/restore', { body: { username: owner.username, locator } });
		const { version, blob } = expect('a backup', () => ({ version: field.version(body, 'version'),
			blob: fromBase64url(field.text(body, 'backup', 1, 90_000)) }));
		try {
			const opener = await recovery.opener(secret, owner.service, owner.username);
			return { version, ...await blobs.open(blob, opener, owner) };
		} catch (error) {
			if (!(error instanceof Malformed)) throw error;
			return refuse('damaged_backup', `the backup of ${owner.username} is not usable: ${error.message}`);
		}
	}

	// Stores what the backup holds; the service and the key log are pinned by that.
	async store(opened, locator) {
		const { username, userId, service, keyVersion, verifier } = opened.account;
		const contacts = await contactsOf(opened.account);
		const record = { name: 'account', state: 'registered', username, userId, service, keyVersion,
			identity: toBase64url(opened.identity.thumbprint), signedOut: false };
		const pin = { ...logPin.emptyPin(), ...(verifier && { verifier, root: await sha256(new Uint8Array(0)) }) };
		await this.core.store.clear();
		await this.core.store.write(['account', 'keys', 'meta', 'contacts'], async (t) => {
			await t.put('account', record);
			for (const key of keysOf(opened)) await t.put('keys', key);
			for (const contact of contacts) await t.put('contacts', contact);
			await t.put('meta', { ...emptyBackup(locator), version: opened.version, moved: false, saved: 1 });
			await t.put('meta', { name: 'log', pin });
		});
		await this.core.reload();
	}

	// Signs in and checks the own history; when that fails, nothing is left here.
	async begin() {
		const { account, inbox, keyLog, session } = this.core;
		try {
			await session.signInAs(account.need());
			await this.findVersion();
			await keyLog.checkOwn();
			await session.markChecked();
			await inbox.begin();
		} catch (error) {
			await account.forget();
			throw explain(error);
		}
		account.announce();
	}

	/*
	 * The newest key of a backup may not have been announced: then the version
	 * before is the account's, and the next rotation announces it.
	 */
	async findVersion() {
		const { username, keyVersion } = this.core.account.record;
		const { token } = await this.core.session.keptToken();
		const { body } = await this.core.api.call('GET', `/users/${username}/public-key`, { token });
		if (body?.keyVersion === keyVersion - 1) await this.core.account.save({ keyVersion: keyVersion - 1 });
	}
}

function explain(error) {
	if (error.code === 'key_log_problem')
		return new E2emsgError('old_backup', error.message.replace(/^nothing is sent/, 'the backup is not the account'),
			{ cause: error });
	if (error.code !== 'invalid_assertion') return error;
	return new E2emsgError('identity_replaced', 'the server does not accept the identity key of the backup any more',
		{ status: error.status, cause: error });
}
