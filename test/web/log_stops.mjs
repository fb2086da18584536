// What the key log stops in the web module, and what a yes heals: the rules
// themselves are tested in key_log.mjs.
//
//	node test/web/log_stops.mjs
import { b64, makeEncryptionKey, sealHead, thumbprint } from '../client/lib/gateway.mjs';
import { KeyLog, NoteKey, keyLogOff, madeUpHeads } from '../client/lib/key_log.mjs';
import { done, ok } from '../client/lib/tap.mjs';
import { Scene, does, refuses, spoil, waitUntil } from './lib/scene.mjs';

const KEY = /^GET \/users\/[^/]+\/public-key$/;
const HISTORY = /^GET \/users\/[^/]+\/key-rotations$/;
const VIEW = /^GET \/key-log$/;
const flip = (text) => b64(Buffer.from(text, 'base64url').map((byte, i) => (i === 0 ? byte ^ 1 : byte)));
const changed = (reply, change) => ({ ...reply, body: { ...reply.body, ...change } });
const pinOf = async (user) => (await user.store.read(['meta'], (t) => t.get('meta', 'log'))).pin;

// Runs one story with a server and users of its own.
async function story(tell, options = { keyLog: true }) {
	const scene = await new Scene(options).open();
	try {
		await tell(scene, scene.gateway);
	} finally {
		await scene.close();
	}
}

// A problem stays until it is accepted.
async function isStopped(user, peer, pattern, what) {
	ok(pattern.test(user.client.keyLogProblem ?? ''), `${what}: is noticed`, user.client.keyLogProblem);
	ok(user.events.some(({ event, value }) => event === 'keylog' && pattern.test(value.problem)), `${what}: and told`);
	user.scene.gateway.requests = [];
	await refuses(user.client.send(peer.name, 'secret'), 'key_log_problem', `${what}: nothing is sent`, pattern);
	ok(!user.scene.gateway.requests.includes('POST /messages'), `${what}: nothing at all`);
	await user.open();
	ok(pattern.test(user.client.keyLogProblem ?? ''), `${what}: it is kept`);
}

async function heals(user, peer, what) {
	await does(user.client.acceptKeyLog(), `${what}: a yes`);
	ok(user.client.keyLogProblem === null, `${what}: ends it`, user.client.keyLogProblem);
	await does(user.client.send(peer.name, 'again'), `${what}: and sending goes on`, ({ state }) => state === 'sent' || state === 'delivered');
}

// ---- keys that are not in the log

await story(async (scene, gateway) => {
	const [alice, bob] = [await scene.newUser('alice'), await scene.newUser('bob')];
	gateway.after = spoil(KEY, (reply) => changed(reply, { log: { ...reply.body.log, proof: flip(reply.body.log.proof) } }));
	await refuses(alice.client.send(bob.name, 'secret'), 'refused_key', 'a key that the log does not prove is not used', /not in the key log/);
	ok(bob.there.mail.length === 0 && alice.client.keyLogProblem === null, 'each time, not for good');
	gateway.behave();
	await does(alice.client.send(bob.name, 'later'), 'a true key is taken', ({ state }) => state === 'sent');
	gateway.after = spoil(KEY, (reply) => changed(reply, { log: { ...reply.body.log, proof: flip(reply.body.log.proof) } }));
	await bob.read();
	const [closed] = (await bob.store.read(['messages'], (t) => t.range('messages', 'sealed', 1, 1)));
	ok(closed.state === 'untrusted_key' && /not in the key log/.test(closed.problem) && bob.there.acknowledged === 1, 'mail under such a key stays sealed, and is kept');
	gateway.behave();
	await bob.client.close();
	await bob.client.connect();
	ok(await waitUntil(async () => (await bob.texts(alice)).join() === 'later'), 'it opens when the key is proved');
	await bob.client.rotateKeys();
	const current = gateway.keyObject(bob.there);
	gateway.before = (asked) => (asked.method === 'POST' && asked.path === '/messages' && asked.body.receiverId === bob.there.id
		? { status: 409, body: { code: 'stale_key_version', current: { ...current, log: { ...current.log, proof: flip(current.log.proof) } } } } : undefined);
	await refuses(alice.client.send(bob.name, 'x'), 'refused_key', 'a key in a refusal is checked, too', /not in the key log/);
	gateway.behave();
	await alice.client.resend();
	ok(await waitUntil(async () => /(sent|delivered)$/.test(await alice.states(bob))), 'and what waits is sent later');
});

// ---- a log that is slow, or none

await story(async (scene, gateway) => {
	const alice = await scene.newUser('alice');
	gateway.slow = true;
	const bob = await scene.newUser('bob');
	ok(bob.client.account.username === bob.name, 'a registration that is not logged yet');
	await does(bob.client.send(alice.name, 'x'), 'can\'t send', ({ state }) => state === 'waiting');
	await refuses(alice.client.send(bob.name, 'x'), 'unknown_user', 'nor be written to');
	gateway.slow = false;
	ok(await waitUntil(async () => await bob.states(alice) === 'sent'), 'until it is logged');
	gateway.slow = true;
	await refuses(bob.client.rotateKeys(), 'not_logged', 'a rotation that is not logged', /does not hold it yet/);
	ok(bob.client.account.keyVersion === 1, 'is not announced yet');
	await does(bob.client.login(), 'which is no contradiction');
	gateway.slow = false;
	await does(bob.client.rotateKeys(), 'rotating again finishes it', ({ keyVersion }) => keyVersion === 2);
	ok(bob.there.keys.length === 2, 'without a third key');
});
await story(async (scene) => {
	const { alice, bob } = await scene.pair();
	ok(await alice.client.keyLog() === null && alice.client.keyLogProblem === null, 'a server without a log is taken as it is');
	await does(alice.client.acceptKeyLog(), 'there is nothing to accept');
	await does(bob.client.rotateKeys(), 'all the rest works', ({ keyVersion }) => keyVersion === 2);
}, {});

// ---- what speaks against the log

async function logLie(what, lie, pattern, heal = true) {
	await story(async (scene, gateway) => {
		const { alice, bob } = await scene.pair();
		await lie(gateway, alice);
		await alice.client.keyLog();
		await isStopped(alice, bob, pattern, what);
		if (heal) gateway.behave();
		await heals(alice, bob, what);
	});
}

await logLie('a rewound log', async (gateway, alice) => {
	const shorter = gateway.log.fork(4);
	shorter.sign();
	gateway.log.publish();
	await alice.client.keyLog();
	gateway.log = shorter;
}, /went back to 4 entries, which do not lead to the 5 seen before/, false);
await logLie('a fork of the same size', async (gateway, alice) => {
	await alice.client.keyLog();
	const other = gateway.log.fork(3);
	other.endRound(77);
	other.sign();
	gateway.log = other;
}, /signed two different key logs of 4 entries/);
await logLie('a log that vanished', (gateway) => { gateway.after = spoil(VIEW, keyLogOff); }, /shows no key log any more/);
await story(async (scene, gateway) => {
	const { alice, bob } = await scene.pair();
	gateway.log = undefined;
	await refuses(alice.client.contact(bob.name), 'key_log_problem', 'keys without proof, where there was a log', /no key log any more/);
	gateway.version = (user) => user.keys.length;
	await heals(alice, bob, 'a log that is gone for good');
	ok((await pinOf(alice)).verifier === null, 'and nothing is pinned any more');
});

await story(async (scene, gateway) => {
	const { alice, bob } = await scene.pair();
	const carol = await gateway.addByHand('carol');
	const hears = async (text, head) => {
		gateway.deliver(alice.there, carol.there, await sealHead(carol.mine, carol.there, alice.there, text, head));
		await alice.read();
		ok(await waitUntil(async () => (await alice.last(carol))?.text === text), `a log that was turned off: "${text}" is read`);
		return alice.last(carol);
	};
	const older = gateway.log.head(2);
	await hears('before', gateway.log.head());
	await alice.client.send(carol.name, 'who are you?');
	await alice.client.verify(carol.name);
	gateway.after = spoil(/\/key-log/, keyLogOff);
	const { logProblem } = await hears('what I saw', older);
	ok(/shows no key log any more/.test(logProblem), 'a log that was turned off: a head that can\'t be compared shows it', logProblem);
	await isStopped(alice, bob, /shows no key log any more/, 'a log that was turned off');
	await heals(alice, bob, 'a log that was turned off');
	ok((await hears('after', older)).logProblem === undefined, 'a log that was turned off: its heads say nothing any more');
	ok(alice.client.keyLogProblem === null, 'a log that was turned off: and stop nothing', alice.client.keyLogProblem);
});

// ---- what others saw

// Somebody without a client writes what a head is: a stranger, somebody whom alice has written to, or verified.
async function headLie(who, what, headOf, pattern, stops) {
	await story(async (scene, gateway) => {
		const { alice, bob } = await scene.pair();
		const mallory = await gateway.addByHand('mallory');
		const says = async (text, head) => gateway.deliver(alice.there, mallory.there, await sealHead(mallory.mine, mallory.there, alice.there, text, head));
		await says('hi', gateway.log.head());
		await alice.read();
		ok(await waitUntil(async () => (await alice.last(mallory))?.text === 'hi'), `${what} of ${who}: after a true head`);
		if (who !== 'a stranger') await alice.client.send(mallory.name, 'who are you?');
		if (/verified/.test(who)) await alice.client.verify(mallory.name);
		if (/another identity/.test(who)) mallory.mine = await gateway.impersonate(mallory.there);
		await says('what I saw', headOf(gateway.log));
		await alice.read();
		ok(await waitUntil(async () => (await alice.last(mallory))?.text === 'what I saw'), `${what} of ${who}: is read`);
		const said = (await alice.last(mallory)).logProblem;
		ok(pattern.test(said) && !/nothing is sent/.test(said), `${what} of ${who}: and the difference, no more, is in the message`, said);
		ok(alice.warnings.some(({ code, username }) => code === 'key_log_head' && username === mallory.name), `${what} of ${who}: and told`);
		if (stops) return isStopped(alice, bob, pattern, `${what} of ${who}`);
		ok(alice.client.keyLogProblem === null, `${what} of ${who}: stops nothing`);
		return does(alice.client.send(bob.name, 'x'), `${what} of ${who}: sending goes on`, ({ state }) => state !== 'waiting');
	});
}

const longer = (log) => {
	const other = log.fork(log.rows.length);
	other.endRound(70);
	other.sign();
	return other.head();
};
const ofOtherKey = (log) => {
	const other = log.fork(log.rows.length, new NoteKey('msg.test/log'));
	other.sign();
	return other.head();
};
for (const who of ['a stranger', 'somebody one wrote to', 'somebody verified', 'another identity in the name of somebody verified']) {
	await headLie(who, 'another log', longer, /smaller key log than mallory saw/, true);
	await headLie(who, 'a log of another key', ofOtherKey, /mallory saw a key log of another key/, who === 'somebody verified');
	await headLie(who, 'a made-up head', (log) => madeUpHeads(log)['another root'], /mallory sent a head of the key log that .* did not sign/, who === 'somebody verified');
}

// ---- the account's own history

async function historyLie(what, lie, pattern, heal = true) {
	await story(async (scene, gateway) => {
		const { alice, bob } = await scene.pair();
		await lie(gateway, alice.there, alice);
		await does(alice.client.login(), `${what}: signing in goes on`);
		await isStopped(alice, bob, pattern, what);
		if (heal) gateway.behave();
		if (heal) await heals(alice, bob, what);
		else await refuses(alice.client.acceptKeyLog(), 'key_log_problem', `${what}: no yes heals it`, pattern);
	});
}

const foreign = await makeEncryptionKey();
await historyLie('a history without what was seen', (gateway) => {
	gateway.after = spoil(HISTORY, () => ({ status: 200, body: { rotations: [] } }));
}, /entry 1 of your history, which was seen before, is no longer/);
await historyLie('a history without the newest rotation', async (gateway, { id }, alice) => {
	await alice.client.rotateKeys();
	await alice.store.write(['meta'], async (t) => t.put('meta', { name: 'log', pin: { ...(await t.get('meta', 'log')).pin, number: 0, leafHash: null } }));
	const [row] = gateway.log.rowsOf(id);
	gateway.after = spoil(HISTORY, () => ({ status: 200, body: { rotations: [gateway.log.rotation(row)], log: gateway.log.member(row) } }));
}, /ends with key version 1: the server dropped version 2/);
await historyLie('a version that was never made', (gateway, { id, keys }) => {
	const last = gateway.log.newest(id);
	gateway.log.add({ ...last.fields, number: last.fields.number + 1, time: Date.now(), previousEntry: last.leafHash, event: 'rotated', keyVersion: 2,
		thumbprint: thumbprint(foreign.jwk), previousThumbprint: thumbprint(keys[0].jwk) });
	gateway.log.publish();
}, /has a key version that was not made here/, false);
await story(async (scene, gateway) => {
	const { alice, bob } = await scene.pair();
	for (const body of [{}, { rotations: 'x' }, { rotations: Array(501).fill({}) }, [], null]) {
		gateway.after = spoil(HISTORY, () => ({ status: 200, body }));
		await refuses(alice.client.login(), 'bad_answer', `a history that is ${JSON.stringify(body).slice(0, 30)} is no sign-in`);
	}
	gateway.after = spoil(HISTORY, () => ({ status: 503, body: { code: 'not_logged', title: 'x' } }));
	await refuses(alice.client.login(), 'not_logged', 'nor is one that is withheld');
	let asked = 0;
	gateway.after = spoil(HISTORY, () => { asked++; return { status: 401, body: { code: 'invalid_token', title: 'x' } }; });
	await refuses(alice.client.send(bob.name, 'x'), 'invalid_token', 'a server that asks for a token for ever gets none');
	ok(asked < 5, 'and not for ever', asked);
});

// ---- another log after a restored backup

for (const vouched of [true, false]) {
	const what = vouched ? 'a new log that is vouched for' : 'a new log that nobody vouches for';
	const pattern = vouched ? /operator started a new key log, msg\.test\/log2/ : /nobody vouches for/;
	await story(async (scene, gateway) => {
		const { alice, bob } = await scene.pair();
		const { keyId } = gateway.log.key;
		const other = gateway.log.fork(gateway.log.rows.length, new NoteKey('msg.test/log2'));
		if (vouched) other.succeed(gateway.log);
		other.publish();
		gateway.log = other;
		await alice.client.keyLog();
		await isStopped(alice, bob, pattern, what);
		await heals(alice, bob, what);
		ok((await pinOf(alice)).former[0] === keyId.toString('hex'), `${what}: the old one is remembered as left`);
	});
}
await story(async (scene, gateway) => {
	const { alice, bob } = await scene.pair();
	await alice.client.rotateKeys();
	const old = gateway.log;
	const lost = new KeyLog('msg.test', new NoteKey('msg.test/log2'));
	for (const row of old.rows.slice(0, 4)) lost.push(row.entry, row);
	lost.succeed(old);
	lost.publish();
	gateway.log = lost;
	alice.there.keys.pop();
	await alice.client.keyLog();
	ok(/operator started/.test(alice.client.keyLogProblem), 'a backup of the server that lost a rotation');
	await does(alice.client.acceptKeyLog(), 'gets it again from who made it');
	ok(alice.there.keys.length === 2, 'with a yes');
	await does(alice.client.send(bob.name, 'x'), 'and all is well again', ({ state }) => state !== 'waiting');
});

done();
process.exit();
