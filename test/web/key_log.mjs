#!/usr/bin/env node
// The key log checks of the browser client against a server that cheats.
//
//	node test/web/key_log.mjs
import { toHex } from '../../gateway/web/crypto/bytes.js';
import { generate, thumbprint } from '../../gateway/web/crypto/key.js';
import * as check from '../../gateway/web/crypto/log_check.js';
import * as pins from '../../gateway/web/crypto/log_pin.js';
import { find } from '../../gateway/web/crypto/log_succession.js';
import { parseVerifier } from '../../gateway/web/crypto/note.js';
import { KeyLog, NoteKey, madeUpHeads } from '../client/lib/key_log.mjs';
import { done, ok } from '../client/lib/tap.mjs';
import { SERVICE, World } from './lib/world.mjs';

const b64 = (bytes) => Buffer.from(bytes).toString('base64url');
const changedBytes = (text, at, bytes = 1) => b64(Buffer.from(text, 'base64url').map((byte, i) => (i >= at && i < at + bytes ? byte ^ 1 : byte)));

async function story(tell) {
	const world = new World();
	const alice = await world.user('alice');
	const bob = await world.user('bob');
	await alice.signIn();
	await tell(world, alice, bob, world.serverOf(alice));
}

// A verdict is of this kind, with such a problem.
function expect(verdict, kind, name, pattern = /./) {
	const found = verdict.problem === null ? 'fine' : verdict.broken ? 'broken' : 'refused';
	ok(found === kind && (kind === 'fine' || pattern.test(verdict.problem)), name, `${found}: ${verdict.problem}`);
	ok(kind !== 'broken' || pattern.test(verdict.pin.problem), `${name}: it is in the pin`);
	return verdict;
}

async function throws(work, name, pattern = /./) {
	try {
		await work();
		ok(false, name, 'nothing was thrown');
	} catch (error) {
		ok(pattern.test(error.message), name, error.stack);
	}
}

const checkKey = async (pin, user, object, server) => check.checkKey(pin, object, await user.key(object), SERVICE, server);

// ---- an honest log

await story(async (world, alice, bob, server) => {
	ok(alice.pin.number === 1 && alice.pin.version === 1 && alice.pin.size === 4 && alice.pin.note === world.log.checkpoint,
		'the first sign-in pins the log and checks the history');
	const stored = structuredClone(alice.pin);
	expect(await checkKey(alice.pin, bob, bob.object(), server), 'fine', 'a key that is logged');
	await bob.rotate();
	const verdict = expect(await checkKey(alice.pin, bob, bob.object(), server), 'fine', 'a rotated one');
	ok(verdict.pin.size === 6 && world.asked.includes('consistency'), 'for which the pin moves, with a proof');
	ok(JSON.stringify(stored) === JSON.stringify(alice.pin), 'while the pin that was given stays as it was');
	expect(await checkKey(verdict.pin, bob, bob.object(1), server), 'fine', 'an old version');
	const moved = verdict.pin;
	const older = { ...bob.object(1), log: { ...bob.object(1).log } };
	world.log.publish();
	await alice.signIn();
	const kept = expect(await checkKey(alice.pin, bob, older, server), 'fine', 'under a checkpoint that is older than the pin');
	ok(kept.pin.size === 7, 'which does not move back');
	for (let i = 0; i < 3; i++) await alice.rotate();
	const own = await check.checkOwn(moved, await alice.own(), server);
	expect(own, 'fine', 'three rotations of one\'s own');
	ok(own.pin.number === 4 && own.pin.version === 4, 'which are checked');
	ok((await check.checkSending(own.pin, await alice.own(), server)).problem === null, 'mail may be sent');
	expect(await check.look(pins.emptyPin(), server), 'fine', 'a look pins the log, too');
});
await story(async (world, alice) => {
	const carol = await world.user('carol', { unsigned: true });
	expect(await carol.signIn(), 'fine', 'unsigned users are in the log');
	expect(await checkKey(alice.pin, carol, carol.object(), world.serverOf(alice)), 'fine', 'and proved');
	ok((await carol.key()).identity === null, 'without an identity');
	await carol.makeKey();
	expect(await check.checkOwn(carol.pin, await carol.own({ keyVersion: 1 }), world.serverOf(carol)), 'fine', 'a version that is not announced yet');
	world.log.add(await carol.fields());
	world.log.publish();
	expect(await check.checkOwn(carol.pin, await carol.own({ keyVersion: 1 }), world.serverOf(carol)), 'fine',
		'or whose answer was lost is no contradiction');
	await carol.rotate();
	const forgotten = await carol.own();
	forgotten.thumbprints.delete(1);
	expect(await check.checkOwn(pins.emptyPin(), forgotten, world.serverOf(carol)), 'fine', 'nor is a key that was forgotten');
	forgotten.thumbprints.delete(3);
	expect(await check.checkOwn(pins.emptyPin(), forgotten, world.serverOf(carol)), 'broken', 'but not the newest one', /not made here/);
});
await story(async (world) => {
	const many = await world.user('many');
	const server = world.serverOf(many);
	const first = await many.own();
	for (let i = 0; i < 510; i++) {
		many.keys.push({ ...many.keys[0], previousThumbprint: many.keys.at(-1).thumbprint });
		world.log.add(await many.fields());
	}
	world.log.publish();
	world.asked = [];
	const verdict = await check.checkOwn(pins.emptyPin(), { ...await many.own(), identityThumbprint: first.identityThumbprint }, server);
	expect(verdict, 'fine', 'a history of more than one answer');
	ok(verdict.pin.number === 511 && world.asked.filter((name) => name === 'history').length === 2, 'is asked for in two');
});

// ---- no log, or a slow one

await story(async (world, alice, bob) => {
	const { log, ...object } = bob.object();
	const server = world.serverOf(alice);
	world.log = undefined;
	expect(await check.checkKey(pins.emptyPin(), object, await bob.key(object), SERVICE, server), 'fine', 'a server without a log');
	const own = await check.checkOwn(pins.emptyPin(), await alice.own(), server);
	expect(own, 'fine', 'has no history');
	ok(!pins.isPinned(own.pin), 'and nothing is pinned');
	ok((await check.checkSending(own.pin, await alice.own(), server)).problem === null, 'mail may be sent');
	expect(await check.checkKey(pins.emptyPin(), { ...object, log }, await bob.key(object), SERVICE, server), 'refused',
		'a proof where there is no log', /keeps no key log/);
	const head = new Uint8Array(108);
	expect(await check.checkHead(pins.emptyPin(), 'bob', false, head, server), 'refused', 'a stranger who saw a log where there is none',
		/bob saw a key log, but the server shows none/);
	const heard = await check.checkHead(pins.emptyPin(), 'bob', true, head, server);
	expect(heard, 'broken', 'a peer who saw a log where there is none', /bob saw a key log, but the server shows none/);
	const accepted = await check.accept(heard.pin, await alice.own(), server);
	ok(accepted.off && accepted.problem === null && !pins.isPinned(accepted.pin) && accepted.pin.problem === null, 'can be accepted');
});
await story(async (world, alice) => {
	const slow = await world.user('slow');
	world.lies.history = () => ({ rotations: [] });
	const server = world.serverOf(slow);
	expect(await slow.signIn(), 'fine', 'an account that is not logged yet');
	const sending = await check.checkSending(slow.pin, await slow.own(), server);
	ok(sending.waiting && !sending.broken && /does not hold your key yet/.test(sending.problem), 'can\'t send');
	ok(sending.pin.problem === null, 'which is no problem of the log');
	const accepting = await check.accept(slow.pin, await slow.own(), server);
	ok(/does not hold your key yet/.test(accepting.problem) && accepting.pin === slow.pin, 'nor accept it');
	world.lies = {};
	ok((await check.checkSending(slow.pin, await slow.own(), server)).problem === null, 'until it is');
	world.lies.history = () => { throw new Error('network'); };
	await throws(() => check.checkOwn(alice.pin, slow.own(), server), 'what the network throws passes through', /network/);
});

// ---- keys that are not in the log, or not like this

async function keyLie(what, lie, pattern) {
	await story(async (world, alice, bob, server) => {
		const other = await world.user('other');
		const object = bob.object();
		const key = await bob.key(object);
		const verdict = await check.checkKey(alice.pin, { ...object, log: lie(object.log, world.log, other) }, key, SERVICE, server);
		expect(verdict, 'refused', what, pattern);
		ok(verdict.pin.problem === null, `${what}: each time, not for good`);
		expect(await check.checkKey(verdict.pin, object, key, SERVICE, server), 'fine', `${what}: a true proof is taken`);
	});
}

const HALF = b64(Buffer.alloc(48));

await keyLie('the entry of another user', (log, keyLog, other) => other.object().log, /another user/);
await keyLie('an entry with another time', (log) => ({ ...log, entry: changedBytes(log.entry, 352) }), /not in the key log/);
await keyLie('an entry with another link', (log) => ({ ...log, entry: changedBytes(log.entry, 384) }), /not in the key log/);
await keyLie('an entry of another service', (log) => ({ ...log, entry: changedBytes(log.entry, 40) }), /another service/);
await keyLie('an entry of another version', (log) => ({ ...log, entry: changedBytes(log.entry, 118) }), /another version/);
await keyLie('an entry of another id', (log) => ({ ...log, entry: changedBytes(log.entry, 100) }), /another user/);
await keyLie('an entry of another key', (log) => ({ ...log, entry: changedBytes(log.entry, 121) }), /another key$/);
await keyLie('an entry of another key before', (log) => ({ ...log, entry: changedBytes(log.entry, 155) }), /another key$/);
await keyLie('an entry of another identity', (log) => ({ ...log, entry: changedBytes(log.entry, 190) }), /another identity key/);
await keyLie('an entry of another signature', (log) => ({ ...log, entry: changedBytes(log.entry, 220) }), /another signature/);
await keyLie('an altered proof', (log) => ({ ...log, proof: changedBytes(log.proof, 0) }), /not in the key log/);
await keyLie('a proof that is cut off', (log) => ({ ...log, proof: b64(Buffer.from(log.proof, 'base64url').subarray(32)) }), /not in the key log/);
await keyLie('a proof of half a hash', (log) => ({ ...log, proof: HALF }), /not a proof/);
await keyLie('a proof of a megabyte', (log) => ({ ...log, proof: 'A'.repeat(1 << 20) }), /not a proof/);
await keyLie('another leaf', (log) => ({ ...log, index: log.index + 1 }), /not in the key log/);
await keyLie('a leaf past the end', (log) => ({ ...log, index: log.size }), /not in the key log/);
await keyLie('another size', (log) => ({ ...log, size: log.size - 1 }), /another size/);
await keyLie('a size of 2^53', (log) => ({ ...log, size: 2 ** 53 }), /not a proof/);
await keyLie('a note of a megabyte', (log) => ({ ...log, checkpoint: log.checkpoint + 'x'.repeat(1 << 20) }), /not a proof/);
await keyLie('an altered root', (log) => ({ ...log, checkpoint: log.checkpoint.replace(/\n(.)([^\n]*)\n\n/, (all, first, rest) => `\n${first === 'A' ? 'B' : 'A'}${rest}\n\n`) }),
	/signature is wrong/);
await keyLie('a checkpoint signed by another key', (log, { signed, tree }) => ({ ...log, checkpoint: new NoteKey('msg.test/log').checkpoint(signed, tree.root()) }),
	/did not sign/);
await keyLie('a checkpoint for another origin', (log, { key, signed, tree }) => ({ ...log, checkpoint: key.checkpoint(signed, tree.root(), 'other.test/log') }),
	/malformed/);
await keyLie('a checkpoint of 2^53 entries', (log, { key, tree }) => ({ ...log, checkpoint: key.checkpoint('9007199254740992', tree.root()) }), /malformed/);
await keyLie('a text', () => 'x', /not a proof/);
await story(async (world, alice, bob, server) => {
	const { identityKey, signature, ...object } = bob.object();
	ok(identityKey !== undefined && signature !== undefined, 'a signed key');
	expect(await checkKey(alice.pin, bob, object, server), 'refused', 'shown as unsigned', /another identity key/);
	const foreign = await generate('encryption');
	const made = { ...object, publicKey: foreign.jwk, thumbprint: b64(await thumbprint(foreign.jwk)) };
	expect(await checkKey(alice.pin, bob, made, server), 'refused', 'a key that was not logged', /another key$/);
	world.log.add({ ...await bob.fields(), event: 'deleted' });
	world.log.publish();
	expect(await checkKey(alice.pin, bob, bob.object(), server), 'refused', 'a user who was deleted', /was deleted/);
});

// ---- rewound, forked, vanished

function forkOf(log, rounds, from = 3) {
	const other = log.fork(from);
	for (let i = 0; i < rounds; i++) other.endRound(70 + i);
	other.sign();
	return other;
}

// Also with an account that keeps what it saw: it heals by accepting alone.
async function logLie(what, lie, pattern, heals = true) {
	await story(async (world, alice, bob, server) => {
		await alice.rotate();
		await alice.signIn();
		await lie(world, alice);
		const verdict = expect(await check.look(alice.pin, server), 'broken', what, pattern);
		ok(verdict.pin.note === alice.pin.note, `${what}: the pin stays`);
		const stopped = await check.checkSending(verdict.pin, await alice.own(), server);
		ok(stopped.broken && pattern.test(stopped.problem), `${what}: nothing is sent`);
		const key = bob.object();
		ok(/./.test((await checkKey(verdict.pin, bob, key, server)).pin.problem), `${what}: nor does a key heal it`);
		if (!heals) return;
		const accepted = await check.accept(verdict.pin, await alice.own(), server);
		ok(accepted.problem === null && accepted.pin.problem === null && accepted.pin.note === world.log.checkpoint,
			`${what}: accepting does`, accepted.problem);
		ok((await check.checkSending(accepted.pin, await alice.own(), server)).problem === null, `${what}: sending goes on`);
	});
}

await logLie('a rewound log', async (world, alice) => {
	const shorter = world.log.fork(6);
	shorter.sign();
	world.log.publish();
	Object.assign(alice.pin, (await check.look(alice.pin, world.serverOf(alice))).pin);
	world.log = shorter;
}, /went back to 6 entries, which do not lead to the 7 seen before/);
await logLie('a fork of the same size', (world) => { world.log = forkOf(world.log, 1, 5); }, /signed two different key logs of 6 entries/);
await logLie('a larger log that is another one', (world) => { world.log = forkOf(world.log, 3, 5); }, /of 8 entries that does not continue the 6 seen before/);
await logLie('a wrong proof of consistency', (world) => {
	world.log.publish();
	world.lies.consistency = (body) => ({ ...body, proof: changedBytes(body.proof, 0) });
}, /does not continue/, false);
await logLie('no proof of consistency', (world) => {
	world.log.publish();
	world.lies.consistency = () => null;
}, /does not continue/, false);
await logLie('a log that vanished', (world) => { world.lies.view = () => null; }, /shows no key log any more; msg\.test\/log \(key [0-9a-f]{8}\) had 6 entries/, false);
await story(async (world, alice, bob, server) => {
	world.log.publish();
	for (const [what, lie] of [['another proof', (body) => ({ ...body, from: body.from + 1 })], ['a proof of half a hash', (body) => ({ ...body, proof: HALF })],
		['a proof of a megabyte', (body) => ({ ...body, proof: 'A'.repeat(1 << 20) })], ['an array', () => []], ['a text', () => 'x']]) {
		world.lies = { consistency: lie };
		await throws(() => check.look(alice.pin, server), `${what} is none that was asked for`);
	}
	for (const [what, lie] of [['10,000 successions', (body) => ({ ...body, successions: Array(10000).fill('x') })], ['a succession of a megabyte', (body) => ({ ...body, successions: ['x'.repeat(1 << 20)] })],
		['successions that are numbers', (body) => ({ ...body, successions: [1] })], ['a verifier of a megabyte', (body) => ({ ...body, verifier: 'x'.repeat(1 << 20) })],
		['no checkpoint', (body) => ({ ...body, checkpoint: undefined })], ['a text', () => 'x'], ['undefined', () => undefined]]) {
		world.lies = { view: lie };
		await throws(() => check.look(alice.pin, server), `${what}: no state of a log`);
		await throws(() => check.look(pins.emptyPin(), server), `${what}: nor at first`);
	}
	for (const [what, lie] of [['a verifier that is none', { verifier: 'msg.test/log+00000000+AAAA' }], ['a checkpoint that is none', { checkpoint: 'x' }]]) {
		world.lies = { view: (body) => ({ ...body, ...lie }) };
		expect(await check.look(alice.pin, server), 'refused', what);
		expect(await check.look(pins.emptyPin(), server), 'refused', `${what}, at first`, /not signed by the key that it names/);
		expect(await check.accept({ ...alice.pin, problem: 'x' }, await alice.own(), server), 'refused', `${what}, accepting`, /not signed/);
	}
	world.lies = {};
	const { log, ...object } = bob.object();
	ok(log !== undefined, 'a key with a proof');
	expect(await checkKey(alice.pin, bob, object, server), 'broken', 'a key without proof, where proofs were given', /no key log any more/);
});

// ---- two users are shown different logs

// What the log's key signed stops sending, whoever sent it; of another log the word of somebody verified does.
async function splitView(what, headOf, pattern, { lie, signed = true, named = true } = {}) {
	await story(async (world, alice, bob, server) => {
		const head = new Uint8Array(headOf(world.log));
		await lie?.(world, alice);
		const verdict = expect(await check.checkHead(alice.pin, 'bob', true, head, server), 'broken', what, pattern);
		if (named) ok(verdict.pin.problem.includes('bob'), `${what}: the peer is named`);
		const heard = expect(await check.checkHead(alice.pin, 'bob', false, head, server), signed ? 'broken' : 'refused', `${what}: of anybody`, pattern);
		ok(signed || heard.pin.problem === null, `${what}: of anybody: ${signed ? 'stops' : 'stops nothing'}`);
		const own = await check.checkHead({ ...alice.pin, problem: 'mine' }, 'bob', false, head, server);
		ok(own.pin.problem === 'mine', `${what}: which leaves one's own problem`);
	});
}

const otherKey = (log) => {
	const other = log.fork(log.rows.length, new NoteKey('msg.test/log'));
	other.sign();
	return other;
};

await splitView('a log of the same size', (log) => forkOf(log, 1).head(), /bob saw another key log of 4 entries/);
await splitView('a larger log', (log) => forkOf(log, 6).head(), /shows a smaller key log than bob saw: 4 entries, not 9/);
await splitView('a smaller log', (log) => forkOf(log, 1).head(), /bob saw a key log of 4 entries that is not the beginning of the 5/, { lie: async (world, alice) => {
	world.log.publish();
	await alice.signIn();
} });
await splitView('a smaller log, for which there is no proof', (log) => log.head(), /not the beginning of the 5/, { lie: async (world, alice) => {
	world.log.publish();
	await alice.signIn();
	world.lies.consistency = () => null;
} });
await splitView('a smaller log, of a server that keeps none now', (log) => log.head(), /shows no key log any more/, { named: false, lie: async (world, alice) => {
	world.log.publish();
	await alice.signIn();
	world.lies.consistency = () => undefined;
} });
await splitView('a log of another key', (log) => otherKey(log).head(), /bob saw a key log of another key \([0-9a-f]{8}\) than msg\.test\/log \(key/,
	{ signed: false });
await splitView('a log of another key, and a checkpoint that is forged', (log) => otherKey(log).head(), /what bob saw can't be compared: .*signature is wrong/,
	{ signed: false, lie: (world) => { world.lies.view = (body) => ({ ...body, checkpoint: body.checkpoint.replace(/\n4\n/, '\n5\n') }); } });
await splitView('a checkpoint that is forged', (log) => {
	const other = log.fork();
	other.publish();
	return other.head();
}, /what bob saw can't be compared: .*signature is wrong/, { lie: (world) => {
	world.lies.view = (body) => ({ ...body, checkpoint: body.checkpoint.replace(/\n4\n/, '\n5\n') });
} });
await story(async (world, alice, bob, server) => {
	world.asked = [];
	for (const [what, head] of Object.entries(madeUpHeads(world.log))) {
		const verdict = expect(await check.checkHead(alice.pin, 'bob', false, new Uint8Array(head), server), 'refused', `a head with ${what}`,
			/bob sent a head of the key log that msg\.test\/log \(key [0-9a-f]{8}\) did not sign/);
		ok(verdict.pin.problem === null, `a head with ${what}: stops nothing`);
		expect(await check.checkHead(alice.pin, 'bob', true, new Uint8Array(head), server), 'broken', `a head with ${what}: unless bob was verified`, /did not sign/);
		expect(await check.checkHead(pins.emptyPin(), 'bob', false, new Uint8Array(head), server), 'refused', `a head with ${what}: at first`, /did not sign/);
	}
	ok(!world.asked.includes('consistency'), 'and the server is asked for no proof of it');
	world.log = otherKey(world.log);
	expect(await check.checkHead(alice.pin, 'bob', false, new Uint8Array(world.log.head()), server), 'broken',
		'another log that the server itself shows stops sending, whoever saw it', /nobody vouches for it/);
});
await story(async (world, alice) => {
	const { key, signed, tree } = world.log;
	for (const [what, size, more] of [['extensions, which has no head', signed, 'an extension\n'], ['more entries than can be counted', 2 ** 53, '']]) {
		const note = key.sign(`${key.name}\n${size}\n${tree.root().toString('base64')}\n${more}`);
		ok(await pins.begin(pins.emptyPin(), key.verifier, note) === null, `a checkpoint with ${what}: is not pinned`);
		ok((await pins.judge(alice.pin, note)).sight === 'unfit', `a checkpoint with ${what}: nor followed`);
	}
	ok(await pins.writeHead(pins.emptyPin()) === null, 'no log has no head');
});
await story(async (world, alice, bob, server) => {
	const old = new Uint8Array(world.log.head());
	for (let i = 0; i < 3; i++) world.log.publish();
	const verdict = expect(await check.checkHead(alice.pin, 'bob', true, new Uint8Array(world.log.head()), server), 'fine', 'a larger head that is true');
	ok(verdict.pin.size === 7, 'moves the pin');
	expect(await check.checkHead(verdict.pin, 'bob', true, old, server), 'fine', 'a smaller one that is true');
	expect(await check.checkHead(verdict.pin, 'bob', true, new Uint8Array(world.log.head(0)), server), 'fine', 'that of an empty log');
	expect(await check.checkHead(pins.emptyPin(), 'bob', true, old, server), 'fine', 'at first, too');
	ok(toHex(await pins.writeHead(verdict.pin)) === world.log.head().toString('hex'), 'one\'s own head');
	world.lies.view = () => { throw new Error('network'); };
	await throws(() => check.checkHead(alice.pin, 'bob', true, new Uint8Array(world.log.head()), server), 'one that can\'t be compared now', /network/);
});

// ---- the account's own history

async function historyLie(what, lie, pattern, { fresh = false, heals = true } = {}) {
	await story(async (world, alice, bob, server) => {
		await alice.rotate();
		await alice.signIn();
		if (fresh) alice.pin = pins.emptyPin();
		await lie(world, alice);
		const verdict = expect(await alice.signIn(), 'broken', what, pattern);
		world.lies = {};
		const accepted = await check.accept(verdict.pin, await alice.own(), server);
		ok(heals ? accepted.problem === null && accepted.pin.number === 2 : accepted.problem !== null && accepted.pin === verdict.pin,
			heals ? `${what}: heals` : `${what}: no yes heals it`, accepted.problem);
	});
}

const says = (world, rotations, log) => { world.lies.history = () => ({ rotations, ...(log && { log }) }); };

await historyLie('the history without the newest rotation', (world, { id }) => {
	const [row] = world.log.rowsOf(id);
	says(world, [world.log.rotation(row)], world.log.member(row));
}, /ends with key version 1: the server dropped version 2/, { fresh: true });
await historyLie('the history without what was seen', (world) => says(world, []), /entry 2 of your history, which was seen before, is no longer/);
await historyLie('another entry in the place of one seen', (world, { id }) => {
	const [row] = world.log.rowsOf(id);
	says(world, [world.log.rotation(row)], world.log.member(row));
}, /entry 2 of your history in the key log is not the one that was seen before/);
await historyLie('rows that are none', (world) => says(world, [null, 7, {}]), /is not the one that was seen before/);
await historyLie('rows that are none, at first', (world) => says(world, [{ entry: 'AAAA' }]), /not an entry after entry 0/, { fresh: true });
await historyLie('the history without its beginning', (world, { id }) => {
	const { rotations, log } = world.log.rotations(id, 2);
	says(world, rotations, log);
}, /does not have the next number/, { fresh: true });
await historyLie('swapped entries', (world, { id }) => {
	const { rotations, log } = world.log.rotations(id);
	says(world, rotations.reverse(), log);
}, /follows entry 0, number 2 .* does not have the next number/, { fresh: true });
await historyLie('the proof of another leaf', (world, { id }) => {
	const [row] = world.log.rowsOf(id);
	world.lies.history = (body) => ({ ...body, log: world.log.member(row) });
}, /gives no proof for entry 2/);
await historyLie('a wrong proof', (world) => {
	world.lies.history = (body) => ({ ...body, log: { ...body.log, proof: changedBytes(body.log.proof, 0) } });
}, /entry 2 of your history is not in the key log/);
await historyLie('no proof', (world) => {
	world.lies.history = ({ rotations }) => ({ rotations });
}, /shows no key log any more/);
await historyLie('the end of a round', (world) => {
	const round = world.log.rows.find(({ fields }) => !fields);
	says(world, [{ entry: b64(round.entry) }]);
}, /not an entry after entry 0/, { fresh: true });
await historyLie('the history of somebody else', async (world) => {
	const other = await world.user('other');
	const { rotations, log } = world.log.rotations(other.id);
	says(world, rotations, log);
}, /is that of somebody else/, { fresh: true });

// What stands in the log for everybody can't be taken back.
const foreign = b64(await thumbprint((await generate('encryption')).jwk));
const append = (more) => async (world, alice) => {
	const last = world.log.newest(alice.id);
	world.log.add({ ...await alice.fields(), event: 'rotated', keyVersion: 3, thumbprint: foreign, previousThumbprint: alice.keys[1].thumbprint,
		previousEntry: last.leafHash, ...more });
	world.log.publish();
};
await historyLie('a version that was never made', append({}), /number 3 with key version 3 of alice, has a key version that was not made here/, { heals: false });
await historyLie('another key in an old version', append({ keyVersion: 1 }), /was not done here/, { heals: false });
await historyLie('an identity that was reset', append({ event: 'identity_reset', keyVersion: 2, identityThumbprint: foreign }), /another identity key than yours/, { heals: false });
await historyLie('an event that was not done', append({ event: 'identity_replaced', keyVersion: 2 }), /was not done here/, { heals: false });
await historyLie('an account that was deleted', append({ event: 'deleted', keyVersion: 2 }), /was not done here/, { heals: false });
await historyLie('a second registration', append({ event: 'registered', keyVersion: 1 }), /was not done here/, { heals: false });
await historyLie('an entry that links to nothing', append({ previousEntry: Buffer.alloc(32) }), /does not link to the one before/, { heals: false });
await story(async (world, alice, bob, server) => {
	const key = alice.keys[0].thumbprint;
	const now = await alice.fields(1);
	world.log.add({ ...now, event: 'identity_reset', thumbprint: key, identityThumbprint: foreign });
	world.log.publish();
	const broken = expect(await alice.signIn(), 'broken', 'an identity that was reset', /another identity/);
	expect(await check.accept(broken.pin, await alice.own(), server), 'refused', 'can\'t be accepted', /no longer yours/);
	world.log.add({ ...now, event: 'identity_reset', thumbprint: key });
	world.log.publish();
	expect(await check.accept(broken.pin, await alice.own(), server), 'fine', 'unless it was reset to one\'s own again');
});
await story(async (world, alice, bob, server) => {
	for (const [what, body] of [['no rows', {}], ['rows that are a text', { rotations: 'x' }], ['too many rows', { rotations: Array(501).fill({}) }],
		['an array', []], ['null', null]]) {
		world.lies.history = () => body;
		await throws(async () => check.checkOwn(alice.pin, await alice.own(), server), `a history with ${what}`, /not a history/);
	}
});

// ---- another log after a restored backup

function restart(log, vouched) {
	const other = log.fork(log.rows.length, new NoteKey('msg.test/log2'));
	if (vouched) other.succeed(log);
	other.publish();
	return other;
}

for (const vouched of [true, false]) {
	const what = vouched ? 'a new log that is vouched for' : 'a new log that nobody vouches for';
	const pattern = vouched
		? /operator started a new key log, msg\.test\/log2 .*, and says so by the key of msg\.test\/log .*: that ended at 4 entries \(4 were seen here\), the new one begins with 4/
		: /another key log, msg\.test\/log2 \(key [0-9a-f]{8}\), than msg\.test\/log \(key [0-9a-f]{8}\), and nobody vouches/;
	await story(async (world, alice, bob, server) => {
		const old = world.log;
		world.log = restart(old, vouched);
		expect(await checkKey(alice.pin, bob, bob.object(), server), 'broken', `${what}: by a key`, pattern);
		expect(await alice.signIn(), 'broken', `${what}: by the history`, pattern);
		const accepted = await check.accept(alice.pin, await alice.own(), server);
		expect(accepted, 'fine', `${what}: can be accepted`);
		ok(accepted.pin.former[0] === old.key.keyId.toString('hex') && accepted.known === 1, `${what}: the old one is remembered as left`);
		expect(await check.checkHead(accepted.pin, 'bob', true, new Uint8Array(old.head()), server), 'fine', `${what}: whose heads say nothing any more`);
		expect(await check.checkHead(pins.emptyPin(), 'bob', true, new Uint8Array(old.head()), server), 'broken', `${what}: unless one never saw it`, /another key/);
	});
}
await story(async (world, alice, bob, server) => {
	world.log = restart(restart(world.log, true), true);
	expect(await check.look(alice.pin, server), 'broken', 'a chain of successions', /operator started a new key log/);
});
await story(async (world, alice, bob, server) => {
	await alice.rotate();
	await alice.signIn();
	const lost = new KeyLog(SERVICE, new NoteKey('msg.test/log2'));
	for (const row of world.log.rows.slice(0, 4)) lost.push(row.entry, row);
	lost.succeed(world.log);
	lost.publish();
	world.log = lost;
	const verdict = expect(await check.look(alice.pin, server), 'broken', 'a backup that lost a rotation', /operator started/);
	const accepted = await check.accept(verdict.pin, await alice.own(), server);
	ok(accepted.problem === null && accepted.known === 1, 'says what it knows');
	lost.add(await alice.fields());
	lost.publish();
	expect(await check.checkOwn(accepted.pin, await alice.own(), server), 'fine', 'and gets the rest again');
});
{
	const [a, b, c] = ['a.test', 'b.test', 'c.test'].map((name) => new NoteKey(name));
	const [from, middle, to] = await Promise.all([a, b, c].map((key) => parseVerifier(key.verifier)));
	const at = (size) => ({ size, root: Buffer.alloc(32) });
	const hand = (by, next) => by.succession(next.verifier, at(12), at(10));
	const chain = [hand(a, b), 7, hand(b, c)];
	ok((await find(chain, from, middle))?.newSize === 10, 'a log hands over to the next');
	ok((await find(chain, from, to))?.next.name === 'b.test', 'and that to a third');
	ok(await find(chain, middle, from) === null, 'but not backwards');
	ok((await find([hand(a, b), hand(a, c)], from, to))?.next.name === 'c.test', 'a log that handed over twice leads to the second, too');
	const text = `e2emsg key log succession v1\n${b.verifier}\n12 ${'A'.repeat(43)}=\n10 ${'A'.repeat(43)}=\n`;
	const wrong = [hand(c, b), a.sign(text.replace('v1', 'v2')), a.sign(`${text}more\n`), a.sign(text.replace('12 ', '12  ')), a.sign(text.replace('12', '012')), '', '\n\n'];
	ok(await find(wrong, from, middle) === null && await find([], from, middle) === null, 'others\' signatures, other titles and lines do not count');
	let pin = await pins.begin(pins.emptyPin(), a.verifier, a.checkpoint(3, Buffer.alloc(32)));
	ok(await pins.replace(pin, a.verifier, b.checkpoint(3, Buffer.alloc(32))) === null, 'a log that is not signed replaces none');
	for (let i = 0; i < 40; i++) {
		const next = new NoteKey(`n${i}.test`);
		pin = await pins.replace(pin, next.verifier, next.checkpoint(3, Buffer.alloc(32)));
	}
	ok(pin.former.length === 32 && pin.former.at(-1) !== pin.former[0], 'no more than 32 logs are remembered');
	const same = await pins.replace({ ...pin, number: 4 }, pin.verifier, pin.note);
	ok(same.number === 0 && same.former.length === 32, 'the same log again is not left');
	ok(pins.broken({ ...pin, problem: 'first' }, 'second').pin.problem === 'first', 'the first problem stays');
}

done();
