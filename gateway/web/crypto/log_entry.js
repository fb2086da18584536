// The canonical bytes of the entries of the key log (docs/protocol.md, "Key
// log").  There are two kinds: what happened to a user's keys, 385 bytes, and
// the end of a round, 104 bytes.
import { concat, equal, fromUtf8, getU32, getU64, label, u32, u64, usernameBytes } from './bytes.js';
import { need } from './errors.js';

const USER_LABEL = label('\0e2emsg key log entry v1');
const ROUND_LABEL = label('\0e2emsg key log round v1');
export const USER_ENTRY_SIZE = 385; // bytes
const ROUND_ENTRY_SIZE = 104; // bytes

/** What happened; 1 to 6 in the log. */
export const EVENTS = ['registered', 'rotated', 'identity_added', 'identity_replaced', 'identity_reset', 'deleted'];

/**
 * What an entry says.  Thumbprints and signatures that there are not are
 * zeros.  Times and rounds go up to 2^53 - 1.
 *
 * @typedef {object} LogEntry
 * @property {'user'|'round'} kind
 * @property {Uint8Array} service 32 bytes, SHA-256 of its name
 * @property {number} [round] of a round, from 1
 * @property {Uint8Array} [mapRoot] of a round: reserved, 32 bytes
 * @property {string} [username] of a user, like the rest
 * @property {Uint8Array} [userId] 16 bytes
 * @property {number} [number] of this user's entry, from 1
 * @property {string} [event] one of EVENTS
 * @property {number} [keyVersion]
 * @property {Uint8Array} [thumbprint] 32 bytes
 * @property {Uint8Array} [previousThumbprint] 32 bytes
 * @property {Uint8Array} [identityThumbprint] 32 bytes
 * @property {Uint8Array} [signature] 64 bytes
 * @property {Uint8Array} [endorsement] 64 bytes
 * @property {number} [time] milliseconds since 1970 in UTC
 * @property {Uint8Array} [previousEntry] leaf hash, 32 bytes
 */

function encodeUser(entry) {
	need(entry.number >= 1 && EVENTS.includes(entry.event), 'the entry is of an unknown kind');
	const bytes = concat(USER_LABEL, entry.service, usernameBytes(entry.username), entry.userId, u32(entry.number),
		[EVENTS.indexOf(entry.event) + 1], u32(entry.keyVersion), entry.thumbprint, entry.previousThumbprint,
		entry.identityThumbprint, entry.signature, entry.endorsement, u64(entry.time), entry.previousEntry);
	need(bytes.length === USER_ENTRY_SIZE, 'a part of the entry has the wrong size');
	return bytes;
}

function encodeRound(entry) {
	need(entry.round >= 1, 'the entry is of an unknown kind');
	const bytes = concat(ROUND_LABEL, entry.service, u64(entry.round), entry.mapRoot);
	need(bytes.length === ROUND_ENTRY_SIZE, 'a part of the entry has the wrong size');
	return bytes;
}

/**
 * Throws Malformed for what an entry can't say.
 *
 * @param {LogEntry} entry
 * @returns {Uint8Array} 385 or 104 bytes
 */
export const encode = (entry) => (entry.kind === 'round' ? encodeRound(entry) : encodeUser(entry));

// Takes parts of fixed sizes one after the other.
class Reader {
	constructor(bytes) {
		this.bytes = bytes;
		this.at = 0;
	}

	take(size) {
		this.at += size;
		return this.bytes.slice(this.at - size, this.at);
	}

	u32() {
		return getU32(this.take(4), 0);
	}

	u64() {
		return getU64(this.take(8), 0);
	}
}

// Printable ASCII, then zeros.
function takeUsername(reader) {
	const bytes = reader.take(32);
	const end = bytes.indexOf(0);
	const printed = end < 0 ? bytes : bytes.subarray(0, end);
	need(printed.length > 0 && printed.every((byte) => byte > 0x20 && byte < 0x7f), 'the username is not printable');
	need(end < 0 || bytes.subarray(end).every((byte) => byte === 0), 'something stands behind the username');
	return fromUtf8(printed);
}

function takeEvent(reader) {
	const [event] = reader.take(1);
	need(event >= 1 && event <= EVENTS.length, 'the event is unknown');
	return EVENTS[event - 1];
}

function decodeUser(reader) {
	const entry = {
		kind: 'user',
		service: reader.take(32),
		username: takeUsername(reader),
		userId: reader.take(16),
		number: reader.u32(),
		event: takeEvent(reader),
		keyVersion: reader.u32(),
		thumbprint: reader.take(32),
		previousThumbprint: reader.take(32),
		identityThumbprint: reader.take(32),
		signature: reader.take(64),
		endorsement: reader.take(64),
		time: reader.u64(),
		previousEntry: reader.take(32),
	};
	need(entry.number >= 1, 'the number of the entry is zero');
	return entry;
}

function decodeRound(reader) {
	const entry = { kind: 'round', service: reader.take(32), round: reader.u64(), mapRoot: reader.take(32) };
	need(entry.round >= 1, 'the number of the round is zero');
	return entry;
}

/**
 * Accepts exactly what encode() writes; throws Malformed.  The size and the
 * label together say which kind it is.
 *
 * @param {Uint8Array} bytes
 * @returns {LogEntry}
 */
export function decode(bytes) {
	const reader = new Reader(bytes);
	const begins = reader.take(32);
	if (bytes.length === USER_ENTRY_SIZE && equal(begins, USER_LABEL)) return decodeUser(reader);
	need(bytes.length === ROUND_ENTRY_SIZE && equal(begins, ROUND_LABEL), 'it is not an entry of the key log');
	return decodeRound(reader);
}
