// What the web module sends goes out once: against a server that loses
// answers, without a network, through a reload, from two tabs.
//
//	node test/web/outbox.mjs
import { done, ok } from '../client/lib/tap.mjs';
import { Scene, User, does, later, refuses, spoil, waitUntil } from './lib/scene.mjs';

const scene = await new Scene().open();
const { gateway } = scene;
const isPost = ({ method, path }) => method === 'POST' && path === '/messages';
const DAY = 86400e3;

// A receipt may come at any time.
const statesOf = async (user, peer) => (await user.states(peer)).replaceAll('delivered', 'sent');

async function arrive(user, peer, texts, what) {
	await user.read();
	ok(await waitUntil(async () => (await user.texts(peer)).slice(-texts.length).join() === texts.join(), 5), what, await user.texts(peer));
}

// ---- what can't be sent

{
	const { alice, bob } = await scene.pair();
	await refuses(alice.client.send(bob.name, ''), 'text_empty', 'no text');
	await refuses(alice.client.send(bob.name, `${'€'.repeat(21798)}xxx`), 'text_too_long', 'a long one', /at most 65396 bytes/);
	await refuses(alice.client.send(bob.name, '\ud800'), 'bad_text', 'half of a character');
	await does(alice.client.send(bob.name, `${'€'.repeat(21798)}xx`), 'just short enough', ({ state }) => state === 'sent');
	const errors = [await refuses(alice.client.send('nobody', 'x'), 'unknown_user', 'to nobody'),
		await refuses(alice.client.send('../users', 'x'), 'invalid_username', 'to a path')];
	ok(errors.every(({ hint }) => /^[A-Z].*\.$/.test(hint)), '... with a hint each', errors.map(({ hint }) => hint).join());
	await refuses(alice.client.messages(bob.name, { before: 'x' }), 'unknown_message', 'messages before none');
	await refuses(alice.client.resend('x'), 'unknown_message', 'none to send again');
	await refuses(alice.client.discard('x'), 'unknown_message', 'none to discard');
	await does(alice.client.messages(bob.name, { limit: 0 }), 'no more messages than asked for', ({ length }) => length === 0);
	await does(alice.client.messages(bob.name, { limit: 1 }), 'but as many', ({ length }) => length === 1);
	const { id } = await alice.client.send(bob.name, 'x');
	await refuses(alice.client.discard(id), 'not_waiting', 'what is sent is not discarded');
}

// ---- lost answers

{
	const { alice, bob } = await scene.pair();
	const before = bob.there.mail.length;
	const ivs = new Set();
	let stored;
	gateway.after = async (asked, reply) => {
		if (!isPost(asked)) return reply;
		ivs.add(asked.body.iv);
		stored ??= await alice.store.read(['outbox', 'messages'], async (t) => [await t.all('outbox'), (await t.all('messages')).at(-1)]);
		return 'hang up';
	};
	await does(alice.client.send(bob.name, 'once only'), 'a send without answer waits', ({ state }) => state === 'waiting');
	ok(stored[0][0].text === 'once only' && stored[0][0].envelope.iv === [...ivs][0], 'text and envelope were stored before the server heard of them');
	await waitUntil(() => gateway.requests.filter((line) => line === 'POST /messages').length > 5);
	gateway.behave();
	ok(await waitUntil(async () => (await statesOf(alice, bob)).endsWith('sent')), 'and is sent again by itself');
	ok(ivs.size === 1 && bob.there.mail.length === before + 1, 'with the same iv, so it is stored once');

	gateway.before = (asked) => (isPost(asked) ? 'hang up' : undefined);
	for (const text of ['one', 'two', 'three']) await alice.client.send(bob.name, text);
	ok((await statesOf(alice, bob)).endsWith('waiting waiting waiting'), 'without a network all wait');
	await alice.client.close();
	await alice.open();
	ok((await statesOf(alice, bob)).endsWith('waiting waiting waiting'), 'also when the page is loaded again');
	gateway.behave();
	await alice.client.connect();
	await arrive(bob, alice, ['once only', 'one', 'two', 'three'], 'then they go out, in order and once');

	let tries = 0;
	gateway.before = (asked) => (isPost(asked) && tries++ < 2
		? { status: 503, body: { code: 'overloaded', title: 'busy' }, headers: { 'Retry-After': '1' } } : undefined);
	await does(alice.client.send(bob.name, 'four'), 'a server that is busy', ({ state }) => state === 'waiting');
	ok(await waitUntil(async () => (await statesOf(alice, bob)).endsWith('sent')), 'is asked again');
	gateway.behave();
	for (const [what, body] of [['another id', { messageId: '00000000-0000-8000-8000-000000000000', sentAt: new Date().toISOString() }],
		['no time', (reply) => ({ ...reply.body, sentAt: 'now' })], ['nothing', {}], ['a list', []]]) {
		gateway.after = spoil(/^POST \/messages$/, (reply) => ({ status: 201, body: typeof body === 'function' ? body(reply) : body }));
		await refuses(alice.client.send(bob.name, `answered with ${what}`), 'bad_answer', `an answer with ${what} is refused`);
		ok((await statesOf(alice, bob)).endsWith('waiting'), 'and the message is kept');
		gateway.behave();
		await alice.client.resend();
		ok((await statesOf(alice, bob)).endsWith('sent'), 'until there is a good one');
	}
}

// ---- what is refused for good

{
	const { alice, bob } = await scene.pair();
	gateway.before = (asked) => (isPost(asked) ? 'hang up' : undefined);
	for (const text of ['not wanted', 'wanted']) await alice.client.send(bob.name, text);
	let isFirst = true;
	gateway.before = (asked) => {
		const refused = isPost(asked) && isFirst ? { status: 403, body: { code: 'not_accepted', title: 'no' } } : undefined;
		isFirst &&= !refused;
		return refused;
	};
	await alice.client.resend();
	ok((await statesOf(alice, bob)).endsWith('refused sent'), 'does not hold what stands behind it', await alice.states(bob));
	gateway.behave();
}

// ---- too often

{
	const { alice, bob } = await scene.pair();
	const before = bob.there.mail.length;
	const waits = [];
	const ivs = [];
	await alice.open({ later: (ms, work) => { waits.push(ms); return later(ms, work); } });
	const tooOften = (seconds) => ({ status: 429, body: { code: 'rate_limited', title: 'Too often' }, headers: { 'Retry-After': seconds } });
	gateway.before = (asked) => (isPost(asked) && ivs.push(asked.body.iv) === 1 ? tooOften('7') : undefined);
	await does(alice.client.send(bob.name, 'patient'), 'what is too often waits', ({ state }) => state === 'waiting');
	ok(waits.includes(7000), 'as long as the server says', waits);
	await does(alice.client.send(bob.name, 'and more'), '... with what is written meanwhile', ({ state }) => state === 'waiting');
	const tab = new User(scene, alice.name, alice.store);
	await tab.open();
	await does(tab.client.send(bob.name, 'in a new tab'), '... in another tab, too', ({ state }) => state === 'waiting');
	await tab.client.resend();
	await tab.client.close();
	ok(ivs.length === 1, '... which the server does not hear of', ivs);
	scene.ahead = 7000;
	ok(await waitUntil(async () => (await statesOf(alice, bob)).endsWith('sent')), '... and goes out by itself');
	ok(ivs.filter((iv) => iv === ivs[0]).length === 2 && ivs.length >= 4 && bob.there.mail.length === before + 3, '... the same envelope, once', ivs);
	await arrive(bob, alice, ['patient', 'and more', 'in a new tab'], '... and all of it arrives once, in order');
	gateway.before = (asked) => (isPost(asked) && ivs.push(asked.body.iv) ? tooOften('9'.repeat(400)) : undefined);
	ivs.length = 0;
	await alice.client.send(bob.name, 'for ever');
	scene.ahead = -3600e3;
	await alice.client.resend();
	ok(ivs.filter((iv) => iv === ivs.at(-1)).length === 2, 'a clock that goes back makes no wait longer', ivs);
	gateway.behave();
	scene.ahead += 601e3;
	await alice.client.resend();
	ok((await statesOf(alice, bob)).endsWith('sent'), 'nor does the server, beyond ten minutes');
	scene.ahead = 0;

	const looks = [];
	const look = (seconds) => {
		gateway.before = ({ path }) => (path.startsWith('/users/carl') && looks.push(path) === 1 ? tooOften(seconds) : undefined);
		return alice.client.contact('carl');
	};
	const error = await refuses(look('7'), 'rate_limited', 'a look-up does not wait for long', /Too often/);
	ok(error.hint === 'Try again in 7 seconds.' && error.retryAfter === 7 && error.status === 429, '... but says for how long', error.hint);
	ok(looks.length === 1, '... and asks once');
	looks.length = 0;
	await refuses(look('2'), 'unknown_user', 'a short time it waits');
	ok(looks.length === 2 && waits.includes(2000), '... as long as the server says');
	gateway.behave();
}

// ---- the peer rotates, vanishes

{
	const { alice, bob } = await scene.pair();
	const before = bob.there.mail.length;
	await bob.client.rotateKeys();
	await bob.client.rotateKeys();
	await does(alice.client.send(bob.name, 'to version 3'), 'two rotations later', ({ state, keyVersion }) => state === 'sent' && keyVersion === 3);
	const posts = [];
	gateway.before = (asked) => { if (isPost(asked)) posts.push(asked.body); return isPost(asked) ? { status: 409, body: { code: 'iv_reused', title: 'iv' } } : undefined; };
	await does(alice.client.send(bob.name, 'for ever'), 'a server that is never content', ({ state }) => state === 'waiting');
	ok(new Set(posts.map(({ iv }) => iv)).size === posts.length && posts.length >= 4, 'gets another iv each time, and not for ever');
	gateway.behave();
	await arrive(bob, alice, ['to version 3', 'for ever'], 'both arrive');
	ok(bob.there.mail.length === before + 2, 'once');
	gateway.before = (asked) => (isPost(asked) ? { status: 404, body: { code: 'unknown_receiver', title: 'gone' } } : undefined);
	await refuses(alice.client.send(bob.name, 'too late'), 'unknown_receiver', 'a peer who is gone');
	const gone = await alice.last(bob);
	ok(gone.state === 'refused' && /does not know the receiver/.test(gone.problem), 'the message is kept as refused, with the reason');
	gateway.behave();
	await alice.client.resend(gone.id);
	ok((await statesOf(alice, bob)).endsWith('sent'), 'and can be sent again');
	await arrive(bob, alice, ['too late'], 'and arrives');
}

// ---- what stands where

{
	const { alice, bob } = await scene.pair();
	const shown = async (user = alice) => (await user.client.messages(bob.name)).slice(2).map(({ note, text }) => note ?? text).join(', ');
	const isToBob = (asked) => isPost(asked) && asked.body.receiverId === bob.there.id;
	const isRefused = { status: 403, body: { code: 'not_accepted', title: 'no' } };
	gateway.before = (asked) => (isToBob(asked) ? isRefused : undefined);
	await refuses(alice.client.send(bob.name, 'refused'), 'not_accepted', 'one is refused');
	gateway.before = (asked) => (isToBob(asked) ? 'hang up' : undefined);
	for (const text of ['one', 'two']) await alice.client.send(bob.name, text);
	await bob.client.send(alice.name, 'from the old key');
	await bob.client.rotateKeys();
	await bob.client.send(alice.name, 'from the new key');
	const heard = alice.events.length;
	gateway.before = (asked) => (isToBob(asked) && asked.body.keyVersion === 2 ? 'hang up' : undefined);
	await alice.client.resend();
	ok((await shown()).replace(/, from the (old|new) key/g, '') === 'refused, key_rotated, one, two' &&
		(await statesOf(alice, bob)).endsWith('refused waiting waiting'),
	'a waiting message that is sealed for a new key stands below the note, and so does what waits behind it', await shown());
	ok(['one', 'two'].every((text) => alice.events.slice(heard).some(({ event, value }) => event === 'message' && value.text === text)),
		'both are told as changed');
	gateway.behave();
	await alice.read();
	await waitUntil(async () => (await statesOf(alice, bob)).endsWith('sent sent'));
	const order = await shown();
	ok(order.split(', ').indexOf('key_rotated') < order.split(', ').indexOf('from the new key'), 'and above what the new key sealed', order);
	ok(order.split(', ').length === 6 && order.indexOf('one') < order.indexOf('two'), 'each is there once, in order', order);
	const tab = new User(scene, alice.name, alice.store);
	await tab.open();
	ok(await shown(tab) === order, 'in another tab, too');
	await tab.client.close();
	await alice.open();
	ok(await shown() === order, '... and after a reload');
	const { id } = (await alice.client.messages(bob.name)).find(({ text }) => text === 'refused');
	await alice.client.resend(id);
	ok(await shown() === `${order.replace('refused, ', '')}, refused`, 'one that was refused goes there when it is sent again', await shown());
	await does(alice.client.send(bob.name, 'three'), 'without a new key', ({ state }) => state === 'sent');
	gateway.before = (asked) => (isToBob(asked) ? isRefused : undefined);
	await refuses(alice.client.send(bob.name, 'four'), 'not_accepted', 'one more is refused');
	gateway.behave();
	await alice.client.send(bob.name, 'five');
	const last = (await alice.client.messages(bob.name)).find(({ text }) => text === 'four');
	await alice.client.resend(last.id);
	ok((await shown()).endsWith('three, four, five'), '... each stays where it was written', await shown());
}

// ---- six days

{
	const { alice, bob } = await scene.pair();
	const before = bob.there.mail.length;
	gateway.after = spoil(/^POST \/messages$/, () => 'hang up');
	await alice.client.send(bob.name, 'old, and there');
	await alice.client.send(bob.name, 'old');
	await alice.client.close();
	gateway.behave();
	scene.ahead = 6.1 * DAY;
	await alice.open();
	await alice.client.connect();
	ok(await waitUntil(async () => (await statesOf(alice, bob)).endsWith('asks asks')), 'after six days nothing is sent unasked');
	const [first, second] = (await alice.client.messages(bob.name)).slice(-2);
	await does(alice.client.unsent(), 'what asks is not sent yet', (unsent) => unsent.map(({ text }) => text).join() === 'old, and there,old');
	await alice.client.resend();
	ok((await statesOf(alice, bob)).endsWith('asks asks'), 'nor by sending all that waits');
	await alice.client.resend(first.id);
	ok((await statesOf(alice, bob)).endsWith('sent asks'), 'but with a yes');
	await alice.client.discard(second.id);
	ok((await statesOf(alice, bob)).endsWith('sent') && !(await alice.texts(bob)).includes('old'), 'and not with a no');
	await does(alice.client.unsent(), 'then all is sent', ({ length }) => length === 0);
	ok(bob.there.mail.length === before + 2, 'the server has both envelopes of the one');
	await bob.read();
	ok((await bob.texts(alice)).filter((text) => text === 'old, and there').length === 1, 'the peer shows it once');
	scene.ahead = 30 * DAY; // a clock that is wrong, and then set right
	gateway.after = spoil(/^POST \/messages$/, () => 'hang up');
	await alice.client.send(bob.name, 'from the future');
	gateway.behave();
	scene.ahead = 0;
	await alice.client.resend();
	ok((await statesOf(alice, bob)).endsWith('asks'), 'what was written at a time that has not come asks, too');
	await alice.client.logout();
	await does(alice.client.unsent(), 'who is signed out can still see what is not sent', ([{ text }]) => text === 'from the future');
	await alice.client.logout({ forget: true, unsavedOk: true });
	await does(alice.client.unsent(), 'and it goes with the account', ({ length }) => length === 0);
}

// ---- two tabs

{
	const { alice, bob } = await scene.pair();
	const before = bob.there.mail.length;
	const tab = new User(scene, alice.name, alice.store);
	tab.database = alice.database;
	await tab.open();
	scene.users.push(tab);
	await tab.client.connect();
	ok(tab.client.connection === 'elsewhere' || tab.client.connection === 'online', 'a second tab connects', tab.client.connection);
	const all = Array.from({ length: 12 }, (_, i) => (i % 2 ? alice : tab).client.send(bob.name, `number ${i}`));
	const sent = await Promise.all(all);
	ok(sent.every(({ state }) => state === 'sent') && bob.there.mail.length === before + 12, 'two tabs send at once, each message once');
	gateway.before = (asked) => (isPost(asked) ? 'hang up' : undefined);
	await Promise.all([alice.client.send(bob.name, 'a'), tab.client.send(bob.name, 'b')]);
	gateway.behave();
	await Promise.all([alice.client.resend(), tab.client.resend()]);
	ok(bob.there.mail.length === before + 14, 'and what both sent without a network');
	await bob.client.send(alice.name, 'to both');
	ok(await waitUntil(async () => (await tab.texts(bob)).at(-1) === 'to both'), 'one tab gets the mail of both');
	const heard = ({ events }) => events.some(({ event, value }) => event === 'message' && value.text === 'to both');
	ok(await waitUntil(() => heard(alice) && heard(tab)), 'and both are told');
	await (alice.client.connection === 'online' ? alice : tab).client.close();
	await bob.client.send(alice.name, 'after a tab was closed');
	ok(await waitUntil(async () => (await tab.texts(bob)).at(-1) === 'after a tab was closed'), 'when it closes the other one takes over');
}

// ---- peers without a key here

{
	const { alice, bob } = await scene.pair();
	await alice.client.verify(bob.name);
	await waitUntil(() => alice.client.account.backup.saved);
	await alice.client.close();
	const again = await scene.visitor();
	await again.client.restore(alice.name, alice.code);
	again.name = alice.name;
	gateway.before = () => 'hang up';
	await does(again.client.send(bob.name, 'no key yet'), 'a peer whose key is not here', ({ state }) => state === 'waiting');
	const [entry] = await again.store.read(['outbox'], (t) => t.all('outbox'));
	ok(entry.envelope === null, 'waits unsealed');
	await refuses(again.client.send('stranger', 'x'), 'offline', 'a stranger does not');
	gateway.behave();
	await again.client.connect();
	await arrive(bob, alice, ['no key yet'], 'it is sealed when there is a network');
	await bob.client.block(alice.name);
	await refuses(bob.client.send(alice.name, 'x'), 'blocked', 'nothing is sent to a blocked user');
}

// ---- a disk that is full

{
	const { alice, bob } = await scene.pair();
	const before = bob.there.mail.length;
	alice.store.failing = (areas) => areas.includes('outbox');
	await alice.client.send(bob.name, 'x').then(() => ok(false, 'a full disk'), () => ok(true, 'a message that can\'t be stored is refused'));
	ok(bob.there.mail.length === before, 'and not sent');
	alice.store.failing = undefined;
	alice.store.failing = (areas) => areas.includes('seen');
	await bob.client.send(alice.name, 'keep me');
	await alice.client.connect();
	await waitUntil(() => alice.client.connection === 'offline');
	ok(alice.there.acknowledged < alice.there.mail.length, 'mail that can\'t be stored is not acknowledged');
	alice.store.failing = undefined;
	ok(await waitUntil(async () => (await alice.texts(bob)).at(-1) === 'keep me'), 'and read later');
}

await scene.close();
done();
process.exit();
