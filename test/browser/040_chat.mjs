// The chat page: two browsers and a terminal in one conversation.
import { openBrowser, screenshot } from './lib/browser.mjs';
import { Person, codeOn, there } from './lib/chat.mjs';
import { startServer, waitUntil } from './lib/server.mjs';
import { done, ok } from '../client/lib/tap.mjs';

const server = startServer();
const gateway = await server.gateway({ limit_loopback: 'on' });
const browsers = [await openBrowser(), await openBrowser()];

// ---- the first screen

const first = await browsers[0].page(gateway.url);
await screenshot(first, '040-welcome');
const username = first.getByLabel('Username');
await username.fill('A b');
await username.press('Enter');
await first.getByRole('alert').waitFor();
ok(/3 to 32/.test(await first.getByRole('alert').textContent()), 'a name that is none: said so, in the form');
ok(await username.evaluate((field) => field === document.activeElement), 'and the field has the focus');
await username.fill(' Alice ');
await username.press('Enter');
const code = await codeOn(first);
ok(code.length === 7 && code.every((group) => /^[0-9A-Z]{4}$/.test(group)), 'the recovery code, in seven groups', code.join(' '));
await screenshot(first, '040-code');
await first.getByRole('button', { name: 'I have saved it' }).click();
await first.locator('#group').fill('0000');
await first.locator('#group').press('Enter');
ok(/does not match/.test(await first.getByRole('alert').textContent()), 'a wrong group of it is not taken');
await first.getByRole('button', { name: 'Show the code again' }).click();
ok((await codeOn(first)).join() === code.join(), 'the code can be looked at again');
await first.getByRole('button', { name: 'I have saved it' }).click();
const alice = new Person(first, 'alice', code);
await alice.typeGroup();
await alice.online();
ok(/type their username/.test(await first.locator('.people').textContent()), 'an empty list says what to do');
await screenshot(first, '040-empty');
await browsers[0].allowClipboard();
await first.getByRole('button', { name: 'Copy my link' }).filter({ visible: true }).click();
await first.locator('.notice.good').waitFor();
ok(await first.evaluate(() => navigator.clipboard.readText()) === `${gateway.url}/#alice`, 'and hands out a link that leads to oneself');

const taken = await browsers[1].page(`${gateway.url}/#alice`);
ok(/To write to alice, you need an account/.test(await taken.locator('.invitation').textContent()), 'which says to a new visitor whom it leads to');
await screenshot(taken, '040-invited');
await taken.getByLabel('Username').fill('alice');
await taken.getByRole('button', { name: 'Create account' }).click();
ok(/taken/i.test(await taken.getByRole('alert').textContent()), 'a name that is taken: said so');
await taken.close();
const bob = await Person.register(browsers[1], gateway.url, 'bob');

// ---- a request, a conversation

await first.getByRole('searchbox').fill('nobody');
await first.getByRole('searchbox').press('Enter');
await first.locator('#find-error').getByText('Nobody has this username').waitFor();
ok(true, 'somebody who is not there: said so');
await first.getByRole('searchbox').fill('Alice');
await first.getByRole('searchbox').press('Enter');
await first.locator('#find-error').getByText('That is you.').waitFor();
ok(await first.locator('.conversation').count() === 0, 'nobody begins a conversation with oneself');
await alice.find('bob');
await alice.write('Hello Bob');
await alice.sees('Hello Bob', 'sent');
await bob.page.getByRole('heading', { name: 'Requests' }).waitFor();
ok(await bob.page.locator('.requests .badge').textContent() === '1 unread', 'a stranger is a request, and unread');
ok(await bob.page.title() === '(1) e2emsg', 'the title says so too');
await bob.open('alice');
ok(await bob.page.getByPlaceholder('Message').count() === 0, 'one does not answer before one accepts');
await screenshot(bob.page, '040-request');
ok(await alice.message('Hello Bob').getAttribute('data-state') === 'sent', 'the stranger does not learn that it came');
await bob.page.getByRole('button', { name: 'Accept' }).click();
await alice.sees('Hello Bob', 'read');
ok(await bob.page.getByPlaceholder('Message').evaluate((field) => field === document.activeElement),
	'accepted: the message was read, and the field for the answer has the focus');
await bob.write('Hello Alice');
await alice.sees('Hello Alice', 'opened');
await bob.page.goto(`${gateway.url}/#`);
await bob.online();
await alice.write('Are you there?');
await alice.sees('Are you there?', 'delivered');
ok(await waitUntil(async () => await bob.row('alice').locator('.badge').textContent() === '1 unread'),
	'not looked at: delivered, and counted');
await bob.open('alice');
await alice.sees('Are you there?', 'read');
ok(await there(bob.row('alice').locator('.badge'), 0), 'looked at: read, and not counted');
await first.reload();
await alice.sees('Hello Alice', 'opened');
await alice.sees('Are you there?', 'read');
ok(await first.locator('.message').count() === 3, 'after a reload all is there, without a question');
ok(await first.locator('.day').allTextContents().then((days) => days.join()) === 'Today', 'days are set apart');

// ---- a terminal in it

const terminal = gateway.client();
await terminal.does('register', 'erin');
await terminal.does('send', 'alice', 'from a \u001b[31mterminal\u202e\u0007 <b>');
await alice.row('erin').waitFor();
await alice.open('erin');
await first.getByRole('button', { name: 'Accept' }).click();
const hostile = await first.locator('.message .text').textContent();
ok(hostile === 'from a \\x1b[31mterminal\\u{202e}\\x07 <b>', 'what would not be seen is spelt out, and markup is text', hostile);
await alice.write('Hello terminal');
await alice.sees('Hello terminal', 'sent');
ok(/Hello terminal/.test(await terminal.does('read')), 'the terminal reads what the page wrote');
const number = await alice.safetyNumber();
const said = (await terminal.does('verify', 'alice')).match(/\d{5}/g).join(' ');
ok(number === said, 'and has the same safety number', `${number}\n${said}`);
await first.getByRole('button', { name: 'They are the same' }).click();
await first.locator('.trust[data-trust=verified]').waitFor();
await terminal.does('rotate');
await alice.write('To your new key');
await alice.sees('To your new key', 'sent');
await first.locator('[data-note=key_rotated]').waitFor();
ok(/To your new key/.test(await terminal.does('read')), 'the terminal rotated: noted, and it reads on');
await alice.account('New encryption key');
await first.getByRole('button', { name: 'Make a new key' }).click();
await first.getByText('version 2').waitFor();
await terminal.does('send', 'alice', 'To yours as well');
await alice.sees('To yours as well', 'opened');
ok(await first.locator('.trust').getAttribute('data-trust') === 'verified', 'the page rotated: so does the page, and each is still verified');
await terminal.does('send', 'bob', 'Bob, are you there?');
await bob.row('erin').waitFor();
await bob.open('erin');
await bob.page.getByRole('button', { name: 'Accept' }).click();
await bob.write('I am, erin');
await bob.sees('I am, erin', 'sent');
ok(/I am, erin/.test(await terminal.does('read')), 'the other browser talks with the terminal as well');
await bob.open('alice');
await first.getByRole('button', { name: /^About / }).click();
await first.getByRole('button', { name: 'Block' }).click();
await first.getByText('You blocked').waitFor();
ok(await waitUntil(async () => /not_accepted/.test((await terminal.run('send', 'alice', 'still there?')).err)),
	'the server refuses what somebody blocked writes');
await terminal.does('send', 'bob', 'is Alice there?');
await bob.row('erin').waitFor();
ok(await first.title() === 'e2emsg', 'somebody blocked does not count');
await first.getByRole('button', { name: 'Unblock' }).click();
await first.getByPlaceholder('Message').waitFor();

// ---- refusals

const notices = first.locator('.notice.bad');
await terminal.does('block', 'alice');
await alice.write('are you there?');
await alice.sees('are you there?', 'refused');
await alice.message('are you there?').getByText('takes no mail').waitFor();
await alice.message('are you there?').getByRole('button', { name: 'Send again' }).click();
ok(await waitUntil(() => gateway.log().split('POST /messages 403').length > 2), 'what somebody refuses can be tried again');
await alice.message('are you there?').getByText('takes no mail').waitFor();
await screenshot(first, '040-refused');
ok(await notices.count() === 0, 'why it was refused stands at the message, and nowhere else', await notices.allTextContents());
await alice.write('x'.repeat(70_000));
await notices.getByText('too long').waitFor();
ok(await first.getByPlaceholder('Message').inputValue().then((text) => text.length) === 70_000, 'what is not kept stands in the field again, and why is said');
await first.getByPlaceholder('Message').fill('');
await alice.open('bob');
ok(await notices.count() === 0, 'which is over with another conversation');

// ---- keys

await alice.open('bob');
const numbers = [await alice.safetyNumber(), await bob.safetyNumber()];
ok(numbers[0] === numbers[1] && numbers[0].length === 71, 'both see the same safety number', numbers.join('\n'));
ok(await first.locator('.qr path').count() === 1, 'and its QR code');
await screenshot(first, '040-safety');
await first.getByRole('button', { name: 'They are the same' }).click();
await first.locator('.trust[data-trust=verified]').waitFor();
await first.locator('[data-note=verified]').waitFor();
ok(true, 'compared: verified, and noted');
await bob.page.keyboard.press('Escape');
ok(await bob.page.getByRole('dialog').count() === 0, 'Escape closes a dialog');
await bob.account('New encryption key');
await bob.page.getByRole('button', { name: 'Make a new key' }).click();
await bob.page.getByText('version 2').waitFor();
await alice.write('After the rotation');
await bob.sees('After the rotation', 'opened');
await first.locator('[data-note=key_rotated]').waitFor();
ok(/new encryption key/.test(await first.locator('[data-note=key_rotated]').textContent()) &&
	/Version 2/.test(await first.locator('[data-note=key_rotated]').getAttribute('title')), 'a rotated key is noted, and mail goes on');
await bob.account('Key log');
await bob.page.getByText('fits together').waitFor();
ok(true, 'the key log is shown');
await bob.page.keyboard.press('Escape');
await alice.write('A message of some length, so that one sees how lines break in a bubble, ' +
	'and how a conversation looks when people have something to say.');
await bob.write('🚲 مرحبا');
await alice.sees('🚲', 'opened');
await screenshot(first, '040-conversation');

for (const browser of browsers) await browser.close();
ok(!/ 429 /.test(gateway.log()), 'people do not meet the usual limits');
await server.stop();
done();
