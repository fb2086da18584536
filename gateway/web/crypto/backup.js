// The backup of an account's keys (docs/protocol.md, "Backup"), which the
// server keeps and can't open.  Every private key is sealed under the backup
// key, and that under the opener of the recovery code (recovery.js).
//
// The keys that one works with can't be exported.  What a backup needs of
// them is sealed when they are made, and kept beside them: private keys are
// never bytes here.
import { concat, fromUtf8, getU32, label, random, serviceHash, u32, usernameBytes, utf8 } from './bytes.js';
import { Malformed, need, subtle } from './errors.js';
import * as field from './field.js';
import { privateKeyForm, publicHalf, thumbprint } from './key.js';
import { parseVerifier, VERIFIER_SIZE_MAX } from './note.js';

export const BACKUP_SIZE_MAX = 65536; // bytes
const FORMAT = 1;
const KEYS_MAX = 150;
const CONTACTS_MAX = 100;
const VERSION_MAX = 2 ** 31 - 1;
const SERVICE_SIZE_MAX = 1024; // bytes

const IV_SIZE = 12; // bytes
const OVERHEAD = IV_SIZE + 16; // bytes: iv and tag
const SEALED_KEY_SIZE = 32 + OVERHEAD; // bytes, of the backup key

// What a sealed part is bound to.
const KINDS = { backupKey: 0, identity: 1, encryption: 2, account: 3 };

// Types of fields.
const BACKUP_KEY = 1;
const ACCOUNT = 2;
const IDENTITY = 3;
const ENCRYPTION = 4;

const BACKUP_KEY_USAGES = ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey'];

/**
 * Whose backup it is.
 *
 * @typedef {{service: string, username: string}} Owner
 */

/**
 * @typedef {object} Account what a backup says besides the keys
 * @property {string} username
 * @property {string} userId
 * @property {string} service
 * @property {number} keyVersion the highest version in the backup
 * @property {string|null} verifier the pinned verifier of the key log
 * @property {{username: string, userId: string, identityKey: object,
 *	keyVersion: number, verified: boolean, differs?: number}[]} contacts differs: how
 *	often the user said that the safety numbers differ, and took it back, in turns
 */

// ---- sealing

async function gcm({ service, username }, kind, version, iv) {
	const aad = concat(label('e2emsg backup v1'), await serviceHash(service), usernameBytes(username),
		[KINDS[kind]], u32(version));
	return { name: 'AES-GCM', iv, additionalData: aad, tagLength: 128 };
}

async function wrap(form, key, under, owner, kind, version) {
	const iv = random(IV_SIZE);
	return concat(iv, new Uint8Array(await subtle().wrapKey(form, key, under, await gcm(owner, kind, version, iv))));
}

// WebCrypto says OperationError for a wrong tag, and DataError for what is no
// such key.
async function refuseTo(work, problem) {
	try {
		return await work();
	} catch (error) {
		if (error.name === 'OperationError' || error.name === 'DataError') throw new Malformed(problem);
		throw error;
	}
}

function unwrapBackupKey(sealed, opener, owner, extractable) {
	need(sealed.length === SEALED_KEY_SIZE, 'the sealed backup key has the wrong size');
	return refuseTo(async () => subtle().unwrapKey('raw', sealed.subarray(IV_SIZE), opener,
		await gcm(owner, 'backupKey', 0, sealed.subarray(0, IV_SIZE)), 'AES-GCM', extractable, BACKUP_KEY_USAGES),
	'the backup does not open with this recovery code');
}

function unwrapPrivate(sealed, backupKey, owner, kind, version, extractable) {
	const { algorithm, usages } = privateKeyForm(kind);
	return refuseTo(async () => subtle().unwrapKey('pkcs8', sealed.subarray(IV_SIZE), backupKey,
		await gcm(owner, kind, version, sealed.subarray(0, IV_SIZE)), algorithm, extractable, usages),
	'a private key of the backup does not open');
}

/**
 * Makes the backup key of a new account.
 *
 * @param {CryptoKey} opener of the recovery code
 * @param {Owner} owner
 * @returns {Promise<{backupKey: CryptoKey, sealedKey: Uint8Array}>} the key,
 *	not extractable, and its 60 sealed bytes
 */
export async function makeKey(opener, owner) {
	const fresh = await subtle().generateKey({ name: 'AES-GCM', length: 256 }, true, BACKUP_KEY_USAGES);
	const sealedKey = await wrap('raw', fresh, opener, owner, 'backupKey', 0);
	return { backupKey: await unwrapBackupKey(sealedKey, opener, owner, false), sealedKey };
}

/**
 * Seals the backup key for another recovery code.  Throws Malformed when the
 * old code is not the one that it was sealed for.
 *
 * @returns {Promise<Uint8Array>} 60 bytes
 */
export async function rewrapKey(sealedKey, oldOpener, newOpener, owner) {
	return wrap('raw', await unwrapBackupKey(sealedKey, oldOpener, owner, true), newOpener, owner, 'backupKey', 0);
}

/**
 * Seals a new private key, and gives back the same key as one that can't be
 * exported, which was opened again from what was sealed.
 *
 * @param {CryptoKey} backupKey
 * @param {Owner} owner
 * @param {'identity'|'encryption'} kind
 * @param {number} version 0 for the identity key
 * @param {CryptoKey} privateKey that key.generate() gave
 * @returns {Promise<{sealed: Uint8Array, privateKey: CryptoKey}>}
 */
export async function sealPrivate(backupKey, owner, kind, version, privateKey) {
	const sealed = await wrap('pkcs8', privateKey, backupKey, owner, kind, version);
	return { sealed, privateKey: await unwrapPrivate(sealed, backupKey, owner, kind, version, false) };
}

// ---- building

const fieldOf = (type, value) => concat([type], u32(value.length), value);

// Those whose number differs first, then verified ones, and not too many.
function contactsOf(contacts) {
	const rank = ({ verified, differs = 0 }) => (differs % 2 === 1 ? 0 : Number(!verified) + 1);
	return contacts.toSorted((a, b) => rank(a) - rank(b)).slice(0, CONTACTS_MAX)
		.map(({ differs, ...contact }) => (differs ? { ...contact, differs } : contact));
}

async function sealAccount(backupKey, { username, userId, service, verifier, contacts }, keyVersion) {
	const text = JSON.stringify({ username, userId, service, keyVersion, verifier, contacts: contactsOf(contacts) });
	const iv = random(IV_SIZE);
	const how = await gcm({ service, username }, 'account', 0, iv);
	return concat(iv, new Uint8Array(await subtle().encrypt(how, backupKey, utf8(text))));
}

/**
 * Puts a backup together.  Of more than 150 keys the oldest are left out; of
 * more than 100 contacts, those at the end that are neither verified nor differ.
 *
 * @param {CryptoKey} backupKey
 * @param {Omit<Account, 'keyVersion'>} account
 * @param {object} sealed
 * @param {Uint8Array} sealed.sealedKey 60 bytes
 * @param {Uint8Array} sealed.identity that sealPrivate() gave
 * @param {{version: number, sealed: Uint8Array}[]} sealed.keys at least one
 * @returns {Promise<Uint8Array>}
 */
export async function build(backupKey, account, { sealedKey, identity, keys }) {
	const kept = keys.toSorted((a, b) => a.version - b.version).slice(-KEYS_MAX);
	need(kept.length > 0, 'there is no key to back up');
	const blob = concat([FORMAT], fieldOf(BACKUP_KEY, sealedKey),
		fieldOf(ACCOUNT, await sealAccount(backupKey, account, kept.at(-1).version)),
		fieldOf(IDENTITY, identity),
		...kept.map(({ version, sealed }) => fieldOf(ENCRYPTION, concat(u32(version), sealed))));
	need(blob.length <= BACKUP_SIZE_MAX, 'the backup is too large');
	return blob;
}

// ---- parsing

function keepOnce(parts, name, value, sizeMin) {
	need(parts[name] === null, 'a part stands in the backup twice');
	need(value.length >= sizeMin, 'a part of the backup is too short');
	parts[name] = value;
}

function keepVersion(parts, value) {
	need(value.length >= 4 + OVERHEAD, 'a part of the backup is too short');
	const version = getU32(value, 0);
	need(version >= 1 && version <= VERSION_MAX && !parts.keys.some((other) => other.version === version),
		'a key stands in the backup twice, or has no version');
	parts.keys.push({ version, sealed: value.slice(4) });
}

function keep(parts, type, value) {
	switch (type) {
		case BACKUP_KEY:
			need(value.length === SEALED_KEY_SIZE, 'the sealed backup key has the wrong size');
			keepOnce(parts, 'sealedKey', value, SEALED_KEY_SIZE);
			break;
		case ACCOUNT:
			keepOnce(parts, 'account', value, OVERHEAD);
			break;
		case IDENTITY:
			keepOnce(parts, 'identity', value, OVERHEAD);
			break;
		case ENCRYPTION:
			keepVersion(parts, value);
			break;
		default: // of a later version of the protocol
	}
}

/**
 * The sealed parts of a backup, without any key.  Throws Malformed.
 *
 * @param {Uint8Array} blob
 * @returns {{sealedKey: Uint8Array, account: Uint8Array, identity: Uint8Array,
 *	keys: {version: number, sealed: Uint8Array}[]}} keys: by version
 */
export function parse(blob) {
	const parts = { sealedKey: null, account: null, identity: null, keys: [] };
	need(blob.length <= BACKUP_SIZE_MAX, 'the backup is too large');
	need(blob[0] === FORMAT, 'it is not a backup of version 1');
	for (let at = 1; at < blob.length;) {
		need(blob.length - at >= 5, 'a part of the backup is cut off');
		const size = getU32(blob, at + 1);
		need(size <= blob.length - at - 5, 'a part of the backup is cut off');
		keep(parts, blob[at], blob.slice(at + 5, at + 5 + size));
		at += 5 + size;
	}
	need(parts.sealedKey !== null && parts.account !== null && parts.identity !== null && parts.keys.length > 0,
		'a part of the backup is missing');
	parts.keys.sort((a, b) => a.version - b.version);
	return parts;
}

// ---- opening

function readContact(contact) {
	return {
		username: field.username(contact, 'username'),
		userId: field.uuidText(contact, 'userId'),
		identityKey: field.key(contact, 'identityKey', 'identity'),
		keyVersion: field.version(contact, 'keyVersion'),
		verified: field.boolean(contact, 'verified'),
		...(field.present(contact, 'differs') && { differs: field.version(contact, 'differs') }),
	};
}

async function readAccount(text) {
	const account = field.parse(text);
	const contacts = field.array(account, 'contacts', CONTACTS_MAX);
	const verifier = field.present(account, 'verifier')
		? field.text(account, 'verifier', 1, VERIFIER_SIZE_MAX) : null;
	if (verifier !== null) await parseVerifier(verifier);
	return {
		username: field.username(account, 'username'),
		userId: field.uuidText(account, 'userId'),
		service: field.text(account, 'service', 1, SERVICE_SIZE_MAX),
		keyVersion: field.version(account, 'keyVersion'),
		verifier,
		contacts: contacts.map(readContact),
	};
}

async function openAccount(sealed, backupKey, owner, newest) {
	const how = await gcm(owner, 'account', 0, sealed.subarray(0, IV_SIZE));
	const bytes = await refuseTo(() => subtle().decrypt(how, backupKey, sealed.subarray(IV_SIZE)),
		'the backup does not open with its key');
	const account = await readAccount(fromUtf8(new Uint8Array(bytes)));
	need(account.username === owner.username && account.service === owner.service,
		'the backup is that of another account');
	need(account.keyVersion === newest, 'the newest key is missing in the backup');
	return account;
}

// The private key can be exported for the moment in which its public half is
// looked at.
async function openPrivate(sealed, backupKey, owner, kind, version) {
	const jwk = await publicHalf(await unwrapPrivate(sealed, backupKey, owner, kind, version, true));
	return {
		jwk,
		thumbprint: await thumbprint(jwk),
		privateKey: await unwrapPrivate(sealed, backupKey, owner, kind, version, false),
		sealed,
	};
}

/**
 * Opens a backup with its key, as a device does that keeps it.  Throws
 * Malformed.
 *
 * @param {Uint8Array} blob
 * @param {CryptoKey} backupKey
 * @param {Owner} owner
 * @returns {Promise<object>} {sealedKey, account, identity, keys}: account as
 *	above; identity and each of keys, by version, {jwk, thumbprint,
 *	privateKey, sealed}, keys with their version
 */
export async function openWithKey(blob, backupKey, owner) {
	const parts = parse(blob);
	const account = await openAccount(parts.account, backupKey, owner, parts.keys.at(-1).version);
	const identity = await openPrivate(parts.identity, backupKey, owner, 'identity', 0);
	const keys = [];
	for (const { version, sealed } of parts.keys)
		keys.push({ version, ...await openPrivate(sealed, backupKey, owner, 'encryption', version) });
	return { sealedKey: parts.sealedKey, account, identity, keys };
}

/**
 * Opens a backup with the opener of a recovery code.  Throws Malformed.
 *
 * @returns {Promise<object>} what openWithKey() gives, and the backupKey
 */
export async function open(blob, opener, owner) {
	const backupKey = await unwrapBackupKey(parse(blob).sealedKey, opener, owner, false);
	return { backupKey, ...await openWithKey(blob, backupKey, owner) };
}
