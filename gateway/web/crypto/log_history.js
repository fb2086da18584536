// What the key log says of this account, against what was done here.  Each
// entry of the account's own must link to the one before, and each key in it
// must be one that was made here: nobody else notices a key that the server
// adds to somebody's name.
import { equal, serviceHash } from './bytes.js';
import { Malformed, need } from './errors.js';
import { isObject, present } from './field.js';
import { NO_KEY } from './key.js';
import * as proofs from './key_proof.js';
import { follow, vanished } from './log_follow.js';
import { broken, fine } from './log_pin.js';

const PAGE_MAX = 500; // rows of one answer

const IDENTITY_EVENTS = ['identity_added', 'identity_replaced', 'identity_reset'];

/**
 * The account as it was made here.
 *
 * @typedef {object} Own
 * @property {string} service the pinned service name
 * @property {string} username
 * @property {Uint8Array} userId 16 bytes
 * @property {number} keyVersion the newest that the server has confirmed
 * @property {Uint8Array|null} identityThumbprint null: unsigned
 * @property {Map<number, Uint8Array>} thumbprints of the encryption keys that
 *	are kept, those included that are not announced yet
 */

// Is the key of a version the one made here?  One that was forgotten passes
// for the right one; one that never was here does not.
function checkKey(own, entry) {
	const mine = own.thumbprints.get(entry.keyVersion);
	if (mine === undefined)
		return entry.keyVersion < own.keyVersion ? null : 'has a key version that was not made here';
	return equal(entry.thumbprint, mine) ? null : 'has another key than the one made here';
}

// Is it what a client does: one version after the other?  It never changes an
// identity; that somebody did is for the user to accept.
function isExpected(at, entry, accepting) {
	if (entry.event === 'registered') return entry.number === 1 && entry.keyVersion === 1;
	if (entry.event === 'rotated') return entry.keyVersion === at.version + 1;
	return IDENTITY_EVENTS.includes(entry.event) && accepting && entry.keyVersion === at.version;
}

// What is wrong with the next entry, or null.  "at" is the newest one that
// was checked: its number (0: none), version and leafHash.
async function checkEntry(own, at, entry, accepting) {
	if (!equal(entry.service, await serviceHash(own.service)) || entry.username !== own.username ||
		!equal(entry.userId, own.userId))
		return 'is that of somebody else';
	if (entry.number !== at.number + 1) return 'does not have the next number';
	if (!equal(entry.previousEntry, at.leafHash)) return 'does not link to the one before';
	if (!accepting && !equal(entry.identityThumbprint, own.identityThumbprint ?? NO_KEY))
		return 'has another identity key than yours';
	if (!isExpected(at, entry, accepting)) return 'is something that was not done here';
	return checkKey(own, entry);
}

// Of a row, or of the member "log"; null when it is not what it should be.
async function tryRead(read, object) {
	try {
		return await read(object);
	} catch (error) {
		if (error instanceof Malformed) return null;
		throw error;
	}
}

const placeOf = ({ entry, leafHash }) => ({
	number: entry.number,
	version: entry.keyVersion,
	identity: entry.identityThumbprint,
	leafHash,
});

// The first row must be the newest entry that was checked before.
async function takeKnown(at, row) {
	const found = await tryRead(proofs.readEntry, row);
	return found !== null && equal(found.leafHash, at.leafHash)
		? { at: placeOf(found) }
		: { problem: `entry ${at.number} of your history in the key log is not the one that was seen before` };
}

// Checks the next entry and goes on to it.
async function takeEntry(own, at, row, accepting) {
	const found = await tryRead(proofs.readEntry, row);
	if (found === null)
		return { problem: `the server sent something that is not an entry after entry ${at.number} of your history` };
	const { entry } = found;
	const problem = await checkEntry(own, at, entry, accepting);
	return problem === null
		? { at: placeOf(found) }
		: {
			problem: `your own history in the key log is wrong: what follows entry ${at.number}, number ${entry.number} ` +
				`with key version ${entry.keyVersion} of ${entry.username}, ${problem}`,
		};
}

// Is the last row's entry in the log?
async function checkProof(pin, at, log, server) {
	const proof = await tryRead(proofs.read, log);
	if (proof === null || !equal(proof.leafHash, at.leafHash))
		return broken(pin, `the server gives no proof for entry ${at.number} of your history in the key log`);
	const verdict = await follow(pin, proof.checkpoint, server);
	if (verdict.problem === null && await proofs.verify(proof, verdict.checkpoint) !== null)
		return broken(verdict.pin, `entry ${at.number} of your history is not in the key log: ` +
			'the proof does not lead to the signed root');
	return verdict;
}

// Checks the rows of one answer and the proof of the last one.
async function takeRows(own, pin, start, answer, server, accepting) {
	let at = start;
	for (const [i, row] of answer.rotations.entries()) {
		const taken = i === 0 && at.number > 0 ? await takeKnown(at, row) : await takeEntry(own, at, row, accepting);
		if (taken.problem) return { at, verdict: broken(pin, taken.problem) };
		at = taken.at;
	}
	const verdict = present(answer, 'log')
		? await checkProof(pin, at, answer.log, server)
		: await vanished(pin);
	if (verdict.problem !== null) return { at, verdict };
	return { at, verdict: fine({ ...verdict.pin, number: at.number, leafHash: at.leafHash }) };
}

// One answer; "more": there may be another one.
async function takePage(own, pin, at, server, accepting) {
	const answer = await server.history(Math.max(pin.number, 1));
	need(isObject(answer) && Array.isArray(answer.rotations) && answer.rotations.length <= PAGE_MAX,
		'the server sent something that is not a history');
	const count = answer.rotations.length;
	if (count > 0) return { ...await takeRows(own, pin, at, answer, server, accepting), more: count === PAGE_MAX };
	const verdict = pin.number > 0
		? broken(pin, `entry ${pin.number} of your history, which was seen before, is no longer in the key log`)
		: fine(pin);
	return { at, verdict, more: false };
}

// What is to say of a history that is right in itself.
function checkEnd(own, at, pin, accepting) {
	if (accepting && !equal(at.identity, own.identityThumbprint ?? NO_KEY))
		return broken(pin, 'your newest entry in the key log has another identity key than this account: ' +
			'the one here is no longer yours');
	if (accepting || at.version >= own.keyVersion) return fine(pin);
	return broken(pin, `your history in the key log ends with key version ${at.version}: ` +
		`the server dropped version ${own.keyVersion}, which it had taken`);
}

/**
 * Asks for the account's entries from the newest checked one on, and checks
 * them all.  pin.number stays 0 while the log does not hold the account yet.
 * When the user is accepting the log, a history may end before the account's
 * version, as after a restore of the server, and hold changes of the identity
 * that end with the account's own.
 *
 * @param {object} pin of a log
 * @param {Own} own
 * @param {object} server as in log_follow.js
 * @param {boolean} accepting
 * @returns {Promise<object>} a verdict (log_pin.js)
 */
export async function check(pin, own, server, accepting = false) {
	let step = {
		at: { number: pin.number, version: 0, identity: NO_KEY, leafHash: pin.leafHash ?? NO_KEY },
		verdict: fine(pin),
		more: true,
	};
	while (step.verdict.problem === null && step.more)
		step = await takePage(own, step.verdict.pin, step.at, server, accepting);
	const { at, verdict } = step;
	const result = { ...verdict, pin: { ...verdict.pin, version: at.version } };
	if (result.problem !== null || result.pin.number === 0) return result;
	return checkEnd(own, at, result.pin, accepting);
}
