// Several devices of one account: two rotate at the same time, one comes back.
//
//	node test/web/devices.mjs
import { done, ok } from '../client/lib/tap.mjs';
import { Scene, User, does, refuses, spoil, waitUntil } from './lib/scene.mjs';

const scene = await new Scene().open();
const { gateway } = scene;

// A user with two browsers, of which none is connected, and a peer.
async function twoDevices() {
	const { alice, bob } = await scene.pair();
	await waitUntil(() => alice.client.account.backup.saved);
	await alice.client.close();
	const other = await scene.visitor();
	await other.client.restore(alice.name, alice.code);
	other.name = alice.name;
	return { alice, other, bob };
}

const isHers = async ({ store, there }, version) => {
	const { jwk } = await store.read(['keys'], (t) => t.get('keys', `key-${version}`));
	return jwk.x === there.keys[version - 1].jwk.x;
};

async function comesBack({ name, code }, keyVersion, what) {
	const third = await scene.visitor();
	await does(third.client.restore(name, code), what, (account) => account.keyVersion === keyVersion);
}

{
	const { alice, other } = await twoDevices();
	await alice.client.rotateKeys();
	await does(other.client.rotateKeys(), 'a device that is slower makes a key of its own', ({ keyVersion }) => keyVersion === 3);
	ok(await isHers(alice, 2) && await isHers(other, 2) && alice.there.keys.length === 3, '... after the one that was announced');
	await comesBack(alice, 3, '... and the backup has both');
	await does(other.client.rotateKeys(), 'it rotates again', ({ keyVersion }) => keyVersion === 4);
	await does(alice.client.login(), 'and is followed', ({ keyVersion }) => keyVersion === 4);
}
{
	const { alice, other } = await twoDevices();
	gateway.before = ({ method, path }) => (method === 'PUT' && path !== '/backup' ? 'hang up' : undefined);
	await refuses(alice.client.rotateKeys(), 'offline', 'a key that could not be announced');
	gateway.behave();
	await does(alice.client.rotateKeys(), 'is announced by the next try', ({ keyVersion }) => keyVersion === 2);
	gateway.before = ({ method, path }) => (method === 'PUT' && path !== '/backup' ? 'hang up' : undefined);
	await refuses(alice.client.rotateKeys(), 'offline', 'another one');
	gateway.behave();
	await does(other.client.rotateKeys(), 'is announced by another device, before a key of its own', ({ keyVersion }) => keyVersion === 4);
	ok(await isHers(alice, 3) && await isHers(other, 3) && alice.there.keys.length === 4, '... as the key that was made');
	await comesBack(alice, 4, '... and the backup has all');
}
for (const keyLog of [true, false]) {
	const { alice } = await twoDevices();
	const { log } = gateway;
	if (!keyLog) gateway.log = undefined;
	let isFirst = true;
	gateway.after = ({ method, path }, reply) => {
		if (!isFirst || method !== 'PUT' || path === '/backup') return reply;
		gateway.before = (asked) => (asked.method === 'PUT' && asked.path === path ? 'hang up' : undefined);
		isFirst = false;
		return 'hang up';
	};
	await refuses(alice.client.rotateKeys(), 'offline', 'a rotation whose answer is lost');
	gateway.behave();
	await does(alice.client.rotateKeys(), '... is finished by the next one', ({ keyVersion }) => keyVersion === 2);
	gateway.log = log;
}
{
	const { alice } = await twoDevices();
	const { blob } = alice.there.backup;
	await alice.open();
	await alice.client.rotateKeys();
	alice.there.backup = { ...alice.there.backup, blob, version: alice.there.backup.version + 1 };
	await alice.client.login();
	ok(await waitUntil(() => alice.there.backup.blob !== blob && alice.client.account.backup.saved), 'a backup that lacks a key is written anew');
	await comesBack(alice, 2, 'with the key');
}
{
	const { alice, other, bob } = await twoDevices();
	await bob.client.rotateKeys();
	await alice.client.contact(bob.name);
	await alice.client.connect();
	await waitUntil(() => alice.client.account.backup.saved);
	await alice.client.close();
	const { mail } = alice.there;
	await other.client.logout({ forget: true });
	await other.client.restore(alice.name, alice.code);
	ok(mail.at(-1).senderKeyVersion === 1, 'mail under an older key of a peer');
	alice.there.acknowledged = mail.length - 1;
	await other.read();
	const posted = [];
	gateway.before = ({ method, path, body }) => {
		if (method === 'POST' && path === '/messages') posted.push(body.keyVersion);
		return undefined;
	};
	await does(other.client.send(bob.name, 'to the newest'), 'after a restoration', ({ keyVersion }) => keyVersion === 2);
	ok(posted.length > 0 && posted.every((version) => version === 2), 'nothing is sealed to a key below the one that was met', posted.join());
	gateway.behave();
}

// ---- a number that differs, said on one of them

{
	const { alice, other, bob } = await twoDevices();
	const trustOn = async ({ client }) => (await client.conversations()).find(({ username }) => username === bob.name).trust;
	const saved = ({ client }) => waitUntil(() => client.account.backup.saved);
	const isStopped = (user, what) => refuses(user.client.send(bob.name, 'secret'), 'untrusted_identity', what, /another one/);
	await alice.open();
	await alice.client.verify(bob.name);
	await alice.client.distrust(bob.name);
	await saved(alice);
	const third = await scene.visitor();
	await does(third.client.restore(alice.name, alice.code), 'a device that comes later');
	ok(await trustOn(third) === 'differs', '... knows it', await trustOn(third));
	const known = await alice.store.read(['contacts'], (t) => t.get('contacts', bob.name));
	await alice.store.write(['contacts'], (t) => t.put('contacts', { ...known, changed: 'the identity key is another one' }));
	await alice.client.rotateKeys();
	const fourth = await scene.visitor();
	await fourth.client.restore(alice.name, alice.code);
	await isStopped(fourth, '... also when the server has shown another identity since');
	await alice.store.write(['contacts'], (t) => t.put('contacts', known));
	await isStopped(third, '... and sends nothing');
	other.events.length = 0;
	await other.client.login();
	ok(await trustOn(other) === 'differs', 'one that was there takes it over');
	ok(other.events.some(({ event, value }) => event === 'conversation' && value.trust === 'differs'), '... and tells its page');
	await isStopped(other, '... and sends nothing, either');
	await other.client.rotateKeys();
	await alice.client.login();
	ok(await trustOn(alice) === 'differs', 'what it writes does not end it');
	await other.client.acceptKeyChange(bob.name);
	await saved(other);
	await alice.client.login();
	ok(await trustOn(alice) === 'signed', 'a yes on one counts on all', await trustOn(alice));
	await alice.client.rotateKeys();
	await other.client.login();
	ok(await trustOn(other) === 'signed', '... and stays', await trustOn(other));
	await alice.client.distrust(bob.name);
	await saved(alice);
	await other.client.login();
	ok(await trustOn(other) === 'differs', 'and so does a no after that');
	await other.client.verify(bob.name);
	await saved(other);
	await third.client.login();
	ok(await trustOn(third) === 'verified', 'and what was compared last', await trustOn(third));
	await other.client.distrust(bob.name);
	await saved(other);
	await third.store.write(['meta'], (t) => t.delete('meta', 'token'));
	const { length } = bob.there.mail;
	await isStopped(third, 'one whose token has ended hears of it when it signs in, before it sends');
	ok(bob.there.mail.length === length, '... nothing', String(bob.there.mail.length));
}
{
	const { alice, other, bob } = await twoDevices();
	const trustOn = async ({ client }) => (await client.conversations()).find(({ username }) => username === bob.name).trust;
	const saved = ({ client }) => waitUntil(() => client.account.backup.saved);
	await alice.open();
	await alice.client.login();
	await other.client.distrust(bob.name);
	await other.client.verify(bob.name);
	await saved(other);
	await alice.client.distrust(bob.name);
	await saved(alice);
	ok(await trustOn(alice) === 'differs', 'a no that had not heard of a no and a yes elsewhere stays one', await trustOn(alice));
	await other.client.login();
	ok(await trustOn(other) === 'differs', '... and counts there, too', await trustOn(other));
	await other.client.verify(bob.name);
	await saved(other);
	await alice.client.login();
	ok(await trustOn(alice) === 'verified', 'until it is taken back after that', await trustOn(alice));
}
{
	const { alice } = await twoDevices();
	const carl = await scene.newUser('carl');
	await carl.client.send(alice.name, 'may I?');
	await alice.open();
	await alice.read();
	await alice.client.distrust(carl.name);
	await waitUntil(() => alice.client.account.backup.saved);
	const third = await scene.visitor();
	await third.client.restore(alice.name, alice.code);
	await refuses(third.client.send(carl.name, 'secret'), 'untrusted_identity', 'nor is anything sent to a stranger whose number differed', /another one/);
}

// ---- restoring while another device rotates

for (const [what, wanted] of [['right after the backup was fetched', /^POST \/backup\/restore$/], ['right after the sign-in', /^POST \/sessions$/],
	['right after a look at the key', /^GET \/users\/[^/]+\/public-key$/]]) {
	const { alice } = await twoDevices();
	const third = await scene.visitor();
	let isFirst = true;
	gateway.after = async ({ method, path }, reply) => {
		if (isFirst && wanted.test(`${method} ${path}`)) {
			isFirst = false;
			await alice.client.rotateKeys();
		}
		return reply;
	};
	await does(third.client.restore(alice.name, alice.code), `another device rotates ${what}`);
	gateway.behave();
	await does(third.client.login(), '... and is followed', ({ keyVersion }) => keyVersion === 2);
	await does(third.client.rotateKeys(), '... which rotates itself', ({ keyVersion }) => keyVersion === 3);
}

// ---- a look at the own history while, or after, another device rotates

{
	const { alice, other } = await twoDevices();
	await does(alice.client.keyLog(), 'a device', ({ problem }) => problem === null);
	await other.client.rotateKeys();
	await does(alice.client.keyLog(), 'that looks at the log after another one rotated sees nothing wrong', ({ problem }) => problem === null);
	await other.client.login();
	let isFirst = true;
	gateway.after = async ({ method, path }, reply) => {
		if (isFirst && method === 'GET' && path === '/backup') {
			isFirst = false;
			await other.client.rotateKeys();
		}
		return reply;
	};
	await does(alice.client.login(), 'nor does one that signs in meanwhile', ({ keyVersion }) => keyVersion === 3);
	ok(!isFirst && alice.client.keyLogProblem === null, 'and nothing stops it', alice.client.keyLogProblem);
	gateway.behave();
	const backup = { ...alice.there.backup };
	await other.client.rotateKeys();
	alice.there.backup = backup;
	await alice.client.keyLog();
	ok(/not made here/.test(alice.client.keyLogProblem), 'but of a key that no backup has', alice.client.keyLogProblem);
}

// ---- a restored account knows where its mail begins

{
	const { alice, bob } = await scene.pair();
	await waitUntil(() => alice.client.account.backup.saved);
	await alice.client.close();
	for (const text of ['left out', 'shown']) await bob.client.send(alice.name, text);
	const hidden = alice.there.mail.at(-2).seq;
	alice.there.mail.splice(-2, 1);
	const other = await scene.visitor();
	await other.client.restore(alice.name, alice.code);
	other.name = alice.name;
	await other.read();
	ok((await other.texts(bob)).join() === 'shown', 'a restored account reads what is on the server');
	const note = (await other.client.messages(bob.name)).find((one) => one.note === 'missing');
	ok(note?.details.from === hidden && note.details.through === hidden, 'and says what the server left out', JSON.stringify(note));
	gateway.after = spoil(/^POST \/messages\/ack$/, () => ({ status: 200, body: {} }));
	const third = await scene.visitor();
	await refuses(third.client.restore(alice.name, alice.code), 'bad_answer', 'a server that does not say where mail begins');
	gateway.behave();
	ok(third.client.account === null, 'nothing is restored then');
}

// ---- keys that another device has made meanwhile

{
	const { alice, other, bob } = await twoDevices();
	await alice.client.connect();
	await other.client.rotateKeys();
	await bob.client.send(alice.name, 'to the key of the other device');
	ok(await waitUntil(async () => (await alice.texts(bob)).at(-1) === 'to the key of the other device'), 'mail for a key of another device is read at once');
	ok(await waitUntil(() => alice.client.account.keyVersion === 2), 'which is followed');
	await other.client.rotateKeys();
	await other.client.rotateKeys();
	await does(alice.client.rotateKeys(), 'a device that is two rotations behind follows them, and rotates', ({ keyVersion }) => keyVersion === 5);
	await other.client.login();
	await other.client.rotateKeys();
	await alice.client.close();
	await bob.client.send(alice.name, 'while the backup can\'t be had');
	let lost = 0;
	gateway.before = ({ method, path }) => (method === 'GET' && path === '/backup' && ++lost ? 'hang up' : undefined);
	await refuses(alice.client.keyLog().then(() => alice.client.login()), 'offline', 'without the backup nobody knows whose key it is');
	await alice.client.connect();
	await waitUntil(() => lost > 3);
	ok(alice.client.keyLogProblem === null && !(await alice.client.messages(bob.name)).some(({ state }) => state === 'no_private_key'), 'which is no alarm, and loses no mail');
	gateway.behave();
	ok(await waitUntil(async () => (await alice.texts(bob)).at(-1) === 'while the backup can\'t be had'), 'it is read when it can be had');
}
{
	const { alice, other, bob } = await twoDevices();
	gateway.before = ({ method, path }) => (method === 'PUT' && path === '/backup' ? 'hang up' : undefined);
	await refuses(alice.client.rotateKeys(), 'offline', 'a key that was made here and got nowhere');
	gateway.behave();
	await other.client.rotateKeys();
	await alice.client.connect();
	await bob.client.send(alice.name, 'to the key that counts');
	ok(await waitUntil(async () => (await alice.texts(bob)).at(-1) === 'to the key that counts'), 'gives way to that of another device, in mail');
	ok(await isHers(alice, 2) && alice.client.keyLogProblem === null, 'and in the own history', alice.client.keyLogProblem);
}
{
	const { alice, other, bob } = await twoDevices();
	await alice.client.connect();
	const { blob, version } = alice.there.backup;
	const before = (await alice.client.messages(bob.name)).length;
	await other.client.rotateKeys();
	const kept = { ...alice.there.backup };
	alice.there.backup = { ...kept, blob, version };
	const looks = () => gateway.requests.filter((one) => one === 'GET /backup').length;
	const lookedBefore = looks();
	for (const text of ['first', 'second', 'third']) await bob.client.send(alice.name, text);
	const waits = async () => (await alice.client.messages(bob.name)).filter(({ state }) => state === 'no_private_key').length;
	ok(await waitUntil(async () => await waits() === 3), 'mail for a key that no backup has waits', await waits());
	ok(looks() <= lookedBefore + 2, '... and the backup is looked at once for it, and once for the own history', looks() - lookedBefore);
	alice.there.backup = kept;
	await alice.client.close();
	await alice.client.connect();
	ok(await waitUntil(async () => (await alice.texts(bob)).slice(before).join() === 'first,second,third'), '... until the next connection finds the key there', await alice.texts(bob));
}
{
	const { alice } = await twoDevices();
	const tab = new User(scene, alice.name, alice.store);
	await tab.open();
	scene.users.push(tab);
	await alice.client.logout();
	gateway.before = ({ path }) => (path.endsWith('/key-rotations') ? 'hang up' : undefined);
	await refuses(alice.client.login(), 'offline', 'a sign-in that can\'t look at the own history');
	gateway.behave();
	gateway.requests = [];
	await does(tab.client.login(), 'is completed in another tab');
	gateway.behave();
	alice.there.tokens.clear();
	await Promise.all([does(alice.client.keyLog(), 'two tabs whose token has ended'), does(tab.client.keyLog(), '... both go on')]);
}

await scene.close();
done();
process.exit();
