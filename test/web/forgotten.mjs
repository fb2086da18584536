// What was on its way when somebody decided otherwise: an account that is
// forgotten, an identity that is accepted, while answers are awaited.
//
//	node test/web/forgotten.mjs
import { endorse, makeEncryptionKey, makeIdentityKey, thumbprint } from '../client/lib/gateway.mjs';
import { done, ok } from '../client/lib/tap.mjs';
import { Scene, User, does, refuses, waitUntil } from './lib/scene.mjs';

const scene = await new Scene().open();
const { gateway } = scene;

// Holds the first answer to such a request; {asked, go}.
function hold(wanted) {
	const held = {};
	held.asked = new Promise((resolve) => { held.came = resolve; });
	const gate = new Promise((resolve) => { held.go = resolve; });
	let first = true;
	gateway.after = async (asked, reply) => {
		if (!first || !wanted(asked)) return reply;
		first = false;
		held.came();
		await gate;
		return reply;
	};
	return held;
}

async function secondTab(user) {
	const tab = new User(scene, user.name, user.store);
	tab.database = user.database;
	await tab.open();
	scene.users.push(tab);
	return tab;
}

for (const [what, wanted, name] of [['a sign-in', ({ path }) => path === '/sessions', 'token'],
	['a look at the history', ({ path }) => path.endsWith('/key-rotations'), 'log']]) {
	const alice = await scene.newUser('alice');
	const tab = await secondTab(alice);
	const held = hold(wanted);
	const login = tab.client.login();
	await held.asked;
	await alice.client.logout({ forget: true });
	const other = scene.fresh('other');
	const registered = alice.client.register(other);
	await waitUntil(() => gateway.users.has(other) && gateway.users.get(other).backup);
	const before = await alice.store.read(['meta'], (t) => t.get('meta', name));
	held.go();
	await login.catch(() => {});
	await does(registered, `${what} of an account that is forgotten meanwhile`);
	gateway.behave();
	const after = await alice.store.read(['meta'], (t) => t.get('meta', name));
	ok(name !== 'token' || after.token === before.token, 'leaves nothing to the next account');
	await alice.client.login();
	ok(alice.client.keyLogProblem === null && alice.client.account.username === other, 'which is sound', alice.client.keyLogProblem);
}

{
	const { alice, bob } = await scene.pair();
	const carol = await scene.newUser('carol');
	await alice.client.contact(carol.name);
	await bob.client.close();
	gateway.before = ({ method, path }) => (method === 'POST' && path === '/messages' ? 'hang up' : undefined);
	await alice.client.send(carol.name, 'first');
	await alice.client.send(bob.name, 'second');
	await alice.client.close();
	gateway.behave();
	const [identity, key] = [await makeIdentityKey(), await makeEncryptionKey()];
	const user = bob.there;
	user.keys = [{ jwk: key.jwk, identity: identity.jwk,
		signature: await endorse(identity, gateway.service, user.username, 1, thumbprint(key.jwk)) }];
	gateway.record(user, 'registered');
	await alice.client.contact(bob.name);
	const mail = user.mail.length;
	const held = hold(({ method, path, body }) => method === 'POST' && path === '/messages' && body.receiverId === carol.there.id);
	const sending = alice.client.resend();
	await held.asked;
	const [sealed] = await alice.store.read(['outbox'], async (t) => (await t.all('outbox')).filter(({ peer }) => peer === bob.name));
	await alice.client.acceptKeyChange(bob.name);
	held.go();
	await sending;
	await waitUntil(() => user.mail.length > mail);
	ok(user.mail.length === mail + 1 && user.mail.at(-1).iv !== sealed.envelope.iv, 'an identity that is accepted while something else is on its way: what waited is sealed anew');
	gateway.behave();
	const mallory = await makeEncryptionKey();
	await alice.client.send(alice.name, 'to myself');
	const { keys } = alice.there;
	alice.there.keys = [{ jwk: mallory.jwk, identity: identity.jwk,
		signature: await endorse(identity, gateway.service, alice.name, 1, thumbprint(mallory.jwk)) }];
	gateway.record(alice.there, 'registered');
	await refuses(alice.client.acceptKeyChange(alice.name), 'own_key_changed', 'no yes makes a stranger\'s key one\'s own');
	alice.there.keys = keys;
}

await scene.close();
done();
process.exit();
