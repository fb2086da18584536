// What a client checks against the key log (docs/protocol.md, "What a client
// does").  Every function takes the pin of the account (log_pin.js) and the
// caller's "server" (log_follow.js), and gives a verdict whose pin is to be
// stored.
//
// A server without a log is taken as it is, as long as none was pinned.  What
// speaks against the log stops sending until the user accepts it; a key that
// is not in the log is refused each time.
import { Malformed } from './errors.js';
import { present } from './field.js';
import * as proofs from './key_proof.js';
import { begin, follow, look as lookAgain, vanished, viewLog } from './log_follow.js';
import { check as checkHistory } from './log_history.js';
import { fine, isPinned, leave, refused, replace } from './log_pin.js';

export { compare as checkHead } from './log_follow.js';

async function readProof(log) {
	try {
		return await proofs.read(log);
	} catch (error) {
		if (error instanceof Malformed) return null;
		throw error;
	}
}

// Pins the log that a key object speaks of.
async function needPin(pin, server) {
	if (isPinned(pin)) return fine(pin);
	const verdict = await begin(pin, server);
	return verdict.off
		? refused(pin, 'it comes with a proof, but the server says that it keeps no key log')
		: verdict;
}

// For a key that has a member "log".
async function checkMember(pin, log, key, service, server) {
	const proof = await readProof(log);
	if (proof === null) return refused(pin, 'its member "log" is not a proof');
	const problem = await proofs.compare(proof.entry, key, service);
	if (problem !== null) return refused(pin, problem);
	const pinned = await needPin(pin, server);
	if (pinned.problem !== null) return pinned;
	const verdict = await follow(pinned.pin, proof.checkpoint, server);
	if (verdict.problem !== null) return verdict;
	const unproved = await proofs.verify(proof, verdict.checkpoint);
	return unproved === null ? fine(verdict.pin) : refused(verdict.pin, unproved);
}

/**
 * Is a key that the server gave logged?
 *
 * @param {object} pin
 * @param {object} object the key object as it came
 * @param {object} key the same, as key_object.read() gave it
 * @param {string} service the pinned service name
 * @param {object} server
 * @returns {Promise<object>} a verdict
 */
export async function checkKey(pin, object, key, service, server) {
	if (present(object, 'log')) return checkMember(pin, object.log, key, service, server);
	return isPinned(pin) ? vanished(pin) : fine(pin);
}

/**
 * Checks the account's own history; pins the log on first use.  While the log
 * does not hold the newest key yet, pin.version is smaller than
 * own.keyVersion; pin.number 0: it does not hold the account yet.
 *
 * @param {object} pin
 * @param {import('./log_history.js').Own} own
 * @param {object} server
 * @returns {Promise<object>} a verdict
 */
export async function checkOwn(pin, own, server) {
	const verdict = isPinned(pin) ? fine(pin) : await begin(pin, server);
	if (verdict.problem !== null || !isPinned(verdict.pin)) return verdict;
	return checkHistory(verdict.pin, own, server);
}

/**
 * The newest checkpoint, as the server has it now; pins the log on first use.
 *
 * @returns {Promise<object>} a verdict
 */
export const look = (pin, server) => (isPinned(pin) ? lookAgain(pin, server) : begin(pin, server));

/**
 * May mail be sent?  Not while there is a problem, nor before the log holds
 * the account itself ("waiting": try a little later).
 *
 * @returns {Promise<object>} a verdict, with "waiting"
 */
export async function checkSending(pin, own, server) {
	const unsure = pin.problem === null && isPinned(pin) && pin.number === 0;
	const verdict = unsure ? await checkOwn(pin, own, server) : fine(pin);
	if (verdict.pin.problem !== null)
		return { pin: verdict.pin, problem: verdict.pin.problem, broken: true, waiting: false };
	if (verdict.problem === null && isPinned(verdict.pin) && verdict.pin.number === 0)
		return {
			...refused(verdict.pin, 'the key log does not hold your key yet, so that nobody could verify what you send'),
			waiting: true,
		};
	return { ...verdict, waiting: false };
}

/**
 * What the account would remember if the user accepted the log that the
 * server shows now, after all of its own history was checked in it.  The
 * verdict's pin is the new one, without a problem, to be stored once the user
 * has said yes; when there is a problem no yes heals it, and the pin is the
 * old one.
 *
 * @returns {Promise<object>} a verdict, with "off": the server keeps no log,
 *	and "known": the newest key version that the log holds; versions after it
 *	are lost to a restored server and must be announced again
 */
export async function accept(pin, own, server) {
	const view = await viewLog(server);
	if (view === null) return { ...fine(await leave(pin)), off: true, known: own.keyVersion };
	const fresh = await replace({ ...pin, problem: null }, view.verifier, view.checkpoint);
	const verdict = fresh === null
		? refused(pin, 'the key log that the server shows is not signed by the key that it names')
		: await checkHistory(fresh, own, server, true);
	const problem = verdict.problem ??
		(verdict.pin.number === 0 ? 'the key log does not hold your key yet' : null);
	const result = problem === null ? fine(verdict.pin) : refused(pin, problem);
	return { ...result, off: false, known: verdict.pin.version };
}
