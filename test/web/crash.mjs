// The web module in a tab that is closed at each write, from the first one on:
// what was begun can be finished, and nothing happens twice.
//
//	node test/web/crash.mjs
import { done, ok } from '../client/lib/tap.mjs';
import { Scene, closeTab, startAgain, waitUntil } from './lib/scene.mjs';

const scene = await new Scene().open();
const { gateway } = scene;

/*
 * Makes people, does it, and closes the tab at the first write, the second and
 * so on; then goes on with finish(browser, people), until it was done at once.
 */
async function crash(what, { people, act, finish }) {
	let count = 0;
	for (let isDone = false; !isDone; count++) {
		gateway.behave();
		const all = await people();
		const closed = closeTab(all.alice, count);
		const acted = act(all).then(() => true, () => closed.then(() => false));
		isDone = await Promise.race([acted, closed.then(() => false)]);
		const again = await startAgain(all.alice);
		const problem = await finish(again, all).catch((error) => error.stack);
		if (problem) ok(false, `${what}: closed at write ${count}`, problem);
		for (const user of [again, ...Object.values(all)]) await user.client.close();
	}
	ok(count > 1, `${what}: closed at each of ${count - 1} writes`);
}

const isOnce = (texts, text) => texts.filter((one) => one === text).length === 1;

await crash('registering', {
	people: async () => ({ alice: await scene.visitor('alice') }),
	act: ({ alice }) => alice.client.register(alice.name),
	async finish(again) {
		const code = again.client.account ? again.client.unkeptRecoveryCode : (await again.client.register(again.name)).recoveryCode;
		await again.client.connect();
		if (!await waitUntil(() => again.client.account.backup.saved)) return 'no backup';
		const other = await scene.visitor();
		await other.client.restore(again.name, code);
		return other.client.account.keyVersion === 1 ? undefined : 'the code brings back something else';
	},
});

await crash('rotating', {
	people: () => scene.pair(),
	act: ({ alice }) => alice.client.rotateKeys(),
	async finish(again, { bob }) {
		const { keyVersion } = await again.client.login();
		if (keyVersion !== 2) await again.client.rotateKeys();
		if (again.client.account.keyVersion !== 2 || again.there.keys.length !== 2) return `version ${again.client.account.keyVersion} of ${again.there.keys.length}`;
		await bob.client.send(again.name, 'to the new key');
		await again.client.connect();
		const isRead = await waitUntil(async () => isOnce(await again.texts(bob), 'to the new key'));
		return isRead && again.client.keyLogProblem === null ? undefined : `not read: ${again.client.keyLogProblem}`;
	},
});

await crash('saying that the numbers differ', {
	people: async () => {
		const all = await scene.pair();
		await waitUntil(() => all.alice.client.account.backup.saved);
		return all;
	},
	async act({ alice, bob }) {
		await alice.client.distrust(bob.name);
		await waitUntil(() => alice.client.account.backup.saved);
	},
	async finish(again, { alice, bob }) {
		const trustOn = async ({ client }) => (await client.conversations()).find(({ username }) => username === bob.name).trust;
		const here = await trustOn(again);
		await again.client.connect();
		if (!await waitUntil(() => again.client.account.backup.saved)) return 'not saved';
		const other = await scene.visitor();
		await other.client.restore(again.name, alice.code);
		const there = await trustOn(other);
		return here === there ? undefined : `${here} here, ${there} in the backup`;
	},
});

await crash('sending', {
	people: () => scene.pair(),
	act: ({ alice, bob }) => alice.client.send(bob.name, 'once'),
	async finish(again, { bob }) {
		await again.client.connect();
		const texts = await again.texts(bob);
		if (!texts.includes('once')) return (await bob.texts(again)).includes('once') ? 'it went out and is not here' : undefined;
		const isThere = await waitUntil(async () => isOnce(await bob.texts(again), 'once') && /(sent|delivered)$/.test(await again.states(bob)));
		return isThere && isOnce(texts, 'once') ? undefined : `there: ${await bob.texts(again)}; here: ${await again.states(bob)}`;
	},
});

await crash('reading', {
	people: async () => {
		const { alice, bob } = await scene.pair();
		await alice.client.close();
		for (const text of ['one', 'two']) await bob.client.send(alice.name, text);
		return { alice, bob };
	},
	act: async ({ alice }) => {
		await alice.client.connect();
		await waitUntil(() => alice.there.acknowledged === alice.there.mail.length);
	},
	async finish(again, { bob }) {
		await again.client.connect();
		const isAll = () => again.there.acknowledged === again.there.mail.length;
		if (!await waitUntil(isAll)) return 'not acknowledged';
		const texts = await again.texts(bob);
		if (!['one', 'two'].every((text) => isOnce(texts, text))) return `read: ${texts}`;
		const isKnown = await waitUntil(async () => (await bob.states(again)).endsWith('delivered delivered'));
		return isKnown ? undefined : `the other sees: ${await bob.states(again)}`;
	},
});

await crash('restoring', {
	people: async () => {
		const { alice: lost, bob } = await scene.pair();
		await lost.client.rotateKeys();
		await lost.client.close();
		return { alice: Object.assign(await scene.visitor(), { name: lost.name, code: lost.code }), bob };
	},
	act: ({ alice }) => alice.client.restore(alice.name, alice.code),
	async finish(again, { bob }) {
		if (!again.client.account) await again.client.restore(again.name, again.code);
		await again.client.connect();
		const { state } = await again.client.send(bob.name, 'I am back');
		if (state === 'waiting') return 'it does not send';
		return again.client.account.keyVersion === 2 ? undefined : 'an old version';
	},
});

await scene.close();
done();
process.exit();
