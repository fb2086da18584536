// What lies around the web module: answers without end, a database that other
// tabs hold, the list of codes.
//
//	node test/web/module.mjs
import { readdirSync, readFileSync } from 'node:fs';
import { done, ok } from '../client/lib/tap.mjs';
import { MemoryStore } from './lib/memory_store.mjs';
import { does, later, refuses } from './lib/scene.mjs';
import { createClient } from '../../gateway/web/e2emsg.js';
import { Api } from '../../gateway/web/client/api.js';
import { HINTS, SERVER_WORDS } from '../../gateway/web/client/error.js';
import { IndexedStore } from '../../gateway/web/client/store.js';

// ---- answers

{
	const chunk = new TextEncoder().encode('"'.padEnd(1 << 20, 'x'));
	for (const status of [200, 400]) {
		let given = 0;
		let cancelled = false;
		const endless = () => new ReadableStream({
			pull(controller) {
				if (++given > 100) controller.close();
				else controller.enqueue(chunk);
			},
			cancel() { cancelled = true; },
		});
		const api = new Api('https://msg.test', async () => new Response(endless(), { status }), later);
		await refuses(api.call('GET', '/messages'), 'bad_answer', `an answer of ${status} that does not end is refused`, /too long/);
		ok(cancelled && given < 40, 'as soon as it is too long', given);
	}
	const answer = (body, more) => new Api('https://msg.test', async () => new Response(body, more), later).call('GET', '/');
	const bytes = new TextEncoder().encode('{"text":"\u20ac"}');
	const halves = new ReadableStream({ start(controller) { // a character in two parts
		for (const part of [bytes.slice(0, 10), bytes.slice(10)]) controller.enqueue(part);
		controller.close();
	} });
	await does(answer(halves), 'an answer in parts is read', ({ body }) => body.text === '\u20ac');
	for (const [what, body, status] of [['none', null, 204], ['an empty one', '', 200]])
		await does(answer(body, { status }), `${what}, too`, (reply) => reply.body === null && reply.status === status);
	await refuses(answer('{'), 'bad_answer', 'half of one is none', /not JSON/);
	const problem = (code) => answer(JSON.stringify({ code, title: 'Theirs', hint: 'For programs.' }), { status: 401 });
	for (const code of ['invalid_assertion', 'unknown_receiver']) {
		const own = await refuses(problem(code), code, `${code}: the server's words for programs are not shown`, /^The /);
		ok(own.status === 401 && own.hint === SERVER_WORDS[code].hint, 'nor is its hint', own.hint);
	}
	for (const code of ['not_accepted', 'constructor'])
		ok((await refuses(problem(code), code, `${code}: the server's`, /^Theirs$/)).hint === 'For programs.', 'and its hint');
}

// ---- requests

{
	const asked = [];
	const api = new Api('https://msg.test', async (url, options) => asked.push({ url, ...options }) && new Response('{}'), later);
	await api.call('POST', '/messages', { body: { x: 1 }, token: 'secret' });
	await api.stream('/messages/stream?after=0', { token: 'secret' }).catch(() => {});
	ok(asked.length === 2 && asked.every(({ url, headers }) => !url.includes('secret') && headers.Authorization === 'Bearer secret'),
		'a token is in the header, never in a URL', JSON.stringify(asked));
	ok(asked.every(({ credentials, cache, redirect, referrerPolicy }) =>
		[credentials, cache, redirect, referrerPolicy].join() === 'omit,no-store,error,no-referrer'), 'no cookie, copy, detour or referrer goes along');
	ok(asked[0].body === '{"x":1}' && asked[0].headers['Content-Type'] === 'application/json' && asked[1].body === undefined, 'a body is JSON');
}

{
	globalThis.location = { href: 'https://shop.example.org/app/page', origin: 'https://shop.example.org' };
	for (const [server, base] of [['/chat', 'https://shop.example.org/chat'], ['../x/', 'https://shop.example.org/x'], ['https://msg.test/', 'https://msg.test'],
		['https://msg.test/a/b//', 'https://msg.test/a/b'], [undefined, new URL('../../gateway', import.meta.url).href]]) {
		const urls = [];
		const client = await createClient({ server, store: new MemoryStore(), fetch: async (url) => Promise.reject(urls.push(url)) });
		await client.register('alice').catch(() => {});
		ok(urls.join() === `${base}/sessions/challenge`, `a server at ${server}`, urls.join());
	}
	delete globalThis.location;
}

// ---- a database that others hold, close, or have built anew

// A store on a browser that does as it is told: each open() is a request of its own.
function opening() {
	const requests = [];
	const store = IndexedStore.open('x', { open: () => requests[requests.push({}) - 1] });
	return { requests, store, last: () => requests.at(-1) };
}

// The request is granted; transactions end as "fails" says.
async function grant(request, fails) {
	const database = { closed: false, close() { database.closed = true; }, transaction() {
		const error = fails?.shift();
		if (error) throw Object.assign(new Error('no'), { name: error });
		const transaction = {};
		queueMicrotask(() => queueMicrotask(() => transaction.oncomplete()));
		return transaction;
	} };
	request.result = database;
	request.onsuccess();
	return database;
}

const idle = () => new Promise((resolve) => { setTimeout(resolve, 5); });

{
	const { requests: [request], store } = opening();
	const refused = store.catch((error) => error);
	request.onblocked?.();
	const error = await Promise.race([refused, new Promise((resolve) => { setTimeout(resolve, 500); })]);
	ok(error?.code === 'storage_failed' && /close/i.test(error.hint), 'a database that another tab holds is an error with a hint', error?.hint);
	const late = await grant(request);
	await idle();
	ok(late.closed, 'what opens later is closed');
}
{
	const { requests, store: promise, last } = opening();
	const database = await grant(last());
	const store = await does(promise, 'one that nobody holds opens');
	let told = 0;
	store.onlost = () => { told++; };
	database.onclose();
	ok(told === 1, 'the browser closes it');
	const read = store.read(['meta'], async () => 'here');
	await grant(last(), ['InvalidStateError']);
	await idle();
	ok(requests.length === 3, 'it is opened again, also when the browser has not said so');
	const third = await grant(last(), [undefined, 'InvalidStateError', undefined, 'InvalidStateError']);
	await does(read, 'and read', (value) => value === 'here');
	const write = store.write(['meta'], async () => {});
	await idle();
	await grant(last(), ['InvalidStateError']);
	await refuses(write, 'storage_failed', 'but not for ever');
	const again = store.read(['meta'], async () => 'here');
	await idle();
	last().error = Object.assign(new Error('no'), { name: 'UnknownError' });
	last().onerror();
	await refuses(again, 'storage_failed', 'nor when it can\'t be opened');
	const more = store.read(['meta'], async () => 'here');
	const newest = await grant(last());
	await does(more, 'until it can', (value) => value === 'here');
	newest.onversionchange();
	ok(newest.closed && told === 2 && !third.closed, 'it is given up when a newer version of the page asks for it');
	await refuses(store.read(['meta'], async () => {}), 'outdated_page', 'and not taken back');
}
{
	const { requests: [request], store } = opening();
	request.error = Object.assign(new Error('no'), { name: 'VersionError' });
	request.onerror();
	const { hint } = await refuses(store, 'outdated_page', 'a page that is older than the database');
	ok(/Reload/.test(hint), 'is told what to do', hint);
}

// ---- arguments of another type

{
	const asked = [];
	const client = await createClient({ server: 'https://msg.test', store: new MemoryStore(), fetch: async (url) => Promise.reject(asked.push(url)) });
	const mistakes = async (method, given) => {
		const error = await client[method](...given).then(() => undefined, (refusal) => refusal);
		ok(error instanceof TypeError && error.message.startsWith(`${method}(): `), `${method}(${given.map((one) => JSON.stringify(one)).join()})`, error?.stack);
	};
	const names = ['register', 'send', 'messages', 'markRead', 'contact', 'accept', 'block', 'unblock', 'safetyNumber', 'verify', 'distrust',
		'acceptKeyChange', 'restore', 'discard', 'recoveryCode'];
	for (const method of names) for (const given of [[], [null], [5], [{}]]) await mistakes(method, [...given, 'text', {}].slice(0, given.length && 3));
	for (const [method, ...given] of [['register', 'bob', { idToken: 5 }], ['register', 'bob', 'token'], ['restore', 'bob'], ['restore', 'bob', 5],
		['logout', true], ['logout', null], ['logout', { forget: 'yes' }], ['logout', { forget: true, unsavedOk: 1 }], ['send', 'bob'], ['send', 'bob', {}], ['send', 'bob', 'x', { unsignedOk: 1 }],
		['resend', 5], ['resend', null], ['messages', 'bob', { limit: 'x' }], ['messages', 'bob', { before: 5 }], ['verify', 'bob', 5], ['verify', 'bob', null],
		['distrust', 'bob', 5], ['acceptKeyChange', 'bob', {}]])
		await mistakes(method, given);
	for (const given of [['mesage', () => {}], ['message'], ['message', 'x'], [undefined, () => {}], ['constructor', () => {}]]) {
		let error;
		try {
			client.on(...given);
		} catch (thrown) {
			error = thrown;
		}
		ok(error instanceof TypeError, `on(${given.join()})`, error);
	}
	for (const options of [null, 'https://msg.test', { server: 5 }, { database: {} }, { readReceipts: 'no' }, { fetch: 'x' }, { store: 1 }, { now: 5 }, { later: {} }])
		ok(await createClient(options).then(() => false, (error) => error instanceof TypeError), `createClient(${JSON.stringify(options)})`);
	ok(asked.length === 0, 'none of them asks the server anything', asked.join());
	for (const given of [[{ forget: undefined }], [undefined], [{}], []])
		await does(client.logout(...given), 'what is optional may be missing');
	client.on('message', () => {})();
}

// ---- codes

{
	const textOf = (path) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
	const listIn = (text) => [...new Set(text.match(/\b[a-z]+(_[a-z]+)*\b/g))].sort().join(' ');
	const own = Object.keys(HINTS).sort().join(' ');
	const [types, manual] = [textOf('gateway/web/e2emsg.d.ts'), textOf('docs/web.md')];
	const declared = (type) => listIn(types.match(new RegExp(`type ${type} =(.*?);`, 's'))[1]);
	ok(declared('OwnCode') === own, 'e2emsg.d.ts names the codes that the module has, and no other', `${declared('OwnCode')}\n${own}`);
	const documented = manual.match(/The module's own:\n\n.*?\n\n/s)[0].split('\n').slice(4).map((row) => row.split('|')[1] ?? '').join(' ');
	ok(listIn(documented) === own, 'and so does docs/web.md', `${listIn(documented)}\n${own}`);
	const client = new URL('../../gateway/web/client/', import.meta.url);
	const source = readdirSync(client).map((name) => readFileSync(new URL(name, client), 'utf8')).join('\n');
	const warnings = listIn([...source.matchAll(/\bwarn\('(\w+)'/g)].map(([, code]) => code).join(' '));
	const warned = listIn([...manual.match(/\| `warning` \|(.*)/)[1].matchAll(/`([a-z]+_[a-z_]+)`/g)].map(([, code]) => code).join(' '));
	ok(declared('WarningCode') === warnings && warned === warnings, 'both name the warnings that there are', `${warnings}\n${warned}`);
	const notes = listIn([...source.matchAll(/\bnote\(\w+, '(\w+)'|note: '(\w+)'/g)].map(([, one, other]) => one ?? other).join(' '));
	ok(listIn(types.match(/note\?: (.*);/)[1]) === notes, 'and the notes', notes);
	const { components } = JSON.parse(readFileSync(new URL('../../gateway/web/openapi.json', import.meta.url), 'utf8'));
	ok(Object.keys(SERVER_WORDS).every((code) => components.examples[code]), 'the server has the codes that are said in other words');
	ok(Object.values(HINTS).every((hint) => /^[A-Z].*[.?!]$/.test(hint)), 'each has a hint, which is a sentence');
}

done();
process.exit();
