// The web module tells the server whom the user blocks: at once, later, again.
//
//	node test/web/blocks.mjs
import { done, ok } from '../client/lib/tap.mjs';
import { Scene, does, refuses, sleep, waitUntil } from './lib/scene.mjs';

const scene = await new Scene({ keyLog: false }).open();
const { gateway } = scene;
const blocks = (user) => [...user.there.blocks ?? []].join();
const told = (user, peer) => waitUntil(() => blocks(user) === peer.there.id);
const untold = (user) => waitUntil(() => blocks(user) === '');
const calls = () => gateway.requests.filter((request) => request.includes('/blocks/'));
const away = ({ path }) => (path.startsWith('/blocks/') ? 'hang up' : undefined);

// ---- at once

{
	const { alice, bob } = await scene.pair();
	gateway.behave();
	await bob.client.block(alice.name);
	ok(await told(bob, alice), 'the server hears of a block');
	const count = bob.there.mail.length;
	const { id, status } = await refuses(alice.client.send(bob.name, 'hello?'), 'not_accepted', 'what the blocked user writes is refused');
	ok(status === 403 && (await alice.last(bob)).state === 'refused', 'and shown as that', JSON.stringify(await alice.last(bob)));
	ok(gateway.requests.filter((request) => request === 'POST /messages').length === 1, 'it is not tried again');
	ok(bob.there.mail.length === count, 'it does not lie there');
	await bob.client.block(alice.name);
	await sleep(50);
	ok(calls().length === 1, 'what the server knows is not told again', calls().join('\n'));
	await bob.client.unblock(alice.name);
	ok(await untold(bob), 'it hears of the end');
	await does(alice.client.resend(id), 'then it goes through when sent again');
	ok(await waitUntil(async () => (await bob.texts(alice)).at(-1) === 'hello?'), 'and comes');
}

// ---- later

{
	const { alice, bob } = await scene.pair();
	gateway.before = away;
	await does(bob.client.block(alice.name), 'blocking does not wait for the server');
	await waitUntil(() => calls().length >= 3);
	ok(blocks(bob) === '', 'which is away');
	await bob.client.close();
	gateway.behave();
	await bob.open();
	await bob.client.connect();
	ok(await told(bob, alice), 'it hears of it at the next connection');
	gateway.before = away;
	await bob.client.unblock(alice.name);
	await bob.client.block(alice.name);
	await bob.client.unblock(alice.name);
	await waitUntil(() => calls().length >= 3);
	gateway.behave();
	await bob.client.close();
	await bob.client.connect();
	ok(await untold(bob), 'of what counts in the end');
	await sleep(50);
	ok(calls().join() === `DELETE /blocks/${alice.there.id}`, 'once, and of nothing in between', calls().join('\n'));
}
{
	const { alice, bob } = await scene.pair();
	gateway.after = (asked, reply) => (asked.path.startsWith('/blocks/') ? 'hang up' : reply);
	await bob.client.block(alice.name);
	ok(await told(bob, alice) && await waitUntil(() => calls().length >= 3), 'an answer that was lost');
	gateway.behave();
	await bob.client.unblock(alice.name);
	ok(await untold(bob), 'leaves no block behind');
}

// ---- several, and too many

{
	const { alice, bob } = await scene.pair();
	const carol = await scene.newUser('carol');
	await bob.client.contact(carol.name);
	gateway.behave();
	await Promise.all([bob.client.block(alice.name), bob.client.block(carol.name)]);
	ok(await waitUntil(() => bob.there.blocks?.size === 2) && calls().length === 2, 'two at once are told once each', calls().join('\n'));
	gateway.blocksMax = 2;
	const dave = await scene.newUser('dave');
	await bob.client.contact(dave.name);
	await bob.client.block(dave.name);
	ok(await waitUntil(() => bob.warnings.some(({ code, username }) => code === 'block_not_told' && username === dave.name)),
		'one more than the server takes is warned of', JSON.stringify(bob.warnings));
	await dave.client.send(bob.name, 'not kept');
	await bob.read();
	ok((await bob.texts(dave)).length === 0, 'and blocked here all the same');
	await bob.client.unblock(alice.name);
	ok(await waitUntil(() => !bob.there.blocks.has(alice.there.id)), 'another one goes');
	await bob.client.block(dave.name);
	ok(await waitUntil(() => bob.there.blocks.has(dave.there.id)), 'and makes room');
	gateway.blocksMax = Infinity;
	await refuses(bob.client.block('nobody'), 'not_a_contact', 'nobody is no contact');
}

await scene.close();
done();
