// The web module in a bad world: two devices of one account, one of them with
// two tabs, and a peer, who do whatever comes to mind while the network loses
// requests and answers.  In the end nothing is lost, nothing is there twice,
// nobody was alarmed for nothing, and the recovery code opens the account.
//
//	node test/web/chaos.mjs [seed [steps]]
import { E2emsgError } from '../../gateway/web/e2emsg.js';
import { done, ok } from '../client/lib/tap.mjs';
import { Scene, User, sleep, waitUntil } from './lib/scene.mjs';

const ALLOWED = ['offline', 'timeout', 'version_conflict', 'not_waiting'];

// A sequence of numbers below 2^32 (xorshift32).
function randomOf(seed) {
	let state = seed >>> 0 || 1;
	return (below) => {
		state ^= state << 13;
		state ^= state >>> 17;
		state ^= state << 5;
		return (state >>> 0) % below;
	};
}

class World {
	constructor(seed) {
		this.random = randomOf(seed * 7919);
		this.errors = [];
		this.texts = { alice: [], bob: [] }; // what was written and not refused
		this.count = 0;
	}

	async build() {
		this.scene = await new Scene().open();
		const { alice, bob } = await this.scene.pair();
		await waitUntil(() => alice.client.account.backup.saved);
		const tab = new User(this.scene, alice.name, alice.store);
		tab.database = alice.database;
		await tab.open();
		const other = await this.scene.visitor();
		await other.client.restore(alice.name, alice.code);
		other.name = alice.name;
		this.scene.users.push(tab);
		Object.assign(this, { code: alice.code, devices: [alice, tab, other], bob });
		for (const { client } of [tab, other]) await client.connect();
		return this;
	}

	get all() { return [...this.devices, this.bob]; }

	// One request in five gets no answer: half of them are carried out.
	spoil() {
		const { gateway } = this.scene;
		gateway.before = async () => {
			await sleep(this.random(5));
			return this.random(10) === 0 ? 'hang up' : undefined;
		};
		gateway.after = (asked, reply) => (!reply.stream && this.random(10) === 0 ? 'hang up' : reply);
	}

	async attempt(what, work) {
		try {
			return await work();
		} catch (error) {
			if (!(error instanceof E2emsgError) || !ALLOWED.includes(error.code)) this.errors.push(`${what}: ${error.code}: ${error.stack}`);
			return undefined;
		}
	}

	async send(from, to, texts) {
		const text = `number ${this.count++}`;
		if (await this.attempt('send', () => from.client.send(to.name, text))) texts.push(text);
	}

	async renewCode(user) {
		if (this.isRenewing) return;
		this.isRenewing = true;
		this.code = await this.attempt('code', () => user.client.recoveryCode(this.code)) ?? this.code;
		this.isRenewing = false;
	}

	async step() {
		const device = this.devices[this.random(3)];
		const user = this.all[this.random(4)];
		switch (this.random(12)) {
			case 0: return this.attempt('rotate', () => user.client.rotateKeys());
			case 1: return this.attempt('log', () => user.client.keyLog());
			case 2: return this.attempt('login', () => user.client.login());
			case 3: return this.renewCode(device);
			case 4:
				await user.open();
				return this.attempt('connect', () => user.client.connect());
			case 5: return this.attempt('verify', () => device.client.verify(this.bob.name));
			case 6: case 7: case 8: return this.send(this.bob, device, this.texts.bob);
			default: return this.send(device, this.bob, this.texts.alice);
		}
	}

	async run(steps) {
		this.spoil();
		const running = [];
		for (let i = 0; i < steps; i++) {
			running.push(this.step());
			if (this.random(3) === 0) await sleep(this.random(30));
			if (this.random(4) === 0) await Promise.all(running.splice(0));
		}
		await Promise.all(running);
		this.scene.gateway.behave();
		for (const { client } of this.all) {
			await this.attempt('the last sign-in', () => client.login());
			await this.attempt('the last connection', () => client.connect());
			await this.attempt('the last run', () => client.resend());
		}
	}

	async close() { await this.scene.close(); }
}

const twice = (texts) => texts.filter((text, i) => texts.indexOf(text) !== i).join();
const lacking = (wanted, texts) => wanted.filter((text) => !texts.includes(text)).join();

async function check(seed, steps) {
	const world = await new World(seed).build();
	await world.run(steps);
	const { bob, devices: [alice, , other], texts, code, all } = world;
	const readByBob = async () => (await bob.client.messages(alice.name, { limit: 1000 })).filter(({ direction }) => direction === 'in').map(({ text }) => text);
	const readBy = async (user) => (await user.client.messages(bob.name, { limit: 1000 })).filter(({ direction }) => direction === 'in').map(({ text }) => text);
	const isAllRead = await waitUntil(async () => lacking(texts.alice, await readByBob()) === '' &&
		lacking(texts.bob, [...await readBy(alice), ...await readBy(other)]) === '');
	ok(isAllRead, `seed ${seed}: nothing is lost`, `${lacking(texts.alice, await readByBob())} | ${lacking(texts.bob, [...await readBy(alice), ...await readBy(other)])}`);
	const found = [await readByBob(), await readBy(alice), await readBy(other)].map(twice);
	ok(found.join('') === '', '... nothing is there twice', found.join(' | '));
	const problems = all.map(({ client }) => client.keyLogProblem).filter(Boolean);
	ok(world.errors.length === 0 && problems.length === 0, '... nobody is alarmed for nothing', [...problems, ...world.errors.slice(0, 3)].join('\n'));
	const isSaved = await waitUntil(() => all.every(({ client }) => client.account.backup.saved));
	ok(isSaved, '... the backups are saved');
	const restored = await world.scene.visitor();
	const error = await restored.client.restore(alice.name, code).then(() => undefined, (refusal) => refusal);
	ok(error === undefined, '... and the recovery code opens one', error?.message);
	await world.close();
}

const [seed, steps = 60] = process.argv.slice(2).map(Number);
for (const one of seed ? [seed] : [1, 2, 3, 4]) await check(one, steps);
done();
process.exit();
