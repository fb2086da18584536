// A peer as this account remembers it, and the rules of trust
// (docs/protocol.md, "Trust"), all decided here and nowhere else:
//
//	- an identity key is trusted on first use, and remembered;
//	- another identity, or none where there was one, stops sending and flags
//	  reading until the user says otherwise;
//	- a lower key version, another key under a known version, or a history
//	  that does not fit is refused;
//	- a peer without identity key needs a yes for the very key in use;
//	- a safety number that was compared and was another one stops sending
//	  until it is compared again, or the user says otherwise.
//
// Pure.  A contact is a plain object, never changed in place; "seen" is what
// crypto/key_object.js has read.
import { equal, uuidText } from '../crypto/bytes.js';
import { E2emsgError } from './error.js';

const KEYS_MAX = 16; // versions kept; older ones are asked for
const SUITE = 1; // ours
const DIFFERS_MAX = 2 ** 31 - 1; // that a backup holds; odd

// What a verified key object is to a remembered peer, with one sentence each.
export const MEANINGS = {
	known: 'nothing changed',
	rotated: 'the same identity has a newer encryption key',
	older: 'the key version went back',
	changed: 'the identity key is another one',
	vanished: 'the identity key vanished',
	appeared: 'there is an identity key now',
	conflict: 'a key that was met before was replaced',
};

// Of somebody who "differs".
export const OTHER_NUMBER = 'the safety number was compared, and was another one';

/*
 * "differs" counts how often the user said that the numbers differ, and took
 * that back, in turns: of two devices the one with the higher count knows more.
 */
export const turns = ({ differs = 0 }) => Number(differs);
export const isDiffering = (contact) => turns(contact) % 2 === 1;

// They differed when they were last compared, and the user goes on all the same.
export const hasDiffered = (contact) => turns(contact) > 0 && !isDiffering(contact) && !contact.verified;

/*
 * The contact, now that the user says whether they differ.  untold: that they do
 * was said here, and no backup has it yet.
 */
export const turned = (contact, differs) => (isDiffering(contact) === differs ? contact
	: { ...contact, differs: turns(contact) + (turns(contact) < DIFFERS_MAX ? 1 : -1), untold: differs });

export const isOtherIdentity = (verdict) => ['changed', 'vanished', 'appeared'].includes(verdict);

// The key of a version, or undefined when it is not kept.
export const keyOf = (contact, version) => contact.keys.find((key) => key.version === version);

// The newest key, or undefined in a contact of a backup, of which only older ones were met yet.
export const newestKey = ({ keys: [first], highest }) => (first?.version === highest ? first : undefined);

function judgeIdentity(contact, seen) {
	if (contact.identity && !seen.identity) return 'vanished';
	if (!contact.identity && seen.identity) return 'appeared';
	if (contact.userId !== uuidText(seen.userId)) return 'changed';
	return equal(contact.identityThumbprint, seen.identityThumbprint) ? 'known' : 'changed';
}

export function judge(contact, seen) {
	const identity = judgeIdentity(contact, seen);
	if (identity !== 'known') return identity;
	const same = keyOf(contact, seen.version);
	if (same && !equal(same.thumbprint, seen.thumbprint)) return 'conflict';
	const before = keyOf(contact, seen.version - 1);
	if (before && !equal(before.thumbprint, seen.previousThumbprint)) return 'conflict';
	if (seen.version > contact.highest) return 'rotated';
	return seen.version === contact.highest ? 'known' : 'older';
}

// Puts a key in its place by version; the lowest one falls out.
function withKey(contact, { version, jwk, thumbprint }) {
	if (keyOf(contact, version)) return contact;
	const keys = [...contact.keys, { version, jwk, thumbprint }].sort((a, b) => b.version - a.version);
	return { ...contact, keys: keys.slice(0, KEYS_MAX), highest: Math.max(contact.highest, version) };
}

// What is remembered of everybody, and of what was said with them: lastIn,
// seenIn, delivered and read are messageIds (of the newest letter, the newest
// one that was seen, those that receipts were sent for).  welcome: the user has
// written to them or accepted their request; looking somebody up is neither.
const CONTACT = { keys: [], verified: false, differs: 0, untold: false, changed: null, refused: null, unsignedYes: false, suite: SUITE,
	unread: 0, welcome: false, lastIn: null, seenIn: null, delivered: null, read: null };

// A peer met for the first time.  state: 'request' | 'accepted'.
export const begin = (seen, state) => withKey({ ...CONTACT, username: seen.username, userId: uuidText(seen.userId),
	identity: seen.identity, identityThumbprint: seen.identityThumbprint, highest: seen.version, state }, seen);

// A contact of a backup: its key is asked for when it is needed.
export const remembered = ({ username, userId, identityKey, identityThumbprint, keyVersion, verified, differs = 0 }) =>
	({ ...CONTACT, username, userId, identity: identityKey, identityThumbprint, highest: keyVersion, differs,
		verified: verified && !isDiffering({ differs }), state: 'accepted' });

// What another device of the account says of the very identity that is known here.
export function merged(known, there) {
	if (!known.identity || !equal(known.identityThumbprint, there.identityThumbprint)) return known;
	const [here, other] = [turns(known), turns(there)];
	if (other > here) {
		const next = { ...known, differs: other, verified: there.verified };
		if (!known.untold) return next;
		return { ...turned(next, true), verified: false }; // what was taken back there is not what was said here, at once
	}
	return other === here && there.verified && !known.verified ? { ...known, verified: true } : known;
}

// Keeps the key of a verdict known, rotated or older.
export function learn(contact, seen) {
	const next = withKey(contact, seen);
	return seen.version > contact.highest ? { ...next, unsignedYes: false } : next;
}

/*
 * What a key object changes.  asked: the version that was asked for, 0 for the
 * current one.  {contact, verdict, refusal: a sentence or null}
 */
export function meet(contact, seen, asked) {
	const verdict = judge(contact, seen);
	const isCurrent = asked === 0;
	if (verdict === 'conflict' || (verdict === 'older' && isCurrent)) {
		const refusal = refusalOf(contact, verdict);
		return { verdict, refusal, contact: isCurrent ? { ...contact, refused: refusal } : contact };
	}
	let next = contact;
	if (!isOtherIdentity(verdict)) next = learn(contact, seen);
	else if (isCurrent || asked > contact.highest) next = { ...contact, changed: MEANINGS[verdict] };
	if (isCurrent && next.refused) next = { ...next, refused: null };
	return { verdict, refusal: null, contact: next };
}

const refusalOf = (contact, verdict) =>
	`the key of ${contact.username} is refused: ${MEANINGS[verdict]} (version ${contact.highest} was met)`;

export const refusedKey = (contact, refusal) => new E2emsgError('refused_key', refusal, { username: contact.username,
	hint: 'The server shows another history than before: it may have been restored, or it may lie. ' +
		'A later rotation of the peer heals an honest one.' });

/*
 * The user's yes to what the key object says: its identity, or the lack of one,
 * and its key.  What was verified of another identity is forgotten.  Throws
 * refused_key for what no yes can heal.
 */
export function accept(contact, seen) {
	const verdict = judge(contact, seen);
	if (verdict === 'older' || (verdict === 'conflict' && contact.identity))
		throw refusedKey(contact, refusalOf(contact, verdict));
	const { suite, unread, welcome, lastIn, seenIn, delivered, read, refusedThere } = contact;
	const next = verdict === 'known' || verdict === 'rotated'
		? learn(contact, seen)
		: { ...begin(seen, contact.state), suite, unread, welcome, lastIn, seenIn, delivered, read, refusedThere };
	return { ...turned(next, false), changed: null, refused: null, unsignedYes: !next.identity };
}

// "verified", "signed", "unsigned", "differs", "changed" or "refused".
export function standing(contact) {
	if (contact.changed) return 'changed';
	if (contact.refused) return 'refused';
	if (!contact.identity) return 'unsigned';
	if (isDiffering(contact)) return 'differs';
	return contact.verified ? 'verified' : 'signed';
}

// May something be sealed to the newest key?  Throws why not.
export function checkReceiver(contact, unsignedOk) {
	const { username, changed } = contact;
	const problem = changed ?? (isDiffering(contact) ? OTHER_NUMBER : null);
	if (problem) throw new E2emsgError('untrusted_identity', `nothing was sent to ${username}: ${problem}`, { username });
	if (contact.identity || contact.unsignedYes || unsignedOk) return;
	throw new E2emsgError('unsigned_peer', `${username} has no identity key, so the server could have made up ` +
		`key version ${contact.highest}; nothing was sent`, { username });
}
