// read --wait: mail as it comes, while connections break, tokens end and
// others use the account.  Needs the built client (E2EMSG_CLIENT), no database.
//
//	node test/client/live.mjs
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { b64 } from './lib/gateway.mjs';
import { Scene, expect, fileOf } from './lib/scene.mjs';
import { done, ok, program } from './lib/tap.mjs';

const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

async function until(check, seconds = 30) {
	for (const end = Date.now() + 1000 * seconds; Date.now() < end; await sleep(20)) if (check()) return true;
	return false;
}

const isWait = ({ path, query }) => path === '/messages' && query.get('wait') !== null;
const isRead = ({ method, path, query }) => method === 'GET' && path === '/messages' && query.get('wait') === null;

// A scene of its own for each, so that they run side by side.  waits, reads:
// how many such requests came.
async function begin() {
	const scene = await new Scene().open();
	const pair = await scene.pair();
	const { gateway } = scene;
	const count = { waits: 0, reads: 0 };
	let answer = () => undefined;
	gateway.before = (asked) => {
		count.waits += isWait(asked);
		count.reads += isRead(asked);
		return answer(asked);
	};
	return { ...pair, scene, gateway, count, lie: (how) => { answer = how ?? (() => undefined); } };
}

// Runs read --wait; the result tells what it says, and ends it.
function listen(scene, user, ...options) {
	const child = spawn(program, scene.args(user.home, ['read', '--wait', ...options]),
		{ env: { PATH: process.env.PATH, HOME: '/nonexistent' } });
	const run = { out: '', err: '', code: undefined };
	child.stdout.on('data', (data) => { run.out += data; });
	child.stderr.on('data', (data) => { run.err += data; });
	const ended = new Promise((resolve) => {
		child.on('close', (code, signal) => { run.code = code ?? signal; resolve(run); });
	});
	const says = (text) => until(() => run.out.includes(text));
	const remarks = (text) => until(() => run.err.includes(text));
	const end = (signal = 'SIGINT') => { child.kill(signal); return ended; };
	return { run, says, remarks, end, ended };
}

const times = (text, part) => text.split(part).length - 1;

async function asItComes() {
	const { alice, bob, aliceThere, bobThere, scene, gateway, lie } = await begin();
	await alice.run('send', bob.name, 'before');
	const live = listen(scene, bob, '--receipts');
	ok(await live.says('before'), 'what waits already is read');
	ok(await live.remarks('waiting for mail; Ctrl-C ends this'), 'it says what it does');
	let stored = true;
	lie(({ path, body }) => {
		const kept = readFileSync(fileOf(bob, 'mail.jsonl'), 'utf8').trim().split('\n').map((line) => JSON.parse(line));
		if (path === '/messages/ack') stored &&= kept.some(({ seq }) => seq === body.through);
	});
	for (const text of ['one', 'two', 'three']) {
		await alice.run('send', bob.name, text);
		ok(await live.says(text), `"${text}" comes while it waits`);
	}
	expect(await bob.run('send', alice.name, 'meanwhile'), 0, 'others may use the account');
	expect(await bob.run('read'), 0, 'and read: nothing is left to', 'out', /^$/);
	ok(await until(() => bobThere.acknowledged === bobThere.mail.length) && stored, 'all is stored, then acknowledged');
	await alice.run('send', bob.name, 'four');
	ok(await live.says('four') && await until(() => aliceThere.mail.length === 2), 'it goes on');
	const { code, out, err } = await live.end();
	ok(code === 0, 'Ctrl-C ends it', `${code} ${err}`);
	ok(['one', 'two', 'three', 'four'].every((text) => times(out, text) === 1), 'nothing is shown twice', out);
	expect(await alice.run('read', '--all'), 0, 'nor kept from the sender', 'out', /to bob2 \(read\)\n {4}three/);
	ok(!/trying again/.test(err), 'all the time there was nothing to say', err);
	scene.close();
	gateway.stop();
}

async function forPrograms() {
	const { alice, bob, bobThere, scene, gateway } = await begin();
	const live = listen(scene, bob, '--json', '--no-ack');
	await alice.run('send', bob.name, 'one');
	ok(await live.says('"text":"one"'), '--json: a line each');
	const { deliver } = gateway;
	gateway.deliver = (to, from, envelope, lies) => deliver.call(gateway, to, from, { ...envelope, authTag: b64(Buffer.alloc(16)) }, lies);
	await alice.run('send', bob.name, 'spoilt');
	gateway.deliver = deliver;
	await alice.run('send', bob.name, 'two');
	ok(await live.says('"text":"two"'), 'what does not open is no obstacle');
	const { code, out, err } = await live.end('SIGTERM');
	ok(code === 6, 'but told in the end', `${code} ${err}`);
	const states = out.trim().split('\n').map((line) => JSON.parse(line).state).join(' ');
	ok(states === 'opened tampered opened', 'each once', states);
	ok(bobThere.acknowledged === 1, '--no-ack: all is left on the server', bobThere.acknowledged);
	scene.close();
}

async function brokenConnections() {
	const { alice, bob, scene, count, lie } = await begin();
	const live = listen(scene, bob);
	await live.remarks('waiting');
	lie((asked) => (isWait(asked) || isRead(asked) ? 'hang up' : undefined));
	scene.gateway.server.closeAllConnections();
	ok(await live.remarks('trying again'), 'a connection that breaks is told');
	const before = { ...count };
	await until(() => count.waits > before.waits + 2);
	ok(count.reads === before.reads, 'while the server is away, the account is left to others');
	await alice.run('send', bob.name, 'after all');
	lie();
	ok(await live.says('after all'), 'it is asked again: no mail is lost');
	ok(await live.remarks('answers again'), 'and that is told');
	const { code, err } = await live.end();
	ok(code === 0 && times(err, 'trying again') === 1, 'each once', `${code} ${err}`);
	scene.close();
}

async function refusedTokens() {
	const { alice, bob, bobThere, scene, gateway, count, lie } = await begin();
	const live = listen(scene, bob);
	await live.remarks('waiting');
	await until(() => count.waits > 0);
	lie((asked) => {
		if (!isWait(asked)) return undefined;
		lie();
		bobThere.tokens.clear();
		return { status: 401, body: { code: 'expired_token', title: 'over' } };
	});
	gateway.requests = [];
	await alice.run('send', bob.name, 'wake up');
	await until(() => gateway.requests.includes('POST /sessions'));
	await alice.run('send', bob.name, 'signed in');
	ok(await live.says('signed in'), 'a token that ended is renewed');
	ok(!/trying again/.test(live.run.err), 'without a word', live.run.err);
	lie((asked) => (asked.path.startsWith('/sessions') ? { status: 401, body: { code: 'invalid_assertion', title: 'unknown' } } : undefined));
	bobThere.tokens.clear();
	await alice.run('send', bob.name, 'x');
	const { code, err } = await live.ended;
	ok(code === 4 && /does not know this account/.test(err), 'an account that is gone ends it', `${code} ${err}`);
	scene.close();
}

async function busyServers(what, answer, limit) {
	const { alice, bob, scene, count, lie } = await begin();
	const live = listen(scene, bob);
	await live.remarks('waiting');
	lie((asked) => (isWait(asked) ? answer : undefined));
	await alice.run('send', bob.name, 'wake up');
	await live.says('wake up');
	const before = { ...count };
	await sleep(3000);
	const asked = count.waits + count.reads - before.waits - before.reads;
	ok(asked <= limit, `${what}: it is not asked all the time`, asked);
	await alice.run('send', bob.name, 'all the same');
	ok(await live.says('all the same'), `${what}: mail comes all the same`);
	lie();
	const { code, err } = await live.end();
	ok(code === 0 && times(err, 'trying again') <= 1, `${what}: that is said once`, `${code} ${err}`);
	scene.close();
}

async function lockedAccounts() {
	const { alice, bob, scene } = await begin();
	const live = listen(scene, bob);
	await live.remarks('waiting');
	const holder = spawn('flock', ['-x', fileOf(bob, 'lock'), 'sh', '-c', 'echo; cat']); // until its input ends
	await new Promise((resolve) => { holder.stdout.once('data', resolve); });
	await alice.run('send', bob.name, 'in the end');
	ok(await live.remarks('another e2emsg is using'), 'somebody else uses the account for long');
	holder.stdin.end();
	ok(await live.says('in the end'), 'then it goes on');
	ok((await live.end()).code === 0, 'and ends well');
	scene.close();
}

async function firstTries() {
	const { bob, scene, lie } = await begin();
	lie((asked) => (isRead(asked) ? 'hang up' : undefined));
	const live = listen(scene, bob);
	const { code } = await live.ended;
	ok(code === 3, 'a server that can\'t be reached at first ends it, as it ends read', code);
	scene.close();
}

await Promise.all([
	asItComes(), forPrograms(), brokenConnections(), refusedTokens(), lockedAccounts(), firstTries(),
	busyServers('no room to wait', { status: 503, body: { code: 'stream_capacity', title: 'full' }, headers: { 'Retry-After': '1' } }, 8),
	busyServers('too often', { status: 429, body: { code: 'rate_limited', title: 'slow' }, headers: { 'Retry-After': '2' } }, 8),
	busyServers('a server that does not wait', { status: 200, body: { messages: [], next: 0 } }, 8),
]);
done();
