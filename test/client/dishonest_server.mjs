// The client against a server that loses answers, swaps keys, replays,
// withholds and forges.  Needs the built client (E2EMSG_CLIENT), no database.
//
//	node test/client/dishonest_server.mjs
import { appendFileSync, chmodSync, existsSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { b64, endorse, forgeKey, makeEncryptionKey, makeIdentityKey, sealTutorial, stale, thumbprint } from './lib/gateway.mjs';
import { Scene, expect, fileOf, hasFile, spoil } from './lib/scene.mjs';
import { done, ok, run } from './lib/tap.mjs';

const scene = await new Scene().open();
const { gateway } = scene;
const client = (...args) => scene.client(...args);
const newHome = () => scene.newHome();
const newUser = (...args) => scene.newUser(...args);
const fresh = (stem) => scene.fresh(stem);
const pair = () => scene.pair();

// ---- lost answers

{
	gateway.behave();
	const name = fresh('lost');
	const home = newHome();
	let keyStored = false;
	gateway.after = spoil(/^POST \/users$/, () => {
		keyStored = existsSync(join(home, name, 'key-1.pem')) && existsSync(join(home, name, 'identity.pem'));
		return 'hang up';
	});
	expect(await client(home, 'register', name), 3, 'a lost answer to a registration', 'err', /again/);
	ok(keyStored, 'the keys were on the disk before the server heard of them');
	gateway.behave();
	expect(await client(home, 'whoami'), 2, 'an account that is not finished says so', 'err', /register again/);
	const before = readFileSync(join(home, name, 'key-1.pem'), 'utf8');
	expect(await client(home, 'register', name), 0, 'registering again finishes it', 'err', /earlier try/);
	ok(readFileSync(join(home, name, 'key-1.pem'), 'utf8') === before, 'with the same key');
	const third = await client(home, 'register', name);
	expect(third, 1, 'a third time is refused', 'err', /^[^\n]*registered already.*\n.*hint: .*--home/);
	ok(third.err.includes(`(${join(home, name)})`), 'and the folder is named', third.err);
	ok(third.out === '', 'and shows no account as if it were new');
}
{
	gateway.behave();
	const name = fresh('lost');
	const home = newHome();
	gateway.before = (asked) => (asked.path === '/users' ? 'hang up' : undefined);
	expect(await client(home, 'register', name), 3, 'a registration that never arrived');
	gateway.behave();
	expect(await client(home, 'register', name), 0, 'is made by running it again');
	ok(gateway.users.has(name), 'on the server');
}
{
	gateway.behave();
	const owner = await newUser(fresh('owner'));
	const home = newHome();
	expect(await client(home, 'register', owner.name), 1, 'the name of another is refused', 'err', /taken/);
	ok(!existsSync(join(home, owner.name)), 'and nothing is left behind');
	expect(await client(home, 'register', fresh('other'), '--service', 'another.service'), 5,
		'a server with another service name is refused', 'err', /msg\.test/);
	ok(gateway.requests.filter((line) => line === 'POST /users').length === 2, 'before it learns a key');
}
{
	gateway.behave();
	const { alice, bob, bobThere } = await pair();
	let keyStored = false;
	gateway.after = spoil(/^PUT /, () => { keyStored = hasFile(bob, 'key-2.pem'); return 'hang up'; });
	expect(await bob.run('rotate'), 3, 'a lost answer to a rotation');
	ok(keyStored && bobThere.keys.length === 2, 'the new key was on the disk before it was announced');
	gateway.behave();
	expect(await bob.run('keys'), 0, 'the key is shown as not announced', 'out', /2 .* unannounced: rotate again/);
	expect(await bob.run('keys', '--json'), 0, 'and for programs', 'out', /"unannounced"/);
	expect(await bob.run('rotate'), 0, 'rotating again finishes it', 'err', /earlier try/);
	ok(bobThere.keys.length === 2, 'without a third key');
	expect(await alice.run('send', bob.name, 'to the new key'), 0, 'a peer follows', 'err', /rotated to key version 2/);
	expect(await bob.run('read'), 0, 'and is read', 'out', /to the new key/);
	expect(await bob.run('keys', 'forget', '1'), 1, 'the old key stays while it is unclear who needs it', 'err', /--force/);
	expect(await bob.run('keys', 'forget', '1', '--force'), 0, 'unless forced');
	expect(await bob.run('keys', 'forget', '2'), 2, 'the current key never goes', 'err', /not an old key/);
	expect(await bob.run('keys', 'forget', '9'), 2, 'nor one that never was', 'err', /there is no version 9/);
}
{
	gateway.behave();
	const { alice, bob, bobThere } = await pair();
	const ivs = new Set();
	gateway.after = spoil(/^POST \/messages$/, (reply, asked) => { ivs.add(asked.body.iv); return 'hang up'; });
	expect(await alice.run('send', bob.name, 'once only'), 3, 'a send without answer is kept', 'err', /kept/);
	gateway.behave();
	gateway.after = spoil(/^POST \/messages$/, (reply, asked) => { ivs.add(asked.body.iv); return reply; });
	expect(await alice.run('send', bob.name, 'once only'), 0, 'the same command again sends it', 'err', /outbox/);
	ok(ivs.size === 1 && bobThere.mail.length === 2, 'with the same iv, so it is stored once');
	gateway.before = (asked) => (asked.path === '/messages' ? 'hang up' : undefined);
	await alice.run('send', bob.name, 'two');
	await alice.run('send', bob.name, 'three');
	gateway.behave();
	const next = await alice.run('send', '--retry');
	expect(next, 0, 'send --retry empties the outbox');
	ok(!next.err.includes('nothing waits'), 'which was not empty', next.err);
	expect(await alice.run('send', '--retry'), 0, 'and says that nothing waits any more', 'err', /^e2emsg: nothing waits in the outbox\n$/);
	expect(await bob.run('read'), 0, 'in order', 'out', /once only[^]*two[^]*three/);
	gateway.before = (asked) => (asked.path === '/messages' && gateway.requests.length < 3
		? { status: 503, body: { code: 'overloaded' }, headers: { 'Retry-After': '1' } } : undefined);
	expect(await alice.run('send', bob.name, 'four'), 0, 'a server that is busy is asked again');
	const away = { status: 503, body: { code: 'database_unavailable', title: 'The database is away',
		hint: 'Try again; the same envelope is stored once.' } };
	gateway.before = () => away;
	const later = await client(newHome(), 'register', fresh('later'));
	expect(later, 3, 'a registration without database', 'err', /can't serve now: The database is away/);
	ok(!later.err.includes('envelope'), 'has no envelope to speak of');
	expect(await alice.run('send', bob.name, 'five'), 3, 'a send has', 'err', /can't serve now[^]*The message is kept/);
}
{
	gateway.behave();
	const { alice, bob, bobThere } = await pair();
	gateway.before = (asked) => (asked.path === '/messages' ? 'hang up' : undefined);
	expect(await alice.run('send', bob.name, 'sealed before'), 3, 'a message waits');
	gateway.behave();
	expect(await alice.run('verify', bob.name, '--differs'), 0, 'then the numbers are compared, and differ');
	expect(await alice.run('send', '--retry'), 5, 'what waits is not sent', 'err', /was another one; nothing was sent/);
	expect(await alice.run('send', bob.name, 'sealed before'), 5, '... nor when it is written again', 'err', /nothing was sent/);
	ok(bobThere.mail.length === 1, '... and did not go out');
	expect(await alice.run('verify', bob.name, '--confirm'), 0, 'compared again, and the same');
	expect(await alice.run('send', '--retry'), 0, 'it is sent');
	ok(bobThere.mail.length === 2, '... once');
}
{
	gateway.behave();
	const { alice, bob } = await pair();
	const refused = async (code, said) => {
		gateway.before = (asked) => (asked.path === '/messages' ? { status: 409, body: { code, title: 'no', hint: 'x' } } : undefined);
		expect(await alice.run('send', bob.name, 'hello'), 1, `${code}: a hint for people`, 'err', said);
	};
	await refused('unknown_receiver', /hint: This user was deleted/);
	await refused('mailbox_full', /hint: It is not tried again by itself/);
	expect(await alice.run('send', '--retry'), 0, 'nor is it', 'err', /nothing waits/);
}

// ---- swapped keys

const foreign = await makeIdentityKey();
const foreignKey = await makeEncryptionKey();
const forge = (user, version, identity = foreign) => forgeKey(gateway.service, user, version, identity, foreignKey);

async function sendToLie(what, makeCurrent, pattern) {
	gateway.behave();
	const users = await pair();
	const current = await makeCurrent(users.bobThere);
	const posted = [];
	gateway.before = (asked) => {
		if (asked.method === 'POST' && asked.path === '/messages') {
			posted.push(asked.body);
			return stale(current);
		}
		return undefined;
	};
	const result = await users.alice.run('send', users.bob.name, 'secret');
	expect(result, 5, `${what}: refused`, 'err', pattern);
	ok(posted.length === 1 && posted[0].keyVersion === 1, `${what}: nothing was sealed to it`);
	gateway.behave();
	return users;
}

{
	const { alice, bob, bobThere } = await sendToLie('another identity key', (user) => forge(user, 2), /identity/);
	expect(await alice.run('send', bob.name, 'again'), 5, 'sending stays stopped');
	expect(await alice.run('verify', bob.name), 5, 'no safety number for a changed identity', 'err', /hint: e2emsg trust \w+ .*shows what changed/);
	expect(await bob.run('send', alice.name, 'it is me'), 0, 'the peer writes');
	expect(await alice.run('read'), 5, 'reading is flagged', 'out', /IDENTITY CHANGED[^]*it is me/);
	expect(await alice.run('trust', bob.name), 2, 'trust asks first');
	expect(await alice.type('n\n', 'trust', bob.name), 5, 'takes a no', 'out', /nothing was accepted/);
	expect(await alice.type('y\n', 'trust', bob.name), 0, 'and a y', 'out', /accepted: /);
	expect(await alice.run('trust', bob.name), 0, 'after that nothing is left to accept', 'err', /nothing to accept/);
	expect(await alice.run('send', '--retry'), 0, 'what waited is sent');
	ok(bobThere.mail.length === 2, 'once');
}
{
	gateway.behave();
	const { alice, bob } = await pair();
	expect(await alice.type('n\n', 'backup', '--new-code'), 1, 'a no to another question than one about a key', 'out', /nothing was done/);
	await alice.run('verify', bob.name, '--differs');
	await bob.run('rotate');
	expect(await alice.type('n\n', 'trust', bob.name), 5, 'who differs and has a newer key: both are told, and what the yes is for', 'out',
		/was another one[^]*newer encryption key[^]*Write to \w+ although the numbers differ\? \[yes\/no\]/);
	expect(await alice.run('send', bob.name, 'secret'), 5, '... after a no nothing is sent', 'err', /was another one; nothing was sent/);
	expect(await alice.type('y\n', 'trust', bob.name), 0, '... a yes takes the mark away', 'out', /accepted: \w+ is signed/);
	expect(await alice.run('send', bob.name, 'all the same'), 0, '... and it is sent');
	await alice.run('verify', bob.name, '--differs');
	const lie = { status: 200, body: await forge(gateway.users.get(bob.name), 2) };
	gateway.after = spoil(`GET /users/${bob.name}/public-key`, () => lie);
	expect(await alice.type('n\n', 'trust', bob.name), 5, '... another identity is asked about as a key, and it is said that the numbers differed', 'out',
		/was another one[^]*identity key is another one[^]*Accept this key of/);
	gateway.behave();
}
await sendToLie('a vanished identity key', (user) => forge(user, 2, null), /identity/);
await sendToLie('a lower version', async (user) => {
	const object = gateway.keyObject(user);
	user.keys.push(user.keys[0]);
	return { ...object, keyVersion: 1, publicKey: foreignKey.jwk, thumbprint: thumbprint(foreignKey.jwk) };
}, /did not sign/);
await sendToLie('another key under the old endorsement', async (user) =>
	({ ...gateway.keyObject(user), publicKey: foreignKey.jwk, thumbprint: thumbprint(foreignKey.jwk) }), /did not sign/);
await sendToLie('a thumbprint that is not the key\'s', async (user) =>
	({ ...gateway.keyObject(user), publicKey: foreignKey.jwk }), /thumbprint/);
await sendToLie('an endorsement for another service', async (user) => ({ ...await forge(user, 2),
	signature: await endorse(foreign, 'another.service', user.username, 2, thumbprint(foreignKey.jwk),
		thumbprint(user.keys[0].jwk)) }), /did not sign/);
await sendToLie('the key of somebody else', async () => {
	const other = await newUser(fresh('mallory'));
	return gateway.keyObject(gateway.users.get(other.name));
}, /in place of/);
await sendToLie('no key at all', async () => ({}), /not a key object/);
{
	gateway.behave();
	const { alice, bob, bobThere } = await pair();
	await bob.run('rotate');
	await alice.run('send', bob.name, 'to version 2');
	gateway.before = (asked) => (asked.method === 'POST' && asked.path === '/messages'
		? stale(gateway.keyObject(bobThere, 1)) : undefined);
	expect(await alice.run('send', bob.name, 'to version 1'), 5, 'a true key of a lower version is refused', 'err', /went back/);
	gateway.after = spoil(/public-key/, () => ({ status: 200, body: gateway.keyObject(bobThere, 1) }));
	expect(await alice.run('trust', bob.name, '--yes'), 5, 'and no yes takes a version back');
}
{
	gateway.behave();
	const alice = await newUser(fresh('alice'));
	const bob = await newUser(fresh('bob'));
	const other = await newUser(fresh('other'));
	gateway.after = spoil(/^GET .*public-key/, () => ({ status: 200, body: gateway.keyObject(gateway.users.get(other.name)) }));
	expect(await alice.run('send', bob.name, 'hi'), 5, 'the key of another user is noticed at first contact');
	gateway.behave();
	for (const command of [['send', 'nobody', 'hi'], ['verify', 'nobody'], ['trust', 'nobody']])
		expect(await alice.run(...command), 1, `${command[0]}: a user who does not exist`, 'err', /there is no user nobody on this server/);
	gateway.service = 'evil.test';
	rmSync(fileOf(alice, 'token.json'));
	expect(await alice.run('send', bob.name, 'hi'), 5, 'no assertion is signed for another service', 'err', /evil\.test[^]*hint: Nothing was signed. Is http:\S+ the right server\? .*E2EMSG_SERVER/);
	ok(!gateway.requests.includes('POST /sessions'), 'and none is sent');
	gateway.service = 'msg.test';
}
{
	gateway.behave();
	const alice = await newUser(fresh('alice'));
	const tutor = await newUser(fresh('tutor'), '--unsigned');
	expect(await alice.run('send', tutor.name, 'hi'), 5, 'an unsigned peer needs a yes', 'err', /trust/);
	expect(await alice.run('send', tutor.name, 'hi', '--unsigned-ok'), 0, 'for once');
	expect(await alice.run('send', tutor.name, 'hi 2'), 5, 'which is not kept');
	expect(await alice.run('trust', tutor.name, '--yes'), 0, 'or for good');
	expect(await alice.run('send', tutor.name, 'hi 3'), 0, 'which is');
	expect(await alice.run('trust', tutor.name), 0, 'and is not asked for again', 'err', /nothing to accept/);
	expect(await tutor.run('read'), 0, 'an unsigned user reads', 'out', /\(signed\)[^]*hi 3/);
	expect(await tutor.run('rotate'), 0, 'and rotates');
	expect(await alice.run('send', tutor.name, 'hi 4'), 5, 'the yes was for the old key');
	expect(await alice.run('verify', tutor.name), 5, 'there is no safety number', 'err', /no identity key/);
	expect(await tutor.run('send', alice.name, 'answer'), 0, 'an unsigned user writes');
	gateway.requests = [];
	expect(await alice.run('read', '--receipts'), 0, 'and is shown as unsigned', 'out', /\(unsigned\)[^]*answer/);
	ok(!gateway.requests.includes('POST /messages'), 'a receipt is not sealed to a key without a yes either');
	await alice.run('trust', tutor.name, '--yes');
	await tutor.run('send', alice.name, 'answer 2');
	await alice.run('read', '--receipts');
	ok(gateway.requests.includes('POST /messages'), 'but to one with');
}
{
	gateway.behave();
	const alice = await newUser(fresh('alice'));
	await alice.run('send', alice.name, 'a note');
	await alice.run('read', '--receipts');
	ok(gateway.users.get(alice.name).mail.length === 1, 'nobody tells himself what he has read');
}
{
	gateway.behave();
	const { alice, bob } = await pair();
	await bob.run('rotate');
	await bob.run('send', alice.name, 'in the old suite', '--suite', '0');
	gateway.after = spoil(/^GET .*public-key/, (reply) => ({ ...reply, body: { ...reply.body, publicKey: foreignKey.jwk } }));
	expect(await alice.run('read'), 5, 'a message that stays sealed for now');
	gateway.behave();
	await bob.run('send', alice.name, 'in the new one', '--suite', '1');
	expect(await alice.run('read'), 0, 'a later one is read', 'out', /in the new one/);
	expect(await alice.run('read', '--retry'), 0, 'then the earlier one', 'out', /in the old suite/);
	expect(await alice.run('send', bob.name, 'x'), 0, 'and the answer goes in the suite of the later', 'err', /suite 1/);
}

// ---- mail

{
	gateway.behave();
	const { alice, bob, aliceThere } = await pair();
	for (const text of ['first', 'second', 'third']) await bob.run('send', alice.name, text);
	const [, second] = aliceThere.mail;
	second.ciphertext = b64(Buffer.from(second.ciphertext, 'base64url').map((byte, i) => (i === 20 ? byte ^ 1 : byte)));
	const result = await alice.run('read');
	expect(result, 6, 'a changed ciphertext has its own exit code', 'out', /tampered with/);
	ok(/first[^]*third/.test(result.out) && !/second/.test(result.out), 'and does not stop the others');
	ok(aliceThere.acknowledged === 3, 'all are acknowledged');
	ok(/"state":"tampered".*"envelope"/.test(readFileSync(fileOf(alice, 'mail.jsonl'), 'utf8')), 'the envelope is kept');
	expect(await alice.run('read', '--retry'), 6, 'trying again does not heal it');
	expect(await alice.run('read'), 0, 'and does not happen unasked');
}
{
	gateway.behave();
	const { alice, bob, aliceThere } = await pair();
	const all = new Set();
	for (const [i, text] of ['one', 'two', 'three', 'four'].entries()) {
		await bob.run('send', alice.name, text);
		aliceThere.mail[i].seq = [1, 3, 6, 7][i];
		all.add(text);
	}
	const result = await alice.run('read');
	expect(result, 7, 'missing numbers have their own exit code', 'err', /mail 2 is missing[^]*4 to 5 is missing/);
	ok([...all].every((text) => result.out.includes(text)), 'what came is read');
}
for (const [expired, code, said, unsaid] of [
	[3, 0, /mail through 2 expired/, /left out/],
	[1, 7, /mail 2 is missing/, /expired/],
	[99, 0, /mail through 2 expired/, /left out/],
	[-1, 7, /mail 2 is missing/, /expired/],
	['2', 7, /mail 2 is missing/, /expired/],
]) {
	gateway.behave();
	const { alice, bob, aliceThere } = await pair();
	for (const [i, text] of ['one', 'two'].entries()) {
		await bob.run('send', alice.name, text);
		aliceThere.mail[i].seq = [1, 3][i];
	}
	gateway.after = spoil(/^GET \/messages$/, ({ status, body }) => ({ status, body: { ...body, expired } }));
	const result = await alice.run('read');
	expect(result, code, `mail that expired through ${expired}`, 'err', said);
	ok(!unsaid.test(result.err), 'and nothing else is said');
}
{
	gateway.behave();
	const { alice, bob, aliceThere, bobThere } = await pair();
	await bob.run('send', alice.name, 'pay me');
	aliceThere.mail.push({ ...aliceThere.mail[0], seq: 2 });
	const result = await alice.run('read');
	expect(result, 6, 'an envelope that comes twice is noticed', 'err', /came before/);
	ok(result.out.split('pay me').length === 2, 'and shown once');
	aliceThere.mail.push({ ...aliceThere.mail[0], seq: 3 });
	const later = await alice.run('read');
	expect(later, 6, 'also on another day', 'err', /came before/);
	ok(!later.out.includes('pay me'), 'and not shown again');
	expect(await alice.run('read', '--all'), 0, 'the first one stays', 'out', /pay me/);
	gateway.deliver(aliceThere, bobThere, bobThere.mail[0], { seq: 4 });
	expect(await alice.run('read'), 6, 'our own envelope, sent back to us, is refused');
}
{
	gateway.behave();
	const alice = await newUser(fresh('alice'));
	const aliceThere = gateway.users.get(alice.name);
	const key = await makeEncryptionKey();
	const tutor = gateway.add(fresh('tutor'), key.jwk);
	gateway.deliver(aliceThere, tutor, await sealTutorial(key, aliceThere.keys[0].jwk, 'Hello ✓ \u001b[31mred\u202e'));
	const result = await alice.run('read');
	expect(result, 0, 'the tutorial\'s mail, without sender\'s version, is read', 'out', /\(unsigned\)[^]*Hello ✓/);
	ok(!/[\u001b\u202e]/.test(result.out) && result.out.includes('\\x1b[31mred\\u{202e}'), 'its escapes are shown, not sent');
	const json = await alice.run('read', '--all', '--json');
	ok(!/[^\n\x20-\x7e]/.test(json.out) && JSON.parse(json.out).text.includes('\u001b'), 'JSON is ASCII and exact');
	await alice.run('trust', tutor.username, '--yes');
	expect(await alice.run('send', tutor.username, 'Dear tutor'), 0, 'the answer', 'err', /suite 0/);
	ok(tutor.mail[0].suite === 0, 'goes in the suite of the question');
	gateway.before = ({ method, path, body }) => {
		if (method !== 'POST' || path !== '/messages') return undefined;
		gateway.deliver(aliceThere, tutor, { ...body, keyVersion: 1 });
		return 'hang up';
	};
	expect(await alice.run('send', tutor.username, 'never answered'), 3, 'one whose answer is lost');
	gateway.behave();
	aliceThere.mail.splice(-2); // of three tries
	const early = await alice.run('read');
	expect(early, 6, 'is known, too, when it comes back');
	ok(!early.out.includes('never answered'), 'and not shown');
	expect(await alice.run('read', '--all'), 0, 'nor among what was sent: it waits', 'out', /^((?!never answered)[^])*\n\[waiting\] to \w+\n {4}never answered\n$/);
	await alice.run('send', '--retry');
	gateway.deliver(aliceThere, tutor, tutor.mail[0]);
	const reflected = await alice.run('read');
	expect(reflected, 6, 'in suite 0, too, our own envelope is not taken for the peer\'s');
	ok(!reflected.out.includes('Dear tutor'), 'and not shown');
	tutor.keys.push({ jwk: (await makeEncryptionKey()).jwk });
	gateway.deliver(aliceThere, tutor, await sealTutorial(key, aliceThere.keys[0].jwk, 'from my old key'));
	expect(await alice.run('read'), 0, 'without sender\'s version, older keys are tried', 'out', /from my old key/);
	gateway.deliver(aliceThere, tutor, { ...await sealTutorial(key, aliceThere.keys[0].jwk, 'x'), suite: 7 });
	expect(await alice.run('read'), 6, 'a suite of the future is kept, not read', 'out', /does not know/);
	gateway.deliver(aliceThere, tutor, await sealTutorial(key, aliceThere.keys[0].jwk, Buffer.from([0xff, 0xfe])));
	expect(await alice.run('read'), 6, 'text that is not UTF-8 is refused', 'out', /UTF-8/);
	gateway.deliver(aliceThere, tutor, await sealTutorial(key, aliceThere.keys[0].jwk, 'y'), { messageId: aliceThere.id });
	expect(await alice.run('read'), 6, 'a wrong message id is refused', 'out', /message id/);
	gateway.deliver(aliceThere, tutor, await sealTutorial(key, aliceThere.keys[0].jwk, 'y'), { receiverId: tutor.id });
	expect(await alice.run('read'), 6, 'mail for somebody else is refused', 'out', /somebody else/);
	gateway.deliver(aliceThere, tutor, { ...await sealTutorial(key, aliceThere.keys[0].jwk, 'y'), keyVersion: 9 });
	expect(await alice.run('read'), 6, 'mail for a key that is not here', 'out', /not here/);
}
{
	gateway.behave();
	const { alice, bob, aliceThere } = await pair();
	await bob.run('send', alice.name, 'stored first');
	let stored = false;
	gateway.before = (asked) => {
		if (asked.path === '/messages/ack') stored = readFileSync(fileOf(alice, 'mail.jsonl'), 'utf8').includes('stored first');
		return undefined;
	};
	expect(await alice.run('read', '--no-ack'), 0, 'reading without acknowledging');
	ok(aliceThere.acknowledged === 0, 'leaves the mail on the server');
	expect(await alice.run('ack', '2'), 2, 'mail that is not here can\'t be acknowledged');
	expect(await alice.run('ack'), 0, 'acknowledging', 'out', /^1\n$/);
	ok(stored && aliceThere.acknowledged === 1, 'comes after storing');
	const stranger = await newUser(fresh('stranger'));
	await stranger.run('send', alice.name, 'who am I');
	gateway.before = (asked) => (asked.path.startsWith('/users/') ? 'hang up' : undefined);
	expect(await alice.run('read'), 3, 'mail whose sender can\'t be looked up now');
	gateway.behave();
	expect(await alice.run('read'), 0, 'is read later', 'out', /who am I/);
	const twice = await Promise.all([alice.run('send', bob.name, 'a'), alice.run('send', bob.name, 'b')]);
	ok(twice.every(({ code }) => code === 0), 'two processes at once take turns');
}

{
	gateway.behave();
	const alice = await newUser(fresh('alice'));
	const bob = await newUser(fresh('bob'));
	await bob.run('send', alice.name, 'held back');
	gateway.after = spoil(/^GET .*public-key/, (reply) => ({ ...reply, body: { ...reply.body, publicKey: foreignKey.jwk } }));
	const held = await alice.run('read');
	expect(held, 5, 'mail under a key that is not usable', 'out', /NOT OPENED.*thumbprint/);
	ok(!held.out.includes('held back'), 'stays sealed');
	expect(await alice.run('read'), 0, 'and is not tried again unasked', 'out', /^$/);
	gateway.behave();
	expect(await alice.run('read', '--retry'), 0, 'but opens when the key is right', 'out', /\(signed\)[^]*held back/);
	expect(await alice.run('read', '--retry'), 0, 'once', 'out', /^$/);
	expect(await alice.run('read', '--all'), 0, 'and stays', 'out', /held back/);
}

// ---- keys that are gone, and one's own

{
	gateway.behave();
	const { alice, bob } = await pair();
	await alice.run('send', bob.name, 'too late');
	await bob.run('rotate');
	await bob.run('keys', 'forget', '1', '--force');
	const late = await bob.run('read');
	expect(late, 6, 'mail to a key that was forgotten', 'out', /NOT OPENED: the key of version 1 was forgotten; this can't be opened any more/);
	ok(late.out.includes(`Z ${alice.name}\n`), 'names the sender');
	ok(!late.err.includes('--retry'), 'and no way that leads nowhere');
	expect(await bob.run('read'), 0, 'once', 'out', /^$/);
	await alice.run('send', bob.name, 'in time');
	expect(await bob.run('read'), 0, 'and later mail is not blamed for it', 'out', /^[^]*in time\n$/);
}
for (const options of [[], ['--unsigned']]) {
	gateway.behave();
	const alice = await newUser(fresh('alice'), ...options);
	await alice.run('send', alice.name, 'a note');
	await alice.run('rotate');
	await alice.run('rotate');
	const second = await alice.run('send', alice.name, 'another note');
	expect(second, 0, `a note to oneself after a rotation ${options}`, 'err', /key version 3/);
	ok(!/sealed again|rotated/.test(second.err), 'goes to the new key at once');
	expect(await alice.run('read'), 0, 'and both are read', 'out', /a note[^]*another note/);
	const there = gateway.users.get(alice.name);
	const lie = await forge(there, 4, options.length > 0 ? null : foreign);
	gateway.before = ({ method, path }) => (method === 'POST' && path === '/messages' ? stale(lie) : undefined);
	expect(await alice.run('send', alice.name, 'to whom?'), 5, 'a key in one\'s own name that is not', 'err', /that is not yours/);
	ok(JSON.parse(readFileSync(fileOf(alice, 'contacts.json'), 'utf8')).contacts[0].met === 3, 'is not remembered');
}

// ---- answers that are none

{
	gateway.behave();
	const { alice, bob } = await pair();
	const answers = {
		'not JSON': { status: 200, text: '<html>' },
		'an array': { status: 200, text: '[]' },
		'a member twice': { status: 200, text: '{"messages": [], "messages": []}' },
		'too deep': { status: 200, text: `{"a": ${'['.repeat(100000)}` },
		'too large': { status: 200, text: `{"a": "${'x'.repeat(17 << 20)}"}` },
		'a redirect': { status: 302, text: '', headers: { Location: `${gateway.url}/elsewhere` } },
	};
	for (const [what, answer] of Object.entries(answers)) {
		gateway.behave();
		gateway.before = (asked) => (asked.path === '/messages' ? answer : undefined);
		expect(await alice.run('read'), 1, `an answer that is ${what}`);
		ok(!gateway.requests.includes('GET /elsewhere'), 'leads nowhere');
	}
	const mail = { 'no messages': {}, 'messages that are a text': { messages: 'x' }, 'a message that is null': { messages: [null] } };
	for (const [what, body] of Object.entries(mail)) {
		gateway.behave();
		gateway.before = (asked) => (asked.path === '/messages' ? { status: 200, body } : undefined);
		expect(await alice.run('read'), 1, `an inbox with ${what}`, 'err', /not mail/);
	}
	gateway.behave();
	gateway.before = (asked) => (asked.path === '/messages'
		? { status: 422, body: { code: 'x', title: '\u001b]0;evil\u0007', hint: '\u001b[2J' } } : undefined);
	const escaped = await alice.run('send', bob.name, 'x');
	expect(escaped, 1, 'a refusal');
	ok(!escaped.err.includes('\u001b') && escaped.err.includes('\\x1b'), 'can\'t act upon the terminal');
	ok(readdirSync(join(alice.home, alice.name)).every((name) => !name.startsWith('outgoing-')), 'and ends the try');
	gateway.behave();
	for (const user of gateway.users.values()) user.tokens.clear();
	expect(await alice.run('read'), 0, 'a token that the server forgot is renewed');
	ok(gateway.requests.includes('POST /sessions'), 'by signing in');
	for (const user of gateway.users.values()) user.tokens.clear();
	gateway.before = (asked) => (asked.path === '/sessions' ? { status: 401, body: { code: 'invalid_assertion' } } : undefined);
	expect(await alice.run('read'), 4, 'and when that fails, it says so', 'err', /does not know this account/);
	const unknown = await alice.run('send', bob.name, 'kept in vain');
	expect(unknown, 4, 'so does a send', 'err', /does not know this account/);
	ok(readdirSync(join(alice.home, alice.name)).some((name) => name.startsWith('outgoing-')), '... which waits');
	ok(!unknown.err.includes('is kept') && !unknown.err.includes('--retry'), '... which does not say that it goes out later', unknown.err);
	gateway.before = (asked) => (asked.path === '/messages'
		? { status: 401, body: { code: 'invalid_token', title: 'no', hint: 'POST /sessions' } } : undefined);
	expect(await alice.run('read'), 4, 'a token that is never taken', 'err', /hint: Run: e2emsg login --home \S+\n/);
}

// ---- the end of a token

for (const [expiresAt, what, signsIn] of [
	['2099-01-01T00:00:00.000Z', 'that is said to be good for ever', [3500, 3700]],
	['1999-01-01T00:00:00.000Z', 'that is said to be over', [300, 400]],
]) {
	gateway.behave();
	const alice = await newUser(fresh('alice'));
	gateway.after = spoil(/^POST \/sessions$/, (reply) => ({ ...reply, body: { ...reply.body, expiresAt } }));
	expect(await alice.run('login'), 0, `a token ${what}`);
	const left = JSON.parse(readFileSync(fileOf(alice, 'token.json'), 'utf8')).expires - Date.now() / 1000;
	ok(left > signsIn[0] && left < signsIn[1], 'counts within bounds', left);
	gateway.requests = [];
	expect(await alice.run('read'), 0, 'and is used');
	ok(!gateway.requests.includes('POST /sessions'), 'as long as that');
}

// ---- the token of an account without identity key

{
	gateway.behave();
	const tutor = await newUser(fresh('tutor'), '--unsigned');
	const kept = () => JSON.parse(readFileSync(fileOf(tutor, 'token.json'), 'utf8'));
	const endsIn = (seconds) => writeFileSync(fileOf(tutor, 'token.json'),
		JSON.stringify({ ...kept(), expires: Math.floor(Date.now() / 1000) + seconds }));
	const first = kept().token;
	expect(await tutor.run('login'), 0, 'an unsigned account renews its token');
	const second = kept().token;
	ok(second !== first, 'and keeps the new one');
	expect(await tutor.run('read'), 0, 'a token with an hour to go');
	ok(kept().token === second, 'is not renewed unasked');
	endsIn(600);
	expect(await tutor.run('read'), 0, 'one that ends soon', 'err', /^e2emsg: no new mail\n$/);
	ok(kept().token !== second, 'is');
	endsIn(600);
	gateway.before = (asked) => (asked.path === '/sessions/refresh'
		? { status: 400, body: { code: 'invalid_request', title: 'not like this', hint: '' } } : undefined);
	const early = await tutor.run('read');
	expect(early, 0, 'a renewal that fails stops nothing yet', 'err', /could not be renewed: .*not like this/);
	ok(early.err.split('renewed').length === 2, 'and is said once');
	gateway.users.get(tutor.name).tokens.clear();
	expect(await tutor.run('read'), 4, 'until the token is refused', 'err',
		/could not be renewed: .*not like this[^]*is over\nhint: An account without identity key/);
}

// ---- files

{
	gateway.behave();
	const { alice, bob } = await pair();
	const everything = readdirSync(join(alice.home, alice.name));
	ok(everything.every((name) => (statSync(fileOf(alice, name)).mode & 0o777) === 0o600), 'every file has mode 0600');
	ok((statSync(join(alice.home, alice.name)).mode & 0o777) === 0o700, 'the folder 0700');
	chmodSync(fileOf(alice, 'key-1.pem'), 0o644);
	expect(await alice.run('send', bob.name, 'x'), 1, 'a loose key is refused', 'err', /chmod 600/);
	chmodSync(fileOf(alice, 'key-1.pem'), 0o600);
	chmodSync(join(alice.home, alice.name), 0o755);
	expect(await alice.run('whoami'), 1, 'so is a loose folder', 'err', /chmod 700/);
	chmodSync(join(alice.home, alice.name), 0o700);
	expect(await alice.run('send', bob.name, 'x'), 0, 'and all is well again');
	expect(await alice.run('send', alice.name, 'a note'), 0, 'a note to oneself', 'err', /your own/);
	expect(await alice.run('read'), 0, 'is read', 'out', /a note/);
	await bob.run('send', alice.name, 'before the crash');
	await alice.run('read');
	appendFileSync(fileOf(alice, 'mail.jsonl'), '{"direction":"in","seq":2,"messageId":"');
	await bob.run('send', alice.name, 'after the crash');
	expect(await alice.run('read'), 0, 'a torn line does not stop reading', 'out', /after the crash/);
	expect(await alice.run('read', '--all'), 0, 'and loses no other', 'out', /before the crash[^]*after the crash/);
	expect(await alice.run('token'), 0, 'a token for curl', 'out', /^[\w-]+\n$/);
	expect(await alice.run('frobnicate'), 2, 'an unknown command', 'err', /there is no command frobnicate/);
	expect(await alice.run(), 2, 'no command', 'err', /usage: e2emsg COMMAND[^]*a command is missing/);
	expect(await alice.run('send'), 2, 'a missing argument');
	expect(await alice.run('login', bob.name), 2, 'a name where none belongs', 'err', new RegExp(`login takes no name; use --as ${bob.name}\n`));
	expect(await alice.run('login', '!'), 2, 'a surplus argument', 'err', /usage: e2emsg login\n/);
	for (const empty of [['send', bob.name, ''], ['send', bob.name, '-'], ['send', bob.name]])
		expect(await alice.run(...empty), 2, 'an empty message', 'err', /the message is empty/);
	expect(await alice.type('typed\n', 'send', bob.name), 0, 'a message that is typed', 'out', /type the message, end with Ctrl-D/);
	expect(await bob.run('read'), 0, 'arrives', 'out', / {4}typed\n/);
	expect(await alice.run('read', '--yes'), 2, 'an option that means nothing here');
	expect(await run(['--home', alice.home, '--server', 'ftp://x', 'read']), 2, 'an address that is none');
	writeFileSync(fileOf(alice, 'contacts.json'), '{"contacts": [{"username": "../x"}]}');
	expect(await alice.run('read'), 1, 'a damaged file is not guessed at', 'err', /contacts\.json is damaged/);
	writeFileSync(fileOf(bob, 'key-1.pem'), 'no key');
	expect(await bob.run('send', bob.name, 'x'), 1, 'nor is a damaged key', 'err', /not a P-256 private key/);
	for (const help of ['--help', '-h', 'help']) expect(await run([help]), 0, help, 'out', /without TEXT[^]*Exit codes/);
}

scene.close();
done();
