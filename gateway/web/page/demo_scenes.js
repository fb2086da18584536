// What one can do to Alice and Bob. Each scene plays with the real server;
// step(who, …) tells what is done next, by "alice", "server" or "bob". It
// answers what came of it: {came, why, messageId?}.
import { sealedBytes } from './demo_row.js';
import { evil } from './demo_server.js';

const patience = 15000;

/**
 * Waits until look() gives something; the listeners of both clients say when
 * to look again.
 */
function outcome(stage, look) {
	return new Promise((resolve, reject) => {
		const stops = [];
		const end = (finish, value) => {
			stops.forEach((stop) => stop());
			finish(value);
		};
		const check = async () => {
			const found = await look();

			if (found)
				end(resolve, found);
		};
		const late = setTimeout(() => end(reject, new Error('Nothing came of it in time. Is the connection there?')), patience);

		stops.push(() => clearTimeout(late));
		for (const { client } of [stage.alice, stage.bob]) {
			stops.push(client.on('message', () => check().catch((error) => end(reject, error))));
			stops.push(client.on('conversation', () => check().catch((error) => end(reject, error))));
		}
		check().catch((error) => end(reject, error));
	});
}

/* The newest message of one kind that Bob got since begin was called. */
async function awaited(stage, kind) {
	const newest = async () => (await stage.bob.client.messages(stage.alice.username))
		.findLast(({ direction, state }) => direction === 'in' && state === kind);
	const before = await newest();

	return () => outcome(stage, async () => {
		const found = await newest();

		return found && found.id !== before?.id ? found : null;
	});
}

const isHeld = ({ direction, state }) => direction === 'out' && ['refused', 'waiting', 'asks'].includes(state);

const heldBack = async ({ alice, bob }) => (await alice.client.messages(bob.username)).filter(isHeld);

async function rotate(stage, step) {
	const { alice, bob } = stage;
	const arrives = await awaited(stage, 'opened');
	const old = bob.client.account.keyVersion;

	await step('bob', 'makes a new encryption key and signs it with his identity key, which stays.');
	await bob.client.rotateKeys();
	await step('alice', `knows nothing of it: her browser seals a message to his key ${old}.`);
	await alice.client.send(bob.username, 'Did you change something?');
	const { keyVersion, messageId } = await arrives();

	await step('server', `refuses it, for key ${old} is not Bob’s newest any more, and hands out key ${keyVersion}.`);
	await step('alice', `checks Bob’s signature under key ${keyVersion}, seals the message again, and is told.`);
	return { messageId, came: 'The new key is in use, and nobody had to be asked.',
		why: 'Only Bob’s identity key can sign a new key for him, and Alice’s browser remembers that one. ' +
			'A key opens only what was sealed to it: who steals one reads less.' };
}

async function flip(stage, step) {
	const { alice, bob, server } = stage;
	const arrives = await awaited(stage, 'tampered');

	await step('alice', 'seals “Meet me at noon” and sends it.');
	await evil('flip', bob.username);
	await alice.client.send(bob.username, 'Meet me at noon');
	const { messageId } = await arrives();

	await server.refresh();
	const row = server.rows().find((one) => one.messageId === messageId);

	await step('server', 'changes a single bit of it before it stores the row: ', sealedBytes(row, 8));
	await step('bob', 'sees that the tag does not fit these bytes, and his browser shows none of them.');
	return { messageId, came: 'The attack failed: Bob’s browser noticed.',
		why: 'Making a tag that fits takes a key that only Alice and Bob can compute. ' +
			'The server can lose a message, but it can’t change what one says.' };
}

async function swap(stage, step) {
	const { alice, bob } = stage;

	await step('server', 'hands out a key of its own as Bob’s, to open what Alice writes next.');
	stage.swapped = true;
	await evil('swap', bob.username);
	await stage.server.refresh();
	await step('alice', 'wants to send “My PIN is 4711”, and her browser looks at that key: Bob’s identity key did not sign it.');
	await alice.client.send(bob.username, 'My PIN is 4711').catch(() => {});
	if ((await heldBack(stage)).length === 0)
		throw new Error('Alice’s message went out.');
	return { came: 'The attack failed: Alice’s browser sealed nothing to it.',
		why: 'The message waits with her, and the server has no new row. A key counts only with the signature of the identity that she knows, ' +
			'and in the log of keys that everybody sees.' };
}

async function unswap(stage, step) {
	const { alice, bob } = stage;
	const arrives = await awaited(stage, 'opened');
	const held = await heldBack(stage); // her browser may send it before this page does

	await step('server', 'hands out Bob’s own key again.');
	await evil('unswap', bob.username);
	stage.swapped = false;
	await stage.server.refresh();
	await alice.client.contact(bob.username);
	const why = 'A server that cheats gains nothing but a delay.';

	if (held.length === 0) {
		await step('alice', 'checks it: it is Bob’s. She had discarded the message, so nothing goes out.');
		return { came: 'Nothing was sent to another key than Bob’s.', why };
	}
	await step('alice', 'checks it, seals what she held back, and sends it.');
	for (const { id } of held)
		await alice.client.resend(id).catch(unlessSent);
	const { messageId } = await arrives();

	return { messageId, came: 'The message went out, to Bob’s key and no other.', why };
}

/* Her browser tries again by itself as well. */
function unlessSent(error) {
	if (error.code !== 'not_waiting')
		throw error;
}

async function replay(stage, step) {
	const { alice, bob } = stage;
	const arrives = await awaited(stage, 'opened');
	const repeats = await awaited(stage, 'repeated');

	await step('alice', 'sends “Please pay Carol 10 euros”.');
	await alice.client.send(bob.username, 'Please pay Carol 10 euros');
	const { messageId } = await arrives();

	await acknowledged(stage, messageId);
	await step('server', 'delivers the same envelope once more, under a new number, as if she had written twice.');
	await evil('replay', bob.username);
	await repeats();
	await step('bob', 'has opened this envelope before, and his browser counts it once.');
	return { messageId, came: 'The attack failed: 10 euros stay 10 euros.',
		why: 'A browser remembers what it opened. The numbers of a mailbox have no gaps either, so what the server leaves out is missed.' };
}

/* Until Bob has fetched it. */
async function acknowledged({ server }, messageId) {
	for (let tries = 0; tries < 50; tries++) {
		await server.refresh();
		if (server.rows().find((row) => row.messageId === messageId)?.acknowledged)
			return;
		await new Promise((resolve) => { setTimeout(resolve, 200); });
	}
}

/** In the order of the buttons. */
export const scenes = [
	{ id: 'rotate', icon: 'key', label: 'Rotate Bob’s key', hint: 'Bob makes a new one.', run: rotate },
	{ id: 'flip', icon: 'flip', label: 'Flip a byte', hint: 'The server alters a message.', run: flip },
	{ id: 'swap', icon: 'swap', label: 'Swap Bob’s key', hint: 'The server wants to read along.', run: swap },
	{ id: 'replay', icon: 'repeat', label: 'Replay', hint: 'The server delivers one twice.', run: replay },
];

export const undoSwap = { id: 'unswap', icon: 'key', label: 'Give the true key back', hint: 'The server plays fair again.', run: unswap };
