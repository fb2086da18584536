// The web module alone in a real browser: a tab without a page of ours, and a
// client in it.
//
//	const tab = await openTab(browser, gateway.url, { database: 'alice' });
//	await tab.call('register', 'alice')         what the client's method gives
//	await tab.refuses('send', 'bob', '')        the code of its refusal
//	await tab.reload()                          another client, the same database
import { waitUntil } from './server.mjs';

export class Tab {
	constructor(page, url, options) {
		Object.assign(this, { page, url, options });
	}

	async load() {
		await this.page.goto(`${this.url}/web/e2emsg.js`);
		await this.page.evaluate(async (options) => {
			const module = await import('/web/e2emsg.js');
			globalThis.client = await module.createClient(options);
			globalThis.heard = [];
			const plain = (value) => (value?.error ? { ...value, error: { code: value.error.code, message: value.error.message, cause: String(value.error.cause) } } : value);
			for (const event of ['message', 'conversation', 'connection', 'account', 'warning', 'keylog'])
				globalThis.client.on(event, (value) => globalThis.heard.push({ event, value: plain(value) }));
		}, this.options);
		return this;
	}

	reload() { return this.load(); }

	// { value } or { error: { code, message, hint } }
	attempt(method, ...args) {
		return this.page.evaluate(async ([name, given]) => {
			try {
				return { value: await globalThis.client[name](...given) };
			} catch (error) {
				if (!error.code) throw error;
				return { error: { code: error.code, message: error.message, hint: error.hint } };
			}
		}, [method, args]);
	}

	async call(method, ...args) {
		const { value, error } = await this.attempt(method, ...args);
		if (error) throw new Error(`${method}: ${error.code}: ${error.message}`);
		return value;
	}

	async refuses(method, ...args) { return (await this.attempt(method, ...args)).error?.code; }

	get(name) { return this.page.evaluate((property) => globalThis.client[property], name); }

	heard(event) { return this.page.evaluate((name) => globalThis.heard.filter((one) => one.event === name).map(({ value }) => value), event); }

	async texts(peer) { return (await this.call('messages', peer)).filter(({ text }) => text !== undefined).map(({ text }) => text); }

	async states(peer) { return (await this.call('messages', peer)).filter(({ direction }) => direction === 'out').map(({ state }) => state).join(' '); }

	// Waits until the newest text with a peer is this one.
	has(peer, text) { return waitUntil(async () => (await this.texts(peer)).at(-1) === text); }

	hasStates(peer, states) { return waitUntil(async () => await this.states(peer) === states); }
}

export const openTab = async (browser, url, options) => new Tab(await browser.page(), url, options).load();
