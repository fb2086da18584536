// The web module against a server that lies with the shape, the codes and the
// times of its answers.
//
//	node test/web/lies.mjs
import { done, ok } from '../client/lib/tap.mjs';
import { Scene, does, refuses, spoil, waitUntil } from './lib/scene.mjs';

const scene = await new Scene().open();
const { gateway } = scene;
const isPost = ({ method, path }) => method === 'POST' && path === '/messages';
const problem = (status, code, headers) => ({ status, body: { code, title: code }, headers });
const count = (line) => gateway.requests.filter((one) => one.startsWith(line)).length;

// ---- codes that are the module's own

{
	const { alice } = await scene.pair();
	gateway.before = ({ path }) => (path.endsWith('/key-rotations') ? problem(400, 'key_log_problem') : undefined);
	await refuses(alice.client.login(), 'bad_answer', 'a server that says for the module that the log is wrong');
	ok(alice.client.keyLogProblem === null, 'has said nothing');
	gateway.behave();
	await does(alice.client.login(), 'the own history is checked before one is signed in', ({ username }) => username === alice.name);
	for (const code of ['constructor', '__proto__', 'closed', 'signed_out']) {
		gateway.before = (asked) => (asked.path === '/sessions' ? problem(400, code) : undefined);
		const error = await alice.client.login().catch((caught) => caught);
		ok(error.status === 400 && typeof error.hint === 'string' && error.code !== 'signed_out' && error.code !== 'closed', `no code of the module: ${code}`, error.code);
	}
	gateway.behave();
}

// ---- tokens for ever

{
	const { alice, bob } = await scene.pair();
	gateway.after = spoil(/^POST \/sessions$/, (reply) => ({ ...reply, body: { ...reply.body, expiresAt: '9999-12-31T23:59:59Z' } }));
	await alice.client.login();
	scene.ahead = 2 * 3600e3;
	gateway.requests = [];
	await alice.client.send(bob.name, 'later');
	ok(count('GET /users/') > 0 && count('POST /sessions') > 0, 'a token is never good for longer than an hour: the own history is checked anew');
	scene.ahead = 0;
	gateway.behave();
}

// ---- answers to a message

for (const text of ['', 'null', '0', '""', 'false', '[]']) {
	const { alice, bob } = await scene.pair();
	const before = bob.there.mail.length;
	gateway.after = spoil(/^POST \/messages$/, () => ({ status: 201, text }));
	await refuses(alice.client.send(bob.name, 'once'), 'bad_answer', `a message that is answered with ${JSON.stringify(text)}`);
	gateway.behave();
	await alice.client.resend();
	ok(bob.there.mail.length === before + 1 && (await alice.states(bob)).includes('sent'), 'is the same envelope when it is sent again', bob.there.mail.length - before);
	for (const { client } of [alice, bob]) await client.close();
}

// ---- pages of mail that lead nowhere

{
	const { alice, bob } = await scene.pair();
	await alice.client.close();
	gateway.streamsMax = 0;
	const old = alice.there.mail.slice();
	gateway.before = ({ method, path }) => (method === 'GET' && path === '/messages' ? { status: 200, body: { messages: old, next: 0 } } : undefined);
	gateway.requests = [];
	await alice.client.connect();
	const pages = () => gateway.requests.filter((one) => one === 'GET /messages').length;
	ok(await waitUntil(() => count('GET /messages/stream') > 1) && pages() < 20 * count('GET /messages/stream'),
		'a server that gives the same mail again and again is asked no more than others', gateway.requests.join());
	gateway.behave();
	gateway.streamsMax = Infinity;
	await bob.client.send(alice.name, 'new');
	ok(await waitUntil(async () => (await alice.texts(bob)).at(-1) === 'new'), 'and read when it gives something else');
	for (const { client } of [alice, bob]) await client.close();
}
{
	const { alice, bob } = await scene.pair();
	await alice.client.close();
	await bob.client.send(alice.name, 'sound');
	const mail = alice.there.mail.at(-1);
	gateway.before = ({ path }) => (path === '/messages/stream' ? { status: 200, stream: (response) => {
		response.writeHead(200, { 'Content-Type': 'text/event-stream' });
		response.write(`data: ${JSON.stringify(mail)}\n\ndata: {\n\n`);
	} } : undefined);
	await alice.client.connect();
	ok(await waitUntil(async () => (await alice.texts(bob)).at(-1) === 'sound', 5), 'what came before garbage in one piece is read');
	gateway.behave();
	for (const { client } of [alice, bob]) await client.close();
}

// ---- later, much later

{
	const { alice, bob } = await scene.pair();
	const asked = [];
	let rounds = 0;
	await alice.open({ later: (ms, work) => {
		asked.push(ms);
		const timer = setTimeout(work, ms / 50);
		return () => clearTimeout(timer);
	} });
	for (const time of ['999999', '99999999999999999999']) {
		gateway.before = (one) => (isPost(one) || one.path === '/messages/stream' ? problem(503, 'overloaded', { 'Retry-After': time }) : undefined);
		await does(alice.client.send(bob.name, 'x'), `a server that says: in ${time} seconds`, ({ state }) => state === 'waiting');
		await alice.client.connect();
		rounds += 1;
		await waitUntil(() => asked.filter((ms) => ms > 590_000).length >= 2 * rounds);
	}
	ok(Math.max(...asked) <= 600_000, 'is asked again within minutes', Math.max(...asked));
	ok(asked.filter((ms) => ms > 590_000).length >= 3, 'and not at once');
	gateway.behave();
	for (const { client } of [alice, bob]) await client.close();
}

await scene.close();
done();
process.exit();
