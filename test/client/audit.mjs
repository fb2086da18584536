// The auditor against an operator who cheats in every way that its rules know
// of, and against a server that sends nonsense.  Needs the built client
// (E2EMSG_CLIENT), no database.
//
//	node test/client/audit.mjs
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AuditScene, SERVICE, User, b64, endorse, endorseChange, idOf, makeIdentity, newThumbprint, sha256, spoil } from './lib/audit.mjs';
import { KeyLog, NoteKey } from './lib/key_log.mjs';
import { done, ok, program, run } from './lib/tap.mjs';

const scene = await new AuditScene().open();
const { url } = scene;
const audit = (home, ...args) => scene.audit(home, ...args);
const begin = () => scene.begin();
const newHome = () => scene.newHome();
const stateFile = (home) => join(home, '.audit', readdirSync(join(home, '.audit')).find((name) => name.startsWith('log-')));

function expect(result, code, name, pattern, where = 'out') {
	ok(result.code === code && (!pattern || pattern.test(result[where])), name,
		`exit ${result.code}\n${result.out}${result.err}`);
}

// The operator does something and signs it: the auditor names leaf, user and what is wrong, and says so ever after.
async function cheat(name, pattern, act, user = 'alice') {
	const world = begin();
	const row = act(world) ?? world.log.rows.at(-1);
	world.bob.rotate();
	world.log.publish();
	const result = await audit(world.home);
	const line = result.out.split('\n').find((text) => text.startsWith('ALARM: ') && pattern.test(text)) ?? '';
	const where = user === null ? `leaf ${row.index}: ` : `leaf ${row.index}, ${user}: `;
	ok(result.code === 5 && line.includes(where), name, `exit ${result.code}\n${result.out}${result.err}`);
}

// ---- honest logs

{
	const { log, alice, bob, home } = begin();
	expect(await audit(home), 0, 'an honest log', /msg\.test\/log: 3 entries audited, 3 of them new; 2 users, 1 round; alarms: 0/);
	ok((statSync(stateFile(home)).mode & 0o777) === 0o600 && (statSync(join(home, '.audit')).mode & 0o777) === 0o700,
		'what is remembered is for nobody else');
	scene.requests = [];
	expect(await audit(home), 0, 'again: nothing is new', /3 entries audited, 0 of them new/);
	ok(scene.requests.join() === '/key-log', 'and no entry is fetched');
	alice.rotate();
	alice.rotate();
	alice.setIdentity('identity_replaced', makeIdentity());
	alice.rotate();
	bob.rotate();
	bob.setIdentity('identity_added', makeIdentity());
	log.publish();
	expect(await audit(home), 0, 'it goes on where it was', /10 entries audited, 7 of them new; 2 users, 2 rounds/);
	alice.setIdentity('identity_reset', makeIdentity());
	log.publish();
	const reset = await audit(home);
	expect(reset, 0, 'a reset is no alarm', /alarms: 0/);
	ok(/leaf 10, alice: .*reset/.test(reset.err), 'but remarked', reset.err);
	bob.add('deleted');
	log.publish();
	const deleted = await audit(home, '--json');
	const summary = JSON.parse(deleted.out);
	ok(deleted.code === 0 && summary.size === 14 && summary.users === 2 && summary.taken === 2 && summary.rounds === 4 &&
		summary.origin === 'msg.test/log' && summary.verifier === log.key.verifier && summary.server === url &&
		summary.root === b64(log.tree.root()) && summary.alarmCount === 0 && summary.alarms.length === 0 &&
		summary.remarkCount === 1 && summary.remarks[0].leaf === 12 && summary.remarks[0].user === 'bob',
	'--json: one object, with a deletion remarked', deleted.out);
	expect(await audit(newHome()), 0, 'a newcomer comes to the same', /14 entries audited, 14 of them new/);
	expect(await audit(newHome(), '--verifier', log.key.verifier), 0, 'one who knows the verifier, too');
	expect(await run(['audit', '--home', home]), 2, 'without a server it says so', /--server/, 'err');
	expect(await audit(home, '--follow', '0'), 2, '--follow takes a number from 1', /0 is not a number/, 'err');
	expect(await audit(home, 'alice'), 2, 'no argument', undefined, 'err');
}
{
	const { log, home } = begin();
	for (let i = 0; i < 2500; i++) log.endRound();
	log.publish();
	scene.requests = [];
	expect(await audit(home), 0, 'a log of several pages', /2504 entries audited/);
	ok(scene.requests.filter((path) => path === '/key-log/entries').length === 3, 'of a thousand each');
}
{
	const { log, home } = begin();
	log.signed = 0;
	log.checkpoint = log.key.checkpoint(0, log.tree.root(0));
	expect(await audit(home), 0, 'an empty log', /0 entries audited/);
	scene.shown = new KeyLog(SERVICE);
	scene.shown.publish();
	expect(await audit(home), 5, 'pins its verifier all the same', /another key log/);
}

// ---- follow

{
	const { log, alice, home } = begin();
	const child = spawn(program, ['audit', '--home', home, '--server', url, '--follow', '1', '--json'], { env: { PATH: process.env.PATH } });
	let out = '';
	const ended = new Promise((resolve) => child.on('close', resolve));
	let look = () => {};
	child.stdout.on('data', (data) => { out += data; look(); });
	const seen = (pattern) => new Promise((resolve) => {
		look = () => { if (pattern.test(out)) resolve(); };
		look();
	});
	await seen(/"size":3,/);
	alice.rotate();
	log.publish();
	await seen(/"size":5,/);
	ok(true, '--follow sees what is new');
	alice.rotate({ signature: b64(Buffer.alloc(64, 1)) });
	log.publish();
	ok(await ended === 5, 'and ends at an alarm', out);
	ok(out.trim().split('\n').length === 3, 'having said no more than that', out);
}

// ---- the operator cheats

await cheat('a number left out', /number is not the next/, ({ alice }) => alice.rotate({ number: 3 }));
await cheat('a number twice', /number is not the next/, ({ alice }) => alice.rotate({ number: 1 }));
await cheat('a broken link', /leaf hash of the entry before/, ({ alice }) => alice.rotate({ previousEntry: sha256('x') }));
await cheat('a fork of a user\'s history', /leaf hash of the entry before/, ({ log, alice }) => {
	alice.rotate();
	alice.rotate();
	return log.add({ ...alice.state(), event: 'rotated', number: 3 }, alice.identity.jwk, log.rows[0]);
});
await cheat('a first entry that is no registration', /not a registration/,
	({ log }) => new User(log, 'carol', makeIdentity()).add('identity_reset'), 'carol');
await cheat('a first version 2', /another version than 1/, ({ log }) => {
	const carol = new User(log, 'carol');
	Object.assign(carol, { keyVersion: 2, previousThumbprint: newThumbprint() });
	return carol.register();
}, 'carol');
await cheat('a second registration', /registered before/, ({ alice }) => alice.register());
await cheat('a version left out', /version is not the next/, ({ alice }) => {
	alice.keyVersion++;
	return alice.rotate();
});
await cheat('a version that goes back', /version is not the next/, ({ alice }) => {
	alice.rotate();
	alice.keyVersion -= 2;
	return alice.rotate();
});
await cheat('another previous thumbprint', /previous thumbprint/, ({ alice }) => {
	alice.thumbprint = newThumbprint();
	return alice.rotate();
});
await cheat('a key swapped under an identity event', /encryption key changed/, ({ alice }) => {
	alice.thumbprint = newThumbprint();
	return alice.setIdentity('identity_reset', makeIdentity());
});
await cheat('a version raised by an identity event', /version changed/, ({ alice }) => {
	Object.assign(alice, { previousThumbprint: alice.thumbprint, thumbprint: newThumbprint(), keyVersion: 2 });
	return alice.setIdentity('identity_replaced', makeIdentity());
});
await cheat('an identity swapped in a rotation', /identity key changed without/, ({ alice }) => {
	alice.identity = makeIdentity();
	return alice.rotate();
});
await cheat('an identity dropped in a rotation', /identity key changed without/, ({ alice }) => {
	alice.identity = undefined;
	return alice.rotate();
});
await cheat('an identity added to a signed user', /where there was one/, ({ alice }) => alice.setIdentity('identity_added', makeIdentity()));
await cheat('a replacement without endorsement', /did not endorse/,
	({ alice }) => alice.setIdentity('identity_replaced', makeIdentity(), { endorsement: undefined }));
await cheat('a replacement endorsed by the new key itself', /did not endorse/, ({ alice }) => {
	const fresh = makeIdentity();
	const forged = endorseChange({ ...fresh, thumbprint: alice.identity.thumbprint }, 'alice', fresh);
	return alice.setIdentity('identity_replaced', fresh, { endorsement: forged });
});
await cheat('a replacement where there was nothing', /replaces no identity key/, ({ bob }) => {
	bob.identity = makeIdentity();
	return bob.setIdentity('identity_replaced', makeIdentity());
}, 'bob');
await cheat('a key that its owner did not sign', /signature is not that/, ({ alice }) =>
	alice.rotate({ signature: endorse(makeIdentity(), { ...alice.state(), keyVersion: 2 }) }));
await cheat('no signature of a signed user', /signature is not that/, ({ alice }) => alice.rotate({ signature: undefined }));
await cheat('an old signature again', /signature is not that/, ({ alice }) => alice.rotate({ signature: alice.state().signature }));
await cheat('a signature of an unsigned user', /signature but no identity/,
	({ bob }) => bob.rotate({ signature: b64(Buffer.alloc(64, 7)) }), 'bob');
await cheat('the identity key kept back', /names is withheld/, ({ alice }) => alice.rotate({}, null));
await cheat('another identity key given', /not the one it names/, ({ alice }) => alice.rotate({}, makeIdentity().jwk));
await cheat('a name given to another user', /belongs to another user id/, ({ log }) => {
	const twin = new User(log, 'alice', makeIdentity());
	twin.userId = idOf('twin');
	return twin.register();
});
await cheat('a user who changes the name', /another name/, ({ alice }) => {
	alice.username = 'malice';
	return alice.rotate();
}, 'malice');
await cheat('life after deletion', /deleted before/, ({ alice }) => {
	alice.add('deleted');
	return alice.rotate();
});
await cheat('a deletion of somebody who never was', /first entry is not a registration/,
	({ log }) => new User(log, 'carol').add('deleted', { number: 3 }), 'carol');
await cheat('a round left out', /ends round 3, after round 1/, ({ log }) => log.endRound(3), null);
await cheat('a round twice', /ends round 1, after round 1/, ({ log }) => log.endRound(1), null);
await cheat('an entry of another service', /another service/, ({ log }) => {
	const other = new KeyLog('other.test');
	return log.push(other.endRound().entry);
}, null);
await cheat('bytes that are no entry', /not an entry/, ({ log }) => log.push(Buffer.from('hello')), null);
await cheat('an entry cut off', /not an entry/, ({ log, alice }) => log.push(alice.rotate().entry.subarray(0, 384)), null);

{
	const { log, alice, bob, home } = begin();
	alice.rotate({ number: 9 });
	bob.rotate({ signature: b64(Buffer.alloc(64, 7)) });
	log.publish();
	const both = JSON.parse((await audit(home, '--json')).out);
	ok(both.alarmCount === 2 && both.alarms[0].user === 'alice' && both.alarms[0].leaf === 3 &&
		both.alarms[1].user === 'bob' && both.size === 6, 'all alarms are found, and the end of the log', JSON.stringify(both));
	bob.rotate();
	log.publish();
	expect(await audit(home), 5, 'an alarm of old is said for good', /leaf 3, alice[^]*leaf 4, bob[^]*alarms: 2/);
	scene.lie = () => 'hang up';
	expect(await audit(home), 5, 'even when the server is away', /not in order: 2 alarms/, 'err');
}
{
	const { log, home } = begin();
	for (let i = 0; i < 1100; i++) log.push(Buffer.from('x'));
	log.publish();
	const many = JSON.parse((await audit(home, '--json')).out);
	ok(many.alarmCount === 1100 && many.alarms.length === 1000, 'a thousand alarms are kept, the rest counted');
}

// ---- withheld entries

{
	const { log, alice, home } = begin();
	const row = alice.rotate();
	log.publish();
	row.gone = true;
	expect(await audit(home), 5, 'a withheld entry', /leaf 3: the entry is withheld/);
	alice.add('deleted');
	log.publish();
	expect(await audit(home), 5, 'which no later deletion explains', /is withheld/);
}

// ---- the operator rewrites

{
	const { log, bob, home } = begin();
	bob.rotate();
	log.publish();
	await audit(home);
	scene.shown = log.fork(3);
	scene.shown.sign();
	expect(await audit(home), 5, 'a log that became smaller', /has 3 entries and had 5 before/);
	scene.shown = log;
	expect(await audit(home), 5, 'is remembered when all is well again', /had 5 before/);
}
{
	const { log, bob, home } = begin();
	const other = log.fork(2);
	await audit(home);
	bob.log = other;
	bob.rotate();
	other.sign();
	scene.shown = other;
	expect(await audit(home), 5, 'another log of the same size', /another root than the signed one/);
	other.publish();
	expect(await audit(home), 5, 'another one that is larger', /the 4 entries have another root/);
	scene.shown = log;
	log.publish();
	expect(await audit(home), 5, 'the true log is still followed', /4 entries audited, 1 of them new/);
}
{
	const { log, home } = begin();
	scene.lie = spoil('/key-log/entries', (body) => { body.entries[1].entry = body.entries[0].entry; return body; });
	expect(await audit(home), 5, 'entries that are not those of the tree', /3 entries have another root/);
	scene.behave();
	expect(await audit(home), 5, 'none of them is kept', /3 entries audited, 3 of them new/);
	void log;
}

// ---- notes

{
	const { log, home } = begin();
	await audit(home);
	const other = new NoteKey('msg.test/log');
	const said = (checkpoint, verifier = log.key.verifier) => spoil('/key-log', (body) => ({ ...body, checkpoint, verifier }));
	const root = log.tree.root();
	const tries = [
		['a checkpoint signed by another key of that name', said(other.checkpoint(3, root)), /not signed by the key/],
		['a forged signature', said(log.checkpoint.replace('\n3\n', '\n4\n')), /wrong signature/],
		['a checkpoint of another origin', said(log.key.checkpoint(3, root, 'other.test/log')), /another log/],
		['a checkpoint that is none', said('hello'), /malformed/],
		['another key', said(other.checkpoint(3, root), other.verifier), /another key log/],
		['no verifier', said(log.checkpoint, 'hello'), /no verifier/],
	];
	for (const [name, liar, pattern] of tries) {
		scene.lie = liar;
		const own = newHome();
		scene.behave();
		await audit(own);
		scene.lie = liar;
		expect(await audit(own), 5, name, pattern);
	}
	scene.behave();
	expect(await audit(newHome(), '--verifier', other.verifier), 5, 'a log of another verifier than the one given', /another key log/);
	const pinned = newHome();
	await audit(pinned, '--verifier', other.verifier);
	expect(await audit(pinned), 5, 'which stays pinned', /another key log/);
	expect(await audit(home, '--verifier', other.verifier), 2, 'another verifier than the pinned one', /another verifier/, 'err');
	expect(await audit(home, '--verifier', 'hello'), 2, 'a text that is none', undefined, 'err');
	scene.shown = undefined;
	expect(await audit(newHome()), 1, 'a server without a log', /keeps no key log/, 'err');
	expect(await audit(home), 5, 'a log that vanished', /keeps no key log/);
}

// ---- succession

// A backup from before the last round is restored: the new log begins with what it has.
function restore({ log, bob }, size = 3) {
	const before = bob.state();
	bob.rotate();
	log.publish();
	const next = log.fork(size, new NoteKey('msg.test/log2'));
	return { next, before };
}
{
	const world = begin();
	const { next } = restore(world);
	await audit(world.home);
	next.succeed(world.log);
	next.publish();
	scene.shown = next;
	const followed = await audit(world.home);
	expect(followed, 0, 'a new log that the old key vouches for', /msg\.test\/log2: 4 entries audited, 4 of them new/);
	ok(/started a new key log, msg\.test\/log2/.test(followed.err), 'is remarked', followed.err);
	const third = next.fork(4, new NoteKey('msg.test/log3'));
	third.succeed(next);
	third.publish();
	scene.shown = third;
	expect(await audit(world.home), 0, 'and the one after it', /log3/);
	scene.shown = world.log;
	expect(await audit(world.home), 5, 'there is no way back', /another key log/);
}

// A service that began anew, without its data: that is an alarm, whose file whoever knows better puts away.
{
	const { home } = begin();
	expect(await audit(home), 0, 'a log');
	begin();
	const anew = await audit(home);
	expect(anew, 5, 'is not the one that the server shows later', /ALARM: .*another key log/);
	const [, kept] = /1 alarm, kept in (\S+)\n/.exec(anew.err) ?? [];
	ok(kept === stateFile(home) && /^hint: Ask the operator; .* Only if you know by another way .* put that file away/m.test(anew.err),
		'it names its file, and what to do when the service is known to have begun anew', anew.err);
	expect(await audit(home), 5, 'the alarm stays', /another key log/);
	rmSync(stateFile(home));
	expect(await audit(home), 0, 'until the file is gone', /alarms: 0/);
}
{
	const world = begin();
	await audit(world.home);
	const { next } = restore(world);
	const third = next.fork(3, new NoteKey('msg.test/log3'));
	next.succeed(world.log);
	next.publish();
	third.succeed(next);
	third.publish();
	scene.shown = third;
	expect(await audit(world.home), 0, 'two successions at once', /log3: 4 entries/);
}
{
	const world = begin();
	const { next } = restore(world);
	await audit(world.home);
	const end = { size: 3, root: world.log.tree.root(3) };
	next.successions = [world.log.key.succession(next.key.verifier, end, end)];
	next.publish();
	scene.shown = next;
	expect(await audit(world.home), 5, 'a succession that hides entries of the old log', /ended with 3 entries, but 5 were signed/);
}
{
	const world = begin();
	await audit(world.home);
	const { next } = restore(world);
	const begins = { size: 3, root: sha256('x') };
	next.successions = [world.log.key.succession(next.key.verifier, { size: 3, root: sha256('y') }, begins)];
	next.publish();
	scene.shown = next;
	expect(await audit(world.home), 5, 'a succession with other roots',
		/ended with another root[^]*does not begin with the 3 entries/);
}
{
	const world = begin();
	await audit(world.home);
	const { next } = restore(world);
	next.succeed(world.log);
	next.successions = next.successions.map((note) => note.replace('\n3 ', '\n2 '));
	next.publish();
	scene.shown = next;
	expect(await audit(world.home), 5, 'a succession note that was changed', /another key log/);
}

// ---- nonsense

{
	const { home, log } = begin();
	const size = log.signed;
	const many = Array.from({ length: 1000 }, () => ({ entry: b64(log.rows[0].entry) }));
	const endless = log.key.checkpoint(2 ** 52, log.tree.root());
	const tries = [
		['a list for a view', spoil('/key-log', () => []), 1],
		['a view without a checkpoint', spoil('/key-log', ({ verifier }) => ({ verifier, successions: [] })), 1],
		['numbers for texts', spoil('/key-log', (body) => ({ ...body, checkpoint: 1 })), 1],
		['a checkpoint without end', spoil('/key-log', (body) => ({ ...body, checkpoint: 'x'.repeat(5000) })), 1],
		['successions that are none', spoil('/key-log', (body) => ({ ...body, successions: [1] })), 1],
		['a thousand successions', spoil('/key-log', (body) => ({ ...body, successions: Array(1000).fill('x') })), 1],
		['no entries', spoil('/key-log/entries', (body) => ({ ...body, entries: [] })), 1],
		['entries from elsewhere', spoil('/key-log/entries', (body) => ({ ...body, from: 1 })), 1],
		['a size of 1e300', spoil('/key-log/entries', (body) => ({ ...body, size: 1e300 })), 1],
		['more entries than asked for', spoil('/key-log/entries', (body) => ({ ...body, entries: many })), 1],
		['entries that are texts', spoil('/key-log/entries', (body) => ({ ...body, entries: Array(size).fill('x') })), 5],
		['an entry that is a number', spoil('/key-log/entries', (body) => ({ ...body, entries: Array(size).fill({ entry: 1 }) })), 5],
		['an entry of 100 kB', spoil('/key-log/entries', (body) =>
			({ ...body, entries: Array(size).fill({ entry: 'A'.repeat(100000) }) })), 5],
		['an empty entry', spoil('/key-log/entries', (body) => ({ ...body, entries: Array(size).fill({ entry: '' }) })), 5],
		['an entry and a leaf hash', spoil('/key-log/entries', (body) =>
			({ ...body, entries: Array(size).fill({ ...body.entries[0], leafHash: b64(sha256('x')) }) })), 5],
		['an identity key off the curve', spoil('/key-log/entries', (body) => {
			body.entries[0].identityKey.y = body.entries[0].identityKey.x;
			return body;
		}), 5],
		['a log of 2^52 entries that ends after a page', (asked, reply) => (asked.path === '/key-log'
			? spoil('/key-log', (body) => ({ ...body, checkpoint: endless }))(asked, reply) : reply), 1],
		['a log of 2^52 entries, all the same', (asked, reply) => {
			if (asked.path === '/key-log') return spoil('/key-log', (body) => ({ ...body, checkpoint: endless }))(asked, reply);
			if (asked.path === '/key-log/proof/consistency')
				return { status: 200, body: { from: Number(asked.query.get('from')), to: 2 ** 52,
					fromRoot: b64(sha256('x')), toRoot: b64(sha256('x')), proof: b64(Buffer.alloc(64 * 32)) } };
			const rows = Array(1000).fill({ entry: b64(Buffer.from('x')) });
			return { status: 200, body: { from: Number(asked.query.get('from')), size: 2 ** 52, entries: rows } };
		}, 5],
		['text for JSON', () => ({ status: 200, text: 'hello' }), 1],
		['a problem without a code', () => ({ status: 404, body: {} }), 1],
		['a redirection', () => ({ status: 302, body: {}, headers: { Location: '/elsewhere' } }), 1],
		['a database that is away', () => ({ status: 503, body: { code: 'not_logged', title: 'not yet' }, headers: { 'Retry-After': '1' } }), 3],
	];
	for (const [name, liar, code] of tries) {
		scene.lie = liar;
		expect(await audit(newHome()), code, `nonsense: ${name}`);
	}
	scene.behave();
	expect(await audit(home), 0, 'without nonsense all is well');
}
{
	const { home } = begin();
	let calls = 0;
	scene.lie = (asked, reply) => (++calls === 1 ? 'hang up' : reply);
	expect(await audit(home), 0, 'a lost answer is asked for again');
}

// ---- the state file

{
	const { log, bob, home } = begin();
	bob.rotate({ number: 7 });
	log.publish();
	await audit(home);
	const file = stateFile(home);
	const whole = readFileSync(file);
	for (const [name, bad] of [['empty', Buffer.alloc(0)], ['cut off', whole.subarray(0, -1)],
		['changed', Buffer.concat([whole.subarray(0, 200), Buffer.from('x'), whole.subarray(201)])]]) {
		writeFileSync(file, bad, { mode: 0o600 });
		expect(await audit(home), 1, `a state file that is ${name}`, /is damaged/, 'err');
		ok(readFileSync(file).equals(bad), 'is left as it is');
	}
	writeFileSync(file, whole, { mode: 0o600 });
	expect(await audit(home), 5, 'the file restored, the alarm is there again', /number is not the next/);
	chmodSync(file, 0o644);
	expect(await audit(home), 1, 'a file that others can read is refused', /others can get at/, 'err');
	rmSync(file);
	expect(await audit(home), 5, 'without it all is audited again', /5 entries audited, 5 of them new/);
	ok(existsSync(file), 'and remembered');
}

scene.close();
done();
