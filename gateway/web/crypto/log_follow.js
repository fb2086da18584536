// Follows the server's key log from the pinned checkpoint on.  The functions
// take a pin and give a verdict with the next one (log_pin.js).
//
// What has to be asked for comes from the caller's "server", whose functions
// give the parsed answer of a route of docs/api.md:
//
//	view()                 GET /key-log; null for 404 key_log_off
//	consistency(from, to)  GET /key-log/proof/consistency; null for 404 not_in_log,
//	                       undefined for 404 key_log_off
//	history(from)          GET /users/{name}/key-rotations?from=
//
// Whatever these throw passes through, and so does Malformed for an answer of
// another shape; the pin then stays as it was.
import { toHex, utf8 } from './bytes.js';
import { Malformed, need } from './errors.js';
import * as field from './field.js';
import { readProof } from './key_proof.js';
import { begin as pinLog, broken, fine, judge, judgeHead, move, proves, readHead, refused } from './log_pin.js';
import { find } from './log_succession.js';
import { logName, NOTE_SIZE_MAX, parseVerifier, sameVerifier, VERIFIER_SIZE_MAX } from './note.js';

const SUCCESSIONS_MAX = 64; // notes in one answer

const isNote = (value) => typeof value === 'string' && !value.includes('\0') && utf8(value).length <= NOTE_SIZE_MAX;

/** The state of the server's key log, or null when it keeps none. */
export async function viewLog(server) {
	const body = await server.view();
	if (body === null) return null;
	const successions = field.array(body, 'successions', SUCCESSIONS_MAX);
	need(successions.every(isNote), 'the server sent a hand-over of the key log that is no note');
	return {
		verifier: field.text(body, 'verifier', 1, VERIFIER_SIZE_MAX),
		checkpoint: field.text(body, 'checkpoint', 1, NOTE_SIZE_MAX),
		successions,
	};
}

// The proof between two sizes; null when the server has no such sizes, undefined when it keeps no log.
async function fetchProof(server, from, to) {
	const body = await server.consistency(from, to);
	if (body === null || body === undefined) return body;
	need(field.number(body, 'from', 0) === from && field.number(body, 'to', 0) === to,
		'the server sent another proof than the one that was asked for');
	return readProof(body);
}

/** What to say of a log that was pinned and is gone. */
export async function vanished(pin) {
	const name = logName(await parseVerifier(pin.verifier));
	return broken(pin, `the server shows no key log any more; ${name} had ${pin.size} entries`);
}

/**
 * Pins the server's log, on first use.
 *
 * @returns {Promise<object>} a verdict, with "off" set when there is no log
 */
export async function begin(pin, server) {
	const view = await viewLog(server);
	if (view === null) return { ...fine(pin), off: true };
	const next = await pinLog(pin, view.verifier, view.checkpoint);
	return next === null
		? { ...refused(pin, 'the key log that the server shows is not signed by the key that it names'), off: false }
		: { ...fine(next), off: false };
}

// The server's log has another key: does the old one vouch for it?
async function meetOtherLog(pin, old, now, successions) {
	const said = await find(successions, old, now);
	if (said === null)
		return broken(pin, `the server shows another key log, ${logName(now)}, than ${logName(old)}, and nobody vouches for it`);
	return broken(pin, `the operator started a new key log, ${logName(now)}, and says so by the key of ${logName(old)}: ` +
		`that ended at ${said.oldSize} entries (${pin.size} were seen here), the new one begins with ${said.newSize}`);
}

async function parseNamed(text) {
	try {
		return await parseVerifier(text);
	} catch (error) {
		if (error instanceof Malformed) return null;
		throw error;
	}
}

// Asks for the server's log, which must be the pinned one.
async function viewPinned(pin, server) {
	const view = await viewLog(server);
	if (view === null) return { verdict: await vanished(pin), view };
	const now = await parseNamed(view.verifier);
	if (now === null)
		return { verdict: refused(pin, 'the server names a key of its key log that is none'), view };
	const pinned = await parseVerifier(pin.verifier);
	if (!sameVerifier(now, pinned)) return { verdict: await meetOtherLog(pin, pinned, now, view.successions), view };
	return { verdict: fine(pin), view };
}

// Fetches and verifies the proof between the pinned size and another one; "problem" is what to say without one.
async function prove(pin, seen, server, problem) {
	const proof = await fetchProof(server, Math.min(pin.size, seen.size), Math.max(pin.size, seen.size));
	if (proof === undefined) return vanished(pin);
	return proof !== null && await proves(pin, seen, proof) ? fine(pin) : broken(pin, problem);
}

// Does the log that the server shows go on from the pinned one?
function proveShown(pin, seen, server) {
	return prove(pin, seen, server, seen.size > pin.size
		? `the server shows a key log of ${seen.size} entries that does not continue the ${pin.size} seen before`
		: `the key log went back to ${seen.size} entries, which do not lead to the ${pin.size} seen before`);
}

async function refuseCheckpoint(pin, sight) {
	const name = logName(await parseVerifier(pin.verifier));
	return refused(pin, sight === 'foreign'
		? `the server sent a checkpoint of the key log that ${name} did not sign`
		: `the server sent a checkpoint of ${name} that is malformed, or whose signature is wrong`);
}

// Does what a checkpoint asks for.
async function settle(pin, note, { sight, checkpoint }, server) {
	if (sight === 'same') return fine(pin);
	if (sight === 'forked')
		return broken(pin, `the server signed two different key logs of ${checkpoint.size} entries: ` +
			'one is shown now, the other one was seen before');
	if (sight === 'foreign' || sight === 'unfit') return refuseCheckpoint(pin, sight);
	const verdict = await proveShown(pin, checkpoint, server);
	return verdict.problem === null && sight === 'newer' ? fine(move(pin, note, checkpoint)) : verdict;
}

/**
 * Verifies a signed checkpoint against the pinned one, which moves forward
 * when this one is newer.
 *
 * @returns {Promise<object>} a verdict, with "checkpoint" when all is well
 */
export async function follow(pin, note, server) {
	const seen = await judge(pin, note);
	if (seen.sight === 'foreign') {
		const { verdict } = await viewPinned(pin, server);
		if (verdict.problem !== null) return verdict;
	}
	return { ...await settle(pin, note, seen, server), checkpoint: seen.checkpoint };
}

/**
 * The same with the newest checkpoint, which the server is asked for.
 *
 * @returns {Promise<object>} a verdict
 */
export async function look(pin, server) {
	const { verdict, view } = await viewPinned(pin, server);
	if (verdict.problem !== null) return verdict;
	return settle(pin, view.checkpoint, await judge(pin, view.checkpoint), server);
}

// A peer saw a smaller log: was it the beginning of this one?
const compareOlder = (pin, peer, seen, server) => prove(pin, seen, server,
	`${peer} saw a key log of ${seen.size} entries that is not the beginning of the ${pin.size} seen here`);

// What is left to say once the newest checkpoint is pinned; doubt() makes the
// verdict on what the log's key did not sign, also under its key id: that is
// short enough for an operator to find another key that has it.
async function compareNow(pin, peer, doubt, head, server) {
	const { sight, checkpoint } = await judgeHead(pin, head);
	const name = logName(await parseVerifier(pin.verifier));
	switch (sight) {
		case 'same':
			return fine(pin);
		case 'older':
			return compareOlder(pin, peer, checkpoint, server);
		case 'newer':
			return broken(pin, `the server shows a smaller key log than ${peer} saw: ${pin.size} entries, not ${checkpoint.size}`);
		case 'forked':
			return broken(pin, `${peer} saw another key log of ${checkpoint.size} entries than this account`);
		case 'foreign':
			return doubt(pin, `${peer} saw a key log of another key (${toHex(readHead(head).keyId)}) than ${name}`);
		default:
			return doubt(pin, `${peer} sent a head of the key log that ${name} did not sign`);
	}
}

// Before it can be compared: is the pin new enough?
const LOOKS = { unpinned: begin, newer: look, foreign: look };

/**
 * Compares the checkpoint that a peer saw, the head in a message, with the
 * pinned log, after a look at the newest one where the peer saw more; pins the
 * log on first use.  What the log's key signed speaks for itself, whoever sent
 * it; what can't be checked stops sending only when the peer's word counts.
 *
 * @param {object} pin
 * @param {string} peer how to call the peer
 * @param {boolean} wordCounts
 * @param {Uint8Array} head 108 bytes
 * @param {object} server
 * @returns {Promise<object>} a verdict; a problem that is not "broken" is to be
 *	shown, and stops nothing
 */
export async function compare(pin, peer, wordCounts, head, server) {
	const { sight } = await judgeHead(pin, head);
	if (sight === 'same') return fine(pin);
	const doubt = wordCounts ? broken : refused;
	const seen = await LOOKS[sight]?.(pin, server) ?? fine(pin);
	if (seen.off) return doubt(pin, `${peer} saw a key log, but the server shows none here`);
	if (seen.problem === null) return compareNow(seen.pin, peer, doubt, head, server);
	if (seen.broken) return seen;
	return (sight === 'newer' ? broken : doubt)(seen.pin, `what ${peer} saw can't be compared: ${seen.problem}`);
}
