// WebKit, as Debian has it for GTK, driven over W3C WebDriver.  A page here
// speaks the part of playwright's language that the tests of a page use.
//
//	const browser = await openWebKit();           a session of its own, which forgets
//	const page = await browser.page(url);         a new window, which is seen
//	browser.complaints()                          what should not have happened
//	await browser.close()                         a test of its own: no complaint
//
// Complaints are violations of a Content-Security-Policy, and errors that no
// script caught, from the moment on when a page is loaded: the driver shows no
// console and runs nothing before.
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { existsSync } from 'node:fs';
import { ok } from '../../client/lib/tap.mjs';
import { scratchFolder, sleep } from '../../browser/lib/server.mjs';
import { act } from './in_page.mjs';

const DRIVER = process.env.E2EMSG_WEBKIT_DRIVER ?? '/usr/bin/WebKitWebDriver';
const DISPLAY_SERVER = '/usr/bin/Xvfb';
const LIBRARIES = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu'];
const BROWSER = process.env.E2EMSG_WEBKIT ?? LIBRARIES.map((folder) => `${folder}/webkit2gtk-4.1/MiniBrowser`).find(existsSync);

const PATIENCE_S = 30; // for what must come
const KEYS = { Enter: '\uE007', Escape: '\uE00C', Tab: '\uE004' };
// What may be over at the next look: an element has moved, went, or is covered.
const PASSING = ['stale element reference', 'no such element', 'element not interactable', 'element click intercepted',
	'javascript error'];

/** Why there is no WebKit here, or null. */
export function whyNoWebKit() {
	const missing = [[DRIVER, 'webkit2gtk-driver'], [DISPLAY_SERVER, 'xvfb']].find(([file]) => !existsSync(file));
	if (missing) return `${missing[0]} is not here: apt-get install ${missing[1]}`;
	return BROWSER ? null : 'MiniBrowser of WebKitGTK is not here';
}

const freePort = () => new Promise((resolve) => {
	const server = createServer().listen(0, '127.0.0.1', () => {
		const { port } = server.address();
		server.close(() => resolve(port));
	});
});

// A screen that nobody sees; its number.
function startScreen(children) {
	const screen = spawn(DISPLAY_SERVER, ['-displayfd', '1', '-screen', '0', '1280x900x24', '-nolisten', 'tcp'],
		{ stdio: ['ignore', 'pipe', 'ignore'] });
	children.push(screen);
	return new Promise((resolve, reject) => {
		screen.stdout.once('data', (data) => resolve(`:${String(data).trim()}`));
		screen.once('exit', (code) => reject(new Error(`Xvfb ended with ${code}`)));
		screen.once('error', reject);
	});
}

class WebKit {
	constructor() {
		this.children = [];
		this.queue = Promise.resolve();
		this.current = undefined; // the window that commands go to
		this.pages = [];
		this.found = [];
		process.on('exit', () => this.endNow());
	}

	async start() {
		const display = await startScreen(this.children);
		const folder = scratchFolder(); // its home: nothing of the user's
		await this.startDriver({ PATH: process.env.PATH, LANG: 'C.UTF-8', HOME: folder, XDG_RUNTIME_DIR: folder, DISPLAY: display,
			GDK_BACKEND: 'x11', GSETTINGS_BACKEND: 'memory', NO_AT_BRIDGE: '1', LIBGL_ALWAYS_SOFTWARE: '1' });
		const { sessionId } = await this.ask('POST', '/session', { capabilities: { alwaysMatch: {
			timeouts: { script: 1000 * PATIENCE_S }, 'webkitgtk:browserOptions': { binary: BROWSER, args: ['--automation'] } } } });
		this.session = `/session/${sessionId}`;
		// the window that a session begins with stays empty; with the last one the session would end
		this.home = { handle: await this.ask('GET', `${this.session}/window`) };
		return this;
	}

	// The driver wants a port; somebody else may have taken it by then.
	async startDriver(env, tries = 3) {
		const port = await freePort();
		const driver = spawn(DRIVER, [`--port=${port}`], { stdio: 'ignore', env });
		this.children.push(driver);
		this.driver = `http://127.0.0.1:${port}`;
		await patiently(() => driver.exitCode !== null || this.ask('GET', '/status').catch(() => false), 'an answer of the driver');
		if (driver.exitCode === null) return;
		if (tries === 1) throw new Error(`${DRIVER} ended with ${driver.exitCode}`);
		await this.startDriver(env, tries - 1);
	}

	// One command; throws what the driver says.
	async ask(method, path, body) {
		const response = await fetch(this.driver + path, { method, body: body && JSON.stringify(body) });
		const { value } = await response.json();
		if (!response.ok) throw Object.assign(new Error(`${path}: ${value.error}: ${value.message}`), { name: value.error });
		return value;
	}

	// Commands to a window, one after the other: a session has one current window.
	to(page, work) {
		const turn = this.queue.then(async () => {
			if (this.current !== page.handle) await this.ask('POST', `${this.session}/window`, { handle: page.handle });
			this.current = page.handle;
			return work((method, path, body) => this.ask(method, this.session + path, body));
		});
		this.queue = turn.catch(() => {});
		return turn;
	}

	async page(url) {
		const { handle } = await this.to(this.home, (ask) => ask('POST', '/window/new', { type: 'window' }));
		const page = new Page(this, handle);
		this.pages.push(page);
		if (url) await page.goto(url);
		return page;
	}

	complaints() { return this.found.splice(0); }

	async close(name = 'WebKit: no violation, no error that nobody caught') {
		for (const page of this.pages) await page.gather();
		const found = this.complaints();
		ok(found.length === 0, name, found.join('\n'));
		await this.ask('DELETE', this.session);
		this.endNow();
	}

	endNow() { for (const child of this.children.splice(0)) child.kill(); }
}

export const openWebKit = () => new WebKit().start();

// Until work() gives something, or throws what is not passing.
async function patiently(work, what, seconds = PATIENCE_S) {
	let last;
	for (let tries = 0; tries < seconds * 20; tries++) {
		try {
			const result = await work();
			if (result) return result;
		} catch (error) {
			if (!PASSING.includes(error.name)) throw error;
			last = error;
		}
		await sleep(50);
	}
	throw new Error(`${what}: not within ${seconds} seconds`, { cause: last });
}

class Page {
	constructor(browser, handle) {
		Object.assign(this, { browser, handle });
		const all = new Locator(this, []);
		for (const way of ['locator', 'getByRole', 'getByText', 'getByLabel', 'getByPlaceholder']) this[way] = (...given) => all[way](...given);
		this.keyboard = { press: (key) => this.keys([KEYS[key] ?? key]), type: (text) => this.keys([...text]) };
	}

	command(method, path, body) { return this.browser.to(this, (ask) => ask(method, path, body)); }

	async goto(url) {
		await this.gather();
		await this.command('POST', '/url', { url });
		await this.watch();
	}

	async reload() {
		await this.gather();
		await this.command('POST', '/refresh', {});
		await this.watch();
	}

	url() { return this.command('GET', '/url'); }

	title() { return this.command('GET', '/title'); }

	// The result of a function with one argument in the page; promises are waited for.
	async evaluate(work, ...given) {
		const script = `const [given, done] = arguments;
			(async () => (${work})(...given))().then((value) => done({ value }), (error) => done({ thrown: String(error) }));`;
		const { value, thrown } = await this.command('POST', '/execute/async', { script, args: [given.filter((argument) => argument !== undefined)] });
		if (thrown !== undefined) throw new Error(`in the page: ${thrown}`);
		return value;
	}

	// Keeps what goes wrong from here on.
	watch() {
		return this.evaluate(() => {
			const found = [];
			globalThis.e2emsgTestFound = found;
			addEventListener('error', (event) => found.push(`page error: ${event.message} (${event.filename}:${event.lineno})`));
			addEventListener('unhandledrejection', ({ reason }) => found.push(`page error: ${reason} ${reason?.stack ?? ''}`));
			addEventListener('securitypolicyviolation', (event) => found.push(
				`CSP: ${event.effectiveDirective} forbids ${event.blockedURI} (${event.sourceFile}:${event.lineNumber})`));
		});
	}

	async gather() {
		const found = await this.evaluate(() => globalThis.e2emsgTestFound?.splice(0) ?? []);
		this.browser.found.push(...found);
	}

	async keys(texts) {
		const actions = texts.flatMap((value) => [{ type: 'keyDown', value }, { type: 'keyUp', value }]);
		await this.command('POST', '/actions', { actions: [{ type: 'key', id: 'keyboard', actions }] });
	}

	async screenshot() { return Buffer.from(await this.command('GET', '/screenshot'), 'base64'); }

	async close() {
		await this.gather();
		await this.command('DELETE', '/window');
		this.browser.pages.splice(this.browser.pages.indexOf(this), 1);
		this.browser.current = undefined;
	}
}

// A regular expression travels as its source.
const pattern = (name) => (name instanceof RegExp ? { source: name.source, flags: name.flags } : name);

// Elements by steps, each within what the one before found; looked for anew each time.
class Locator {
	constructor(page, steps) {
		Object.assign(this, { page, steps });
	}

	step(step) { return new Locator(this.page, [...this.steps, step]); }

	locator(css, { hasText } = {}) { return this.step({ css, hasText: pattern(hasText) }); }

	getByRole(role, { name, exact } = {}) { return this.step({ role, name: pattern(name), exact }); }

	getByText(text) { return this.step({ text: pattern(text) }); }

	getByLabel(label) { return this.step({ label: pattern(label) }); }

	getByPlaceholder(placeholder) { return this.step({ placeholder: pattern(placeholder) }); }

	filter({ visible, hasText }) { return this.step({ visible, hasText: pattern(hasText) }); }

	first() { return this.step({ nth: 0 }); }

	// What act() in the page does with them.
	async ask(what, argument) {
		const script = `return (${act})(...arguments);`;
		return this.page.command('POST', '/execute/sync', { script, args: [this.steps, what, argument ?? null] });
	}

	count() { return this.ask('count'); }

	allTextContents() { return this.ask('texts'); }

	isVisible() { return this.ask('isVisible'); }

	async isHidden() { return !await this.isVisible(); }

	waitFor({ state = 'visible' } = {}) {
		const holds = { visible: () => this.isVisible(), hidden: () => this.isHidden(), attached: () => this.count(),
			detached: async () => await this.count() === 0 }[state];
		return patiently(holds, `${JSON.stringify(this.steps)} ${state}`);
	}

	// The first element; waits for it.
	element() { return patiently(() => this.ask('element'), JSON.stringify(this.steps)); }

	// Waits for an element that can be used, and uses it.
	use(work) {
		return patiently(async () => {
			const element = await this.ask('usable');
			if (!element) return false;
			await work(`/element/${Object.values(element)[0]}`, element);
			return true;
		}, `${JSON.stringify(this.steps)} to be used`);
	}

	click() { return this.use((path) => this.page.command('POST', `${path}/click`, {})); }

	// As an input method does: a text at once, whatever its letters.
	fill(text) {
		return this.use(async (path, element) => {
			const script = `const [field, text] = arguments;
				field.focus();
				field.value = text;
				field.dispatchEvent(new InputEvent('input', { bubbles: true }));`;
			await this.page.command('POST', '/execute/sync', { script, args: [element, text] });
		});
	}

	async check() {
		if (!await this.evaluate((element) => element.checked)) await this.click();
	}

	press(key) { return this.use((path) => this.page.command('POST', `${path}/value`, { text: KEYS[key] ?? key })); }

	async textContent() {
		await this.element();
		return (await this.allTextContents())[0];
	}

	async getAttribute(name) {
		await this.element();
		return this.ask('attribute', name);
	}

	async inputValue() {
		await this.element();
		return this.ask('value');
	}

	// A function with all elements as its argument.
	async evaluateAll(work) {
		const script = `return (${work})((${act})(arguments[0], 'elements'));`;
		return this.page.command('POST', '/execute/sync', { script, args: [this.steps] });
	}

	// A function with the element as its argument.
	async evaluate(work) {
		const element = await this.element();
		return this.page.command('POST', '/execute/sync', { script: `return (${work})(arguments[0]);`, args: [element] });
	}
}
