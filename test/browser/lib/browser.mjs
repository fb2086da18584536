// A real browser: Debian's Chromium, driven by playwright-core, or its Firefox, where a test or
// E2EMSG_ENGINE says so.
//
//	const browser = await openBrowser();          a fresh profile
//	await openBrowser({ engine: 'firefox' })
//	const page = await browser.page(url);         watched from its first byte
//	await browser.restart()                       the same profile, a new process
//	await screenshot(page, 'chat')                at phone and desktop width
//	browser.complaints()                          what should not have happened
//	await browser.close()                         a test of its own: no complaint
//
// Complaints are page errors, violations of a Content-Security-Policy, errors
// and warnings on the console, and pages or parts of them that did not load.
// What an API call answers is the page's matter and no complaint.
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, firefox } from 'playwright-core';
import { ok } from '../../client/lib/tap.mjs';
import { scratchFolder } from './server.mjs';

const ARGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
	'--disable-background-networking', '--disable-component-update', '--disable-sync'];

// Without a screen Firefox has no mouse; and it asks somebody before a page reads the clipboard.
const PREFERENCES = { 'ui.primaryPointerCapabilities': 6, 'ui.allPointerCapabilities': 6, 'dom.events.testing.asyncClipboard': true };

const ENGINES = {
	chromium: { type: chromium, executablePath: process.env.E2EMSG_CHROMIUM ?? '/usr/bin/chromium', options: { args: ARGS } },
	// as it is, over WebDriver BiDi: not a build of playwright's own
	firefox: { type: firefox, executablePath: process.env.E2EMSG_FIREFOX ?? '/usr/bin/firefox-esr',
		options: { channel: 'moz-firefox', firefoxUserPrefs: PREFERENCES } },
};

/** Is there such a browser on this machine? */
export const hasEngine = (engine) => existsSync(ENGINES[engine].executablePath);

export const SIZES = { phone: { width: 375, height: 812 }, desktop: { width: 1280, height: 800 } };

const PARTS = new Set(['document', 'script', 'stylesheet', 'image', 'font', 'manifest']);

// The console repeats what became of each request.
const isAboutRequest = (text) => text.startsWith('Failed to load resource:');

export class Browser {
	constructor({ engine = process.env.E2EMSG_ENGINE ?? 'chromium', ...options }) {
		this.engine = engine;
		this.options = options;
		this.profile = scratchFolder();
		this.found = [];
	}

	async start() {
		const { type, executablePath, options } = ENGINES[this.engine];
		this.context = await type.launchPersistentContext(this.profile, { executablePath, ...options, viewport: SIZES.desktop, ...this.options });
		await this.context.exposeBinding('e2emsgTestViolation', (source, text) => this.complain(text));
		await this.context.addInitScript(() => {
			addEventListener('securitypolicyviolation', (event) => globalThis.e2emsgTestViolation(
				`CSP: ${event.effectiveDirective} forbids ${event.blockedURI} (${event.sourceFile}:${event.lineNumber})`));
		});
		this.context.on('page', (page) => this.watch(page));
		for (const page of this.context.pages()) this.watch(page);
		return this;
	}

	complain(text) { this.found.push(text); }

	watch(page) {
		page.on('pageerror', (error) => this.complain(`page error: ${error.stack ?? error}`));
		page.on('crash', () => this.complain('the page crashed'));
		page.on('console', (message) => {
			if (['error', 'warning'].includes(message.type()) && !isAboutRequest(message.text())) {
				this.complain(`console: ${message.text()} (${message.location().url})`);
			}
		});
		page.on('response', (response) => {
			if (response.status() >= 400 && PARTS.has(response.request().resourceType())) {
				this.complain(`${response.status()} for ${response.url()}`);
			}
		});
	}

	// To read and write the clipboard, for a test; Firefox has no such word, see above.
	allowClipboard(options) {
		return this.engine === 'firefox' ? undefined : this.context.grantPermissions(['clipboard-read', 'clipboard-write'], options);
	}

	// A new tab, at an address.
	async page(url) {
		const page = await this.context.newPage();
		if (url) await page.goto(url);
		return page;
	}

	async restart() {
		await this.context.close();
		return this.start();
	}

	// What came up so far and is forgotten now; for tests of what must come up.
	complaints() { return this.found.splice(0); }

	async close(name = 'no page error, no violation, no error on the console') {
		await this.context.close();
		const found = this.complaints();
		ok(found.length === 0, name, found.join('\n'));
	}
}

export const openBrowser = (options = {}) => new Browser(options).start();

// Into the folder E2EMSG_SCREENSHOTS, when there is one.
export async function screenshot(page, name, sizes = Object.keys(SIZES)) {
	const folder = process.env.E2EMSG_SCREENSHOTS;
	if (!folder) return;
	mkdirSync(folder, { recursive: true });
	const before = page.viewportSize();
	for (const size of sizes) {
		await page.setViewportSize(SIZES[size]);
		await page.screenshot({ path: join(folder, `${name}-${size}.png`) });
	}
	await page.setViewportSize(before);
}
