// The key log of protocol.json: entries, proofs, notes and heads.
import * as bytes from '../../../gateway/web/crypto/bytes.js';
import { openCheckpoint } from '../../../gateway/web/crypto/checkpoint.js';
import * as frames from '../../../gateway/web/crypto/frame.js';
import { begin, emptyPin, judgeHead, readHead, writeHead } from '../../../gateway/web/crypto/log_pin.js';
import { decode, encode } from '../../../gateway/web/crypto/log_entry.js';
import * as successions from '../../../gateway/web/crypto/log_succession.js';
import { leafHash, verifyConsistency, verifyInclusion } from '../../../gateway/web/crypto/merkle.js';
import { parseVerifier } from '../../../gateway/web/crypto/note.js';
import { isRefused, sameBytes } from './tools.mjs';

const orZeros = (text, size) => (text === null ? new Uint8Array(size) : bytes.fixed(text, size));

async function entryOf(service, said) {
	const common = { kind: said.kind, service: await bytes.serviceHash(service) };
	if (said.kind === 'round') return { ...common, round: said.round, mapRoot: new Uint8Array(32) };
	const { username, number, event, keyVersion, time } = said;
	return {
		...common, username, number, event, keyVersion, time,
		userId: bytes.uuidBytes(said.userId),
		thumbprint: orZeros(said.thumbprint, 32),
		previousThumbprint: orZeros(said.previousThumbprint, 32),
		identityThumbprint: orZeros(said.identityThumbprint, 32),
		signature: orZeros(said.signature, 64),
		endorsement: orZeros(said.endorsement, 64),
		previousEntry: orZeros(said.previousEntry, 32),
	};
}

async function checkEntries(ok, service, { entries, malformedEntries }) {
	for (const vector of entries) {
		const raw = bytes.fromHex(vector.entryHex);
		ok(sameBytes(encode(await entryOf(service, vector)), raw) && sameBytes(encode(decode(raw)), raw) &&
			decode(raw).kind === vector.kind && bytes.toBase64url(await leafHash(raw)) === vector.leafHash,
		`log entry: ${vector.comment}`);
	}
	for (const { comment, entryHex } of malformedEntries)
		ok(await isRefused(() => decode(bytes.fromHex(entryHex))), `no log entry: ${comment}`);
}

async function checkProofs(ok, { entries, roots, inclusionProofs, consistencyProofs }) {
	const root = (size) => bytes.fixed(roots[size], 32);
	for (const { leaf, size, proof, valid } of inclusionProofs)
		ok(await verifyInclusion(bytes.fixed(entries[leaf].leafHash, 32), leaf, size, bytes.fromBase64url(proof), root(size)) ===
			valid, `leaf ${leaf} of ${size}${valid ? '' : ', not proved'}`);
	for (const { from, to, proof, valid } of consistencyProofs)
		ok(await verifyConsistency(from, root(from), to, root(to), bytes.fromBase64url(proof)) === valid,
			`from ${from} to ${to}${valid ? '' : ', not proved'}`);
}

async function checkNotes(ok, keyLog) {
	const [verifier] = await Promise.all(keyLog.keys.map(async (key) => {
		const parsed = await parseVerifier(key.verifier);
		ok(parsed.name === key.name && bytes.toHex(parsed.publicKey) === key.publicKeyHex &&
			bytes.toHex(parsed.keyId) === key.keyIdHex, `verifier of ${key.name}`);
		return parsed;
	}));
	for (const { comment, note, size, root, valid } of keyLog.checkpoints) {
		const { result, checkpoint } = await openCheckpoint(note, verifier);
		ok(valid ? result === 'fine' && checkpoint.size === size && bytes.toBase64url(checkpoint.root) === root
			: result !== 'fine' && checkpoint === undefined, `checkpoint: ${comment}`);
	}
	for (const { comment, note, valid, ...said } of keyLog.successions) {
		const opened = await successions.read(note, verifier);
		ok(valid ? opened !== null && opened.next.text === said.verifier && opened.oldSize === said.oldSize &&
			opened.newSize === said.newSize && bytes.toBase64url(opened.oldRoot) === said.oldRoot &&
			bytes.toBase64url(opened.newRoot) === said.newRoot : opened === null, `succession: ${comment}`);
	}
}

async function checkHeads(ok, keyLog) {
	const [{ note }] = keyLog.checkpoints;
	const pin = await begin(emptyPin(), keyLog.keys[0].verifier, note);
	for (const { comment, headHex, valid } of keyLog.heads) {
		const { sight } = await judgeHead(pin, bytes.fromHex(headHex));
		ok(valid ? sight === 'same' : sight === 'unfit' || sight === 'foreign', `log head: ${comment}`, sight);
	}
	for (const { comment, text, keyIdHex, size, headHex, frameStartHex, frameSize } of keyLog.heads.filter(({ valid }) => valid)) {
		const logHead = await writeHead(pin);
		const head = readHead(bytes.fromHex(headHex));
		ok(bytes.toHex(logHead) === headHex && bytes.toHex(head.keyId) === keyIdHex && head.size === size &&
			sameBytes(frames.build({ text, logHead }), bytes.padTo(bytes.fromHex(frameStartHex), frameSize)),
		`log head in a frame: ${comment}`);
	}
}

export async function checkKeyLog(ok, { service, keyLog }) {
	await checkEntries(ok, service, keyLog);
	await checkProofs(ok, keyLog);
	await checkNotes(ok, keyLog);
	await checkHeads(ok, keyLog);
}
