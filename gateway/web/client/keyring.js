// The account's own private keys: CryptoKeys that can't be exported, each with
// the form of it that was sealed for the backup when it was made.
//
//	{name: 'identity', jwk, thumbprint, privateKey, sealed}
//	{name: 'key-N', version: N, jwk, thumbprint, privateKey, sealed, made (by a
//	 rotation in this browser)}
//	{name: 'backup', backupKey, sealedKey (the key, sealed under the code)}
import * as backup from '../crypto/backup.js';
import * as key from '../crypto/key.js';
import { equal } from '../crypto/bytes.js';
import { refuse } from './error.js';

const nameOf = (version) => `key-${version}`;

async function make(purpose, version, backupKey, owner) {
	const { jwk, privateKey: fresh } = await key.generate(purpose);
	const { sealed, privateKey } = await backup.sealPrivate(backupKey, owner, purpose, version, fresh);
	return { jwk, thumbprint: await key.thumbprint(jwk), privateKey, sealed };
}

// The keys of a new account; opener is that of its recovery code.
export async function makeKeys(owner, opener) {
	const { backupKey, sealedKey } = await backup.makeKey(opener, owner);
	return [
		{ name: 'backup', backupKey, sealedKey },
		{ name: 'identity', ...await make('identity', 0, backupKey, owner) },
		{ name: nameOf(1), version: 1, ...await make('encryption', 1, backupKey, owner) },
	];
}

// The same of what a backup holds, as crypto/backup.js opened it.
export function keysOf({ backupKey, sealedKey, identity, keys }) {
	return [
		{ name: 'backup', backupKey, sealedKey },
		{ name: 'identity', ...identity },
		...keys.map((one) => ({ name: nameOf(one.version), ...one })),
	];
}

export class Keyring {
	constructor(core) {
		this.core = core;
	}

	get(name) {
		return this.core.store.read(['keys'], (t) => t.get('keys', name));
	}

	async identity() {
		return await this.get('identity') ?? refuse('no_account', 'this browser holds no identity key');
	}

	backup() { return this.get('backup'); }

	// The key of a version, or undefined when it is not here.
	encryption(version) { return this.get(nameOf(version)); }

	// All versions, also one that was not announced yet, oldest first.
	async versions() {
		const all = await this.core.store.read(['keys'], (t) => t.all('keys'));
		return all.filter((one) => one.version).sort((a, b) => a.version - b.version);
	}

	// The key of a version, made and stored now when it is not here.
	async loadOrMake(version) {
		const kept = await this.encryption(version);
		if (kept) return kept;
		const { backupKey } = await this.backup();
		const made = await make('encryption', version, backupKey, this.core.account.owner());
		const fresh = { name: nameOf(version), version, ...made, made: true };
		return this.core.store.write(['keys'], async (t) => {
			const other = await t.get('keys', fresh.name); // another tab was faster
			if (!other) await t.put('keys', fresh);
			return other ?? fresh;
		});
	}

	/*
	 * Keeps keys of other devices.  Those that are here stay, but for one that was
	 * not announced: what stands in the backup was there first, and may have been.
	 */
	addVersions(keys) {
		return this.core.store.write(['account', 'keys'], async (t) => {
			await this.core.account.checkHere(t);
			const { keyVersion } = await t.get('account', 'account');
			for (const one of keys) {
				const kept = await t.get('keys', nameOf(one.version));
				if (!kept || (one.version > keyVersion && !equal(kept.thumbprint, one.thumbprint)))
					await t.put('keys', { name: nameOf(one.version), ...one });
			}
		});
	}

	// Are all keys that are here among those of a backup, but for older ones than it has?
	async isWithin(keys) {
		const found = new Map(keys.map(({ version, thumbprint }) => [version, thumbprint]));
		const mine = (await this.versions()).filter(({ version }) => version >= keys[0].version);
		return mine.every(({ version, thumbprint }) => found.has(version) && equal(found.get(version), thumbprint));
	}
}
