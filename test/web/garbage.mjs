// The web module against a server that answers its routes with garbage: each
// refusal is an E2emsgError of bounded size that blames neither the network nor
// this browser, and nothing gets into the prototype of all objects.
//
//	node test/web/garbage.mjs
import { E2emsgError } from '../../gateway/web/e2emsg.js';
import { done, ok } from '../client/lib/tap.mjs';
import { Scene, does, waitUntil } from './lib/scene.mjs';

const scene = await new Scene().open();
const { gateway } = scene;

// ---- garbage

const WHOLE = { nothing: '', null: 'null', 'a number': '7', 'a text': '"x"', 'a list': '[]', 'an object': '{}', 'half of one': '{"a":',
	'a deep list': `${'['.repeat(50_000)}${']'.repeat(50_000)}`,
	'a prototype': '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}' };
const PARTS = [null, -1, 2 ** 53, 'x'.repeat(1 << 20), [], [null], JSON.parse('{"__proto__":{"polluted":1}}')];

// The paths to all members of a JSON value.
function* paths(value, at = []) {
	if (at.length > 0) yield at;
	if (typeof value !== 'object' || value === null) return;
	for (const name of Object.keys(value)) yield* paths(value[name], [...at, name]);
}

function replaced(value, [first, ...rest], part) {
	const copy = Array.isArray(value) ? value.slice() : { ...value };
	copy[first] = rest.length > 0 ? replaced(value[first], rest, part) : part;
	return copy;
}

function* garbageFor(body, status = 200) {
	for (const [what, text] of Object.entries(WHOLE)) yield { what: `${status}: ${what}`, status, text };
	for (const path of paths(body)) for (const part of PARTS)
		yield { what: `${status}: ${path.join('.')} = ${JSON.stringify(part).slice(0, 20)}`, status, text: JSON.stringify(replaced(body, path, part)) };
}

const PROBLEM = { type: 'about:blank', title: 'No', status: 400, code: 'no', hint: 'None.', detail: 'x', current: {} };

// ---- who asks for it

// route → what calls it
const ROUTES = {
	'POST /sessions/challenge': ({ alice }) => alice.client.login(),
	'POST /sessions': ({ alice }) => alice.client.login(),
	'GET /backup': ({ alice }) => alice.client.recoveryCode(alice.code),
	'GET /users/*/key-rotations': ({ alice }) => alice.client.login(),
	'GET /key-log/proof/consistency': ({ alice }) => alice.client.login(),
	'GET /key-log': ({ alice }) => alice.client.keyLog(),
	'GET /users/*/public-key': ({ alice, carol }) => alice.client.contact(carol.name),
	'POST /messages': ({ alice, bob }) => alice.client.send(bob.name, 'x'),
	'PUT /backup': ({ alice }) => alice.client.recoveryCode(alice.code),
	'PUT /users/*/public-key': ({ alice }) => alice.client.rotateKeys(),
	'POST /users': ({ visitor }) => visitor.client.register(scene.fresh('zoe')),
	'POST /backup/restore': ({ visitor, alice }) => visitor.client.restore(alice.name, alice.code),
};

// of which errors are answered with garbage, too
const REFUSED = ['POST /sessions', 'GET /users/*/public-key', 'POST /messages'];

const routeOf = ({ method, path }) => `${method} ${path.replace(/^\/users\/[^/]+/, '/users/*')}`;

async function people() {
	const { alice, bob } = await scene.pair();
	const carol = await scene.newUser('carol');
	await waitUntil(() => alice.client.account.backup.saved);
	for (const { client } of [alice, bob]) await client.close();
	await alice.client.logout();
	return { alice, bob, carol, visitor: await scene.visitor() };
}

const copyOf = (areas) => new Map(Array.from(areas, ([area, records]) => [area, new Map(records)]));

// A browser and its page as they were.
async function goBack(user, areas) {
	user.store.areas = copyOf(areas);
	user.database += '\'';
	await user.open();
}

// What is wrong with an error, or undefined.
function fault(error) {
	if (!(error instanceof E2emsgError)) return error.stack;
	if (['offline', 'timeout', 'storage_failed', 'closed', 'failed'].includes(error.code)) return `${error.code}: ${error.cause?.stack}`;
	const words = [error.code, error.message, error.hint];
	return words.every((text) => typeof text === 'string' && text.length < 1000) ? undefined : `${String(error.code).slice(0, 60)}: too many words`;
}

for (const [route, call] of Object.entries(ROUTES)) {
	gateway.behave();
	const all = await people();
	const { alice, visitor } = all;
	const [kept, none] = [copyOf(alice.store.areas), copyOf(visitor.store.areas)];
	const backup = { ...alice.there.backup };
	let body;
	gateway.after = (asked, reply) => {
		if (routeOf(asked) === route) body ??= reply.body;
		return reply;
	};
	await alice.client.login();
	await does(call(all), `${route}: the honest answer`);
	const isSignIn = String(call) === String(ROUTES['POST /sessions']);
	const faults = [];
	let answered = 0;
	for (const { what, status, text } of [...garbageFor(body), ...REFUSED.includes(route) ? garbageFor(PROBLEM, 404) : []]) {
		gateway.behave();
		alice.there.backup = { ...backup };
		await goBack(alice, kept);
		await goBack(visitor, none);
		if (!isSignIn) await alice.client.login();
		gateway.after = (asked, reply) => {
			if (routeOf(asked) !== route) return reply;
			answered++;
			return { status, text };
		};
		await call(all).catch((error) => faults.push(fault(error) && `${what}: ${fault(error)}`));
		if ({}.polluted !== undefined) faults.push(`${what}: gets into all objects`);
	}
	const found = faults.filter(Boolean);
	ok(answered >= 16 && found.length === 0, `${route}: ${answered} times garbage`, found.join('\n').slice(0, 3000));
	for (const { client } of Object.values(all)) await client.close();
}

await scene.close();
done();
process.exit();
