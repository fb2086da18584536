// The chat page when there is much to read: places in a long conversation,
// unread mail, long texts, addresses, many people, narrow and low screens.
import { openBrowser, screenshot } from './lib/browser.mjs';
import { Person, there } from './lib/chat.mjs';
import { startServer, waitUntil } from './lib/server.mjs';
import { done, ok } from '../client/lib/tap.mjs';

const server = startServer();
const gateway = await server.gateway();
const browsers = [await openBrowser(), await openBrowser()];
const alice = await Person.register(browsers[0], gateway.url, 'alice');
const bob = await Person.register(browsers[1], gateway.url, 'bob');
const { page } = alice;

// What one sees of an element.
const inSight = (locator) => locator.evaluate((element) => {
	const { top, bottom, left, right } = element.getBoundingClientRect();
	const seen = document.elementFromPoint((left + right) / 2, (Math.max(top, 0) + Math.min(bottom, innerHeight)) / 2);
	return top < innerHeight && bottom > 0 && (element.contains(seen) || seen?.contains(element));
});
const topOf = (locator) => locator.evaluate((element) => element.getBoundingClientRect().top);

// ---- the first message

await alice.find('bob');
await page.getByText('Only you and bob can read').waitFor();
ok(/Unless you have talked before, a first message is a request/.test(await page.locator('.introduction').textContent()), 'before the first message: who reads it, and what becomes of it');
await alice.write('Hello Bob');
await bob.open('alice');
await bob.page.getByRole('button', { name: 'Accept' }).click();
await bob.write('Hello Alice');
await alice.sees('Hello Alice', 'opened');
ok(await there(page.locator('.introduction', { hasText: 'a first message' }), 0), 'which is over with the answer');

// ---- much that is unread

await page.goto(`${gateway.url}/#`);
await alice.online();
for (let i = 1; i <= 70; i++) await bob.write(`Line ${i} of a long story`);
await bob.sees('Line 70 of', 'delivered');
await alice.row('bob').locator('.badge', { hasText: '70' }).waitFor();
await alice.open('bob');
const line = page.locator('.unread');
await line.waitFor();
ok(await inSight(line) && await inSight(alice.message('Line 1 of')) && !await inSight(alice.message('Line 70 of')), 'more unread mail than fits: one begins where it begins');
ok(await bob.message('Line 70 of').getAttribute('data-state') === 'delivered', 'and what one has not come to is not read');
await screenshot(page, '044-unread');
const jump = page.getByRole('button', { name: 'To the newest message' });
await jump.click();
await bob.sees('Line 70 of', 'read');
ok(await inSight(alice.message('Line 70 of')) && await jump.isHidden(), 'a button leads to the end: then it is');

// ---- one's place

await page.reload();
await there(page.locator('.message'), 50);
const log = page.getByRole('log');
const first = page.locator('.message').first();
const firstText = await first.textContent();
await log.evaluate((element) => element.scrollTo(0, 30));
await jump.waitFor();
const held = alice.message(firstText.match(/Line \d+ of/)[0]).first();
const before = await topOf(held);
await page.getByRole('button', { name: 'Earlier messages' }).evaluate((button) => button.click());
await alice.message('Hello Bob').waitFor();
ok(Math.abs(await topOf(held) - before) < 2, 'earlier messages come in above what one reads', await topOf(held) - before);
ok(await page.getByRole('button', { name: 'Earlier messages' }).count() === 0, 'up to the first one');
const place = await topOf(held);
await bob.write('Something new');
await page.getByRole('button', { name: 'To the newest message' }).getByText('New messages').waitFor();
ok(Math.abs(await topOf(held) - place) < 2, 'what comes meanwhile moves nothing, and is told');
ok(await bob.message('Something new').getAttribute('data-state') !== 'read', 'and is not read yet');
await alice.write('My answer');
await alice.sees('My answer', 'read');
ok(await inSight(alice.message('My answer')), 'what one writes is in sight');
await bob.sees('Something new', 'read');

await page.reload();
await there(page.locator('.message'), 50);
await log.evaluate((element) => element.scrollTo(0, 0));
await jump.waitFor();
const oldest = (await page.locator('.message .text').first().textContent()).match(/Line \d+ of/)[0];
await bob.write('And one more');
await jump.getByText('New messages').waitFor();
ok(await inSight(alice.message(oldest)), 'nor does it push away what one reads');
await jump.click();

// ---- what a screen reader is told

await page.addInitScript(() => {
	const live = new Set();
	new MutationObserver((changes) => changes.flatMap(({ addedNodes }) => [...addedNodes])
		.filter((node) => node.matches?.('.message')).forEach((node) => live.add(node.parentElement.getAttribute('aria-live'))))
		.observe(document, { childList: true, subtree: true });
	globalThis.liveWhenAdded = live;
});
const spoken = () => page.evaluate(() => [...globalThis.liveWhenAdded].join());
await page.reload();
await page.locator('.log[aria-live=polite]').waitFor();
ok(await spoken() === 'off', 'what was there already is not read aloud', await spoken());
await bob.write('Listen');
await alice.sees('Listen', 'opened');
ok(await spoken() === 'off,polite', 'what comes is', await spoken());
ok(await alice.message('My answer').locator('.meta').getAttribute('aria-live') === 'off', 'nor how far a message came');

// ---- long texts, addresses, emoji

await bob.write('word '.repeat(4000).trim());
const fold = page.getByRole('button', { name: 'Show all of it' });
await fold.waitFor();
const long = page.locator('.text[data-folded]');
ok(await long.evaluate((element) => element.clientHeight < 400 && element.scrollHeight > 1000), 'a text of 20,000 characters is folded');
await fold.click();
ok(await there(long, 0) && await fold.count() === 0, 'and shown when one wants');
await bob.write('Look at https://example.org/a?b=1 (or http://xn--e1afmkfd.example/). And javascript:alert(1)');
const links = page.locator('.text a');
await links.first().waitFor();
const found = await links.evaluateAll((all) => all.map((link) => [link.getAttribute('href'), link.textContent, link.title, link.target, link.rel].join(' ')));
ok(found.join() === 'https://example.org/a?b=1 https://example.org/a?b=1 example.org _blank noopener noreferrer,' +
	'http://xn--e1afmkfd.example/ http://xn--e1afmkfd.example/ xn--e1afmkfd.example _blank noopener noreferrer', 'addresses are links, as they are written, and nothing else is', found.join('\n'));
await bob.write('مرحبا (123).');
const isRightToLeft = (element) => getComputedStyle(element).direction === 'rtl';
ok(await waitUntil(() => alice.message('مرحبا').locator('.text').evaluate(isRightToLeft)) &&
	await waitUntil(() => alice.row('bob').locator('.person-last').evaluate(isRightToLeft)),
'a text from right to left begins at the right, also in the list');
await bob.write('🚲👍🏽');
await page.locator('.text[data-emoji]').waitFor();
ok(await page.locator('.text[data-emoji]').count() === 1, 'emoji alone are large');

// ---- many people

const strangers = ['carol', 'dave', 'erin', 'frank'];
for (const name of strangers) {
	const one = gateway.client();
	await one.does('register', name);
	await one.does('send', 'alice', `I am ${name}`);
}
const requests = page.locator('.requests');
ok(await waitUntil(async () => (await requests.locator('h2').textContent()).trim() === 'Requests 4'), 'strangers are counted');
ok(await alice.row('carol').isHidden() && await alice.row('bob').isVisible(), 'and many of them do not push friends out of sight');
await requests.locator('summary').click();
ok(await alice.row('carol').isVisible(), 'one looks when one wants');
const find = page.getByRole('searchbox');
await find.fill('dav');
ok(await there(page.locator('.person:visible')) && await alice.row('dave').isVisible(), 'the field finds');
ok(await page.getByRole('button', { name: 'Write to dav' }).isVisible(), 'and offers to write to whom one does not have yet');
await page.getByRole('button', { name: 'Write to dav' }).click();
await page.getByText('Nobody has this username').waitFor();
await find.fill(`${gateway.url}/#Carol`);
await find.press('Enter');
await page.getByRole('heading', { name: 'carol', exact: true }).waitFor();
ok(true, 'a link to somebody leads there as well');
await page.goto(`${gateway.url}/#alice`);
await page.getByText('No conversation is open').waitFor();
ok(true, 'one\'s own link opens no conversation with oneself');
await alice.open('bob');

// ---- with the keyboard

await find.focus();
await page.keyboard.press('ArrowDown');
await page.keyboard.press('ArrowDown');
const names = await page.locator('.person:visible .name').allTextContents();
const focused = () => page.evaluate(() => document.activeElement.querySelector('.name')?.textContent);
ok(await focused() === names[1], 'arrow keys lead from person to person', await focused());
await page.keyboard.press('ArrowUp');
ok(await focused() === names[0], 'and back');
await page.getByRole('button', { name: 'Skip to the conversation' }).focus();
await page.keyboard.press('Enter');
ok(await waitUntil(() => page.getByPlaceholder('Message').evaluate((field) => field === document.activeElement)), 'a button skips the list');

// ---- a row that changes under the pointer

await alice.open('dave');
const row = alice.row('bob');
const { x, y, width, height } = await row.boundingBox();
await page.mouse.move(x + width / 2, y + height / 2);
await page.mouse.down();
await bob.write('While you click');
await row.getByText('While you click').waitFor();
await page.mouse.up();
await page.getByRole('heading', { name: 'bob', exact: true }).waitFor();
ok(true, 'a row that changes while one clicks still opens');

// ---- narrow and low screens

const fits = () => page.evaluate(() => [document.documentElement.scrollWidth - innerWidth, document.documentElement.scrollHeight - innerHeight].join());
for (const [name, size] of Object.entries({ 'a small phone': { width: 320, height: 568 }, '200 % zoom': { width: 640, height: 400 }, '400 % zoom': { width: 320, height: 256 } })) {
	await page.setViewportSize(size);
	ok(await fits() === '0,0', `${name}: nothing hangs out of the page`, await fits());
	ok(await inSight(page.getByPlaceholder('Message')), `${name}: there is room to write`);
}
await page.setViewportSize({ width: 320, height: 568 });
await page.getByRole('button', { name: 'About bob' }).click();
await page.getByRole('dialog').getByRole('button', { name: 'Safety number' }).click();
await page.locator('.digits li').last().waitFor();
ok(await inSight(page.locator('.digits li').last()) && await inSight(page.getByRole('button', { name: 'They are the same' })),
	'a small phone: all digits are in sight, and the answer');
await page.keyboard.press('Escape');
await page.setViewportSize({ width: 640, height: 400 });
await page.goto(`${gateway.url}/#frank`);
const block = page.locator('.barrier').getByRole('button', { name: 'Block' });
await block.waitFor();
await block.scrollIntoViewIfNeeded();
ok(await inSight(block), '200 % zoom: all of a request can be reached');

for (const browser of browsers) await browser.close();

// ---- a touch screen

const touch = await openBrowser({ viewport: { width: 375, height: 740 }, hasTouch: true, isMobile: true });
const dora = await Person.register(touch, `${gateway.url}/#bob`, 'dora');
await dora.page.getByRole('heading', { name: 'bob', exact: true }).waitFor();
ok(true, 'whom a link brought here comes to the conversation');
const field = dora.page.getByPlaceholder('Message');
await field.tap();
await dora.page.keyboard.type('First line');
await dora.page.keyboard.press('Enter');
await dora.page.keyboard.type('second line');
await dora.page.getByRole('button', { name: 'Send' }).tap();
await dora.sees('First line\nsecond line', 'sent');
ok(await field.evaluate((element) => element === document.activeElement), 'on a touch screen Enter begins a line, and the keyboard stays after sending');
await screenshot(dora.page, '044-touch', ['phone']);

await touch.close();
await server.stop();
done();
