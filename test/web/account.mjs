// The web module's account against a server that loses answers: registration,
// rotation, signing in, backups and restoring.
//
//	node test/web/account.mjs
import { b64, makeEncryptionKey } from '../client/lib/gateway.mjs';
import { done, ok } from '../client/lib/tap.mjs';
import { LEAVE_MS, Scene, User, does, later, refuses, sleep, spoil, waitUntil } from './lib/scene.mjs';

const scene = await new Scene().open();
const { gateway } = scene;
const keysOf = async (user) => (await user.store.read(['keys'], (t) => t.all('keys'))).map(({ name }) => name);

// ---- registration

{
	const user = await scene.visitor('plain');
	ok(user.client.account === null, 'a new browser holds no account');
	await refuses(user.client.login(), 'no_account', 'and can sign in to none', /holds no account/);
	await refuses(user.client.send('bob', 'x'), 'no_account', 'nor send');
	await refuses(user.client.connect(), 'no_account', 'nor connect');
	for (const name of ['Alice', 'ab', '0'.repeat(32), 'x'.repeat(33), ''])
		await refuses(user.client.register(name), 'invalid_username', `no name: ${name}`);
	for (const idToken of ['', 'a b', 'a.b.c\nX: 1', 'a'.repeat(8193)])
		await refuses(user.client.register(user.name, { idToken }), 'bad_id_token', `no token: ${idToken.slice(0, 9)}`);
	ok(gateway.requests.length === 0, 'which the server never hears of');
	const given = [];
	gateway.before = ({ method, path, token }) => void (token === 'aa.bb.cc' && given.push(`${method} ${path}`));
	const { recoveryCode } = await user.client.register(user.name, { idToken: 'aa.bb.cc' });
	ok(given.join() === 'POST /users', 'the token of an identity provider goes along with the registration alone', given.join());
	ok(/^([0-9A-Z]{4}-){6}[0-9A-Z]{4}$/.test(recoveryCode), 'a registration gives a recovery code', recoveryCode);
	const { account } = user.client;
	ok(account.username === user.name && account.keyVersion === 1 && account.service === 'msg.test' &&
		account.backup.version === 1 && account.backup.saved, 'and an account with a backup', JSON.stringify(account));
	const keys = await user.store.read(['keys'], (t) => t.all('keys'));
	const exportable = keys.filter(({ privateKey, backupKey }) => (privateKey ?? backupKey).extractable);
	ok(keys.length === 3 && exportable.length === 0, 'no key of it can be exported');
	ok(user.client.unkeptRecoveryCode === recoveryCode, 'the code is at hand until somebody has it');
	await user.open();
	ok(user.client.unkeptRecoveryCode === recoveryCode, 'after a reload, too');
	await user.client.logout();
	ok(user.client.unkeptRecoveryCode === null, 'but not while nobody is signed in');
	await user.client.login();
	await user.client.recoveryCodeKept();
	ok(user.client.unkeptRecoveryCode === null, 'and not afterwards');
	const stored = JSON.stringify(await user.store.read(['account', 'meta'], async (t) => [await t.all('account'), await t.all('meta')]));
	ok(!stored.includes(recoveryCode), 'then nothing here has it');
	await refuses(user.client.register('another'), 'account_exists', 'a second account needs another database');
	await user.open();
	ok(user.client.account.username === user.name, 'a page that is loaded again has the account');
	await does(user.client.login(), 'and signs in with its keys', ({ username }) => username === user.name);
	const other = await scene.visitor();
	await refuses(other.client.register(user.name), 'username_taken', 'a name that is taken is refused');
	ok((await keysOf(other)).length === 0, 'and nothing is left of it');
}
{
	gateway.behave();
	const user = await scene.visitor('lost');
	let stored;
	gateway.after = async (asked, reply) => {
		if (asked.path !== '/users') return reply;
		stored = await keysOf(user);
		return 'hang up';
	};
	await refuses(user.client.register(user.name), 'offline', 'a lost answer to a registration');
	ok(stored.join() === 'backup,identity,key-1', 'the keys were stored before the server heard of them', stored.join());
	gateway.behave();
	await user.open();
	ok(user.client.account === null, 'an account that is not finished is none');
	await refuses(user.client.login(), 'registration_unfinished', 'and says so');
	gateway.service = 'evil.test';
	await refuses(user.client.register(user.name), 'other_service', 'it is not finished at another service');
	gateway.service = 'msg.test';
	const before = gateway.users.get(user.name).keys[0].jwk;
	const { recoveryCode } = await does(user.client.register(user.name), 'registering again finishes it');
	ok(gateway.users.get(user.name).keys[0].jwk === before && user.client.account.userId === user.there.id, 'with the same key');
	const fresh = await scene.visitor();
	await does(fresh.client.restore(user.name, recoveryCode), 'and its code is good');
}
{
	gateway.behave();
	const user = await scene.visitor('lost');
	gateway.before = (asked) => (asked.path === '/users' ? 'hang up' : undefined);
	await refuses(user.client.register(user.name), 'offline', 'a registration that never arrived');
	gateway.behave();
	const thief = await scene.visitor();
	await thief.client.register(user.name);
	gateway.before = (asked) => (asked.path === '/sessions' ? { status: 401, body: { code: 'invalid_assertion', title: 'no' } } : undefined);
	await refuses(user.client.register(user.name), 'username_taken', 'somebody else may get the name');
	gateway.behave();
	await does(user.client.register(`${user.name}x`), 'another one is free');
}
{
	gateway.behave();
	const user = await scene.visitor('lost');
	gateway.before = (asked) => (asked.path === '/backup' ? { status: 503, body: { code: 'overloaded', title: 'busy' } } : undefined);
	await does(user.client.register(user.name), 'a backup that can\'t be saved stops no registration');
	ok(!user.client.account.backup.saved && user.warnings.some(({ code }) => code === 'backup_not_saved'), 'is said');
	const tries = () => gateway.requests.filter((request) => request === 'PUT /backup').length;
	ok(await waitUntil(() => tries() > 9), 'tried again and again');
	ok(user.warnings.filter(({ code }) => code === 'backup_not_saved').length === 1, 'said once', JSON.stringify(user.warnings));
	gateway.behave();
	ok(await waitUntil(() => user.client.account.backup.saved), 'and saved later');
	gateway.before = (asked) => (asked.path === '/sessions/challenge' ? { status: 200, body: { nonce: 'x', audience: 'evil\u202e', expiresIn: 1 } } : undefined);
	const other = await scene.visitor();
	await refuses(other.client.register('someone'), 'bad_answer', 'a service with an invisible name is refused');
}

// ---- a page of another site

{
	const user = await scene.visitor();
	globalThis.location = { origin: 'https://shop.example.org' };
	await user.open();
	gateway.before = () => 'hang up';
	const error = await user.client.register('shopper').catch((caught) => caught);
	ok(error.code === 'offline' && error.hint.includes('allowed_origins does not name https://shop.example.org'), 'is told that CORS may be the reason', error.hint);
	delete globalThis.location;
	await user.open();
	const at = await user.client.register('shopper').catch((caught) => caught);
	ok(at.code === 'offline' && !at.hint.includes('allowed_origins'), 'others are not', at.hint);
	gateway.behave();
}

// ---- sessions

{
	gateway.behave();
	const { alice, bob } = await scene.pair();
	alice.there.tokens.clear();
	await does(alice.client.send(bob.name, 'again'), 'a token that is refused is replaced by signing in', ({ state }) => state === 'sent');
	scene.ahead = 2 * 3600e3;
	alice.there.tokens.clear();
	await does(alice.client.send(bob.name, 'and again'), 'so is one whose time is over', ({ state }) => state === 'sent');
	ok(alice.there.tokens.size === 1, 'once');
	scene.ahead = 0;
	gateway.before = ({ path, method }) => (method === 'POST' && path === '/messages' ? { status: 401, body: { code: 'invalid_token', title: 'no' } } : undefined);
	alice.there.tokens.clear();
	await refuses(alice.client.send(bob.name, 'x'), 'invalid_token', 'a server that asks for ever');
	ok(alice.there.tokens.size === 1, 'gets one sign-in more', alice.there.tokens.size);
	gateway.behave();
	gateway.service = 'evil.test';
	alice.there.tokens.clear();
	const signedFor = []; // also by what was tried again meanwhile, for the true one
	gateway.before = ({ path, method, body }) => {
		if (method === 'POST' && path === '/sessions') signedFor.push(JSON.parse(Buffer.from(body.assertion.split('.')[1], 'base64url')).aud);
		return undefined;
	};
	await refuses(alice.client.login(), 'other_service', 'nothing is signed for another service', /evil\.test/);
	ok(!signedFor.includes('evil.test'), 'and nothing sent');
	gateway.service = 'msg.test';
	await alice.client.logout();
	ok(alice.client.account === null, 'signed out');
	await refuses(alice.client.send(bob.name, 'x'), 'signed_out', 'nothing is sent');
	await alice.open();
	ok(alice.client.account === null, 'for good');
	await does(alice.client.login(), 'until one signs in', ({ username }) => username === alice.name);
	await alice.client.logout({ forget: true });
	ok((await keysOf(alice)).length === 0, 'forgotten: no key is left');
	await refuses(alice.client.login(), 'no_account', 'and no account', /./);
}

// ---- clocks that are wrong

for (const [what, ahead] of [['a day fast', 86400e3], ['a day slow', -86400e3], ['from 1970', -Date.now()]]) {
	gateway.behave();
	scene.ahead = ahead;
	const { alice, bob } = await scene.pair();
	gateway.requests = [];
	for (const text of ['one', 'two', 'three']) await alice.client.send(bob.name, text);
	await does(alice.client.rotateKeys(), `a clock that is ${what} stops nothing`);
	ok(await waitUntil(async () => (await bob.texts(alice)).at(-1) === 'three'), '... no mail');
	ok(!gateway.requests.includes('POST /sessions'), '... and signs in no more often', gateway.requests.join());
	alice.there.tokens.clear();
	await does(alice.client.send(bob.name, 'four'), '... and when the token has ended, once', ({ state }) => state === 'sent');
	ok(gateway.requests.filter((request) => request === 'POST /sessions').length === 1, '... as any other', gateway.requests.join());
	for (const { client } of [alice, bob]) await client.close();
	scene.ahead = 0;
}

// ---- rotation

{
	gateway.behave();
	const { alice, bob } = await scene.pair();
	let stored, backedUp;
	gateway.after = async (asked, reply) => {
		if (asked.method !== 'PUT' || asked.path === '/backup') return reply;
		stored = await keysOf(bob);
		backedUp = bob.there.backup.version;
		return 'hang up';
	};
	const before = bob.there.backup.version;
	await refuses(bob.client.rotateKeys(), 'offline', 'a lost answer to a rotation');
	ok(stored.includes('key-2') && backedUp > before, 'the new key was stored and backed up before it was announced');
	gateway.behave();
	await does(bob.client.rotateKeys(), 'rotating again finishes it', ({ keyVersion }) => keyVersion === 2);
	ok(bob.there.keys.length === 2, 'without a third key');
	await does(alice.client.send(bob.name, 'to the new key'), 'a peer follows', ({ keyVersion }) => keyVersion === 2);
	await bob.read();
	ok((await bob.texts(alice)).at(-1) === 'to the new key', 'and is read');
	ok((await alice.client.messages(bob.name)).some(({ note, details }) => note === 'key_rotated' && details.keyVersion === 2), 'with a note');
	gateway.before = (asked) => (asked.path === '/backup' ? 'hang up' : undefined);
	gateway.requests = [];
	await refuses(bob.client.rotateKeys(), 'offline', 'without a backup');
	ok(bob.there.keys.length === 2, 'no key is announced');
	gateway.behave();
	const key = await makeEncryptionKey();
	bob.there.keys.push({ jwk: key.jwk });
	gateway.log.rowOf = () => ({ fields: { keyVersion: 3 } });
	gateway.log.member = () => null;
	await refuses(bob.client.rotateKeys(), 'own_key_changed', 'another key in the own name is noticed');
}

// ---- backups

{
	const other = await new Scene().open();
	const { gateway: there } = other;
	const { alice, bob } = await other.pair();
	await alice.client.verify(bob.name);
	await alice.client.close();
	await bob.client.send(alice.name, 'under the first key');
	await alice.client.rotateKeys();
	await waitUntil(() => alice.client.account.backup.saved);
	await bob.client.send(alice.name, 'before the loss');
	const old = await other.visitor();
	await refuses(old.client.restore(alice.name, alice.code.replace(/.$/, (last) => (last === '0' ? '1' : '0'))), 'bad_recovery_code', 'a typing error is noticed here');
	await refuses(old.client.restore(alice.name, bob.code), 'no_backup', 'the code of somebody else finds nothing');
	await refuses(old.client.restore('nobody', alice.code), 'no_backup', 'nor does a name that is not there');
	ok((await keysOf(old)).length === 0, 'nothing is left of a restoration that failed');
	await does(old.client.restore(alice.name, alice.code.toLowerCase().replaceAll('-', ' ')), 'the code brings the account back',
		({ username, keyVersion }) => username === alice.name && keyVersion === 2);
	old.name = alice.name;
	await old.read();
	ok((await old.texts(bob)).join() === 'under the first key,before the loss', 'with what is on the server, and no false gap', await old.texts(bob));
	ok((await old.client.conversations())[0].trust === 'verified', 'and whom one had compared');
	await does(old.client.send(bob.name, 'I am back'), 'it sends', ({ state }) => state === 'sent');
	await bob.read();
	ok((await bob.last(alice)).trust === 'signed' && (await bob.last(alice)).text === 'I am back', 'and is known');
	await old.client.rotateKeys();
	await alice.client.login();
	ok(alice.client.account.keyVersion === 3 && alice.client.keyLogProblem === null, 'the other device takes the new key out of the backup',
		alice.client.keyLogProblem);

	await refuses(alice.client.recoveryCode('x'), 'bad_recovery_code', 'a new code needs the current one');
	await refuses(alice.client.recoveryCode(bob.code), 'wrong_recovery_code', 'and no other one');
	const second = await does(alice.client.recoveryCode(alice.code), 'gives a new code', (code) => code !== alice.code);
	ok(alice.client.unkeptRecoveryCode === second, 'which is to be kept, too');
	const third = await other.visitor();
	await refuses(third.client.restore(alice.name, alice.code), 'no_backup', 'the old one is worth nothing');
	await does(old.client.verify(bob.name), 'another device');
	await does(old.client.rotateKeys(), 'which writes the backup', ({ keyVersion }) => keyVersion === 4);
	await does(third.client.restore(alice.name, second), 'leaves the new code in force', ({ keyVersion }) => keyVersion === 4);

	await alice.client.login();
	there.after = spoil(/^PUT \/backup$/, () => 'hang up');
	await refuses(alice.client.recoveryCode(second), 'offline', 'a new code whose answer is lost');
	there.behave();
	await alice.client.connect();
	ok(await waitUntil(() => alice.client.account.backup.saved), 'is taken back');
	const fourth = await other.visitor();
	await does(fourth.client.restore(alice.name, second), 'so that the one before is good');
	await other.close();
}
{
	const other = await new Scene().open();
	const { gateway: there } = other;
	const alice = await other.newUser('alice');
	const first = { ...alice.there.backup };
	await alice.client.rotateKeys();
	const fresh = await other.visitor();
	const { backup } = alice.there;
	alice.there.backup = first;
	await refuses(fresh.client.restore(alice.name, alice.code), 'old_backup', 'a backup that is too old is noticed', /not made here/);
	ok((await keysOf(fresh)).length === 0, 'and nothing of it is taken');
	const bytes = Buffer.from(backup.blob, 'base64url');
	for (const [what, blob] of [['cut off', bytes.subarray(0, -1)], ['changed', Buffer.from(bytes.map((byte, i) => (i === 200 ? byte ^ 1 : byte)))],
		['longer', Buffer.concat([bytes, Buffer.from([9])])], ['of another form', Buffer.concat([Buffer.from([2]), bytes.subarray(1)])]]) {
		alice.there.backup = { ...backup, blob: b64(blob) };
		await refuses(fresh.client.restore(alice.name, alice.code), 'damaged_backup', `a backup that is ${what}`);
	}
	alice.there.backup = backup;
	there.after = spoil(/^POST \/sessions$/, () => ({ status: 401, body: { code: 'invalid_assertion', title: 'no' } }));
	await refuses(fresh.client.restore(alice.name, alice.code), 'identity_replaced', 'a server that does not accept the key');
	there.behave();
	there.after = spoil(/^POST \/backup\/restore$/, () => ({ status: 429, body: { code: 'rate_limited', title: 'slow' }, headers: { 'Retry-After': '7' } }));
	await refuses(fresh.client.restore(alice.name, alice.code), 'rate_limited', 'a limit is passed on');
	there.behave();
	await does(fresh.client.restore(alice.name, alice.code), 'after all that it is restored', ({ keyVersion }) => keyVersion === 2);
	await other.close();
}

// ---- what was planned when somebody leaves

{
	const other = await new Scene().open();
	for (const forget of [true, false]) {
		const { alice, bob } = await other.pair();
		const planned = new Set(); // also the end of the patience with each answer
		const plan = (ms, work) => {
			const one = {};
			const cancel = later(ms, () => { planned.delete(one); work(); });
			planned.add(one);
			return () => { planned.delete(one); cancel(); };
		};
		const tab = new User(other, alice.name, alice.store);
		tab.database = alice.database;
		await tab.open({ later: plan });
		await alice.open({ later: plan });
		await alice.read();
		other.users.push(tab);
		other.quiet();
		other.gateway.before = ({ path }) => (path === '/messages' ? 'hang up' : undefined);
		await tab.client.send(bob.name, 'waits');
		await alice.client.verify(bob.name); // the backup is to be saved a little later, in this tab
		await alice.client.logout({ forget });
		alice.warnings.length = tab.warnings.length = 0;
		ok(await waitUntil(() => tab.client.account === null), `a browser that ${forget ? 'forgets' : 'signs out'}`);
		ok(await waitUntil(() => planned.size === 0), '... plans nothing');
		other.quiet();
		await sleep(200);
		ok(alice.warnings.length === 0 && tab.warnings.length === 0, '... warns of nothing later', JSON.stringify([alice.warnings, tab.warnings]));
		const hers = other.gateway.requests.filter((request) => request.includes('backup') || request === 'POST /messages');
		ok(hers.length === 0, '... and sends nothing', other.gateway.requests.join());
	}
	await other.close();
}

// ---- what the backup lacks when somebody leaves

{
	const other = await new Scene().open();
	const { gateway: there } = other;
	const isBackup = ({ method, path }) => method === 'PUT' && path === '/backup';
	const cameBack = async ({ name, code }) => {
		const fresh = await other.visitor();
		await fresh.client.restore(name, code);
		return fresh.client.conversations();
	};
	const { alice, bob } = await other.pair();
	const carl = await other.newUser('carl');
	await waitUntil(() => alice.client.account.backup.saved && bob.client.account.backup.saved);
	there.requests = [];
	await bob.client.logout({ forget: true });
	ok(!there.requests.includes('PUT /backup'), 'nothing is written when nothing is new', there.requests.join());
	await carl.client.send(alice.name, 'may I?');
	await alice.read();
	await alice.client.accept(carl.name);
	await alice.client.verify(bob.name);
	await alice.client.logout({ forget: true });
	ok((await keysOf(alice)).length === 0, 'who leaves right after accepting somebody is gone');
	const known = await cameBack(alice);
	ok(known.map(({ username, trust }) => `${username} ${trust}`).sort().join() === `${bob.name} verified,${carl.name} signed`,
		'... and comes back as somebody who accepted and compared', JSON.stringify(known));

	for (const [what, reply, pattern] of [['can not be reached', () => 'hang up', /can not be reached/],
		['refuses', () => ({ status: 403, body: { code: 'no', title: 'Not you' } }), /Not you/],
		['does not answer', () => new Promise(() => {}), /in time/]]) {
		const { alice: dave } = await other.pair();
		await waitUntil(() => dave.client.account.backup.saved);
		if (/answer/.test(what)) await dave.open({ later: (ms, work) => later(ms, work, ms === LEAVE_MS ? 50 : undefined) });
		await carl.client.send(dave.name, 'may I?');
		await dave.read();
		there.before = (asked) => (isBackup(asked) ? reply() : undefined);
		await dave.client.accept(carl.name);
		const error = await refuses(dave.client.logout({ forget: true }), 'backup_not_saved', `a server that ${what}: nothing is forgotten`, pattern);
		ok(error.cause?.code !== undefined && /unsavedOk/.test(error.hint), '... and why is said', error.hint);
		ok(dave.client.account?.username === dave.name && (await keysOf(dave)).length > 0, '... the account is as it was');
		ok(dave.client.connection === 'online', '... and connected', dave.client.connection);
		const { version } = dave.there.backup;
		await does(dave.client.logout({ forget: true, unsavedOk: true }), '... until one says yes');
		ok(dave.client.account === null && (await keysOf(dave)).length === 0, '... then it is gone');
		there.behave();
		await sleep(200);
		ok(dave.there.backup.version === version, '... and nothing is written later');
		ok(!(await cameBack(dave)).some(({ username }) => username === carl.name), '... what was not saved is lost');
	}

	const { alice: gail } = await other.pair();
	await waitUntil(() => gail.client.account.backup.saved);
	let haste = 50;
	await gail.open({ later: (ms, work) => later(ms, work, ms === LEAVE_MS ? haste : undefined) });
	await carl.client.send(gail.name, 'may I?');
	await gail.read();
	const hasWritten = { status: 409, body: { code: 'version_conflict', title: 'another device has' } };
	there.before = (asked) => (isBackup(asked) ? hasWritten : asked.path === '/backup' ? new Promise(() => {}) : undefined);
	await gail.client.accept(carl.name);
	await refuses(gail.client.logout({ forget: true }), 'backup_not_saved', 'a server that does not show what another device wrote', /in time/);
	there.behave();
	haste = 1;
	await does(gail.client.logout({ forget: true }), '... stands in the way of no other try');
	ok((await cameBack(gail)).some(({ username }) => username === carl.name), '... which saves it');

	const erin = await other.newUser('erin');
	there.before = (asked) => (isBackup(asked) ? 'hang up' : undefined);
	await erin.client.contact(carl.name);
	await erin.client.logout();
	await refuses(erin.client.logout({ forget: true }), 'backup_not_saved', 'who is signed out is told to sign in', /signed out/);
	there.behave();
	await erin.client.login();
	await erin.client.logout({ forget: true });
	ok((await cameBack(erin)).map(({ username }) => username).join() === carl.name, '... which saves it');

	const frank = await other.visitor('frank');
	there.before = ({ path }) => (path === '/users' ? 'hang up' : undefined);
	await refuses(frank.client.register(frank.name), 'offline', 'a registration without an end');
	await does(frank.client.logout({ forget: true }), '... has nothing to save');
	await other.close();
}

// ---- a logout during a sign-in

{
	const other = await new Scene().open();
	const alice = await other.newUser('alice');
	await alice.client.logout();
	const { write } = alice.store;
	alice.store.write = async (areas, work) => { // just before the sign-in is noted as complete
		if (String(work).includes('checked: true')) {
			alice.store.write = write;
			await alice.client.logout();
		}
		return write.call(alice.store, areas, work);
	};
	await refuses(alice.client.login(), 'signed_out', 'a sign-in whose account is signed out meanwhile');
	ok(alice.store.write === write && await alice.store.read(['meta'], (t) => t.get('meta', 'token')) === undefined, 'leaves no token');
	await does(alice.client.login(), 'and can be done again', ({ username }) => username === alice.name);
	const deaf = new User(other, alice.name, alice.store); // does not hear of what others do
	await deaf.open();
	await alice.client.logout();
	await refuses(deaf.client.contact(alice.name), 'signed_out', 'another tab does not sign in again', /signed out/);
	ok(await alice.store.read(['meta'], (t) => t.get('meta', 'token')) === undefined, '... nor leaves a token');
	await deaf.client.close();
	await other.close();
}

await scene.close();
done();
process.exit();
