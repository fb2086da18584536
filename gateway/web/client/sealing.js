// A message for a peer becomes an envelope.
import * as frame from '../crypto/frame.js';
import * as suite from '../crypto/suite.js';
import { fromHex, toBase64url, utf8, uuidBytes, uuidText } from '../crypto/bytes.js';
import { newestKey } from './trust.js';
import { E2emsgError, refuse } from './error.js';

const TUTORIAL = 0;

// Refuses a text that can't be sent.
export function checkText(text, ofSuite) {
	if (text === '') refuse('text_empty', 'the message is empty');
	if (!text.isWellFormed()) refuse('bad_text', 'the text is not Unicode');
	const max = ofSuite === TUTORIAL ? suite.CIPHERTEXT_MAX : frame.TEXT_MAX;
	if (utf8(text).length > max) refuse('text_too_long', `the text is too long: at most ${max} bytes of UTF-8`);
}

async function plaintextOf(core, { id, suite: ofSuite, text, receipt }) {
	if (ofSuite === TUTORIAL) return utf8(text);
	return frame.build({ text, id: fromHex(id), logHead: await core.keyLog.head(),
		...(receipt && { receipt: { kind: receipt.kind, messageId: uuidBytes(receipt.messageId) } }) });
}

/*
 * Seals an entry of the outbox for the contact's newest key, under a fresh iv.
 * {envelope, messageId, reflection (the id that the envelope would have if it
 * came back; not of mail to oneself)}
 */
export async function seal(core, entry, contact) {
	const account = core.account.need();
	const mine = await core.keyring.encryption(account.keyVersion);
	if (!mine) throw new E2emsgError('no_account', `the key of version ${account.keyVersion} is not in this browser`);
	const theirs = newestKey(contact);
	const [me, them] = [uuidBytes(account.userId), uuidBytes(contact.userId)];
	const parties = { sender: { id: me, version: mine.version, thumbprint: mine.thumbprint },
		receiver: { id: them, version: theirs.version, thumbprint: theirs.thumbprint } };
	const plaintext = await plaintextOf(core, entry);
	const { iv, ciphertext, authTag } = await suite.seal(entry.suite, mine.privateKey, theirs.jwk, parties, plaintext);
	const envelope = { receiverId: contact.userId, suite: entry.suite,
		keyVersion: theirs.version, senderKeyVersion: mine.version, iv: toBase64url(iv),
		ciphertext: toBase64url(ciphertext), authTag: toBase64url(authTag) };
	return { envelope, messageId: uuidText(await suite.messageId(them, me, iv)),
		...(contact.userId !== account.userId && { reflection: uuidText(await suite.messageId(me, them, iv)) }) };
}
