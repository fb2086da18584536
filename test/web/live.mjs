// The stream of server-sent events, from a server that garbles it, ends it,
// keeps silent or has no room; and who of several tabs holds it.
//
//	node test/web/live.mjs
import { EventParser } from '../../gateway/web/client/event_stream.js';
import { done, ok } from '../client/lib/tap.mjs';
import { Scene, User, later, sleep, waitUntil } from './lib/scene.mjs';

// ---- bytes

const bytes = (text) => new TextEncoder().encode(text);
const all = (...chunks) => {
	const parser = new EventParser();
	return JSON.stringify(chunks.flatMap((chunk) => parser.push(chunk)));
};
const plain = (text) => all(bytes(text));

ok(plain('data: x\n\n') === '[{"event":"message","data":"x"}]', 'an event');
ok(plain('id: 7\nevent: end\ndata: x\n\n') === '[{"event":"end","id":"7","data":"x"}]', 'with its name and id');
ok(plain('data: x\r\n\r\n') === plain('data: x\n\n'), 'CRLF');
ok(plain('data:x\n\n') === plain('data: x\n\n') && plain('data:  x\n\n') === '[{"event":"message","data":" x"}]', 'one space goes');
ok(plain('data: a\ndata: b\n\n') === '[{"event":"message","data":"a\\nb"}]', 'two lines of data');
ok(plain('data\n\n') === '[{"event":"message","data":""}]', 'a field without a value');
ok(plain(':\n\n: comment\n\nretry: 2000\n\n\n') === '[]', 'comments and retry are no events');
ok(plain('event: x\n\ndata: y\n\n') === '[{"event":"message","data":"y"}]', 'an event without data is none, and forgotten');
ok(plain('data: x\n') === '[]', 'an event has an end');
ok(plain('nonsense: x\ndata: y\n\n') === '[{"event":"message","data":"y"}]', 'unknown fields are passed over');
const whole = bytes('id: 1\ndata: {"a":"€ \u{1F600}"}\n\ndata: z\n\n');
const pieces = Array.from(whole, (byte) => Uint8Array.of(byte));
ok(all(...pieces) === all(whole) && all(whole).includes('€ \u{1F600}'), 'byte by byte it is the same');
ok(plain('data: \ud800\n\n').includes('\ufffd'), 'what is no UTF-8 is replaced, never thrown at');
let refusal;
try {
	all(bytes('data: '), ...Array.from({ length: 40 }, () => bytes('x'.repeat(65536))));
} catch (error) {
	refusal = error.code;
}
ok(refusal === 'bad_answer', 'a line without an end is refused');
refusal = undefined;
try {
	all(...Array.from({ length: 40 }, () => bytes(`data: ${'x'.repeat(65536)}\n`)));
} catch (error) {
	refusal = error.code;
}
ok(refusal === 'bad_answer', 'as is an event of lines without an end');

// ---- streams

const scene = await new Scene({ keyLog: false }).open();
const { gateway } = scene;
const hasLast = (user, peer, text) => waitUntil(async () => (await user.texts(peer)).at(-1) === text);

for (const [what, garbage] of [['no JSON', 'data: {\n\n'], ['no mail', 'data: {}\n\n'], ['a number', 'data: 7\n\n'], ['null', 'data: null\n\n'],
	['a list', 'data: []\n\n'], ['mail of somebody else', (mail) => `data: ${JSON.stringify({ ...mail, seq: 'x' })}\n\n`]]) {
	const { alice, bob } = await scene.pair();
	alice.events.length = 0;
	for (const { user, response } of gateway.streams)
		if (user === alice.there) response.write(typeof garbage === 'function' ? garbage(alice.there.mail[0]) : garbage);
	ok(await waitUntil(() => alice.events.some(({ event, value }) => event === 'connection' && value.error?.code === 'bad_answer')), `${what}: ends the stream`);
	await bob.client.send(alice.name, 'later');
	ok(await hasLast(alice, bob, 'later'), `${what}: and another one is opened`);
	for (const { client } of [alice, bob]) await client.close();
}
{
	const { alice, bob } = await scene.pair();
	const end = (text) => gateway.streams.forEach(({ user, response }) => { if (user === alice.there) response.end(text); });
	end('event: end\ndata: {"code":"expired_token"}\n\n');
	alice.there.tokens.clear();
	await bob.client.send(alice.name, 'after the token');
	ok(await hasLast(alice, bob, 'after the token'), 'a stream that ends with its token is opened with another one');
	end('');
	await bob.client.send(alice.name, 'after the end');
	ok(await hasLast(alice, bob, 'after the end'), 'as is one that just ends');
	gateway.requests = [];
	gateway.before = ({ path }) => (path === '/messages/stream' ? { status: 200, body: {} } : undefined);
	end('');
	ok(await waitUntil(() => alice.client.connection === 'offline'), 'an answer that is no stream');
	ok(await waitUntil(() => gateway.requests.filter((line) => line === 'GET /messages/stream').length > 2), 'is asked for again');
	gateway.before = ({ path }) => (path === '/messages/stream' ? { status: 404, body: { code: 'not_found', title: 'x' } } : undefined);
	ok(await waitUntil(() => alice.events.some(({ event, value }) => event === 'connection' && value.error?.code === 'not_found')), 'a gateway without streams');
	gateway.behave();
	await bob.client.send(alice.name, 'back');
	ok(await hasLast(alice, bob, 'back'), 'it goes on when there is one');
	for (const { client } of [alice, bob]) await client.close();
}
{
	const { alice, bob } = await scene.pair();
	await alice.open({ later: (ms, work) => later(ms, work, ms === 35_000 ? 300 : undefined) });
	await alice.client.connect();
	const [first] = [...gateway.streams].filter(({ user }) => user === alice.there);
	ok(await waitUntil(() => !gateway.streams.has(first)), 'a stream that keeps silent is given up');
	ok(alice.events.some(({ event, value }) => event === 'connection' && value.error?.code === 'timeout'), 'and told');
	await bob.client.send(alice.name, 'after the silence');
	ok(await hasLast(alice, bob, 'after the silence'), 'another one is opened');
	for (const { client } of [alice, bob]) await client.close();
}

// ---- too often

{
	gateway.behave();
	const { alice, bob } = await scene.pair();
	let refusals = 0;
	gateway.before = ({ path, token }) => {
		if (path !== '/messages/ack' || !alice.there.tokens.has(token) || refusals > 1) return undefined;
		refusals++;
		return { status: 429, body: { code: 'rate_limited', title: 'slow' }, headers: { 'Retry-After': '1' } };
	};
	for (const text of ['one', 'two']) await bob.client.send(alice.name, text);
	ok(await waitUntil(() => refusals === 2 && alice.there.acknowledged === alice.there.mail.length), 'what could not be acknowledged is, later');
	ok(await hasLast(alice, bob, 'two'), 'and all is read');
	ok((await alice.texts(bob)).filter((text) => text === 'one').length === 1, 'once');
	gateway.behave();
	for (const { client } of [alice, bob]) await client.close();
}

{
	const page = new EventTarget(); // where a browser says what happens to the page
	globalThis.addEventListener = page.addEventListener.bind(page);
	const { alice, bob } = await scene.pair();
	await alice.client.close();
	await alice.client.connect();
	const streamOf = () => [...gateway.streams].find(({ user }) => user === alice.there);
	const [first] = [streamOf()];
	page.dispatchEvent(new Event('visibilitychange'));
	await bob.client.send(alice.name, 'looked at');
	ok(await hasLast(alice, bob, 'looked at') && streamOf() === first, 'a page that is looked at again keeps a stream that lives');
	scene.ahead = 36_000;
	globalThis.document = { visibilityState: 'hidden' };
	page.dispatchEvent(new Event('visibilitychange'));
	ok(!await waitUntil(() => !gateway.streams.has(first), 0.1), 'as does one that is hidden');
	delete globalThis.document;
	page.dispatchEvent(new Event('visibilitychange'));
	ok(await waitUntil(() => !gateway.streams.has(first)), 'and gives up one that was silent for too long while the machine slept');
	await bob.client.send(alice.name, 'awake');
	ok(await hasLast(alice, bob, 'awake'), 'for another one');
	const refused = (headers) => ({ path }) => (path === '/messages/stream' ? { status: 503, body: { code: 'overloaded', title: 'x' }, headers } : undefined);
	const tries = () => gateway.requests.filter((line) => line === 'GET /messages/stream').length;
	await bob.client.close(); // it hears the same
	gateway.before = refused({});
	page.dispatchEvent(new Event('offline'));
	ok(await waitUntil(() => alice.client.connection === 'offline'), 'when the network goes the stream is given up');
	gateway.behave();
	page.dispatchEvent(new Event('online'));
	ok(await waitUntil(() => alice.client.connection === 'online'), 'and when it is back another one opened');
	gateway.before = refused({ 'Retry-After': '600' });
	page.dispatchEvent(new Event('offline'));
	await waitUntil(() => alice.events.some(({ event, value }) => event === 'connection' && value.error?.retryAfter === 600));
	const before = tries();
	for (const event of ['online', 'visibilitychange', 'pageshow']) page.dispatchEvent(new Event(event));
	await sleep(100);
	ok(tries() === before, 'but not before the time that the server asks for', `${before} ${tries()}`);
	gateway.behave();
	delete globalThis.addEventListener;
	scene.ahead = 0;
	for (const { client } of [alice, bob]) await client.close();
}

{
	const { alice, bob } = await scene.pair();
	await alice.client.close();
	gateway.before = ({ path }) => (path === '/sessions' ? { status: 401, body: { code: 'invalid_assertion', title: 'no' } } : undefined);
	alice.there.tokens.clear();
	gateway.requests = [];
	await alice.client.connect();
	ok(alice.client.connection === 'closed' && alice.events.some(({ event, value }) => event === 'connection' && value.state === 'closed' && value.error?.code === 'invalid_assertion'),
		'what time does not heal closes the connection, and is said');
	const tries = gateway.requests.length;
	await sleep(200);
	ok(gateway.requests.length === tries, 'it is not tried again');
	gateway.behave();
	await alice.client.connect();
	ok(alice.client.connection === 'online', 'until somebody asks for it');
	for (const { client } of [alice, bob]) await client.close();
}

// ---- tabs

{
	const { alice, bob } = await scene.pair();
	const tabs = [alice];
	for (let i = 0; i < 3; i++) {
		const tab = new User(scene, alice.name, alice.store);
		tab.database = alice.database;
		await tab.open();
		scene.users.push(tab);
		tabs.push(tab);
		await tab.client.connect();
	}
	const streams = () => [...gateway.streams].filter(({ user }) => user === alice.there).length;
	ok(streams() === 1 && tabs.filter(({ client }) => client.connection === 'elsewhere').length === 3, 'of four tabs one has a stream');
	for (let i = 0; i < 3; i++) {
		await tabs.find(({ client }) => client.connection === 'online').client.close();
		ok(await waitUntil(() => tabs.some(({ client }) => client.connection === 'online')), 'another one takes it over');
		ok(streams() === 1, 'and no more than one');
		await bob.client.send(alice.name, `tab ${i}`);
		ok(await hasLast(tabs[0], bob, `tab ${i}`), 'all see the mail');
	}
	const heard = tabs.map(({ events }) => events.filter(({ event, value }) => event === 'message' && value.text === 'tab 2').length);
	ok(heard.every((count) => count >= 1), 'all are told', heard.join());
	await tabs[3].client.close();
	await alice.client.connect();
	ok(await waitUntil(() => alice.client.connection === 'online'), 'a tab that was closed may connect again');
	await alice.client.logout();
	ok(await waitUntil(() => tabs.every(({ client }) => client.account === null && client.connection === 'closed')), 'signing out is for all tabs');
	await tabs[2].client.login();
	ok(await waitUntil(() => tabs.every(({ client }) => client.account?.username === alice.name)), 'signing in, too');
}

await scene.close();
done();
process.exit();
