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

// ---- other devices of the account

const state = async (user, peer) => (await user.client.contact(peer.name)).state;
const said = (user, peer) => user.warnings.filter(({ code, username }) => code === 'block_elsewhere' && username === peer.name).map(({ text }) => text);
const heard = (user, peer) => user.events.filter(({ event, value }) => event === 'conversation' && value.username === peer.name).at(-1)?.value.state;

async function again(user) {
	await user.client.close();
	await user.client.connect();
}

{
	const { alice, bob } = await scene.pair();
	gateway.behave();
	await alice.client.send(bob.name, 'one more');
	await waitUntil(async () => (await bob.client.conversations())[0].unread > 0);
	bob.there.blocks = new Set([alice.there.id, '00000000-0000-8000-8000-000000000000']);
	await again(bob);
	ok(await waitUntil(() => heard(bob, alice) === 'blocked'), 'a block of another device is taken over at the next connection');
	ok((await bob.client.conversations())[0].unread === 0 && /another device/.test(said(bob, alice)[0]), 'and said', JSON.stringify(bob.warnings));
	await refuses(bob.client.send(alice.name, 'x'), 'blocked', 'nothing is written to who is blocked');
	await again(bob);
	await sleep(50);
	ok(calls().length === 0 && said(bob, alice).length === 1, 'the server is told nothing that it knows, the user nothing twice', calls().join('\n'));
	bob.there.blocks.delete(alice.there.id);
	await again(bob);
	ok(await waitUntil(() => heard(bob, alice) === 'accepted') && said(bob, alice).length === 2, 'the end of one, too');
	await does(alice.client.send(bob.name, 'free'), 'the other writes again');
	ok(await waitUntil(async () => (await bob.texts(alice)).at(-1) === 'free'), 'and is read');
}
{
	const { alice, bob } = await scene.pair();
	for (const [there, method, end] of [[[], 'block', alice.there.id], [[alice.there.id], 'unblock', '']]) {
		gateway.before = away;
		bob.there.blocks = new Set(there);
		if (method === 'unblock') await bob.client.block(alice.name);
		await bob.client[method](alice.name);
		await waitUntil(() => calls().length > 0);
		await bob.client.close();
		gateway.behave();
		await bob.client.connect();
		ok(await waitUntil(() => blocks(bob) === end), `${method}: what was decided here and never told goes before what the server says`);
		ok(said(bob, alice).length === 0 && await state(bob, alice) === (method === 'block' ? 'blocked' : 'accepted'), '... and nobody changes it');
	}
}
{
	const { alice, bob } = await scene.pair();
	await waitUntil(() => bob.client.account.backup.saved);
	bob.there.blocks = new Set([alice.there.id]);
	const dave = await scene.newUser('dave');
	bob.there.blocks.add(dave.there.id);
	const other = await scene.visitor();
	await other.client.restore(bob.name, bob.code);
	other.name = bob.name;
	await other.client.connect();
	ok(await waitUntil(async () => await state(other, alice) === 'blocked'), 'a restored account knows its blocks');
	ok(await state(other, dave) === 'blocked', 'also of people whom it had not met');
	gateway.deliver(bob.there, dave.there, { suite: 0, iv: 'AAAAAAAAAAAAAAAA', ciphertext: 'AA', authTag: 'AAAAAAAAAAAAAAAAAAAAAA' });
	await other.read();
	ok((await other.texts(dave)).length === 0, 'whose mail is not kept');
	await other.client.unblock(dave.name);
	ok(await waitUntil(() => !bob.there.blocks.has(dave.there.id)), 'and who can be let in again');
}
for (const [what, body] of [['nothing', null], ['a list', []], ['no list', { blocks: {} }], ['no ids', { blocks: [{ senderId: '__proto__' }] }],
	['texts', { blocks: ['x'] }], ['too many', { blocks: Array.from({ length: 10_001 }, () => ({ senderId: '00000000-0000-8000-8000-000000000000' })) }]]) {
	const { alice, bob } = await scene.pair();
	const carol = await scene.newUser('carol');
	await bob.client.contact(carol.name);
	await bob.client.block(alice.name);
	await told(bob, alice);
	gateway.before = away;
	await bob.client.block(carol.name);
	await waitUntil(() => calls().length >= 3);
	gateway.behave();
	gateway.before = ({ method, path }) => (method === 'GET' && path === '/blocks' ? { status: 200, body } : undefined);
	await again(bob);
	ok(await waitUntil(() => bob.there.blocks.has(carol.there.id)), `${what} in place of the blocks: the server is told all the same`);
	ok(await state(bob, alice) === 'blocked' && bob.client.connection === 'online', '... and nothing is taken over');
}

await scene.close();
done();
