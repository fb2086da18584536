// Records of the mail that is stored, and what of them is shown.
//
// A record has the members of Message (e2emsg.d.ts) and: order (of arrival or
// writing, in the whole database; of what waits: see moveBelowNote()), peerId, envelope (of mail that was not
// opened, with "sealed: 1" for the index), fields (of a frame, unknown ones).

const HIDDEN = ['order', 'peerId', 'envelope', 'sealed', 'fields', 'clientId'];
const LAST = Number.MAX_SAFE_INTEGER;

// How far a sent message came: never backwards.
const RANKS = ['waiting', 'asks', 'refused', 'sent', 'delivered', 'read'];
export const isFurther = (state, than) => RANKS.indexOf(state) > RANKS.indexOf(than);
export const hasArrived = ({ state }) => isFurther(state, 'sent');

export function view(record) {
	const message = { ...record };
	for (const member of HIDDEN) delete message[member];
	return message;
}

// The next number, in a transaction over "meta".
export async function nextOrder(t) {
	const { value } = await t.get('meta', 'order') ?? { value: 0 };
	await t.put('meta', { name: 'order', value: value + 1 });
	return value + 1;
}

// Stores a new record, in a transaction over "meta" and "messages".
export async function add(t, record) {
	const whole = { ...record, order: await nextOrder(t) };
	await t.put('messages', whole);
	return whole;
}

// Notes about a key: what is sealed for that key stands below them.
const OF_KEY = ['key_rotated', 'identity_accepted'];

/*
 * Records of one conversation, in their order, move to its end when a note
 * about a key came after the first of them.  Those that moved; in a transaction
 * over "meta" and "messages".
 */
export async function moveBelowNote(t, records) {
	if (records.length === 0) return [];
	const [{ peer, order }] = records;
	const notes = await newest(t, peer, { after: order, limit: 1, wanted: ({ note }) => OF_KEY.includes(note) });
	const moved = [];
	for (const record of notes.length > 0 ? records : []) moved.push(await add(t, record));
	return moved;
}

// The newest records of a conversation that "wanted" says yes to, newest first.
export async function newest(t, peer, { after = 0, before = LAST, limit = LAST, wanted = () => true } = {}) {
	const found = [];
	await t.walkBack('messages', 'conversation', [peer, after], [peer, before], (record) => {
		if (found.length < limit && wanted(record)) found.push(record);
		return found.length < limit;
	});
	return found;
}

// A text message that was opened: what counts as unread, and what receipts are about.
export const isLetter = (record) => record.direction === 'in' && record.state === 'opened' && record.text !== undefined;
