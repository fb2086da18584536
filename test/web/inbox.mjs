// The web module's mail from a server that replays, withholds, reorders and
// spoils; strangers, blocked users, receipts.
//
//	node test/web/inbox.mjs
import { b64, makeEncryptionKey, messageId, sealTutorial } from '../client/lib/gateway.mjs';
import { done, ok } from '../client/lib/tap.mjs';
import { Scene, User, does, refuses, sleep, spoil, waitUntil } from './lib/scene.mjs';
import { createClient } from '../../gateway/web/e2emsg.js';

const scene = await new Scene({ keyLog: false }).open();
const { gateway } = scene;
const incoming = async (user, peer) => (await user.client.messages(peer.name)).filter(({ direction }) => direction === 'in');
const conversation = async (user, peer) => (await user.client.conversations()).find(({ username }) => username === peer.name);

// A server that hears of no block.
const deaf = ({ path }) => (path.startsWith('/blocks/') ? 'hang up' : undefined);

// Two users of whom one is not connected, so that her mail can be spoilt first.
async function quietPair() {
	const { alice, bob } = await scene.pair();
	await alice.client.close();
	return { alice, bob, first: alice.there.mail.length };
}

// ---- spoilt mail

{
	const { alice, bob, first } = await quietPair();
	for (const text of ['first', 'second', 'third']) await bob.client.send(alice.name, text);
	const second = alice.there.mail[first + 1];
	second.extra = JSON.parse('['.repeat(1000) + ']'.repeat(1000));
	second.ciphertext = b64(Buffer.from(second.ciphertext, 'base64url').map((byte, i) => (i === 20 ? byte ^ 1 : byte)));
	await alice.read();
	const [one, two, three] = (await incoming(alice, bob)).slice(-3);
	ok(one.text === 'first' && three.text === 'third', 'a changed ciphertext does not stop the others');
	ok(two.state === 'tampered' && two.text === undefined && /tampered/.test(two.problem), 'and is kept as what it is', JSON.stringify(two));
	ok(alice.there.acknowledged === alice.there.mail.length, 'all are acknowledged');
	const [kept] = await alice.store.read(['messages'], (t) => t.range('messages', 'sealed', 1, 1));
	ok(kept.envelope.ciphertext === second.ciphertext && !Object.hasOwn(kept.envelope, 'extra'), 'the envelope is kept, and nothing else');
	ok((await conversation(alice, bob)).unread === 3, 'only what was opened counts as unread', (await conversation(alice, bob)).unread);
}
async function spoilt(what, change, state, pattern) {
	const { alice, bob } = await quietPair();
	await bob.client.send(alice.name, 'spoilt');
	const mail = alice.there.mail.at(-1);
	Object.assign(mail, change(mail, alice, bob));
	await bob.client.send(alice.name, 'sound');
	await alice.read();
	const messages = await alice.store.read(['messages'], (t) => t.all('messages'));
	const bad = messages.find(({ seq, direction }) => direction === 'in' && seq === mail.seq);
	ok(bad.state === state && bad.text === undefined && pattern.test(bad.problem), `${what}: ${state}`, JSON.stringify(bad));
	ok((await alice.last(bob)).text === 'sound', `${what}: the next one is read`);
}
await spoilt('another auth tag', () => ({ authTag: b64(Buffer.alloc(16)) }), 'tampered', /tampered/);
await spoilt('another key version', () => ({ keyVersion: 2 }), 'no_private_key', /version 2/);
await spoilt('another sender\'s version', () => ({ senderKeyVersion: 2 }), 'untrusted_key', /no key of version 2/);
await spoilt('another suite', () => ({ suite: 7 }), 'unknown_suite', /does not know/);
await spoilt('suite 0', () => ({ suite: 0 }), 'tampered', /tampered/);
await spoilt('another message id', () => ({ messageId: '00000000-0000-8000-8000-000000000000' }), 'malformed', /wrong message id/);
await spoilt('another receiver', (mail, alice, bob) => ({ receiverId: bob.there.id }), 'malformed', /somebody else/);
await spoilt('no sender\'s version', () => ({ senderKeyVersion: undefined }), 'malformed', /does not name/);
await spoilt('another sender', (mail, alice, bob) => {
	const mallory = gateway.add(scene.fresh('mallory'), bob.there.keys[0].jwk);
	return { senderId: mallory.id, messageId: messageId(alice.there.id, mallory.id, mail.iv) };
}, 'tampered', /tampered/);
await spoilt('a sender who is nobody', (mail, alice) => {
	const senderId = '11111111-1111-8111-8111-111111111111';
	return { senderId, messageId: messageId(alice.there.id, senderId, mail.iv) };
}, 'untrusted_key', /no key of version 1/);

async function keyRefused(status, code, isOver) {
	const { alice, bob } = await quietPair();
	const mallory = await scene.newUser('mallory');
	await mallory.client.send(alice.name, 'from a stranger');
	await bob.client.send(alice.name, 'behind it');
	let asked = 0;
	gateway.before = ({ path }) => (path === `/users/${mallory.there.id}/public-key` && ++asked
		? { status, body: code && { code, title: 'no' } } : undefined);
	await alice.client.connect();
	await waitUntil(async () => (isOver ? (await alice.last(bob)).text === 'behind it' : asked > 2));
	const stored = (await alice.store.read(['messages'], (t) => t.all('messages'))).find(({ peer }) => peer === mallory.there.id);
	const what = `a sender's key that is answered with ${status} ${code ?? 'and no problem'}`;
	ok(stored?.state === (isOver ? 'untrusted_key' : undefined), `${what}: ${isOver ? 'the message is kept' : 'it is asked again'}`, JSON.stringify(stored));
	ok((await alice.last(bob)).text === (isOver ? 'behind it' : 'hello, too'), `${what}: what follows ${isOver ? 'is read' : 'waits'}`);
	gateway.behave();
	if (!isOver) ok(await waitUntil(async () => (await alice.last(bob)).text === 'behind it'), `${what}: until there is another answer`);
	await alice.client.close();
}
for (const [status, code] of [[400, 'invalid_request'], [403, 'forbidden'], [404, 'not_found'], [405, 'method_not_allowed'], [403]]) await keyRefused(status, code, true);
for (const [status, code] of [[401, 'invalid_token'], [401], [429, 'rate_limited'], [503, 'overloaded']]) await keyRefused(status, code, false);

// ---- what is no mail

for (const [what, change] of [['no seq', { seq: undefined }], ['a seq of 0', { seq: 0 }], ['a seq that is a text', { seq: '9' }],
	['an iv of 11 bytes', { iv: b64(Buffer.alloc(11)) }], ['a ciphertext that is no base64url', { ciphertext: '=' }],
	['an id that is none', { messageId: 'x' }], ['a time that is none', { sentAt: 'yesterday' }], ['a version of 0', { keyVersion: 0 }]]) {
	gateway.behave();
	const { alice, bob } = await quietPair();
	await bob.client.send(alice.name, 'before');
	await bob.client.send(alice.name, 'after');
	const mail = alice.there.mail.at(-1);
	const sound = { ...mail };
	Object.assign(mail, change);
	await alice.client.connect();
	ok(await waitUntil(async () => (await alice.last(bob)).text === 'before') && alice.there.acknowledged < sound.seq, `${what}: what came before is stored`);
	Object.assign(mail, sound);
	gateway.feedAll(alice.there);
	ok(await waitUntil(async () => (await alice.last(bob)).text === 'after'), `${what}: and the rest is asked for again`);
	await alice.client.close();
	await bob.client.close();
}
{
	const { alice, bob } = await quietPair();
	gateway.streamsMax = 0;
	for (const body of [{}, { messages: 7 }, [], null]) {
		gateway.before = ({ path }) => (path === '/messages' ? { status: 200, body } : undefined);
		await alice.client.connect();
		ok(await waitUntil(() => alice.client.connection === 'offline'), `a poll that is answered with ${JSON.stringify(body)}`);
		await alice.client.close();
	}
	gateway.behave();
	await bob.client.send(alice.name, 'by polling');
	await alice.client.connect();
	ok(await waitUntil(async () => (await alice.last(bob)).text === 'by polling'), 'without room for a stream, mail comes by polling');
	gateway.streamsMax = Infinity;
}

// ---- gaps, repeats

{
	const { alice, bob, first } = await quietPair();
	for (const [i, text] of ['one', 'two', 'three', 'four'].entries()) {
		await bob.client.send(alice.name, text);
		alice.there.mail[first + i].seq = first + [1, 3, 6, 7][i];
	}
	await alice.read();
	const notesNow = async () => (await alice.client.messages(bob.name)).filter(({ note }) => note === 'missing');
	await waitUntil(async () => (await notesNow()).length > 0);
	const notes = await notesNow();
	ok(JSON.stringify(notes.map(({ details }) => [details.from - first, details.through - first])) === '[[2,2],[4,5]]', 'missing numbers are noted', JSON.stringify(notes));
	ok(alice.warnings.filter(({ code }) => code === 'missing_mail').length === 2, 'and said');
	ok((await alice.texts(bob)).slice(-4).join() === 'one,two,three,four', 'what came is read');
}
{
	const { alice, bob } = await quietPair();
	await bob.client.send(alice.name, 'pay me');
	const repeat = () => alice.there.mail.push({ ...alice.there.mail.findLast(({ seq }) => seq), seq: alice.there.mail.length + 1 });
	repeat();
	await alice.read();
	const count = async (state) => (await incoming(alice, bob)).filter((message) => message.state === state).length;
	ok(await count('repeated') === 1 && (await alice.texts(bob)).filter((text) => text === 'pay me').length === 1, 'an envelope that comes twice is refused');
	await alice.client.close();
	await alice.open();
	repeat();
	await alice.read();
	ok(await count('repeated') === 2, 'also on another day');
	gateway.deliver(alice.there, bob.there, bob.there.mail[0]);
	await alice.read();
	ok(await waitUntil(async () => await count('repeated') === 3), 'and the own envelope that comes back');
	const again = { ...alice.there.mail[0] };
	gateway.streams.forEach(({ response }) => response.write(`event: message\ndata: ${JSON.stringify(again)}\n\n`));
	await sleep(50);
	ok(await count('repeated') === 3, 'an old number with the old envelope changes nothing');
}

// ---- a gap that the server explains: what nobody read in time is gone

for (const [said, gap, told] of [[3, [], true], [99, [], true], [2, [[3, 3]], true], [0, [[1, 3]], false], [-1, [[1, 3]], false], ['3', [[1, 3]], false], [2.5, [[1, 3]], false]]) {
	const { alice, bob, first } = await quietPair();
	const expired = typeof said === 'number' && said > 0 ? first + said : said;
	gateway.after = spoil(/^GET \/messages$/, (reply) => ({ ...reply, body: { ...reply.body, expired } }));
	await bob.client.send(alice.name, 'in time');
	alice.there.mail.at(-1).seq = first + 4;
	await alice.read();
	ok(await waitUntil(async () => (await alice.texts(bob)).includes('in time')), `expired through ${expired}: mail comes`);
	const notes = (await alice.client.messages(bob.name)).filter(({ note }) => note === 'missing').map(({ details }) => [details.from - first, details.through - first]);
	ok(JSON.stringify(notes) === JSON.stringify(gap), '... and only the rest is missing', JSON.stringify(notes));
	ok(alice.warnings.some(({ code }) => code === 'expired_mail') === told, '... which is said', JSON.stringify(alice.warnings));
	gateway.behave();
}

// ---- a gap before what is not kept

{
	const { alice, bob, first } = await quietPair();
	gateway.before = deaf;
	await alice.client.block(bob.name);
	await bob.client.send(alice.name, 'not kept');
	alice.there.mail.at(-1).seq = first + 3;
	await alice.read();
	const notesNow = async () => (await alice.client.messages(bob.name)).filter(({ note }) => note === 'missing');
	await waitUntil(async () => (await notesNow()).length > 0);
	const notes = await notesNow();
	ok(JSON.stringify(notes.map(({ details }) => [details.from - first, details.through - first])) === '[[1,2]]',
		'numbers that are missing before a blocked user\'s message are noted', JSON.stringify(notes));
	ok(await waitUntil(() => alice.warnings.some(({ code }) => code === 'missing_mail')) && !(await alice.texts(bob)).includes('not kept'),
		'and said; the message is not kept');
	gateway.behave();
}

// ---- strangers, blocked users

{
	const [alice, bob] = [await scene.newUser('alice'), await scene.newUser('bob')];
	await alice.client.send(bob.name, 'do you know me?');
	await bob.read();
	await sleep(100);
	const request = await conversation(bob, alice);
	ok(request.state === 'request' && request.unread === 1 && request.last.text === 'do you know me?', 'a stranger\'s first message is a request');
	await bob.client.markRead(alice.name);
	await sleep(100);
	ok(alice.there.mail.length === 0 && (await conversation(bob, alice)).unread === 0, 'which gets no receipt, whatever one reads');
	await bob.client.accept(alice.name);
	ok(await waitUntil(() => alice.there.mail.length === 1), 'until it is accepted');
	await alice.read();
	ok(await waitUntil(async () => await alice.states(bob) === 'read') && (await incoming(alice, bob)).length === 0, 'a receipt is no message');
	ok((await conversation(alice, bob)).unread === 0, 'and nothing unread');
	await alice.client.send(bob.name, 'one');
	await alice.client.send(bob.name, 'two');
	ok(await waitUntil(async () => await alice.states(bob) === 'read delivered delivered'), 'what is delivered is told', await alice.states(bob));
	await bob.client.markRead(alice.name);
	ok(await waitUntil(async () => await alice.states(bob) === 'read read read'), 'and what is read');
	gateway.before = deaf;
	await bob.client.block(alice.name);
	const before = alice.there.mail.length;
	await alice.client.send(bob.name, 'three');
	ok(await waitUntil(() => bob.there.acknowledged === bob.there.mail.length), 'what a blocked user writes is acknowledged');
	await sleep(50);
	ok(!(await bob.texts(alice)).includes('three') && alice.there.mail.length === before, 'not shown and not answered');
	ok((await conversation(bob, alice)).state === 'blocked', 'the contact is shown as blocked');
	await bob.client.unblock(alice.name);
	await alice.client.send(bob.name, 'four');
	ok(await waitUntil(async () => (await bob.texts(alice)).at(-1) === 'four'), 'until one unblocks him');
	gateway.behave();
}

// ---- people who were only looked up, or unblocked

{
	const [alice, bob] = [await scene.newUser('alice'), await scene.newUser('bob')];
	const arrived = () => waitUntil(() => bob.there.acknowledged === bob.there.mail.length);
	await bob.client.contact(alice.name);
	await alice.client.send(bob.name, 'you followed my link');
	await bob.read();
	await bob.client.markRead(alice.name);
	await sleep(100);
	ok(alice.there.mail.length === 0, 'who was looked up and writes gets no receipt');
	await bob.client.block(alice.name);
	await bob.client.unblock(alice.name);
	await alice.client.send(bob.name, 'and now?');
	await arrived();
	await bob.client.markRead(alice.name);
	await sleep(100);
	ok(alice.there.mail.length === 0, 'nor who was blocked and no longer is');
	await bob.client.send(alice.name, 'who is this?');
	ok(await waitUntil(() => alice.there.mail.length === 2), 'until one writes to them');
	await alice.read();
	ok(await waitUntil(async () => await alice.states(bob) === 'read read'), 'then they learn of all');
}

// ---- receipts that lie

{
	const { alice, bob } = await scene.pair();
	const mallory = await scene.newUser('mallory');
	await alice.client.send(bob.name, 'for bob');
	await waitUntil(async () => (await alice.states(bob)).endsWith('delivered'));
	const { messageId: id } = await alice.last(bob);
	const record = async (change) => mallory.store.write(['contacts'], async (t) => t.put('contacts', { ...await t.get('contacts', alice.name), ...change }));
	await mallory.client.send(alice.name, 'hi');
	await record({ lastIn: id, seenIn: id });
	await mallory.client.markRead(alice.name);
	await mallory.client.accept(alice.name);
	await waitUntil(() => alice.there.acknowledged === alice.there.mail.length);
	await sleep(100);
	ok((await alice.states(bob)).endsWith('delivered'), 'a receipt counts only from whom one wrote to');
}

// ---- the same message in two envelopes

{
	const { alice, bob } = await quietPair();
	await bob.client.send(alice.name, 'once');
	const entry = (await bob.store.read(['messages'], (t) => t.all('messages'))).find(({ text }) => text === 'once');
	await bob.store.write(['outbox'], (t) => t.put('outbox', { id: entry.id, order: 999, peer: alice.name, text: 'once', suite: 1, since: Date.now(),
		envelope: null, unsignedOk: null }));
	await bob.client.resend();
	await alice.read();
	ok((await alice.texts(bob)).filter((text) => text === 'once').length === 1, 'is one message');
}

// ---- one's own mailbox

{
	const alice = await scene.newUser('alice');
	await alice.client.connect();
	const note = { name: alice.name };
	await does(alice.client.send(alice.name, 'note to self'), 'one can write to oneself', ({ state }) => state === 'sent');
	ok(await waitUntil(async () => (await incoming(alice, note)).some(({ state, text }) => state === 'opened' && text === 'note to self')), 'and gets it');
	await alice.client.rotateKeys();
	await does(alice.client.send(alice.name, 'to my new key'), 'also after a rotation', ({ keyVersion }) => keyVersion === 2);
	ok(await waitUntil(async () => (await incoming(alice, note)).at(-1).text === 'to my new key'), 'and reads that');
	ok(alice.there.mail.length === 2, 'without receipts');
}

// ---- an account that is forgotten in another tab

{
	const { alice, bob } = await quietPair();
	const tab = new User(scene, alice.name, alice.store);
	tab.database = alice.database;
	await tab.open();
	await tab.client.connect();
	await alice.client.logout({ forget: true });
	ok(await waitUntil(() => tab.client.account === null && tab.client.connection === 'closed'), 'the other tab is told, and closes');
	await bob.client.send(alice.name, 'too late');
	await refuses(tab.client.send(bob.name, 'x'), 'no_account', 'it sends nothing any more');
	const left = await alice.store.read(['messages', 'contacts', 'keys'], async (t) => [await t.all('messages'), await t.all('contacts'), await t.all('keys')]);
	ok(left.flat().length === 0, 'and nothing is left');
}

// ---- old keys, paging, texts

{
	const { alice, bob } = await quietPair();
	await bob.client.send(alice.name, 'to version 1');
	await alice.client.rotateKeys();
	await bob.client.send(alice.name, 'to version 2');
	await alice.read();
	ok((await alice.texts(bob)).slice(-2).join() === 'to version 1,to version 2', 'mail for a key before is read');
	for (let i = 0; i < 7; i++) await bob.client.send(alice.name, `page ${i}`);
	await alice.read();
	const pages = [];
	for (let before; pages.length < 20;) {
		const page = await alice.client.messages(bob.name, { limit: 3, ...(before && { before }) });
		if (page.length === 0) break;
		pages.push(...page.reverse());
		before = page.at(-1).id;
	}
	const whole = await alice.client.messages(bob.name, { limit: 1000 });
	ok(JSON.stringify(pages.reverse()) === JSON.stringify(whole), 'pages make the whole');
	const hostile = '<b onclick=x>\u202e\u0000\u001b[31m{"a":1}';
	await bob.client.send(alice.name, hostile);
	await alice.read();
	ok(await waitUntil(async () => (await alice.last(bob)).text === hostile), 'a text is given as it was written');
	const key = await makeEncryptionKey();
	const tutor = gateway.add(scene.fresh('tutor'), key.jwk);
	gateway.deliver(alice.there, tutor, await sealTutorial(key, alice.there.keys[1].jwk, Buffer.from([0xff, 0xfe])));
	await alice.read();
	ok(await waitUntil(async () => (await alice.client.messages(tutor.username)).some(({ state, problem }) => state === 'malformed' && /UTF-8/.test(problem))),
		'one that is none is refused');
}

// ---- a page without cryptography

{
	const { subtle } = globalThis.crypto;
	Object.defineProperty(globalThis.crypto, 'subtle', { value: undefined, configurable: true });
	await refuses(createClient({ store: {} }), 'insecure_context', 'a page without crypto.subtle is told why', /not a secure address/);
	delete globalThis.crypto.subtle;
	ok(globalThis.crypto.subtle === subtle, 'and nothing is left of that');
	const old = { importKey: async () => { throw new DOMException('x', 'NotSupportedError'); } };
	Object.defineProperty(globalThis.crypto, 'subtle', { value: old, configurable: true });
	await refuses(createClient({ store: {} }), 'unsupported_browser', 'one in a browser without Ed25519, too, before it has an account', /Ed25519/);
	delete globalThis.crypto.subtle;
	const { hint } = await refuses(createClient({ database: 'x' }), 'storage_failed', 'one without a database, too');
	ok(/is for browsers/.test(hint), 'and that Node is none', hint);
	await does(createClient({ store: scene.users[0].store }), 'one that has both works');
}

await scene.close();
done();
process.exit();
