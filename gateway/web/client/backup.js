// The backup of this account's keys that lies with the server
// (docs/protocol.md, "Backup").  What is remembered of it, in "meta":
//
//	{name: 'backup', version (of the server's, 0: none), locator (of the code
//	 that was made here, or null), moved (the server has not heard of that
//	 code for sure), wanted, saved (counts of changes, and of those stored),
//	 lost (the sealed key of a code whose end is unknown, or null), replaced (by
//	 another device, the code that was known here)}
import * as blobs from '../crypto/backup.js';
import * as field from '../crypto/field.js';
import * as recovery from '../crypto/recovery.js';
import { equal, fromBase64url, toBase64url } from '../crypto/bytes.js';
import { Malformed } from '../crypto/errors.js';
import { thumbprint } from '../crypto/key.js';
import { expect } from './answer.js';
import { E2emsgError, isPassing, refuse } from './error.js';
import { aborted } from './tabs.js';
import { isDiffering, merged, remembered, turns } from './trust.js';

const ROUNDS_MAX = 4; // against another device that writes, too
const DELAY_MS = 2000; // changes of contacts are saved together
const DOUBLINGS_MAX = 5; // of the delay, while saving fails
const LEAVE_MS = 10_000; // for saving before the account leaves

export const emptyBackup = (locator) =>
	({ name: 'backup', version: 0, locator, moved: locator !== null, wanted: 1, saved: 0, lost: null, replaced: false });

// Does a backup hold what changed of a contact?
export const isForBackup = (a, b) => ['identity', 'state', 'highest', 'verified', 'differs'].some((member) => a[member] !== b?.[member]);

const wantMore = (state) => ({ ...state, wanted: state.wanted + 1 });

export class Backup {
	constructor(core) {
		this.core = core;
		this.state = undefined;
		this.failures = 0; // to save, in a row
	}

	async load() {
		this.state = await this.core.store.read(['meta'], (t) => t.get('meta', 'backup'));
	}

	get view() {
		const { version = 0, wanted = 1, saved = 0, replaced = false } = this.state ?? {};
		return { version, saved: saved >= wanted, codeReplaced: replaced };
	}

	// Was a new code announced, and is it unknown whether the server took it?
	get isCodeOpen() { return Boolean(this.state?.lost); }

	async change(change) {
		this.state = await this.core.store.write(['meta'], async (t) => {
			const next = change(await t.get('meta', 'backup') ?? emptyBackup(null));
			await t.put('meta', next);
			return next;
		});
		this.core.account.announce();
		return this.state;
	}

	// Something changed that a backup holds: saved a little later.  isMarked: mark() was called.
	later(isMarked = false) {
		if (!this.core.account.isRegistered) return;
		this.change((state) => (isMarked ? state : wantMore(state))).then(() => this.saveSoon(), () => {});
	}

	// The same in the transaction that changes it, over "meta": a tab that is closed right after it has not forgotten.
	async mark(t) {
		const state = await t.get('meta', 'backup');
		if (state) await t.put('meta', wantMore(state));
	}

	saveSoon(asked = 0) {
		if (this.view.saved || this.planned || this.core.closed || !this.core.account.view) return;
		const ms = DELAY_MS * 2 ** Math.min(this.failures, DOUBLINGS_MAX);
		this.planned = this.core.later(Math.max(1000 * asked, ms), () => {
			this.planned = undefined;
			this.save().catch((error) => this.unsaved(error));
		});
	}

	// Says so, once of several times in a row, and tries again when that can help.
	unsaved(error) {
		const isAgain = isPassing(error);
		if (this.failures === 0 || !isAgain)
			this.core.events.warn('backup_not_saved', `the backup is not saved yet: ${error.message}`);
		if (!isAgain) return;
		this.failures++;
		this.saveSoon(error.retryAfter);
	}

	// Saves nothing by itself any more.
	rest() {
		this.planned?.();
		this.planned = undefined;
	}

	// Stores the backup with the server, unless that has the newest one.
	save(signal) {
		return this.core.tabs.hold('backup', signal, () => this.saveNow(signal));
	}

	/*
	 * Stores it before the account leaves this browser, with which goes what the
	 * server has not heard of.  Throws backup_not_saved when that does not succeed
	 * in time.
	 */
	async finish() {
		await this.load();
		if (!this.core.account.isRegistered || this.view.saved) return;
		this.rest();
		const late = new AbortController();
		const cancel = this.core.later(LEAVE_MS, () => late.abort(new E2emsgError('timeout', 'the server did not answer in time')));
		try {
			await Promise.race([this.save(late.signal), aborted(late.signal)]);
		} catch (error) {
			this.failures++; // who asked is told, and no listener
			this.saveSoon();
			refuse('backup_not_saved', `the backup is not saved: ${error.message}`, { cause: error });
		} finally {
			cancel();
		}
	}

	async saveNow(signal) {
		for (let round = 0; round < ROUNDS_MAX; round++) {
			await this.load();
			const { version, wanted, locator, moved } = this.state;
			if (this.view.saved) return;
			if (version === 0 && !locator) refuse('no_backup', 'the server has lost it, and a new recovery code is needed for another one');
			if (await this.write(version + 1, await this.core.keyring.backup(), moved || version === 0 ? locator : null, signal)) {
				this.failures = 0;
				const done = { version: version + 1, saved: wanted, moved: false, lost: null };
				return void await this.change((state) => ({ ...state, ...done }));
			}
			await this.pullNow(undefined, signal);
		}
		refuse('version_conflict', 'another device keeps writing the backup', { status: 409 });
	}

	// Puts it together and stores it; false when another device has written in between.
	async write(version, keys, locator, signal) {
		const untold = (await this.core.peers.all()).filter((contact) => contact.untold);
		if (!await this.put(version, await this.build(keys), locator, signal)) return false;
		await this.told(untold);
		return true;
	}

	// That their numbers differ is in the backup.
	told(contacts) {
		return this.core.store.write(['contacts'], async (t) => {
			for (const { username, differs } of contacts) {
				const contact = await t.get('contacts', username);
				if (contact?.differs === differs) await t.put('contacts', { ...contact, untold: false });
			}
		});
	}

	async put(version, blob, locator, signal) {
		const body = { version, ...(locator && { locator: toBase64url(locator) }), backup: toBase64url(blob) };
		try {
			await this.core.session.call('PUT', '/backup', { body, signal, repeat: true });
			return true;
		} catch (error) {
			if (error.code === 'version_conflict') return false;
			throw error;
		}
	}

	async build({ backupKey, sealedKey }) {
		const { username, userId, service } = this.core.account.need();
		const { verifier } = await this.core.keyLog.pin();
		const identity = await this.core.keyring.identity();
		const contacts = (await this.core.peers.all())
			.filter((one) => one.identity && one.username !== username && (isDiffering(one) || (one.state === 'accepted' && !one.changed)))
			.map((one) => ({ username: one.username, userId: one.userId, identityKey: one.identity,
				keyVersion: one.highest, verified: one.verified, differs: turns(one) }));
		return blobs.build(backupKey, { username, userId, service, verifier, contacts },
			{ sealedKey, identity: identity.sealed, keys: await this.core.keyring.versions() });
	}

	// The server's answer, or null when it has no backup.
	async fetch(token, signal) {
		if (token === undefined) return this.core.session.find(['no_backup'], 'GET', '/backup', { signal });
		return this.core.api.call('GET', '/backup', { token }).catch((error) => {
			if (error.code === 'no_backup') return null;
			throw error;
		});
	}

	/*
	 * Takes over what other devices have put into the backup; nothing of it when
	 * this account has written or taken over another one while it was on its way.
	 */
	async pullNow(token, signal) {
		await this.load();
		const since = this.state?.version ?? 0;
		const isNew = (state) => state.version === since;
		const answer = await this.fetch(token, signal);
		if (answer === null) {
			const lost = since > 0 ? 1 : 0;
			return void await this.change((state) => (isNew(state)
				? { ...state, version: 0, moved: state.locator !== null, wanted: state.wanted + lost } : state));
		}
		const { version, blob } = expect('a backup', () => ({ version: field.version(answer.body, 'version'),
			blob: fromBase64url(field.text(answer.body, 'backup', 1, 90_000)) }));
		if (version === since) return;
		const opened = await this.open(blob);
		const wentBack = version < since && this.state.locator !== null; // a restored server: the code that was made here counts
		await this.merge(opened, wentBack ? () => false : isNew);
		const isWhole = !wentBack && await this.core.keyring.isWithin(opened.keys);
		await this.change((state) => (isNew(state)
			? { ...state, version, moved: state.moved || wentBack, wanted: state.wanted + (isWhole ? 0 : 1) } : state));
	}

	// The same with this token, when it can be done: for a sign-in, which does not hang on it.
	async tryPull(token) {
		try {
			await this.pullNow(token);
			this.saveSoon();
		} catch (error) {
			if (error.code === 'not_found') return;
			this.core.events.warn('backup_unseen', `the backup can't be looked at: ${error.message}`);
		}
	}

	// The same for whoever needs a key of another device; throws when it can't be known now whether it is there.
	async pullKeys(token) {
		try {
			await this.pullNow(token);
		} catch (error) {
			if (isPassing(error) || error.status === 401) throw error;
		}
	}

	async open(blob) {
		const { backupKey } = await this.core.keyring.backup();
		try {
			return await blobs.openWithKey(blob, backupKey, this.core.account.owner());
		} catch (error) {
			if (!(error instanceof Malformed)) throw error;
			return refuse('other_backup', `the server holds a backup that this browser can't open: ${error.message}`);
		}
	}

	// Takes over keys, the newest code, what it says of contacts.  isNew(state): is it the newest still?
	async merge({ sealedKey, account, keys }, isNew) {
		const contacts = await contactsOf(account);
		await this.core.keyring.addVersions(keys);
		const changed = await this.core.store.write(['contacts'], async (t) => {
			const all = [];
			for (const contact of contacts) {
				const known = await t.get('contacts', contact.username);
				const next = known ? merged(known, contact) : contact;
				if (next === known) continue;
				await t.put('contacts', next);
				all.push(next);
			}
			return all;
		});
		for (const contact of changed) await this.core.conversations.announce(contact, contact);
		const mine = await this.core.keyring.backup();
		if (equal(sealedKey, mine.sealedKey)) return;
		const isTakenBack = ({ lost }) => lost !== null && equal(sealedKey, lost);
		const change = { locator: null, moved: false, replaced: true };
		if (await this.adopt(sealedKey, undefined, change, (state) => isNew(state) && !isTakenBack(state)))
			this.core.events.warn('code_replaced', 'another device has made a new recovery code: the one before brings nothing back any more');
	}

	/*
	 * From now on another code counts, which is known here or not: in one step,
	 * so that no tab that is closed meanwhile leaves a code to what another opens.
	 * False when the backup is not the newest any more.
	 */
	async adopt(sealedKey, code, change, isNew = () => true) {
		const { core } = this;
		const isAdopted = await core.store.write(['account', 'keys', 'meta'], async (t) => {
			await core.account.checkHere(t);
			const state = await t.get('meta', 'backup');
			if (!isNew(state)) return false;
			await t.put('keys', { ...await t.get('keys', 'backup'), sealedKey });
			await t.put('account', { ...await t.get('account', 'account'), code });
			await t.put('meta', { ...state, ...change });
			return true;
		});
		await core.account.load();
		await this.load();
		core.account.announce();
		return isAdopted;
	}

	/*
	 * Makes another recovery code, for which the current one is needed.  The old
	 * one is worth nothing once the server has answered; when the answer does not
	 * come, or the tab is closed before, the old one is put into force again.
	 */
	newCode(current) {
		return this.core.tabs.alone('backup', async () => {
			this.core.account.need();
			const owner = this.core.account.owner();
			const before = await this.openerOf(current, owner);
			await this.load();
			await (this.isCodeOpen ? this.saveNow() : this.pullNow());
			const mine = await this.core.keyring.backup();
			const { code, secret } = await recovery.makeCode();
			const after = await recovery.opener(secret, owner.service, owner.username);
			const sealedKey = await rewrap(mine.sealedKey, before.opener, after, owner);
			const locator = await recovery.locator(secret, owner.service, owner.username);
			await this.replaceCode({ ...mine, sealedKey }, code, locator, before.locator);
			return code;
		});
	}

	async replaceCode(fresh, code, locator, before) {
		const { version, wanted } = await this.change((state) =>
			({ ...state, locator: before, moved: true, wanted: state.wanted + 1, lost: fresh.sealedKey }));
		try {
			if (!await this.write(version + 1, fresh, locator))
				refuse('version_conflict', 'another device wrote the backup at the same time', { status: 409, hint: 'Try again.' });
		} catch (error) {
			this.saveSoon();
			throw error;
		}
		await this.adopt(fresh.sealedKey, code,
			{ version: version + 1, saved: wanted, locator, moved: false, lost: null, replaced: false });
	}

	async openerOf(typed, { service, username }) {
		const secret = await readCode(typed);
		return { opener: await recovery.opener(secret, service, username),
			locator: await recovery.locator(secret, service, username) };
	}
}

// The contacts of a backup as this browser remembers them.
export const contactsOf = ({ contacts }) => Promise.all(contacts.map(async (contact) =>
	remembered({ ...contact, identityThumbprint: await thumbprint(contact.identityKey) })));

// Reads what somebody typed; throws bad_recovery_code.
export async function readCode(typed) {
	try {
		return await recovery.readCode(typed);
	} catch (error) {
		if (error instanceof Malformed) refuse('bad_recovery_code', error.message);
		throw error;
	}
}

async function rewrap(...args) {
	try {
		return await blobs.rewrapKey(...args);
	} catch (error) {
		if (error instanceof Malformed) refuse('wrong_recovery_code', 'the backup does not open with this recovery code');
		throw error;
	}
}
