// What one can do to Alice and Bob: each button plays a scene with the real
// server and says what came of it.
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

const newestOf = async (person, peer, wanted) => (await person.client.messages(peer.username)).findLast(wanted);

/** Is there a newer one than before that looks so? */
function newerThan(before, person, peer, wanted) {
	return async () => {
		const found = await newestOf(person, peer, wanted);

		return found && found.id !== before?.id ? found : null;
	};
}

async function rotate(stage, say) {
	const { alice, bob } = stage;
	const known = (await alice.client.conversations()).find(({ username }) => username === bob.username).keyVersion;

	say('Bob’s browser makes a new encryption key and signs it with his identity key. Then Alice writes, knowing nothing of it.');
	await bob.client.rotateKeys();
	const before = await newestOf(bob, alice, ({ direction }) => direction === 'in');

	await alice.client.send(bob.username, 'Did you change something?');
	const { keyVersion } = await outcome(stage, newerThan(before, bob, alice, ({ state }) => state === 'opened'));

	return `The server refused Alice’s first envelope: it was sealed to key ${known}. Her browser checked Bob’s signature under key ` +
		`${keyVersion}, sealed again, and told her. Each key opens only what was sealed to it, so a stolen one opens less.`;
}

async function flip(stage, say) {
	const { alice, bob } = stage;
	const isShut = ({ direction, state }) => direction === 'in' && state === 'tampered';
	const before = await newestOf(bob, alice, isShut);

	say('Alice writes “Meet me at noon”. The server changes a single bit of it before Bob fetches it.');
	await evil('flip', bob.username);
	await alice.client.send(bob.username, 'Meet me at noon');
	await outcome(stage, newerThan(before, bob, alice, isShut));
	return 'Bob’s browser noticed. The tag at the end of the row fits these bytes and no others, and only Alice and Bob ' +
		'could make another. ' +
		'A server can lose a message, but it can’t change what one says.';
}

async function swap(stage, say) {
	const { alice, bob } = stage;
	const isHeld = ({ direction, state }) => direction === 'out' && ['refused', 'waiting', 'asks'].includes(state);

	say('The server puts a key of its own in the place of Bob’s, and hopes that Alice seals her next message to it.');
	await evil('swap', bob.username);
	stage.swapped = true;
	const refusal = await alice.client.send(bob.username, 'My PIN is 4711').then(() => null, (error) => error);

	if (!refusal && !await newestOf(alice, bob, isHeld))
		throw new Error('Alice’s message went out.');
	return 'Alice’s browser refused. The key is not signed by Bob’s identity key, and it does not stand in the public key log: ' +
		'nothing was sealed to it, and the middle has no new row. Had the server done so before they ever met, ' +
		'comparing safety numbers would have shown it.';
}

async function unswap(stage, say) {
	const { alice, bob } = stage;

	say('The server gives Bob’s true key again.');
	await evil('unswap', bob.username);
	stage.swapped = false;
	await alice.client.contact(bob.username);
	for (const { id, direction, state } of await alice.client.messages(bob.username)) {
		if (direction === 'out' && ['refused', 'waiting', 'asks'].includes(state))
			await alice.client.resend(id);
	}
	return 'The key fits again, so what Alice held back was sealed to it and went out.';
}

async function replay(stage, say) {
	const { alice, bob } = stage;
	const isRepeat = ({ state }) => state === 'repeated';

	if (!await newestOf(bob, alice, ({ direction, state }) => direction === 'in' && state === 'opened'))
		await alice.client.send(bob.username, 'Please pay Carol 10 euros');
	const before = await newestOf(bob, alice, isRepeat);

	say('The server delivers the last message to Bob a second time, under a new number, as if it were new.');
	await fetchedAll(stage);
	await evil('replay', bob.username);
	await outcome(stage, newerThan(before, bob, alice, isRepeat));
	return 'Bob’s browser knows this envelope and counts it once. “Pay 10 euros”, said once, can’t be made into twice. ' +
		'The numbers of a mailbox have no gaps either, so a message that the server leaves out is missed.';
}

/* Until Bob has fetched and acknowledged what lies in his mailbox. */
async function fetchedAll({ server, bob }) {
	for (let tries = 0; tries < 50; tries++) {
		await server.refresh();
		if (server.rows().some(({ mailbox, acknowledged }) => mailbox.username === bob.username && acknowledged) &&
			server.rows().every(({ mailbox, acknowledged }) => mailbox.username !== bob.username || acknowledged))
			return;
		await new Promise((resolve) => { setTimeout(resolve, 200); });
	}
}

/** In the order of the buttons. */
export const scenes = [
	{ id: 'rotate', icon: 'key', label: 'Rotate Bob’s key', hint: 'He makes a new one', run: rotate },
	{ id: 'flip', icon: 'flip', label: 'Flip a byte', hint: 'The server changes a message', run: flip },
	{ id: 'swap', icon: 'swap', label: 'Swap Bob’s key', hint: 'The server wants to read along', run: swap },
	{ id: 'replay', icon: 'repeat', label: 'Replay', hint: 'The server delivers one twice', run: replay },
];

export const undoSwap = { id: 'unswap', icon: 'key', label: 'Give the true key back', hint: 'The server plays fair again', run: unswap };
