#!/usr/bin/env node
// The client against a server that cheats with its key log.  Needs the built
// client (E2EMSG_CLIENT), no database.
//
//	node test/client/dishonest_log.mjs
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { b64, makeEncryptionKey, sealHead, thumbprint } from './lib/gateway.mjs';
import { KeyLog, NoteKey, keyLogOff } from './lib/key_log.mjs';
import { changed, CONSISTENCY, flip, heals, HISTORY, isStopped, kept, KEY, signIn, story, VIEW } from './lib/log_story.mjs';
import { expect, fileOf, spoil } from './lib/scene.mjs';
import { done, ok } from './lib/tap.mjs';

// ---- an honest log

await story(async (scene, gateway) => {
	const { alice, bob } = await scene.pair();
	expect(await bob.run('rotate'), 0, 'a rotation', 'out', /^2\n$/);
	expect(await alice.run('send', bob.name, 'to version 2'), 0, 'a peer follows');
	expect(await bob.run('read'), 0, 'and is read, whose head is compared', 'out', /to version 2\n$/);
	ok(gateway.requests.includes('GET /key-log/proof/consistency'), 'with a proof');
	expect(await bob.run('log'), 0, 'log shows it', 'out', /msg\.test\/log\n[^]*size +6\n[^]*ownEntries +2\nproblem +none\n/);
	const json = JSON.parse((await bob.run('log', '--json')).out);
	ok(json.size === 6 && json.root === b64(gateway.log.tree.root()) && json.ownEntries === 2 && json.problem === null, 'for programs, too');
	expect(await bob.run('log', 'accept'), 0, 'there is nothing to accept', 'err', /nothing to accept/);
	expect(await bob.run('whoami'), 0, 'whoami names it', 'out', /keyLog +msg\.test\/log\n/);
	ok(kept(bob).number === 2 && kept(bob).problem === undefined, 'what was checked is kept');
	for (let i = 0; i < 5; i++) await bob.run('rotate');
	rmSync(fileOf(alice, 'log.json'));
	expect(await signIn(alice), 0, 'without log.json the log is pinned again');
	expect(await alice.run('send', bob.name, 'to version 7'), 0, 'all the same');
	expect(await bob.run('send', alice.name, 'back'), 0, 'both ways');
	expect(await alice.run('read'), 0, 'and read', 'out', /back/);
	writeFileSync(fileOf(alice, 'log.json'), '{"verifier": "x"}');
	expect(await alice.run('read'), 1, 'a damaged log.json is not guessed at', 'err', /log\.json is damaged/);
});
await story(async (scene, gateway) => {
	const alice = await scene.newUser(scene.fresh('alice'), '--unsigned');
	const bob = await scene.newUser(scene.fresh('bob'), '--unsigned');
	expect(await alice.run('send', bob.name, 'hi', '--unsigned-ok'), 0, 'unsigned users are in the log, too');
	expect(await bob.run('read'), 0, 'and read', 'out', /hi/);
	expect(await bob.run('rotate'), 0, 'and rotate');
	ok(kept(bob).number === 2, 'and check their own history');
	ok(gateway.log.signed === 6, 'which is signed');
});

// ---- no log at all

await story(async (scene) => {
	const { alice, bob } = await scene.pair();
	const once = /the server keeps no key log/;
	ok(once.test(alice.registered.err), 'a server without a log: one remark');
	ok(!existsSync(fileOf(alice, 'log.json')), 'and nothing is pinned');
	expect(await alice.run('whoami'), 0, 'whoami says so', 'out', /keyLog +none\n/);
	expect(await alice.run('log'), 0, 'and log', 'err', once);
	expect(await alice.run('log', 'accept'), 0, 'there is nothing to accept', 'err', /nothing to accept/);
	expect(await bob.run('rotate'), 0, 'all the rest works', 'err', /^e2emsg: rotated[^\n]*\n$/);
	expect(await alice.run('send', bob.name, 'x'), 0, 'as before');
}, {});

// ---- a log that is slow

await story(async (scene, gateway) => {
	const alice = await scene.newUser(scene.fresh('alice'));
	gateway.slow = true;
	const bob = await scene.newUser(scene.fresh('bob'));
	ok(/registered/.test(bob.registered.err) && /does not hold the new key yet/.test(bob.registered.err), 'a registration that is not logged yet says so');
	expect(await bob.run('send', alice.name, 'x'), 3, 'and can\'t send', 'err', /does not hold your key yet/);
	expect(await alice.run('send', bob.name, 'x'), 1, 'nor be written to');
	gateway.slow = false;
	expect(await bob.run('send', alice.name, 'x'), 0, 'until it is logged');
	gateway.slow = true;
	expect(await bob.run('rotate'), 3, 'a rotation that is not logged', 'err', /does not hold it yet\nhint: Run e2emsg rotate --home \S+ again/);
	ok(gateway.requests.filter((line) => line.startsWith('PUT')).length >= 3, 'is asked for a few times');
	expect(await bob.run('keys'), 0, 'and is not announced yet', 'out', /2 .* unannounced/);
	expect(await signIn(bob), 0, 'which is no contradiction');
	gateway.slow = false;
	expect(await bob.run('rotate'), 0, 'rotating again finishes it', 'out', /^2\n$/);
	ok(gateway.users.get(bob.name).keys.length === 2, 'without a third key');
	expect(await bob.run('read'), 0, 'mail is read');
	expect(await bob.run('keys', 'forget', '1'), 0, 'and the old key can go, for its last mail is known');
});
await story(async (scene, gateway) => {
	gateway.slow = true;
	const bob = await scene.newUser(scene.fresh('bob'));
	ok(/registered/.test(bob.registered.err) && /can't be looked at now/.test(bob.registered.err), 'the first user of a log that has no checkpoint');
	gateway.slow = false;
	expect(await signIn(bob), 0, 'pins it later');
	ok(kept(bob).number === 1, 'and checks its history');
	gateway.slow = true;
	gateway.after = spoil(/^PUT/, () => 'hang up');
	expect(await bob.run('rotate'), 3, 'a rotation whose answer is lost');
	gateway.behave();
	expect(await bob.run('rotate'), 0, 'while the old key is served', 'out', /^2\n$/);
	ok(kept(bob).number === 2, 'ends well');
});

// ---- keys that are not in the log, or not like this

const foreign = await makeEncryptionKey();

async function keyLie(what, lie, pattern) {
	await story(async (scene, gateway) => {
		const alice = await scene.newUser(scene.fresh('alice'));
		const bob = await scene.newUser(scene.fresh('bob'));
		const other = await scene.newUser(scene.fresh('other'));
		gateway.after = spoil(KEY, (reply) => lie(reply, gateway, gateway.users.get(other.name), gateway.users.get(bob.name)));
		expect(await alice.run('send', bob.name, 'secret'), 5, `${what}: refused`, 'err', pattern);
		ok(gateway.users.get(bob.name).mail.length === 0, `${what}: nothing is sent`);
		ok(kept(alice).problem === undefined, `${what}: each time, not for good`);
		gateway.behave();
		expect(await alice.run('send', bob.name, 'later'), 0, `${what}: a true key is taken`);
	});
}

const withLog = (change) => (reply, ...rest) => changed(reply, { log: { ...reply.body.log, ...change(reply.body.log, ...rest) } });

await keyLie('the entry of another user', withLog((log, gateway, other) => gateway.proof(other).log), /another user/);
await keyLie('an entry that is not in the log', (reply) => {
	const entry = Buffer.from(reply.body.log.entry, 'base64url');
	entry[376] ^= 1; // in the time
	return withLog(() => ({ entry: b64(entry) }))(reply);
}, /not in the key log/);
await keyLie('the entry of another key', (reply) => {
	const entry = Buffer.from(reply.body.log.entry, 'base64url');
	entry[121] ^= 1; // in the thumbprint
	return withLog(() => ({ entry: b64(entry) }))(reply);
}, /the key log has another key/);
await keyLie('an altered proof', withLog(({ proof }) => ({ proof: flip(proof) })), /not in the key log/);
await keyLie('a proof that is cut off', withLog(({ proof }) => ({ proof: b64(Buffer.from(proof, 'base64url').subarray(32)) })), /not in the key log/);
await keyLie('a proof of half a hash', withLog(() => ({ proof: b64(Buffer.alloc(48)) })), /not a proof/);
await keyLie('a proof of a megabyte', withLog(() => ({ proof: 'A'.repeat(1 << 20) })), /not a proof/);
await keyLie('another leaf', withLog(({ index }) => ({ index: index + 1 })), /not in the key log/);
await keyLie('a leaf past the end', withLog(({ size }) => ({ index: size })), /not in the key log/);
await keyLie('a negative leaf', withLog(() => ({ index: -1 })), /not a proof/);
await keyLie('another size', withLog(({ size }) => ({ size: size - 1 })), /another size/);
await keyLie('a size that is a fraction', withLog(({ size }) => ({ size: size + 0.5 })), /not a proof/);
await keyLie('a size of 2^63 - 1', (reply) => ({ ...reply, text: JSON.stringify(reply.body).replace(/"size":\d+/, '"size":9223372036854775807') }), /another size/);
await keyLie('a note of a megabyte', withLog(({ checkpoint }) => ({ checkpoint: checkpoint + 'x'.repeat(1 << 20) })), /not a proof/);
await keyLie('an altered root', withLog(({ checkpoint }) => ({ checkpoint: checkpoint.replace(/\n(.)([^\n]*)\n\n/, (all, first, rest) => `\n${first === 'A' ? 'B' : 'A'}${rest}\n\n`) })), /signature is wrong/);
await keyLie('a checkpoint signed by another key', withLog((log, { log: { signed, tree } }) => ({ checkpoint: new NoteKey('msg.test/log').checkpoint(signed, tree.root()) })), /did not sign/);
await keyLie('a checkpoint for another origin', withLog((log, { log: { key, signed, tree } }) => ({ checkpoint: key.checkpoint(signed, tree.root(), 'other.test/log') })), /malformed/);
await keyLie('a member "log" that is a text', (reply) => changed(reply, { log: 'x' }), /not a proof/);
await keyLie('a key that was not logged', (reply) => changed(reply, {
	publicKey: foreign.jwk, thumbprint: thumbprint(foreign.jwk), identityKey: null, signature: null }), /the key log has another key/);
await story(async (scene, gateway) => {
	const alice = await scene.newUser(scene.fresh('alice'));
	const bob = await scene.newUser(scene.fresh('bob'));
	gateway.after = spoil(KEY, (reply) => ({ ...reply, text: JSON.stringify(reply.body).replace(/"size":\d+/, '"size":9223372036854775808') }));
	expect(await alice.run('send', bob.name, 'x'), 1, 'a size of 2^63 is no number');
	gateway.behave();
	await bob.run('send', alice.name, 'held back');
	gateway.after = spoil(KEY, withLog(({ proof }) => ({ proof: flip(proof) })));
	expect(await alice.run('read'), 5, 'mail under a key that is not logged', 'out', /NOT OPENED: .*not in the key log/);
	gateway.behave();
	expect(await alice.run('read', '--retry'), 0, 'opens when the key is', 'out', /held back/);
});
await story(async (scene, gateway) => {
	const { alice, bob, bobThere } = await scene.pair();
	await bob.run('rotate');
	const current = changed({ body: gateway.keyObject(bobThere) }, {}).body;
	gateway.before = (asked) => (asked.method === 'POST' && asked.path === '/messages'
		? { status: 409, body: { code: 'stale_key_version', current: { ...current, log: { ...current.log, proof: flip(current.log.proof) } } } } : undefined);
	expect(await alice.run('send', bob.name, 'x'), 5, 'a key in a refusal is checked, too', 'err', /not in the key log/);
	gateway.behave();
	expect(await alice.run('send', '--retry'), 0, 'and what waits is sent later');
});

// ---- rewound, forked, vanished

await story(async (scene, gateway) => {
	const { alice, bob } = await scene.pair();
	const shorter = gateway.log.fork(4);
	shorter.sign();
	gateway.log.publish();
	await alice.run('log');
	gateway.log = shorter;
	const seen = await alice.run('log');
	expect(seen, 5, 'a rewound log', 'err', /went back to 4 entries, which do not lead to the 5 seen before/);
	ok(/problem +the key log went back/.test(seen.out), 'a rewound log: log shows it');
	await isStopped(alice, bob, /went back to 4 entries/, 'a rewound log');
	expect(await alice.run('log', 'accept'), 2, 'a rewound log: log accept asks', 'err', /pinned: msg\.test\/log \(key [0-9a-f]{8}\), 5 entries[^]*now: .*, 4 entries/);
	expect(await alice.type('n\n', 'log', 'accept'), 5, 'a rewound log: and takes a no', 'out', /nothing was accepted/);
	expect(await alice.type('y\n', 'log', 'accept'), 0, 'a rewound log: and a yes', 'out', /accepted/);
	expect(await alice.run('send', bob.name, 'x'), 0, 'a rewound log: sending goes on');
});
await story(async (scene, gateway) => {
	const { alice, bob } = await scene.pair();
	await alice.run('log');
	const other = gateway.log.fork(3);
	other.endRound(77);
	other.sign();
	gateway.log = other;
	expect(await alice.run('log'), 5, 'a fork of the same size', 'err', /signed two different key logs of 4 entries/);
	await isStopped(alice, bob, /two different key logs of 4/, 'a fork of the same size');
	await heals(alice, bob, 'a fork of the same size');
});
await story(async (scene, gateway) => {
	const { alice, bob } = await scene.pair();
	const other = gateway.log.fork(3);
	other.endRound(77);
	other.publish();
	const honest = gateway.log;
	gateway.after = spoil(/key-log|key-rotations|public-key/, (reply, asked) => other.reply(asked.path, asked.query) ?? reply);
	expect(await alice.run('log'), 5, 'a larger log that is another one', 'err', /of 5 entries that does not continue the 4 seen before/);
	gateway.behave();
	await isStopped(alice, bob, /does not continue the 4/, 'a larger log that is another one');
	ok(gateway.log === honest && kept(alice).checkpoint === honest.checkpoint, 'a larger log that is another one: the pin stays');
	await heals(alice, bob, 'a larger log that is another one');
});
await story(async (scene, gateway) => {
	const { alice, bob } = await scene.pair();
	await bob.run('rotate');
	gateway.after = spoil(CONSISTENCY, (reply) => changed(reply, { proof: flip(reply.body.proof) }));
	expect(await alice.run('log'), 5, 'a wrong proof of consistency', 'err', /does not continue/);
	gateway.after = spoil(CONSISTENCY, (reply) => changed(reply, { proof: 'A'.repeat(1 << 20) }));
	expect(await alice.run('log'), 1, 'one of a megabyte', 'err', /not the proof/);
	gateway.after = spoil(CONSISTENCY, () => ({ status: 404, body: { code: 'not_in_log' } }));
	expect(await alice.run('log'), 5, 'none at all', 'err', /does not continue/);
	gateway.behave();
	expect(await alice.run('log'), 5, 'a problem stays', 'err', /nothing is sent: .*does not continue/);
	await heals(alice, bob, 'a wrong proof');
});
await story(async (scene, gateway) => {
	const { alice, bob } = await scene.pair();
	gateway.after = spoil(VIEW, keyLogOff);
	expect(await alice.run('log'), 5, 'a log that vanished', 'err', /shows no key log any more; msg\.test\/log .* had 4 entries/);
	gateway.behave();
	gateway.log = undefined;
	await isStopped(alice, bob, /no key log any more/, 'a log that vanished');
	expect(await alice.run('log', 'accept', '--yes'), 0, 'a log that vanished: log accept', 'err', /accepted/);
	ok(kept(alice).verifier === undefined && kept(alice).former.length === 1, 'a log that vanished: nothing is pinned any more');
	expect(await alice.run('send', bob.name, 'x'), 0, 'a log that vanished: sending goes on');
});
await story(async (scene, gateway) => {
	const { alice, bob } = await scene.pair();
	const carol = await scene.newUser(scene.fresh('carol'));
	gateway.after = spoil(KEY, (reply) => changed(reply, { log: undefined }));
	expect(await alice.run('send', carol.name, 'x'), 5, 'a key without proof, where proofs were given', 'err', /shows no key log any more/);
	gateway.behave();
	await isStopped(alice, bob, /no key log any more/, 'a key without proof');
	await heals(alice, bob, 'a key without proof');
	gateway.after = spoil(HISTORY, (reply) => changed(reply, { log: undefined }));
	expect(await signIn(bob), 5, 'a history without proof', 'err', /shows no key log any more/);
});

await story(async (scene, gateway) => {
	const { alice, bob } = await scene.pair();
	await bob.run('send', alice.name, 'before');
	gateway.log.publish();
	await alice.run('log');
	gateway.after = spoil(/\/key-log/, keyLogOff);
	expect(await alice.run('read'), 5, 'a log that was turned off, before the head of a message was compared', 'out', /before\n[^]*KEY LOG: .* no key log any more/);
	await isStopped(alice, bob, /shows no key log any more/, 'a log that was turned off');
	await alice.run('verify', bob.name, '--confirm');
	await heals(alice, bob, 'a log that was turned off');
	await bob.run('send', alice.name, 'still there?');
	expect(await alice.run('read'), 0, 'whose heads say nothing any more', 'out', /still there\?\n$/);
	await alice.run('send', bob.name, 'no');
	gateway.behave();
	expect(await alice.run('log'), 0, 'until it is back');
	const other = gateway.log.fork(gateway.log.rows.length - 1);
	other.endRound(70);
	other.sign();
	const carol = await gateway.addByHand(scene.fresh('carol'));
	gateway.deliver(gateway.users.get(alice.name), carol.there, await sealHead(carol.mine, carol.there, gateway.users.get(alice.name), 'and forks', other.head()));
	expect(await alice.run('read'), 5, 'and then they do', 'err', /carol\d saw a/);
});

// ---- the account's own history

async function historyLie(what, lie, pattern, heal = true) {
	await story(async (scene, gateway) => {
		const { alice, bob, aliceThere } = await scene.pair();
		if (heal) await alice.run('rotate');
		await lie(gateway, aliceThere, alice);
		expect(await signIn(alice), 5, `${what}: found at sign-in`, 'err', pattern);
		await isStopped(alice, bob, pattern, what);
		if (heal) gateway.behave();
		else expect(await alice.run('log', 'accept', '--yes'), 5, `${what}: no yes heals it`, 'err', /no yes heals/);
		if (heal) await heals(alice, bob, what, /2 entries of yours in it are right/);
	});
}

await historyLie('the history without the newest rotation', (gateway, { id }, alice) => {
	rmSync(fileOf(alice, 'log.json'));
	const row = gateway.log.rowsOf(id)[0];
	gateway.after = spoil(HISTORY, () => ({ status: 200, body: { rotations: [gateway.log.rotation(row)], log: gateway.log.member(row) } }));
}, /ends with key version 1: the server dropped version 2/);
await historyLie('the history without what was seen', (gateway) => {
	gateway.after = spoil(HISTORY, () => ({ status: 200, body: { rotations: [] } }));
}, /entry 2 of your history, which was seen before, is no longer/);
await historyLie('the history with another entry in the place of one seen', (gateway, { id }) => {
	const [row] = gateway.log.rowsOf(id);
	gateway.after = spoil(HISTORY, () => ({ status: 200, body: { rotations: [gateway.log.rotation(row)], log: gateway.log.member(row) } }));
}, /entry 2 of your history in the key log is not the one that was seen before/);
await historyLie('the history without its beginning', (gateway, { id }, alice) => {
	rmSync(fileOf(alice, 'log.json'));
	gateway.after = spoil(HISTORY, () => ({ status: 200, body: gateway.log.rotations(id, 2) }));
}, /does not have the next number/);
await historyLie('the history with swapped leaves', (gateway, { id }, alice) => {
	rmSync(fileOf(alice, 'log.json'));
	const { rotations, log } = gateway.log.rotations(id);
	gateway.after = spoil(HISTORY, () => ({ status: 200, body: { rotations: rotations.reverse(), log } }));
}, /follows entry 0, number 2 .* does not have the next number/);
await historyLie('the history with the proof of another leaf', (gateway, { id }) => {
	const [row] = gateway.log.rowsOf(id);
	gateway.after = spoil(HISTORY, (reply) => changed(reply, { log: gateway.log.member(row) }));
}, /gives no proof for entry 2/);
await historyLie('the history with a wrong proof', (gateway) => {
	gateway.after = spoil(HISTORY, (reply) => changed(reply, { log: { ...reply.body.log, proof: flip(reply.body.log.proof) } }));
}, /entry 2 of your history is not in the key log/);

// What stands in the log for everybody can't be taken back.
const append = (more) => (gateway, { id, username, keys }) => {
	const last = gateway.log.newest(id);
	gateway.log.add({ ...last.fields, time: Date.now(), previousEntry: last.leafHash, username, event: 'rotated',
		keyVersion: 2, thumbprint: thumbprint(foreign.jwk), previousThumbprint: thumbprint(keys[0].jwk), ...more, number: last.fields.number + 1 });
	gateway.log.publish();
};
await historyLie('a version that was never made', append({}), /number 2 with key version 2 of alice1, has a key version that was not made here/, false);
await historyLie('an identity that was replaced', append({ event: 'identity_reset', keyVersion: 1, identityThumbprint: thumbprint(foreign.jwk) }), /another identity key than yours/, false);
await historyLie('an event that was not done', append({ event: 'identity_replaced', keyVersion: 1 }), /was not done here/, false);
await historyLie('an account that was deleted', append({ event: 'deleted', keyVersion: 1 }), /was not done here/, false);
await historyLie('an entry that links to nothing', append({ previousEntry: Buffer.alloc(32) }), /does not link to the one before/, false);
await story(async (scene, gateway) => {
	const { alice, bob, aliceThere } = await scene.pair();
	await alice.run('rotate');
	rmSync(fileOf(alice, 'log.json'));
	const rows = gateway.log.rowsOf(aliceThere.id);
	const swapped = gateway.log.fork(0);
	for (const row of gateway.log.rows) swapped.push(row.entry, row.fields && { fields: row.fields });
	swapped.tree.levels = [[...swapped.tree.levels[0]]];
	[swapped.tree.levels[0][0], swapped.tree.levels[0][2]] = [swapped.tree.levels[0][2], swapped.tree.levels[0][0]];
	swapped.sign();
	gateway.log = swapped;
	ok(rows.length === 2, 'leaves that change places');
	expect(await bob.run('log'), 5, 'are another log', 'err', /two different|does not continue/);
});
await story(async (scene, gateway) => {
	const { alice } = await scene.pair();
	for (const [what, body] of Object.entries({ 'no rows': {}, 'rows that are a text': { rotations: 'x' },
		'too many rows': { rotations: Array(501).fill({}) } })) {
		gateway.after = spoil(HISTORY, () => ({ status: 200, body }));
		expect(await signIn(alice), 1, `a history with ${what}`, 'err', /not a history/);
		ok(!existsSync(fileOf(alice, 'token.json')), 'is no sign-in');
	}
	gateway.after = spoil(HISTORY, () => ({ status: 200, body: { rotations: [null, 7, {}] } }));
	expect(await signIn(alice), 5, 'a history with rows that are none', 'err', /not the one that was seen/);
	gateway.after = spoil(HISTORY, () => ({ status: 503, body: { code: 'not_logged', title: 'x' } }));
	expect(await signIn(alice), 3, 'a history that is withheld');
	ok(existsSync(fileOf(alice, 'token.json')), 'stops nothing more when sending is stopped');
	rmSync(fileOf(alice, 'log.json'));
	expect(await signIn(alice), 3, 'or a history that was never seen');
	ok(!existsSync(fileOf(alice, 'token.json')), 'is no sign-in');
	let asked = 0;
	gateway.after = spoil(HISTORY, () => { asked++; return { status: 401, body: { code: 'invalid_token' } }; });
	const round = await signIn(alice);
	ok(round.code !== 0 && asked < 5, 'a server that asks for a token for ever gets none', `exit ${round.code}, ${asked} times`);
});

// ---- another log after a restored backup

const restart = (log, options) => {
	const other = log.fork(log.rows.length, new NoteKey('msg.test/log2'));
	if (options.vouched) other.succeed(log);
	other.publish();
	return other;
};

for (const vouched of [true, false]) {
	const what = vouched ? 'a new log that is vouched for' : 'a new log that nobody vouches for';
	const pattern = vouched
		? /operator started a new key log, msg\.test\/log2 .*, and says so by the key of msg\.test\/log .*: that ended at 6 entries \(6 were seen here\), the new one begins with 6/
		: /another key log, msg\.test\/log2 \(key [0-9a-f]{8}\), than msg\.test\/log \(key [0-9a-f]{8}\), and nobody vouches/;
	await story(async (scene, gateway) => {
		const { alice, bob } = await scene.pair();
		const carol = await scene.newUser(scene.fresh('carol'));
		await alice.run('log');
		const { keyId } = gateway.log.key;
		gateway.log = restart(gateway.log, { vouched });
		expect(await alice.run('send', carol.name, 'x'), 5, `${what}: is named`, 'err', pattern);
		await isStopped(alice, bob, pattern, what);
		await bob.run('send', alice.name, 'still in the old log');
		await heals(alice, bob, what, vouched ? /operator started[^]*pinned: msg\.test\/log [^]*now: msg\.test\/log2 / : /nobody vouches[^]*now: msg\.test\/log2 /);
		ok(kept(alice).former[0].keyId === b64(keyId), `${what}: the old one is remembered as left`);
		expect(await alice.run('read'), 0, `${what}: and a peer who did not follow yet is read`, 'out', /still in the old log\n$/);
		expect(await bob.run('read'), 5, `${what}: who learns of it from the next message`, 'out', vouched ? /KEY LOG: the operator started/ : /KEY LOG: the server shows another key log/);
		await heals(bob, alice, `${what}, the peer`);
	});
}
await story(async (scene, gateway) => {
	const { alice, bob } = await scene.pair();
	const first = gateway.log;
	const second = restart(first, { vouched: true });
	gateway.log = restart(second, { vouched: true });
	expect(await alice.run('log'), 5, 'a chain of successions leads to the newest log', 'err', /operator started a new key log/);
	const forged = new NoteKey('msg.test/log');
	gateway.log.successions = [forged.succession(gateway.log.key.verifier, { size: 1, root: Buffer.alloc(32) }, { size: 1, root: Buffer.alloc(32) })];
	expect(await bob.run('log'), 5, 'one that the old key did not sign does not', 'err', /nobody vouches/);
	const carol = await scene.newUser(scene.fresh('carol'));
	for (const [shape, successions, code] of [['10,000 successions', Array(10000).fill('x'), 1], ['a succession of a megabyte', ['x'.repeat(1 << 20)], 1],
		['successions that are numbers', [1, 2], 1], ['successions that are rubbish', Array(64).fill('rubbish\n\n\u2014 x y\n'), 0]]) {
		gateway.after = spoil(VIEW, (reply) => changed(reply, { successions }));
		expect(await carol.run('log'), code, shape);
	}
	for (const [shape, view] of [['a verifier that is none', { verifier: 'msg.test/log+00000000+AAAA' }], ['a checkpoint that is none', { checkpoint: 'x' }]]) {
		gateway.after = spoil(VIEW, (reply) => changed(reply, view));
		expect(await carol.run('log'), 5, shape);
		const refused = await scene.client(scene.newHome(), 'register', scene.fresh('dora'));
		expect(refused, 5, `${shape}: a registration is made, and the log refused`, 'err', /registered[^]*not signed by the key that it names/);
	}
});
await story(async (scene, gateway) => {
	const { alice, bob, aliceThere } = await scene.pair();
	await alice.run('rotate');
	const old = gateway.log;
	const lost = new KeyLog('msg.test', new NoteKey('msg.test/log2'));
	for (const row of old.rows.slice(0, 4)) lost.push(row.entry, row);
	lost.succeed(old);
	lost.publish();
	gateway.log = lost;
	aliceThere.keys.pop();
	expect(await alice.run('log'), 5, 'a backup that lost a rotation', 'err', /operator started/);
	expect(await alice.run('log', 'accept', '--yes'), 0, 'gets it again from who made it', 'err', /lost the key versions after 1; announcing them again/);
	ok(aliceThere.keys.length === 2, 'with a yes');
	expect(await alice.run('send', bob.name, 'x'), 0, 'and all is well again');
	expect(await bob.run('log', 'accept', '--yes'), 0, 'but by others');
});

done();
