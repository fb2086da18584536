// The chat page with the keyboard alone, for a screen reader, on a narrow
// screen, and where a browser gives it no cryptography.
import { openBrowser, screenshot } from './lib/browser.mjs';
import { Person, barriers, codeOn, groupAsked } from './lib/chat.mjs';
import { startServer } from './lib/server.mjs';
import { done, ok } from '../client/lib/tap.mjs';

const server = startServer();
const gateway = await server.gateway();
const browser = await openBrowser();
const dark = await openBrowser({ colorScheme: 'dark', reducedMotion: 'reduce' });

// No barrier in the light and in the dark, and nothing wider than a narrow screen.
async function look(page, name) {
	for (const colorScheme of ['light', 'dark']) {
		await page.emulateMedia({ colorScheme });
		const found = await barriers(page);
		ok(found.length === 0, `${name}, ${colorScheme}: axe finds nothing`, found.join('\n'));
	}
	const before = page.viewportSize();
	await page.setViewportSize({ width: 360, height: 640 });
	const width = await page.evaluate(() => Math.max(document.documentElement.scrollWidth,
		...[...document.querySelectorAll('main, dialog, .log')].map((element) => element.scrollWidth - element.clientWidth + innerWidth)));
	ok(width <= 360, `${name}: fits into 360 pixels`, width);
	await page.setViewportSize(before);
}

// ---- with the keyboard alone

const page = await browser.page(gateway.url);
await page.locator('h1').first().waitFor();
await look(page, 'first screen');

async function tabTo(name) {
	for (let i = 0; i < 30; i++) {
		await page.keyboard.press('Tab');
		const focused = await page.evaluate(() => document.activeElement.getAttribute('aria-label') ??
			document.activeElement.labels?.[0]?.textContent ?? document.activeElement.textContent);
		if (name.test(focused)) return true;
	}
	return false;
}

ok(await tabTo(/^Username/), 'Tab leads to the name');
await page.keyboard.type('alice');
await page.keyboard.press('Enter');
const code = await codeOn(page);
ok(await page.evaluate(() => document.activeElement.textContent) === 'Save your recovery code', 'a new screen: its heading has the focus');
await page.reload();
ok((await codeOn(page)).join() === code.join(), 'a reload shows the code again, not the conversations');
await look(page, 'recovery code');
await tabTo(/^I have saved it/);
await page.keyboard.press('Enter');
await page.locator('#group').waitFor();
ok(await page.evaluate(() => document.activeElement.id) === 'group', 'what is asked has the focus');
const asked = await page.locator('label[for=group]').textContent();
await page.keyboard.type(code[groupAsked(asked)]);
await page.keyboard.press('Enter');
const alice = new Person(page, 'alice', code);
await alice.online();
await look(page, 'empty list');

const bob = await Person.register(dark, gateway.url, 'bob');
await tabTo(/^Find a conversation/);
await page.keyboard.type('bob');
await page.keyboard.press('Enter');
await page.getByPlaceholder('Message').waitFor();
await page.keyboard.type('First line');
await page.keyboard.press('Shift+Enter');
await page.keyboard.type('second line');
await page.keyboard.press('Enter');
await alice.sees('First line\nsecond line', 'sent');
ok(await page.locator('.message .text').textContent() === 'First line\nsecond line', 'Enter sends, Shift+Enter begins a line');
await bob.open('alice');
await look(bob.page, 'request');
await bob.page.getByRole('button', { name: 'Accept' }).press('Enter');
await bob.write('Hello Alice');
await alice.sees('Hello Alice', 'opened');
await look(page, 'conversation');
await page.keyboard.press('Shift+Tab'); // a button within
await page.keyboard.press('Shift+Tab');
ok(await page.evaluate(() => document.activeElement.getAttribute('role')) === 'log', 'the messages can be scrolled with the keyboard');
const log = page.getByRole('log', { name: 'Messages with bob' });
ok(await log.getAttribute('aria-live') === 'polite' && await log.getByRole('article', { name: /^bob, / }).count() === 1,
	'what comes is announced, with who wrote it and when');
await page.getByRole('button', { name: 'About bob' }).focus();
await page.keyboard.press('Enter');
await page.getByRole('dialog', { name: 'bob' }).waitFor();
await look(page, 'about somebody');
await page.getByRole('button', { name: 'Safety number' }).press('Enter');
await page.getByRole('dialog', { name: 'Safety number' }).waitFor();
await look(page, 'safety number');
await page.keyboard.press('Escape');
await page.locator('.account-button').press('Enter');
await page.getByRole('dialog', { name: 'alice' }).waitFor();
await look(page, 'account');
await page.keyboard.press('Escape');
ok(await page.evaluate(() => document.activeElement.className) === 'account-button', 'a closed dialog gives the focus back');

// ---- on a phone

await page.setViewportSize({ width: 390, height: 844 });
ok(await page.locator('.sidebar').isHidden(), 'a phone shows one column');
await page.getByRole('link', { name: 'Back to all conversations' }).click();
await page.locator('.sidebar').waitFor();
ok(await page.locator('.conversation').count() === 0, 'the arrow leads back to the list');
await alice.open('bob');
await page.goBack();
await page.locator('.sidebar').waitFor();
ok(true, 'and so does the way back of the browser');
await screenshot(bob.page, '043-dark');

// ---- no cryptography

const poor = await openBrowser();
await poor.context.addInitScript(() => {
	Object.defineProperty(crypto, 'subtle', { value: undefined });
	Object.defineProperty(globalThis, 'isSecureContext', { value: false });
});
for (const path of ['/', '/demo']) {
	const other = await server.gateway({ demo: 'on' });
	const bare = await poor.page(other.url + path);
	await bare.getByRole('heading', { name: 'Your browser can’t encrypt here' }).waitFor();
	ok(/https/.test(await bare.locator('main').textContent()), `${path} without WebCrypto says why, and what to do`);
	await look(bare, `${path} without WebCrypto`);
	await other.stop();
}
await screenshot(await poor.page(gateway.url), '043-insecure');

const old = await openBrowser();
await old.context.addInitScript(() => {
	if (!globalThis.SubtleCrypto) return; // the empty page
	const { importKey } = SubtleCrypto.prototype;
	SubtleCrypto.prototype.importKey = function (format, data, algorithm, ...more) {
		if (algorithm.name === 'Ed25519') return Promise.reject(new DOMException('Unrecognized name', 'NotSupportedError'));
		return importKey.call(this, format, data, algorithm, ...more);
	};
});
const refusing = await server.gateway({ demo: 'on' });
for (const path of ['/', '/demo']) {
	const bare = await old.page(refusing.url + path);
	await bare.getByRole('alert').getByText(/no Ed25519/).waitFor();
	ok(/current Chromium, Firefox or Safari/.test(await bare.getByRole('alert').textContent()), `${path} in an old browser says what it lacks, and what to do`);
	ok(await bare.getByLabel('Username').count() === 0, 'before one makes an account');
	await look(bare, `${path} in an old browser`);
}
await refusing.stop();

for (const one of [browser, dark, poor, old]) await one.close();
await server.stop();
done();
