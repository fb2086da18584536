// Keys, statements, sessions, frames, envelopes and safety numbers of
// protocol.json.
import { assertion, signingInput } from '../../../gateway/web/crypto/assertion.js';
import * as bytes from '../../../gateway/web/crypto/bytes.js';
import * as frames from '../../../gateway/web/crypto/frame.js';
import * as key from '../../../gateway/web/crypto/key.js';
import * as keyObject from '../../../gateway/web/crypto/key_object.js';
import { groups, safetyNumber } from '../../../gateway/web/crypto/safety.js';
import * as statement from '../../../gateway/web/crypto/statement.js';
import * as suite from '../../../gateway/web/crypto/suite.js';
import { attempt, ECDH, ECDSA, People, privateKey, publicPart, sameBytes } from './tools.mjs';

async function checkKeys(ok, vectors) {
	for (const { username, identityKey, encryptionKeys } of vectors.users) {
		for (const [purpose, keys] of [['identity', identityKey ? [identityKey] : []], ['encryption', encryptionKeys]])
			for (const { jwk, thumbprint } of keys)
				ok(bytes.toBase64url(await key.thumbprint(key.read(publicPart(jwk), purpose))) === thumbprint,
					`thumbprint of ${username}`);
	}
	for (const { jwk, canonical, thumbprint } of vectors.thumbprints)
		ok(key.canonical(jwk) === canonical && bytes.toBase64url(await key.thumbprint(jwk)) === thumbprint, 'thumbprint');
}

async function checkStatements(ok, vectors) {
	const people = new People(vectors);
	for (const vector of vectors.endorsements) {
		const { username, keyVersion, publicKey, previousThumbprint, identityKey, valid } = vector;
		const said = await statement.endorsement(vectors.service, username, keyVersion, await key.thumbprint(publicKey),
			previousThumbprint && bytes.fixed(previousThumbprint, 32));
		const verified = await statement.verify(identityKey, said, bytes.fixed(vector.signature, 64));
		ok(verified === valid && (!valid || bytes.toHex(said) === vector.statementHex), `endorsement: ${vector.comment}`);
		const object = await attempt(() => keyObject.read(people.keyObject(vector), vectors.service));
		ok((object !== null) === valid && (!valid || object.version === keyVersion), `key object: ${vector.comment}`);
	}
	for (const { username, newIdentityKey, oldIdentityKey, statementHex, signature, valid } of vectors.identityChanges) {
		const said = await statement.identityChange(vectors.service, username,
			await key.thumbprint(newIdentityKey), await key.thumbprint(oldIdentityKey));
		ok(bytes.toHex(said) === statementHex &&
			await statement.verify(oldIdentityKey, said, bytes.fixed(signature, 64)) === valid,
		`identity change: ${valid ? 'signed by the old key' : 'not signed by the old key'}`);
	}
}

async function checkSessions(ok, vectors) {
	const people = new People(vectors);
	for (const { username, audience, nonce, identityKey, ...vector } of vectors.sessions) {
		const input = bytes.utf8(signingInput(username, audience, nonce));
		const mine = await privateKey(people.named(username).identityKey.jwk, ECDSA, 'sign');
		const made = await assertion(mine, username, audience, nonce);
		const verifies = (text) => statement.verify(identityKey, input, bytes.fixed(text.split('.')[2], 64));
		ok(bytes.fromUtf8(input) === vector.signingInput && await verifies(vector.assertion) &&
			made.startsWith(`${vector.signingInput}.`) && await verifies(made), `session of ${username}`);
	}
}

const textOf = ({ text, textRepeat }) => (textRepeat ? textRepeat.character.repeat(textRepeat.count) : text);

// What a vector says, as the module has it.
const frameOf = (vector) => ({
	text: textOf(vector) ?? null,
	id: vector.clientMessageId === undefined ? null : bytes.fixed(vector.clientMessageId, 16),
	receipt: vector.receipt === undefined ? null
		: { kind: vector.receipt.kind, messageId: bytes.uuidBytes(vector.receipt.messageId) },
	logHead: vector.logHead === undefined ? null : bytes.fixed(vector.logHead, 108),
	others: (vector.others ?? []).map(({ type, valueHex }) => ({ type, value: bytes.fromHex(valueHex) })),
});

const printed = (frame) => JSON.stringify(frame, (name, value) => (value instanceof Uint8Array ? bytes.toHex(value) : value));

async function checkFrames(ok, vectors) {
	for (const vector of vectors.frames) {
		const { comment, valid, built, startHex, size } = vector;
		const raw = startHex === null ? frames.build(frameOf(vector)) : bytes.padTo(bytes.fromHex(startHex), size);
		const frame = await attempt(() => frames.parse(raw));
		ok(valid ? frame !== null && raw.length === size && printed(frame) === printed(frameOf(vector)) : frame === null,
			`frame: ${comment}`);
		if (built) ok(sameBytes(frames.build(frameOf(vector)), raw), `built frame: ${comment}`);
	}
	const full = 'x'.repeat(frames.TEXT_MAX);
	const rest = { id: new Uint8Array(16), logHead: new Uint8Array(108) };
	ok(frames.build({ text: full, ...rest }).length === 65536, 'the longest text');
	ok(await attempt(() => frames.build({ text: `${full}x`, ...rest })) === null, 'a longer one');
	ok(await attempt(() => frames.build({ text: '\ud800' })) === null, 'half of a surrogate pair');
	ok(frames.textSize('\u00e9\u{1f44b}') === 6, 'size of a text in bytes');
}

async function checkEnvelope(ok, people, vector) {
	const { comment, valid } = vector;
	const parties = {
		sender: await people.party(vector.sender, vector.senderKeyVersion),
		receiver: await people.party(vector.receiver, vector.keyVersion),
	};
	const [theirs, mine] = [people.key(vector.sender, vector.senderKeyVersion), people.key(vector.receiver, vector.keyVersion)];
	const [receiverKey, senderKey] = await Promise.all([mine, theirs].map((jwk) => privateKey(jwk, ECDH, 'deriveBits')));
	const envelope = {
		iv: bytes.fromBase64url(vector.iv),
		ciphertext: bytes.fromBase64url(vector.ciphertext),
		authTag: bytes.fromBase64url(vector.authTag),
	};
	const opened = await suite.open(vector.suite, receiverKey, theirs, parties, envelope);
	ok(valid ? opened !== null && bytes.toHex(opened) === vector.plaintextHex : opened === null, `open: ${comment}`);
	if (!vector.keyHex) return;
	const sealed = await suite.sealWith(vector.suite, await suite.messageKey(vector.suite, senderKey, mine, parties), parties,
		envelope.iv, bytes.fromHex(vector.plaintextHex));
	ok(bytes.toHex(await suite.agree(senderKey, mine)) === vector.sharedSecretHex &&
		(vector.suite === 0 || bytes.toHex(suite.context(parties)) === vector.contextHex) &&
		sameBytes(sealed.ciphertext, envelope.ciphertext) && sameBytes(sealed.authTag, envelope.authTag), `seal: ${comment}`);
	ok(bytes.uuidText(await suite.messageId(parties.receiver.id, parties.sender.id, envelope.iv)) === vector.messageId,
		`message id: ${comment}`);
}

async function checkSafety(ok, vectors) {
	const people = new People(vectors);
	for (const { service, users, safetyNumber: expected } of vectors.safetyNumbers) {
		const [a, b] = users.map((user) => people.side(user));
		ok(await safetyNumber(service, a, b) === expected && await safetyNumber(service, b, a) === expected &&
			groups(expected).join('') === expected && groups(expected).length === 12, `safety number of ${a.username} and ${b.username}`);
	}
}

export async function checkProtocol(ok, vectors) {
	await checkKeys(ok, vectors);
	await checkStatements(ok, vectors);
	await checkSessions(ok, vectors);
	await checkFrames(ok, vectors);
	for (const vector of vectors.envelopes) await checkEnvelope(ok, new People(vectors), vector);
	await checkSafety(ok, vectors);
	for (const { mailboxId, senderId, iv, messageId } of vectors.messageIds)
		ok(bytes.uuidText(await suite.messageId(bytes.uuidBytes(mailboxId), bytes.uuidBytes(senderId), bytes.fixed(iv, 12))) ===
			messageId, `message id ${messageId}`);
}
