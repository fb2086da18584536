// Recovery codes and backups of protocol.json.
import * as backup from '../../../gateway/web/crypto/backup.js';
import * as bytes from '../../../gateway/web/crypto/bytes.js';
import * as key from '../../../gateway/web/crypto/key.js';
import * as recovery from '../../../gateway/web/crypto/recovery.js';
import { sign, verify } from '../../../gateway/web/crypto/statement.js';
import * as suite from '../../../gateway/web/crypto/suite.js';
import { attempt, isRefused, People, sameBytes } from './tools.mjs';

async function checkCodes(ok, { codes }) {
	for (const { comment, text, secretHex, written, valid } of codes) {
		const secret = await attempt(() => recovery.readCode(text));
		ok(valid ? secret !== null && bytes.toHex(secret) === secretHex && (!written || await recovery.writeCode(secret) === text)
			: secret === null, `recovery code: ${comment}`);
	}
	const { code, secret } = await recovery.makeCode();
	ok(/^([0-9A-HJKMNP-TV-Z]{4}-){6}[0-9A-HJKMNP-TV-Z]{4}$/.test(code) && sameBytes(await recovery.readCode(code), secret),
		'a new recovery code');
}

// What the opener seals, only the expected key opens.
async function isOpener(opener, openerHex) {
	const expected = await crypto.subtle.importKey('raw', bytes.fromHex(openerHex), 'AES-GCM', false, ['unwrapKey']);
	const how = { name: 'AES-GCM', iv: new Uint8Array(12) };
	const some = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, true, ['encrypt']);
	const wrapped = await crypto.subtle.wrapKey('raw', some, opener, how);
	const opened = await crypto.subtle.unwrapKey('raw', wrapped, expected, how, 'AES-GCM', true, ['encrypt']);
	return sameBytes(...(await Promise.all([some, opened].map((one) => crypto.subtle.exportKey('raw', one))))
		.map((raw) => new Uint8Array(raw)));
}

async function checkDerived(ok, service, { derived }) {
	for (const { username, secretHex, locator, openerHex } of derived) {
		const secret = bytes.fromHex(secretHex);
		const opener = await recovery.opener(secret, service, username);
		ok(bytes.toBase64url(await recovery.locator(secret, service, username)) === locator && !opener.extractable &&
			await isOpener(opener, openerHex), `locator and opener of ${username}`);
	}
}

// The blob of a vector: "tail" stands for a last field of zeros.
function blobOf({ backup: text, tail }) {
	const blob = bytes.fromBase64url(text);
	return tail ? bytes.concat(blob, [tail.type], bytes.u32(tail.size), new Uint8Array(tail.size)) : blob;
}

async function openVector(service, vector) {
	const { username, code } = vector;
	const opener = await recovery.opener(await recovery.readCode(code), service, username);
	return backup.open(blobOf(vector), opener, { service, username });
}

// The account as the reader keeps it: without what it does not know.
function accountOf(text) {
	const { username, userId, service, keyVersion, verifier, contacts } = JSON.parse(text);
	return JSON.stringify({ username, userId, service, keyVersion, verifier, contacts });
}

async function checkOpened(ok, people, vector, opened) {
	const { comment, username, keys } = vector;
	ok(JSON.stringify(opened.account) === accountOf(vector.account) && !opened.backupKey.extractable, `opens: ${comment}`);
	ok(key.samePoint(opened.identity.jwk, people.named(username).identityKey.jwk) && !opened.identity.privateKey.extractable,
		`its identity key: ${comment}`);
	ok(opened.keys.length === keys.length && keys.every(({ version }, i) => opened.keys[i].version === version &&
		!opened.keys[i].privateKey.extractable && key.samePoint(opened.keys[i].jwk, people.key(username, version))),
	`its encryption keys: ${comment}`);
}

// The parts put together again are the same backup, but for the account,
// which is sealed anew.
async function checkBuilt(ok, service, vector, opened) {
	const { sealedKey, account, identity, keys, backupKey } = opened;
	const built = await backup.build(backupKey, account, { sealedKey, identity: identity.sealed, keys: keys.toReversed() });
	const [old, fresh] = [backup.parse(blobOf(vector)), backup.parse(built)];
	ok(sameBytes(old.sealedKey, fresh.sealedKey) && sameBytes(old.identity, fresh.identity) &&
		old.keys.every(({ version, sealed }, i) => fresh.keys[i].version === version && sameBytes(fresh.keys[i].sealed, sealed)) &&
		fresh.keys.length === old.keys.length && !sameBytes(old.account, fresh.account), `put together again: ${vector.comment}`);
	const again = await backup.openWithKey(built, backupKey, { service, username: vector.username });
	ok(JSON.stringify(again.account) === JSON.stringify(account), `and opened by its key: ${vector.comment}`);
}

async function checkBackups(ok, vectors) {
	const { service, recovery: { backups, refusedBackups } } = vectors;
	const people = new People(vectors);
	for (const vector of backups) {
		const opened = await openVector(service, vector);
		await checkOpened(ok, people, vector, opened);
		await checkBuilt(ok, service, vector, opened);
	}
	for (const vector of refusedBackups) {
		const parsed = !await isRefused(() => backup.parse(blobOf(vector)));
		ok(parsed === vector.parses && await isRefused(() => openVector(service, vector)), `no backup: ${vector.comment}`);
	}
}

// The life of an account's keys: made, sealed, used, restored.
async function checkLife(ok) {
	const owner = { service: 'msg.test', username: 'dora' };
	const { secret } = await recovery.makeCode();
	const opener = await recovery.opener(secret, owner.service, owner.username);
	const { backupKey, sealedKey } = await backup.makeKey(opener, owner);
	const [identity, encryption] = [await key.generate('identity'), await key.generate('encryption')];
	const kept = await backup.sealPrivate(backupKey, owner, 'identity', 0, identity.privateKey);
	const first = await backup.sealPrivate(backupKey, owner, 'encryption', 1, encryption.privateKey);
	ok(![backupKey, kept.privateKey, first.privateKey].some((one) => one.extractable), 'no key that is kept can be exported');
	ok(sealedKey.length === 60 && kept.sealed.length === 166 && first.sealed.length === 166, 'sealed keys have the sizes of the document');

	const account = { ...owner, userId: '1f7ccdaf-e29a-8b89-83ad-b01873cf5ad5', verifier: null, contacts: [] };
	const blob = await backup.build(backupKey, account, { sealedKey, identity: kept.sealed, keys: [{ version: 1, sealed: first.sealed }] });
	const restored = await backup.open(blob, opener, owner);
	const message = bytes.utf8('signed after a restore');
	ok(await verify(identity.jwk, message, await sign(restored.identity.privateKey, message)), 'the restored identity key signs');
	const peer = await key.generate('encryption');
	const secrets = [await suite.agree(first.privateKey, peer.jwk), await suite.agree(restored.keys[0].privateKey, peer.jwk),
		await suite.agree(peer.privateKey, encryption.jwk)];
	ok(sameBytes(secrets[0], secrets[1]) && sameBytes(secrets[0], secrets[2]), 'the restored encryption key agrees');

	const next = await recovery.opener((await recovery.makeCode()).secret, owner.service, owner.username);
	const rewrapped = await backup.rewrapKey(sealedKey, opener, next, owner);
	const renewed = await backup.build(backupKey, account,
		{ sealedKey: rewrapped, identity: kept.sealed, keys: [{ version: 1, sealed: first.sealed }] });
	ok((await backup.open(renewed, next, owner)).keys.length === 1, 'a new code opens the backup');
	ok(await isRefused(() => backup.open(renewed, opener, owner)), 'the old one does not open it any more');
	ok(await isRefused(() => backup.rewrapKey(rewrapped, opener, next, owner)), 'and makes no other code');
	ok(await isRefused(() => backup.open(blob, opener, { ...owner, username: 'dorb' })), 'nor is it that of somebody else');
}

// Nothing is sealed here: the limits are about sizes and order alone.
async function checkLimits(ok) {
	const backupKey = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
	const sealedKey = new Uint8Array(60);
	const identity = new Uint8Array(166);
	const keys = Array.from({ length: 160 }, (_, i) => ({ version: i + 1, sealed: identity }));
	const { jwk } = await key.generate('identity');
	const contacts = Array.from({ length: 120 }, (_, i) => ({
		username: `contact-${i}`, userId: '1f7ccdaf-e29a-8b89-83ad-b01873cf5ad5', identityKey: jwk, keyVersion: 1, verified: i >= 110,
	}));
	const account = { service: 's', username: 'dora', userId: contacts[0].userId, verifier: null, contacts };
	const parts = backup.parse(await backup.build(backupKey, account, { sealedKey, identity, keys }));
	ok(parts.keys.length === 150 && parts.keys[0].version === 11, 'the oldest of 160 keys are left out');
	const small = { sealedKey, identity, keys: keys.slice(0, 1) };
	const part = backup.parse(await backup.build(backupKey, account, small)).account;
	const whole = backup.parse(await backup.build(backupKey, { ...account, contacts: contacts.slice(10, 110) }, small)).account;
	ok(Math.abs(part.length - whole.length) < 200, 'of 120 contacts 100 are kept');
	ok(await isRefused(() => backup.build(backupKey, account, { sealedKey, identity, keys: [] })), 'no backup without a key');
	ok(await isRefused(() => backup.build(backupKey, account, { sealedKey, identity: new Uint8Array(65536), keys })),
		'no backup of more than 65536 bytes');
}

export async function checkRecovery(ok, vectors) {
	await checkCodes(ok, vectors.recovery);
	await checkDerived(ok, vectors.service, vectors.recovery);
	await checkBackups(ok, vectors);
	await checkLife(ok);
	await checkLimits(ok);
}

