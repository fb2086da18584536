// The pages in Firefox and in WebKit: accounts, a conversation with Chromium and
// a terminal, several windows, a server that is away, keys that move between
// browsers, the demo, the documentation.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasEngine, openBrowser } from '../browser/lib/browser.mjs';
import { Person, there } from '../browser/lib/chat.mjs';
import { startServer, TOP, waitUntil } from '../browser/lib/server.mjs';
import { done, ok } from '../client/lib/tap.mjs';
import { openWebKit, whyNoWebKit } from './lib/webkit.mjs';

const ENGINES = [
	{ name: 'firefox', missing: hasEngine('firefox') ? null : 'Firefox is not here: apt-get install firefox-esr',
		open: () => openBrowser({ engine: 'firefox' }) },
	{ name: 'webkit', missing: whyNoWebKit(), open: openWebKit },
];

// A test that can't be made here, with the reason.
const skip = (reason) => ok(true, `# SKIP ${reason}`);

const server = startServer();
server.sql(readFileSync(join(TOP, 'dev/evil.sql'), 'utf8'));
const gateway = await server.gateway({ demo: 'on' });
const chromium = await openBrowser({ engine: 'chromium' });

// Nothing has to be scrolled sideways: neither the page, nor an open dialog.
async function fits(page, what) {
	const wide = await page.evaluate(() => [document.documentElement, ...document.querySelectorAll('.dialog-body, .log, .people')]
		.filter((element) => element.scrollWidth > element.clientWidth + 1)
		.map((element) => `${element.tagName}.${element.className}: ${element.scrollWidth} in ${element.clientWidth}`));
	ok(wide.length === 0, `${what}: nothing hangs out`, wide.join('\n'));
}

// In a browser that holds no account.
async function restore(page, person) {
	await page.getByRole('button', { name: 'I have an account' }).click();
	await page.getByLabel('Username').fill(person.username);
	await page.getByLabel('Recovery code').fill(person.code.join('-'));
	await page.getByRole('button', { name: 'Restore account' }).click();
	const restored = new Person(page, person.username, person.code);
	await restored.online();
	return restored;
}

// Deletes the account in the browser; the first screen is there again.
async function remove(person) {
	await person.account('Remove from this browser');
	await person.page.getByLabel(/I have my recovery code/).check();
	await person.page.getByRole('button', { name: 'Delete keys' }).click();
	await person.page.getByRole('button', { name: 'Create account' }).waitFor();
}

async function closeDialog(page) {
	await page.keyboard.press('Escape');
	await page.locator('dialog').waitFor({ state: 'detached' });
}

// ---- a conversation

async function talk(engine, mine, other) {
	await mine.find(other.username);
	await mine.write('Hello');
	await mine.sees('Hello', 'sent');
	await other.open(mine.username);
	await other.page.getByRole('button', { name: 'Accept' }).click();
	await mine.sees('Hello', 'read');
	await other.write('Hello yourself 🚲 مرحبا');
	await mine.sees('Hello yourself 🚲 مرحبا', 'opened');
	await other.sees('Hello yourself', 'read');
	ok(true, `${engine}: a request, its acceptance, an answer, receipts`);
	await fits(mine.page, `${engine}, conversation`);
	await mine.page.reload();
	await mine.sees('Hello yourself 🚲 مرحبا', 'opened');
	ok(await mine.page.locator('.message').count() === 2, `${engine}: a reload keeps keys and messages`);
	await mine.online();
}

async function withTerminal(engine, mine) {
	const terminal = gateway.client();
	const name = `${engine}-terminal`;
	await terminal.does('register', name);
	await terminal.does('send', mine.username, 'from a terminal');
	await mine.row(name).waitFor();
	await mine.open(name);
	await mine.page.getByRole('button', { name: 'Accept' }).click();
	await mine.write('to the terminal');
	await mine.sees('to the terminal', 'sent');
	ok(/to the terminal/.test(await terminal.does('read')), `${engine}: a terminal reads what the page wrote`);
	const number = await mine.safetyNumber();
	const said = (await terminal.does('verify', mine.username)).match(/\d{5}/g).join(' ');
	ok(number === said, `${engine}: both have the same safety number`, `${number}\n${said}`);
	ok(await mine.page.locator('.qr path').count() === 1, `${engine}: and the page its QR code`);
	await fits(mine.page, `${engine}, safety number`);
	await mine.page.getByRole('button', { name: 'They are the same' }).click();
	await mine.page.locator('.trust[data-trust=verified]').waitFor();
	await terminal.does('rotate');
	await mine.account('New encryption key');
	await mine.page.getByRole('button', { name: 'Make a new key' }).click();
	await mine.page.getByText('version 2').waitFor();
	await terminal.does('send', mine.username, 'to the new key');
	await mine.sees('to the new key', 'opened');
	await mine.write('to yours as well');
	await mine.sees('to yours as well', 'sent');
	ok(/to yours as well/.test(await terminal.does('read')), `${engine}: both rotated their keys, and read on`);
	return terminal;
}

// ---- windows, and a server that is away

async function inTwoWindows(engine, browser, mine, other) {
	await mine.open(other.username);
	const second = new Person(await browser.page(`${gateway.url}/#${other.username}`), mine.username, mine.code);
	await second.page.locator('.connection[data-state=elsewhere]').first().waitFor({ state: 'attached' });
	await other.open(mine.username);
	await other.write('to both windows');
	await mine.sees('to both windows', 'opened');
	await second.sees('to both windows', 'opened');
	await second.write('from the second');
	await mine.sees('from the second', 'read');
	await mine.page.close();
	await second.online();
	await other.write('to the one that is left');
	await second.sees('to the one that is left', 'opened');
	ok(true, `${engine}: two windows share the mail, and one takes over from the other`);
	mine.page = second.page;
}

async function withoutServer(engine, mine, other) {
	await gateway.stop();
	await mine.page.locator('.connection[data-state=offline]').first().waitFor();
	await mine.write('The server is away');
	await mine.sees('The server is away', 'waiting');
	await gateway.start();
	await mine.sees('The server is away', 'read');
	await mine.online();
	await other.online();
	ok(await other.message('server is away').count() === 1, `${engine}: what was written without the server goes out, once`);
}

// ---- keys that move

async function away(engine, mine, other, terminal) {
	await mine.account('Log out');
	await mine.page.getByRole('button', { name: 'Log in' }).click();
	await mine.online();
	await mine.open(other.username);
	await mine.sees('The server is away', 'read');
	ok(true, `${engine}: logged out and in again, and all is there`);
	await mine.page.locator('.account-button').click();
	await mine.page.getByRole('button', { name: 'Key log' }).waitFor();
	await fits(mine.page, `${engine}, account`);
	await closeDialog(mine.page);
	await remove(mine);
	await mine.page.reload();
	await mine.page.getByRole('button', { name: 'Create account' }).waitFor();
	ok(true, `${engine}: removed, also after a reload`);
	await remove(other);

	// the one's account in the browser of the other
	const [moved, come] = [await restore(other.page, mine), await restore(mine.page, other)];
	await terminal.does('send', mine.username, 'to the other browser');
	await moved.row(`${engine}-terminal`).waitFor();
	await moved.open(`${engine}-terminal`);
	await moved.sees('to the other browser', 'opened');
	ok(true, `${engine}: the recovery code made here opens the account in Chromium, and whom it accepted`);
	await come.find(mine.username);
	await come.write('from a restored account');
	await come.sees('from a restored account', 'sent');
	await moved.row(other.username).waitFor();
	await moved.open(other.username);
	await moved.sees('from a restored account', 'opened');
	ok(true, `${engine}: one made in Chromium opens the account here`);
}

// ---- the demo, the documentation

async function demo(engine, browser) {
	const page = await browser.page(`${gateway.url}/demo`);
	const pane = (name) => page.getByRole('region', { name, exact: true });
	await pane('Alice').getByPlaceholder('Message').press('Enter'); // what stands there
	await pane('Bob').locator('.message', { hasText: 'Hello Bob, meet me at noon.' }).waitFor();
	await page.locator('.row-card').first().waitFor();
	ok(true, `${engine}, demo: Bob has the message, the server its row`);
	const scenes = await page.locator('.attack').evaluateAll((all) => all.map(({ dataset }) => dataset.scene));
	ok(scenes.length >= 4, `${engine}, demo: there are attacks`, scenes.join());
	for (const scene of scenes) {
		await page.locator(`.attack[data-scene=${scene}]`).press('Enter');
		await page.locator(`.outcome[data-scene=${scene}][data-done]`).waitFor();
		ok(await page.locator('.outcome').getAttribute('data-done') === 'good', `${engine}, demo: ${scene} ends well`, await page.locator('.outcome').textContent());
	}
	await fits(page, `${engine}, demo`);
	await page.close();
}

async function documentation(engine, browser) {
	const page = await browser.page(`${gateway.url}/docs`);
	await page.locator('.operation .route').first().waitFor();
	await page.getByRole('searchbox').fill('stream_capacity');
	ok(await there(page.locator('.operation').filter({ visible: true }), 2), `${engine}, docs: the filter finds an error code`);
	await page.getByRole('searchbox').fill('');
	await page.locator('#messages').getByRole('button', { name: 'Copy' }).first().click();
	await page.locator('.notice', { hasText: 'Copied' }).waitFor();
	ok(true, `${engine}, docs: curl is copied`);
	await fits(page, `${engine}, docs`);
	await page.close();
}

// ---- each of them, then both

const partner = await chromium.page();

async function check({ name, open }) {
	const browser = await open();
	const mine = await Person.register(browser, gateway.url, `${name}-user`);
	console.log(`# ${await mine.page.evaluate(() => navigator.userAgent)}`);
	await partner.goto(gateway.url);
	const other = await Person.register({ page: async () => partner }, gateway.url, `${name}-other`);
	ok(true, `${name}: an account`);
	await talk(name, mine, other);
	const terminal = await withTerminal(name, mine);
	await inTwoWindows(name, browser, mine, other);
	await withoutServer(name, mine, other);
	await away(name, mine, other, terminal);
	await remove(new Person(other.page));
	await demo(name, browser);
	await documentation(name, browser);
	return { name, browser, user: new Person(mine.page, other.username) };
}

const checked = [];
for (const engine of ENGINES) {
	if (engine.missing) skip(`${engine.name}: ${engine.missing}`);
	else checked.push(await check(engine));
}
if (checked.length === 2) {
	const [{ user: one }, { user: two }] = checked;
	await one.find(two.username);
	await one.write('from engine to engine');
	await one.sees('from engine to engine', 'sent');
	await two.row(one.username).waitFor();
	await two.open(one.username);
	await two.page.getByRole('button', { name: 'Accept' }).click();
	await one.sees('from engine to engine', 'read');
	ok(await waitUntil(async () => await two.page.title() === 'e2emsg'), 'Firefox and WebKit talk with each other');
}
for (const { name, browser } of checked) await browser.close(`${name}: no page error, no violation`);
await chromium.close('Chromium beside them: no page error, no violation, no error on the console');
await server.stop();
done();
