// What lies around the web module: answers without end, a database that other
// tabs hold, the list of codes.
//
//	node test/web/module.mjs
import { readFileSync } from 'node:fs';
import { done, ok } from '../client/lib/tap.mjs';
import { does, later, refuses } from './lib/scene.mjs';
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

// ---- a database that other tabs hold

{
	const opening = () => {
		const request = {};
		const database = { closed: false, close() { database.closed = true; } };
		return { request, database, store: IndexedStore.open('x', { open: () => request }) };
	};
	const { request, database, store } = opening();
	const refused = store.catch((error) => error);
	request.onblocked?.();
	const error = await Promise.race([refused, new Promise((resolve) => { setTimeout(resolve, 500); })]);
	ok(error?.code === 'storage_failed' && /close/i.test(error.hint), 'a database that another tab holds is an error with a hint', error?.hint);
	request.result = database;
	request.onsuccess();
	await refused;
	ok(database.closed, 'what opens later is closed');
	const second = opening();
	second.request.result = second.database;
	second.request.onsuccess();
	await does(second.store, 'one that nobody holds opens');
	second.database.onversionchange();
	ok(second.database.closed, 'and is given up when a newer version of the page asks for it');
}

// ---- codes

{
	const listIn = (text) => [...new Set(text.match(/\b[a-z]+(_[a-z]+)*\b/g))].sort().join(' ');
	const own = Object.keys(HINTS).sort().join(' ');
	const declared = readFileSync(new URL('../../gateway/web/e2emsg.d.ts', import.meta.url), 'utf8')
		.match(/module's own: (.*?)\.\n/s)[1];
	ok(listIn(declared) === own, 'e2emsg.d.ts names the codes that the module has, and no other', `${listIn(declared)}\n${own}`);
	const documented = readFileSync(new URL('../../docs/web.md', import.meta.url), 'utf8')
		.match(/The module's own:\n\n.*?\n\n/s)[0].split('\n').slice(4).map((row) => row.split('|')[1] ?? '').join(' ');
	ok(listIn(documented) === own, 'and so does docs/web.md', `${listIn(documented)}\n${own}`);
	const { components } = JSON.parse(readFileSync(new URL('../../gateway/web/openapi.json', import.meta.url), 'utf8'));
	ok(Object.keys(SERVER_WORDS).every((code) => components.examples[code]), 'the server has the codes that are said in other words');
	ok(Object.values(HINTS).every((hint) => /^[A-Z].*[.?!]$/.test(hint)), 'each has a hint, which is a sentence');
}

done();
process.exit();
