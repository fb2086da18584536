// One delivered message becomes one record of the mail.
import * as field from '../crypto/field.js';
import * as frame from '../crypto/frame.js';
import * as suite from '../crypto/suite.js';
import { fromUtf8, toBase64url, uuidBytes, uuidText } from '../crypto/bytes.js';
import { Malformed } from '../crypto/errors.js';
import { E2emsgError, isPassing } from './error.js';
import { expect, time } from './answer.js';
import { standing } from './trust.js';

const SENDER_VERSIONS_MAX = 32; // tried when the message names none
const TUTORIAL = 0;
const SUITES = [TUTORIAL, 1];

// What is wrong with a key, and not with the network or this machine.
const OF_KEY = ['refused_key', 'own_key_changed', 'key_log_problem', 'unknown_user', 'unknown_key_version',
	'bad_answer'];

// A message that does not open: "state" is that of its record.
class Unopened extends Error {
	constructor(state, message) {
		super(message);
		this.state = state;
	}
}

// What is kept of a message that does not open: these members, and nothing else that a server sends with them.
const MEMBERS = ['messageId', 'seq', 'senderId', 'receiverId', 'suite', 'keyVersion', 'senderKeyVersion', 'iv', 'authTag',
	'ciphertext', 'sentAt'];
const bare = (message) => Object.fromEntries(MEMBERS.filter((name) => field.present(message, name)).map((name) => [name, message[name]]));

// Reads the shape of a message; throws bad_answer.
export const readSealed = (message) => expect('mail', () => ({
	message: bare(message),
	messageId: uuidText(field.uuid(message, 'messageId')),
	seq: field.number(message, 'seq', 1),
	senderId: uuidText(field.uuid(message, 'senderId')),
	receiverId: uuidText(field.uuid(message, 'receiverId')),
	suite: field.number(message, 'suite', 0),
	keyVersion: field.version(message, 'keyVersion'),
	senderKeyVersion: field.present(message, 'senderKeyVersion') ? field.version(message, 'senderKeyVersion') : 0,
	iv: field.bytes(message, 'iv', suite.IV_SIZE),
	authTag: field.bytes(message, 'authTag', suite.TAG_SIZE),
	ciphertext: field.blob(message, 'ciphertext', suite.CIPHERTEXT_MAX),
	sentAt: time(message, 'sentAt'),
}));

// The id that it must have: that of this mailbox, sender and iv.
export const computedId = async ({ receiverId, senderId, iv }) =>
	uuidText(await suite.messageId(uuidBytes(receiverId), uuidBytes(senderId), iv));

// The members that the record of every message has.
export const outline = ({ messageId, seq, senderId, suite: ofSuite, keyVersion, sentAt, iv }) =>
	({ direction: 'in', messageId, seq, peerId: senderId, suite: ofSuite, keyVersion, sentAt, iv: toBase64url(iv) });

export class Opening {
	constructor(core) {
		this.core = core;
		this.missed = new Set(); // versions of own keys that the backup did not have
	}

	// Missing keys may be asked for again: once at each connection.
	hope() { this.missed.clear(); }

	/*
	 * Opens what readSealed() gave.  {record (without a place in the mail),
	 * contact (or undefined), frame (or undefined), flagged}.  Throws only for
	 * reasons that lie in the network or this machine.
	 */
	async open(sealed) {
		const attempt = {};
		try {
			await this.openFully(sealed, attempt);
			const { contact, flagged, key, frame: said, logProblem } = attempt;
			const record = { ...outline(sealed), state: 'opened', senderKeyVersion: key.version,
				trust: flagged ? 'changed' : standing({ ...contact, refused: null }),
				...(said.text !== null && { text: said.text }), ...(said.id && { clientId: toBase64url(said.id) }),
				...(said.others?.length > 0 && { fields: said.others }), ...(logProblem && { logProblem }) };
			return { record, contact, frame: said, flagged };
		} catch (error) {
			const { state, message } = reasonOf(error);
			const contact = attempt.contact ?? await this.core.peers.byId(sealed.senderId);
			const record = { ...outline(sealed), state, problem: message, envelope: sealed.message, sealed: 1 };
			return { record, contact, flagged: false };
		}
	}

	// Outside, keys, then suite, then plaintext, then what the sender saw of the log.
	async openFully(sealed, attempt) {
		await this.checkOutside(sealed);
		attempt.mine = await this.ownKey(sealed.keyVersion);
		if (!attempt.mine)
			throw new Unopened('no_private_key', `this browser has no private key of version ${sealed.keyVersion}`);
		const plaintext = await this.openWithSender(sealed, attempt);
		attempt.frame = readPlaintext(sealed.suite, plaintext);
		attempt.logProblem = await this.compareLog(attempt);
	}

	// The private key of a version; of one that was not announced from here, that of the backup.
	async ownKey(version) {
		const { keyring, backup, session, keyLog, account } = this.core;
		if (version <= account.need().keyVersion || this.missed.has(version)) return keyring.encryption(version);
		const { token } = await session.need();
		await backup.pullKeys(token);
		await keyLog.checkAfter();
		const key = await keyring.encryption(version);
		if (!key) this.missed.add(version);
		return key;
	}

	async checkOutside(sealed) {
		if (!SUITES.includes(sealed.suite))
			throw new Unopened('unknown_suite', 'sealed in a way that this client does not know');
		if (sealed.receiverId !== this.core.account.need().userId)
			throw new Unopened('malformed', 'addressed to somebody else');
		if (sealed.messageId !== await computedId(sealed))
			throw new Unopened('malformed', 'delivered under a wrong message id');
		if (sealed.suite !== TUTORIAL && sealed.senderKeyVersion === 0)
			throw new Unopened('malformed', 'the envelope does not name the sender\'s key version');
	}

	/*
	 * Opens with the sender's key of the named version; when none is named (the
	 * tutorial's clients), with the current one and then backwards.
	 */
	async openWithSender(sealed, attempt) {
		let version = sealed.senderKeyVersion;
		for (let tries = 0; tries < SENDER_VERSIONS_MAX; tries++) {
			Object.assign(attempt, await this.core.peers.senderKey(sealed.senderId, version));
			const { mine, key } = attempt;
			const plaintext = await suite.open(sealed.suite, mine.privateKey, key.jwk, this.parties(sealed, attempt), sealed);
			if (plaintext) return plaintext;
			version = key.version - 1;
			if (sealed.senderKeyVersion !== 0 || version === 0) break;
		}
		throw new Unopened('tampered', 'tampered with, or not sealed for this key');
	}

	parties(sealed, { mine, key }) {
		return { sender: { id: uuidBytes(sealed.senderId), version: key.version, thumbprint: key.thumbprint },
			receiver: { id: uuidBytes(sealed.receiverId), version: sealed.keyVersion, thumbprint: mine.thumbprint } };
	}

	// What is wrong with the head that the sender saw, or undefined.
	async compareLog({ contact, flagged, frame: said }) {
		if (!said.logHead) return undefined;
		const wordCounts = contact.verified && !flagged;
		const problem = await this.core.keyLog.checkHead(contact.username, wordCounts, said.logHead);
		if (problem) this.core.events.warn('key_log_head', problem, contact.username);
		return problem ?? undefined;
	}
}

function readPlaintext(ofSuite, plaintext) {
	try {
		return ofSuite === TUTORIAL
			? { text: fromUtf8(plaintext), id: null, receipt: null, logHead: null }
			: frame.parse(plaintext);
	} catch (error) {
		if (error instanceof Malformed) throw new Unopened('malformed', error.message);
		throw error;
	}
}

// Why a message stays sealed; throws what lies in the network or this machine.
function reasonOf(error) {
	if (error instanceof Unopened) return error;
	if (!(error instanceof E2emsgError) || isPassing(error) || error.status === 401 || !OF_KEY.includes(error.code)) throw error;
	return { state: 'untrusted_key', message: error.message };
}
