// What receipts tell the web module, and what it tells by them.
//
//	node test/web/receipts.mjs
import { done, ok } from '../client/lib/tap.mjs';
import { Scene, User, sleep, spoil, waitUntil } from './lib/scene.mjs';

const scene = await new Scene({ keyLog: false }).open();
const { gateway } = scene;
const DAY = 86400e3;
const isPost = ({ method, path }) => method === 'POST' && path === '/messages';
const entries = ({ store }) => store.read(['outbox'], (t) => t.all('outbox'));
const stateOf = async (user, peer, text) => (await user.client.messages(peer.name)).find((message) => message.text === text)?.state;
const becomes = (user, peer, text, state, seconds) => waitUntil(async () => await stateOf(user, peer, text) === state, seconds);

// ---- what asks, and was delivered

{
	const [alice, bob] = [await scene.newUser('alice'), await scene.newUser('bob')];
	gateway.after = spoil(/^POST \/messages$/, () => 'hang up');
	await alice.client.send(bob.name, 'there');
	await alice.open();
	await sleep(100); // another try may be on its way
	gateway.behave();
	scene.ahead = 6.1 * DAY;
	await alice.open();
	await alice.client.connect();
	ok(await becomes(alice, bob, 'there', 'asks'), 'a message without an answer asks after six days');
	await alice.client.resend();
	const count = alice.events.length;
	await alice.client.resend();
	ok(alice.events.length === count, 'which is said once', JSON.stringify(alice.events.slice(count)));
	const [entry] = await entries(alice);
	await bob.read();
	await bob.client.accept(alice.name);
	ok(await becomes(alice, bob, 'there', 'delivered'), 'a receipt shows that it was delivered');
	ok((await entries(alice)).length === 0, 'and ends its entry');
	await alice.store.write(['outbox'], (t) => t.put('outbox', entry));
	const before = alice.events.length;
	await alice.client.resend();
	ok((await entries(alice)).length === 0 && alice.events.length === before, 'one that was left by an older version ends, too');
	scene.ahead = 0;
}

// ---- somebody whose number differs

{
	const { alice, bob } = await scene.pair();
	await alice.client.distrust(bob.name);
	await bob.client.send(alice.name, 'meanwhile');
	await alice.read();
	await alice.client.resend();
	ok(await stateOf(bob, alice, 'meanwhile') === 'sent' && (await entries(alice)).length === 0, 'who differs is told of nothing');
	await alice.client.verify(bob.name);
	await alice.read();
	await waitUntil(async () => (await entries(alice)).length === 0);
	await bob.read();
	ok(await becomes(bob, alice, 'meanwhile', 'delivered'), '... until it is the same: then of what came meanwhile, too');
}

// ---- what was sent again stands before what was sent first

// Keeps mail from a user who is connected; the result ends that.
const held = new Set();
const { feedAll } = gateway;
gateway.feedAll = (user) => { if (!held.has(user)) feedAll.call(gateway, user); };

function hold(user) {
	held.add(user);
	return () => {
		held.delete(user);
		gateway.feedAll(user);
	};
}

async function sentAgain() {
	const { alice, bob } = await scene.pair();
	gateway.before = (asked) => (isPost(asked) ? { status: 404, body: { code: 'unknown_receiver', title: 'gone' } } : undefined);
	await alice.client.send(bob.name, 'again').catch(() => {});
	gateway.behave();
	const { id } = (await alice.client.messages(bob.name)).at(-1);
	return { alice, bob, id };
}
{
	const { alice, bob, id } = await sentAgain();
	await alice.client.send(bob.name, 'first');
	await becomes(alice, bob, 'first', 'delivered');
	const give = hold(bob.there);
	await alice.client.resend(id);
	await alice.client.send(bob.name, 'last');
	ok(await stateOf(alice, bob, 'again') === 'sent', 'what was refused is sent again');
	give();
	ok(await becomes(alice, bob, 'last', 'delivered') && await becomes(alice, bob, 'again', 'delivered', 2),
		'a receipt for a later one counts for it, whatever lies between');
}
{
	const { alice, bob, id } = await sentAgain();
	const before = alice.there.mail.length;
	const giveAlice = hold(alice.there);
	await alice.client.send(bob.name, 'first');
	await waitUntil(() => alice.there.mail.length > before);
	const giveBob = hold(bob.there);
	await sleep(20);
	await alice.client.resend(id);
	giveAlice();
	ok(await becomes(alice, bob, 'first', 'delivered'), 'a receipt that was given before');
	ok(await stateOf(alice, bob, 'again') === 'sent', 'says nothing of what was sent after it', await stateOf(alice, bob, 'again'));
	giveBob();
	ok(await becomes(alice, bob, 'again', 'delivered'), 'which has its own');
}

// ---- what is read later is not the newest

{
	const { alice, bob } = await scene.pair();
	await bob.client.rotateKeys();
	gateway.before = ({ path }) => (path === `/users/${bob.there.id}/public-key` ? { status: 403, body: { code: 'forbidden', title: 'no' } } : undefined);
	await bob.client.send(alice.name, 'old');
	await alice.read();
	gateway.behave();
	await bob.client.send(alice.name, 'new');
	await alice.read();
	await alice.client.markRead(bob.name);
	ok(await becomes(bob, alice, 'new', 'read'), 'a letter behind one that stays sealed is read');
	await alice.client.acceptKeyChange(bob.name);
	ok(await becomes(alice, bob, 'old', 'opened'), 'the old one is read when a key is there');
	const { lastIn, unread } = await alice.store.read(['contacts'], (t) => t.get('contacts', bob.name));
	const { messageId } = (await alice.client.messages(bob.name)).find(({ text }) => text === 'new');
	ok(lastIn === messageId && unread === 1, 'it is unread, and not the newest');
	ok((await alice.texts(bob)).slice(-2).join() === 'old,new', 'it stands where it came');
}

// ---- a receipt is in suite 1, and so is the answer

{
	const { alice, bob } = await scene.pair();
	await bob.client.close();
	await alice.client.send(bob.name, 'in which suite?');
	await alice.store.write(['contacts'], async (t) => {
		await t.put('contacts', { ...await t.get('contacts', bob.name), suite: 0 });
	});
	await bob.read();
	ok(await becomes(alice, bob, 'in which suite?', 'delivered'), 'a receipt from somebody who last wrote in suite 0');
	await alice.client.send(bob.name, 'in this');
	ok(bob.there.mail.at(-1).suite === 1, 'shows that suite 1 is read there');
}

// ---- who does not want others to know

{
	const [alice, bob] = [await scene.newUser('alice'), await scene.newUser('bob')];
	const tab = new User(scene, bob.name, bob.store);
	await tab.open({ readReceipts: false });
	await alice.client.connect();
	await alice.client.send(bob.name, 'seen?');
	await tab.read();
	await tab.client.accept(alice.name);
	await tab.client.markRead(alice.name);
	ok((await tab.client.conversations())[0].unread === 0, 'with readReceipts off, nothing is unread');
	ok(await becomes(alice, bob, 'seen?', 'delivered'), 'that it was delivered is told');
	await sleep(100);
	ok(await alice.states(bob) === 'delivered', 'that it was read is not', await alice.states(bob));
	await bob.client.accept(alice.name);
	await sleep(100);
	ok(await alice.states(bob) === 'delivered', 'also not when it is on again', await alice.states(bob));
	await alice.client.send(bob.name, 'now?');
	await becomes(bob, alice, 'now?', 'opened');
	await bob.client.markRead(alice.name);
	ok(await becomes(alice, bob, 'now?', 'read'), 'but what is read from then on');
	await tab.client.close();
}

await scene.close();
done();
process.exit();
