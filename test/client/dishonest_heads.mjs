#!/usr/bin/env node
// Two users who are shown different key logs, and heads that somebody made up:
// the client compares what stands in each message.  Needs the built client
// (E2EMSG_CLIENT), no database.
//
//	node test/client/dishonest_heads.mjs
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { sealHead } from './lib/gateway.mjs';
import { KeyLog, NoteKey, madeUpHeads, twinKeys } from './lib/key_log.mjs';
import { changed, heals, isStopped, kept, signIn, story, VIEW } from './lib/log_story.mjs';
import { expect, fileOf, spoil } from './lib/scene.mjs';
import { done, ok } from './lib/tap.mjs';

async function splitView(what, spoilHead, pattern, change, options) {
	await story(async (scene, gateway) => {
		const { alice, bob } = await scene.pair();
		await bob.run('send', alice.name, 'before');
		await alice.run('read');
		const real = { log: gateway.log };
		await spoilHead(gateway, real, alice, bob);
		expect(await bob.run('send', alice.name, 'what I saw'), 0, `${what}: the peer writes`);
		gateway.log = real.log;
		await change?.(gateway, alice);
		const read = await alice.run('read');
		expect(read, 5, `${what}: is noticed by the reader`, 'err', pattern);
		ok(/what I saw\n[^]*KEY LOG: /.test(read.out) && pattern.test(read.out), `${what}: who reads all the same`, read.out);
		ok(pattern.test(kept(alice).problem) && kept(alice).problem.includes(bob.name), `${what}: the sender is named`);
		await isStopped(alice, bob, pattern, what);
		gateway.behave();
		await heals(alice, bob, what);
	}, options);
}

// Bob's client follows another log, with the same key.
async function showTo(gateway, bob, other) {
	gateway.log = other;
	rmSync(fileOf(bob, 'log.json'));
	const result = await signIn(bob);
	if (result.code !== 0) throw new Error(result.err);
}

const forkOf = (log, rounds) => {
	const other = log.fork(3);
	for (let i = 0; i < rounds; i++) other.endRound(70 + i);
	other.sign();
	return other;
};

const otherKey = (log, key = new NoteKey('msg.test/log')) => {
	const other = log.fork(log.rows.length, key);
	other.sign();
	return other;
};

const longer = (log) => {
	const other = log.fork(log.rows.length);
	other.endRound(70);
	other.sign();
	return other;
};

await splitView('a log of the same size', (gateway, real, alice, bob) =>
	showTo(gateway, bob, forkOf(real.log, 1)), /saw another key log of 4 entries/);
await splitView('a larger log', (gateway, real, alice, bob) =>
	showTo(gateway, bob, forkOf(real.log, 6)), /shows a smaller key log than bob\d saw: 4 entries, not 9/);
await splitView('a smaller log', (gateway, real, alice, bob) =>
	showTo(gateway, bob, forkOf(real.log, 1)), /saw a key log of 4 entries that is not the beginning of the 5/, async (gateway, viewer) => {
		gateway.log.publish();
		await viewer.run('log');
	});
await splitView('a log of another key, seen by somebody verified', async (gateway, real, alice, bob) => {
	await alice.run('verify', bob.name, '--confirm');
	await showTo(gateway, bob, otherKey(real.log));
}, /saw a key log of another key/);
{
	const [shown, hidden] = twinKeys();
	await splitView('a log of another key with the same key id, seen by somebody verified', async (gateway, real, alice, bob) => {
		await alice.run('verify', bob.name, '--confirm');
		await showTo(gateway, bob, otherKey(real.log, hidden));
	}, /bob\d sent a head of the key log that msg\.test\/log34968 .* did not sign/, undefined, { keyLog: new KeyLog('msg.test', shown) });
}
await splitView('a log whose checkpoint is forged', async (gateway, real, alice, bob) => {
	real.log.publish();
	await bob.run('log');
	gateway.after = spoil(VIEW, (reply) => changed(reply, { checkpoint: reply.body.checkpoint.replace(/\n5\n/, '\n6\n') }));
}, /what bob\d saw can't be compared: .*signature is wrong/);
await story(async (scene, gateway) => {
	const { alice, bob } = await scene.pair();
	const mallory = await scene.newUser(scene.fresh('mallory'));
	await mallory.run('send', alice.name, 'hi');
	await alice.run('read');
	const real = gateway.log;
	await showTo(gateway, mallory, longer(real));
	expect(await mallory.run('send', alice.name, 'boo'), 0, 'a stranger writes');
	gateway.log = real;
	expect(await alice.run('read'), 5, 'another log that the log\'s key signed', 'err', /mallory/);
	await isStopped(alice, bob, /mallory/, 'of which a stranger tells');
});

// What somebody could make up stops nothing.
const isHearsay = (result, pattern, what) => {
	expect(result, 5, `${what}: is told`, 'err', /\nhint: The sender may have made that up: nothing is stopped/);
	ok(/KEY LOG: /.test(result.out) && pattern.test(result.out) && pattern.test(result.err), `${what}: and says what`, result.out + result.err);
};

await story(async (scene, gateway) => {
	const { alice, bob, aliceThere } = await scene.pair();
	const mallory = await gateway.addByHand(scene.fresh('mallory'));
	const says = async (text, head) => gateway.deliver(aliceThere, mallory.there, await sealHead(mallory.mine, mallory.there, aliceThere, text, head));
	const goesOn = async (what) => {
		ok(kept(alice).problem === undefined, `${what}: is not written down`);
		expect(await alice.run('send', bob.name, 'x'), 0, `${what}: stops nothing`);
	};
	await says('honest', gateway.log.head());
	expect(await alice.run('read'), 0, 'a head made by hand', 'out', /honest\n$/);
	for (const [what, step] of [['a stranger', async () => {}], ['somebody one wrote to', () => alice.run('send', mallory.name, 'who are you?')]]) {
		await step();
		for (const [made, head] of Object.entries(madeUpHeads(gateway.log))) {
			await says(made, head);
			isHearsay(await alice.run('read'), /mallory\d sent a head of the key log that msg\.test\/log \(key [0-9a-f]{8}\) did not sign/, `${what}: ${made}`);
		}
		await goesOn(`${what}: a made-up head`);
		await says('foreign', otherKey(gateway.log).head());
		isHearsay(await alice.run('read'), /mallory\d saw a key log of another key/, `${what}: a log of another key`);
		await goesOn(`${what}: a log of another key`);
	}
	await says('hearsay first', madeUpHeads(gateway.log)['another root']);
	const real = gateway.log;
	await says('and a fork', longer(real).head());
	gateway.after = spoil(VIEW, (reply) => changed(reply, { checkpoint: reply.body.checkpoint.replace(/\n\d+\n/, '\n99\n') }));
	expect(await alice.run('read'), 5, 'a fork is not lost among what is made up', 'err', /what mallory\d saw can't be compared: .*signature is wrong/);
	await isStopped(alice, bob, /can't be compared/, 'and a server that gives no good answer to it');
	gateway.behave();
	await heals(alice, bob, 'and a server that gives no good answer to it');
	await alice.run('verify', mallory.name, '--confirm');
	await says('foreign', otherKey(gateway.log).head());
	expect(await alice.run('read'), 5, 'the word of somebody verified', 'err', /another key[^]*log accept --home \S+ ends this/);
	await isStopped(alice, bob, /mallory\d saw a key log of another key/, 'stops sending');
	await heals(alice, bob, 'the word of somebody verified');
	for (const [what, head] of [['107 bytes', gateway.log.head().subarray(1)], ['109 bytes', Buffer.concat([gateway.log.head(), Buffer.alloc(1)])],
		['28 bytes', gateway.log.head().subarray(0, 28)], ['no byte', Buffer.alloc(0)]]) {
		await says('unseen', head);
		expect(await alice.run('read'), 6, `a head of ${what} is no frame`, 'out', /the head of the key log has the wrong size/);
	}
	await goesOn('a head of another size');
	mallory.mine = await gateway.impersonate(mallory.there);
	await says('not me', otherKey(gateway.log).head());
	expect(await alice.run('read'), 5, 'another identity in the name of somebody verified', 'out', /IDENTITY CHANGED[^]*KEY LOG: mallory\d saw a key log of another key/);
	await goesOn('another identity in the name of somebody verified');
	await says('a fork', longer(gateway.log).head());
	expect(await alice.run('read'), 5, 'a fork under another identity', 'out', /KEY LOG: the server shows a smaller key log than mallory/);
	await isStopped(alice, bob, /smaller key log/, 'a fork under another identity');
});
await story(async (scene, gateway) => {
	const { alice, bob } = await scene.pair();
	rmSync(fileOf(alice, 'log.json'));
	await bob.run('send', alice.name, 'what I saw');
	gateway.log = undefined;
	gateway.version = (user) => user.keys.length;
	expect(await alice.run('read'), 5, 'a peer who saw a log where this account is shown none', 'out', /KEY LOG: .* saw a key log, but the server shows none/);
	ok(!existsSync(fileOf(alice, 'log.json')), 'is not written down');
	expect(await alice.run('send', bob.name, 'x'), 0, 'and stops nothing');
});
for (const shown of ['none', 'one']) {
	await story(async (scene, gateway) => {
		const { alice, bob } = await scene.pair();
		const what = `somebody verified who saw a log where this account was shown none, and is shown ${shown} later`;
		await alice.run('verify', bob.name, '--confirm');
		rmSync(fileOf(alice, 'log.json'));
		await bob.run('send', alice.name, 'what I saw');
		const { log } = gateway;
		gateway.log = undefined;
		gateway.version = (user) => user.keys.length;
		expect(await alice.run('read'), 5, what, 'err', /saw a key log, but the server shows none[^]*log accept --home \S+ ends this/);
		expect(await alice.run('log'), 5, `${what}: log`, 'err', /the server keeps no key log\n[^]*nothing is sent: .* saw a key log/);
		if (shown === 'one') gateway.log = log;
		await isStopped(alice, bob, /saw a key log, but the server shows none/, what);
		await heals(alice, bob, what);
		ok(existsSync(fileOf(alice, 'log.json')) === (shown === 'one'), `${what}: and that is what is kept`);
	});
}
await story(async (scene) => {
	const { alice } = await scene.pair();
	for (const text of ['{}', '{"problem": "x"}', '{"former": {}}', '{"former": [7]}', '{"former": [], "problem": ""}', '{"former": [], "problem": 7}', `{"former": [], "problem": "${'x'.repeat(512)}"}`]) {
		writeFileSync(fileOf(alice, 'log.json'), text, { mode: 0o600 });
		expect(await alice.run('whoami'), 1, `a log.json that is ${text.slice(0, 20)} is not guessed at`, 'err', /log\.json is damaged/);
	}
}, {});
await story(async (scene, gateway) => {
	const { alice, bob } = await scene.pair();
	await bob.run('send', alice.name, 'one');
	for (let i = 0; i < 4; i++) gateway.log.publish();
	expect(await alice.run('read'), 0, 'a smaller head that is true', 'out', /one\n$/);
	gateway.log.publish();
	await bob.run('log');
	await bob.run('send', alice.name, 'two');
	expect(await alice.run('read'), 0, 'a larger head that is true', 'out', /two\n$/);
	ok(kept(alice).checkpoint === gateway.log.checkpoint, 'moves the pin');
	await bob.run('send', alice.name, 'three');
	gateway.log.publish();
	await alice.run('log');
	gateway.before = (asked) => (asked.path.startsWith('/key-log') ? 'hang up' : undefined);
	expect(await alice.run('read'), 3, 'a head that can\'t be compared now');
	gateway.before = (asked) => (asked.path.startsWith('/key-log') ? { status: 200, text: '<html>' } : undefined);
	expect(await alice.run('read'), 1, 'or with an answer that is none');
	gateway.behave();
	expect(await alice.run('read'), 0, 'is compared later', 'out', /three\n$/);
});

done();
