// What receipts tell the web module, and what it tells by them.
//
//	node test/web/receipts.mjs
import { done, ok } from '../client/lib/tap.mjs';
import { Scene, spoil, waitUntil } from './lib/scene.mjs';

const scene = await new Scene({ keyLog: false }).open();
const { gateway } = scene;
const DAY = 86400e3;
const entries = ({ store }) => store.read(['outbox'], (t) => t.all('outbox'));
const stateOf = async (user, peer, text) => (await user.client.messages(peer.name)).find((message) => message.text === text)?.state;
const becomes = (user, peer, text, state, seconds) => waitUntil(async () => await stateOf(user, peer, text) === state, seconds);

// ---- what asks, and was delivered

{
	const { alice, bob } = await scene.pair();
	await bob.client.close();
	gateway.after = spoil(/^POST \/messages$/, () => 'hang up');
	await alice.client.send(bob.name, 'there');
	await alice.client.close();
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
	ok(await becomes(alice, bob, 'there', 'delivered'), 'a receipt shows that it was delivered');
	ok((await entries(alice)).length === 0, 'and ends its entry');
	await alice.store.write(['outbox'], (t) => t.put('outbox', entry));
	const before = alice.events.length;
	await alice.client.resend();
	ok((await entries(alice)).length === 0 && alice.events.length === before, 'one that was left by an older version ends, too');
	scene.ahead = 0;
}

await scene.close();
done();
process.exit();
