// A new encryption key: made, stored, backed up, then announced.
import * as field from '../crypto/field.js';
import { endorsement, sign } from '../crypto/statement.js';
import * as keyObject from '../crypto/key_object.js';
import { equal, toBase64url } from '../crypto/bytes.js';
import { E2emsgError, refuse } from './error.js';
import { expect, expectAsync } from './answer.js';

const LOG_TRIES = 4; // a second apart, for the key log to hold the key
const ROUNDS_MAX = 4; // against another device that rotates, too

export class Rotation {
	constructor(core) {
		this.core = core;
	}

	/*
	 * Makes a rotation, or finishes one that was begun here: the same key again
	 * is harmless, and a server that won't have it twice says so.  Whoever asks
	 * for a new key gets one: those of devices that were faster come before it.
	 */
	rotate() {
		return this.core.tabs.alone('keys', async () => {
			await this.core.account.load();
			for (let round = 1; !await this.step(); round++)
				if (round === ROUNDS_MAX) refuse('version_conflict', 'another device keeps rotating', { status: 409 });
			this.core.inbox.retry().catch(() => {});
			return this.core.account.view;
		});
	}

	// Goes to the next key; false when it is that of another device.
	async step() {
		const { account, keyring, keyLog } = this.core;
		const version = account.need().keyVersion + 1;
		await keyring.loadOrMake(version);
		await this.backUp();
		const fresh = await keyring.encryption(version); // perhaps that of a device that was faster
		const reached = await this.announce(version, fresh) ? version : await this.compare(version);
		await account.follow(reached);
		await keyLog.checkAfter();
		return reached === version && fresh.made;
	}

	// A server that has no backups at all is no reason to keep an old key.
	async backUp() {
		const { backup } = this.core;
		await backup.change((state) => ({ ...state, wanted: state.wanted + 1 }));
		try {
			await backup.save();
		} catch (error) {
			if (error.code !== 'not_found') throw error;
			this.core.events.warn('backup_not_saved', 'this server keeps no backups');
		}
	}

	// Signs a key of this account as that version and sends it; false: the server can't follow.
	async announce(version, key) {
		const { userId, username, service } = this.core.account.need();
		const [identity, before] = [await this.core.keyring.identity(), await this.core.keyring.encryption(version - 1)];
		if (!before) refuse('no_account', `the key of version ${version - 1} is not in this browser`);
		const statement = await endorsement(service, username, version, key.thumbprint, before.thumbprint);
		const signature = toBase64url(await sign(identity.privateKey, statement));
		return this.put(`/users/${userId}/public-key`, { publicKey: key.jwk, keyVersion: version, signature });
	}

	// Sends the body, again and again while the key log does not hold the key.
	async put(path, body) {
		for (let tries = 1; ; tries++) {
			try {
				const answer = await this.core.session.call('PUT', path, { body, repeat: true });
				const version = expect('the answer to a rotation', () => field.version(answer.body, 'keyVersion'));
				if (version !== body.keyVersion) refuse('bad_answer', 'the server\'s answer is not that to a rotation');
				if (answer.status !== 202) return true;
			} catch (error) {
				if (error.code === 'version_conflict') return false;
				throw error;
			}
			if (tries === LOG_TRIES)
				throw new E2emsgError('not_logged', 'the server took the new key, but the key log does not hold it yet',
					{ status: 503, hint: 'Rotate again a little later: that finishes it.' });
			await this.core.sleep(1000);
		}
	}

	// Asks the server which version it has: one at least that is not older, of this device or another one.
	async compare(version) {
		const { username, service } = this.core.account.need();
		const { body } = await this.core.session.call('GET', `/users/${username}/public-key`);
		const seen = await expectAsync('a key object', () => keyObject.read(body, service));
		if (seen.username !== username) refuse('bad_answer', 'the server sent the key of somebody else');
		if (seen.version === version - 1) refuse('version_conflict', 'the server did not take the new key', { status: 409 });
		if (seen.version > version) await this.core.backup.pullKeys();
		const mine = await this.core.keyring.encryption(seen.version);
		if (seen.version >= version && mine && equal(seen.thumbprint, mine.thumbprint)) return seen.version;
		return refuse('own_key_changed', `the server has key version ${seen.version} for you, which was not made here`);
	}

	// What a restored server has lost of this account, it gets again.
	async restore(known) {
		const { keyVersion } = this.core.account.need();
		for (let version = known + 1; version <= keyVersion; version++) {
			const key = await this.core.keyring.encryption(version);
			if (!key || !await this.announce(version, key))
				refuse('version_conflict', `the server does not take key version ${version} again`, { status: 409 });
		}
		await this.core.keyLog.checkAfter();
	}
}
