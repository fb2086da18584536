// A gateway in memory and users of the web module, each with a store of its
// own, as in browsers of their own.
import { createClient } from '../../../gateway/web/e2emsg.js';
import { ok } from '../../client/lib/tap.mjs';
import { MemoryStore } from './memory_store.mjs';
import { WebGateway } from './web_gateway.mjs';

const HASTE = 50; // how much sooner than in a browser what waits is tried again
const PATIENCE_MS = 30_000; // from here on it is about answers, which get their time
export const LEAVE_MS = 10_000; // so is this

// Runs work() later; the result cancels that.
export function later(ms, work, haste = ms < PATIENCE_MS && ms !== LEAVE_MS ? HASTE : 1) {
	const timer = setTimeout(work, ms / haste);
	return () => clearTimeout(timer);
}

export const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

// Waits until the condition holds; false when that takes too long.
export async function waitUntil(condition, seconds = 20) {
	for (let i = 0; i < seconds * 100; i++) {
		if (await condition()) return true;
		await sleep(10);
	}
	return false;
}

// The promise must reject with the code, and a message like the pattern.
export async function refuses(promise, code, what, pattern = /./) {
	try {
		const value = await promise;
		ok(false, what, `no error: ${JSON.stringify(value)}`);
		return undefined;
	} catch (error) {
		ok(error.code === code && pattern.test(error.message), what, error.code ? `${error.code}: ${error.message}` : error.stack);
		return error;
	}
}

// The promise must resolve, to something that is so.
export async function does(promise, what, is = () => true) {
	try {
		const value = await promise;
		ok(is(value), what, JSON.stringify(value));
		return value;
	} catch (error) {
		ok(false, what, error.stack);
		return undefined;
	}
}

// A lie for Gateway.after: changes the replies to some requests.
export const spoil = (wanted, change) => (asked, reply) =>
	(`${asked.method} ${asked.path}`.match(wanted) ? change(reply, asked) : reply);

let databases = 0;

export class User {
	constructor(scene, name, store = new MemoryStore()) {
		Object.assign(this, { scene, name, store, warnings: [], events: [], database: `${name} ${++databases}` });
	}

	// Opens the client, anew or for the first time: as a page does that is loaded.
	async open(options = {}) {
		await this.client?.close();
		this.client = await createClient({ server: this.scene.gateway.url, store: this.store, database: this.database, later,
			now: () => Date.now() + this.scene.ahead, ...options });
		this.client.on('warning', (warning) => this.warnings.push(warning));
		for (const event of ['message', 'conversation', 'connection', 'account', 'keylog'])
			this.client.on(event, (value) => this.events.push({ event, value }));
		return this.client;
	}

	get there() { return this.scene.gateway.users.get(this.name); }

	async read() {
		await this.client.connect();
		const all = () => this.there.mail.every(({ seq }) => seq <= this.there.acknowledged);
		await waitUntil(all);
		await sleep(20);
	}

	texts(peer) {
		return this.client.messages(peer.name ?? peer).then((messages) => messages.filter(({ text }) => text !== undefined).map(({ text }) => text));
	}

	// The states of what was written to a peer.
	async states(peer) {
		return (await this.client.messages(peer.name)).filter(({ direction }) => direction === 'out').map(({ state }) => state).join(' ');
	}

	async last(peer) { return (await this.client.messages(peer.name ?? peer)).at(-1); }
}

// Nothing is stored any more from a write on: the tab is closed.  Resolves then.
export function closeTab({ store }, atWrite) {
	const { write } = store;
	let writes = 0;
	return new Promise((resolve) => {
		store.write = (...args) => {
			if (writes++ < atWrite) return write.apply(store, args);
			resolve();
			return new Promise(() => {});
		};
	});
}

// The same browser, started again with what was on its disk.
export async function startAgain({ scene, name, code, store, client }) {
	const disk = new MemoryStore();
	for (const [area, records] of store.areas) disk.areas.set(area, new Map(records));
	client.close();
	const again = new User(scene, name, disk);
	again.code = code;
	await again.open();
	scene.users.push(again);
	return again;
}

export class Scene {
	constructor(options = { keyLog: true }) {
		this.gateway = new WebGateway('msg.test', options);
		this.names = 0;
		this.users = [];
		this.ahead = 0; // of the users' clocks, ms
	}

	async open() {
		await this.gateway.start();
		return this;
	}

	async close() {
		for (const { client } of this.users) await client.close();
		this.gateway.stop();
	}

	fresh(stem) { return `${stem}${++this.names}`; }

	// A browser with a page and no account.
	async visitor(stem = 'user') {
		const user = new User(this, this.fresh(stem));
		await user.open();
		this.users.push(user);
		return user;
	}

	async newUser(stem) {
		const user = await this.visitor(stem);
		user.code = (await user.client.register(user.name)).recoveryCode;
		return user;
	}

	// Two users who know each other.
	async pair() {
		const [alice, bob] = [await this.newUser('alice'), await this.newUser('bob')];
		await alice.client.send(bob.name, 'hello');
		await bob.read();
		await bob.client.accept(alice.name);
		await bob.client.send(alice.name, 'hello, too');
		await alice.read();
		await waitUntil(async () => await alice.states(bob) === 'delivered' && await bob.states(alice) === 'delivered');
		return { alice, bob };
	}

	quiet() { this.gateway.behave(); }
}
