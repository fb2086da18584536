// The chat page without a network, in several tabs, and after a restart of the
// browser.
import { rmSync } from 'node:fs';
import { openBrowser, screenshot } from './lib/browser.mjs';
import { barriers, Person } from './lib/chat.mjs';
import { startServer, waitUntil } from './lib/server.mjs';
import { done, ok } from '../client/lib/tap.mjs';

const server = startServer();
const gateway = await server.gateway();
const browsers = [await openBrowser(), await openBrowser()];
const alice = await Person.register(browsers[0], gateway.url, 'alice');
const bob = await Person.register(browsers[1], gateway.url, 'bob');

await alice.find('bob');
await alice.write('Hello Bob');
await bob.open('alice');
await bob.page.getByRole('button', { name: 'Accept' }).click();
await alice.sees('Hello Bob', 'read');

// ---- offline

await browsers[0].context.setOffline(true);
await alice.page.locator('.connection[data-state=offline]').first().waitFor();
ok(/sent when you are back online/.test(await alice.page.locator('.connection').first().textContent()),
	'offline: said, with what it means');
await alice.write('Written in a tunnel');
await alice.sees('Written in a tunnel', 'waiting');
ok(/Waiting/.test(await alice.message('tunnel').textContent()), 'what is written then waits, in words');
await screenshot(alice.page, '042-offline');
await alice.account('Remove from this browser');
const leaving = alice.page.getByRole('dialog', { name: 'Remove from this browser?' });
await leaving.getByText('1 message has not been sent yet. It is lost.').waitFor();
ok((await barriers(alice.page)).length === 0, 'who leaves hears of it', await barriers(alice.page));
await screenshot(alice.page, '042-unsent');
await leaving.getByRole('button', { name: 'Cancel' }).click();
await alice.page.getByRole('button', { name: /^About / }).click();
await alice.page.getByRole('dialog').waitFor();
await alice.page.keyboard.press('Escape');
await alice.account('New encryption key');
await alice.page.getByRole('button', { name: 'Make a new key' }).click();
const notice = alice.page.locator('.notice', { hasText: 'no connection' });
await notice.waitFor();
ok(await notice.evaluate((element) => Boolean(element.closest('dialog[open]'))), 'what fails in a dialog is said in it');
await alice.page.keyboard.press('Escape');
await alice.page.locator('dialog').waitFor({ state: 'detached' });
ok(await notice.isVisible(), 'and can still be read when it is closed');
await notice.getByRole('button', { name: 'Dismiss' }).click();
await browsers[0].context.setOffline(false);
await alice.online();
await alice.sees('Written in a tunnel', 'read');
ok(await bob.message('tunnel').count() === 1, 'with the network back it goes out, once');

await gateway.stop();
await alice.page.locator('.connection[data-state=offline]').first().waitFor();
await alice.write('The server is away');
await alice.sees('The server is away', 'waiting');
await gateway.start();
await alice.sees('The server is away', 'read');
ok(await bob.message('server is away').count() === 1, 'the same when the server was away');

await alice.account('Remove from this browser');
await leaving.waitFor();
ok(!/sent yet/.test(await leaving.textContent()), 'when nothing waits, leaving does not speak of it', await leaving.textContent());
await leaving.getByRole('button', { name: 'Cancel' }).click();

// ---- older than six days

await gateway.stop();
await alice.page.locator('.connection[data-state=offline]').first().waitFor();
await alice.write('Happy birthday');
await alice.write('And a good year');
await alice.sees('And a good year', 'waiting');
await alice.page.close();
await gateway.start();
alice.page = await browsers[0].page();
await alice.page.addInitScript(() => {
	const { now } = Date;
	Date.now = () => now() + 7 * 86400 * 1000;
});
await alice.page.goto(`${gateway.url}/#bob`);
await alice.sees('And a good year', 'asks');
ok(await bob.message('Happy birthday').count() === 0, 'what waited for a week asks before it goes out');
await screenshot(alice.page, '042-asks');
await alice.message('Happy birthday').getByRole('button', { name: 'Discard' }).click();
await alice.message('Happy birthday').waitFor({ state: 'detached' });
await alice.message('And a good year').getByRole('button', { name: 'Send again' }).click();
await bob.sees('And a good year', 'opened');
ok(await bob.message('Happy birthday').count() === 0, 'and is discarded, or sent, as one says');

// ---- two tabs

const second = new Person(await browsers[0].page(`${gateway.url}/#bob`), 'alice');
await second.page.locator('.connection[data-state=elsewhere]').first().waitFor();
ok(/another tab/.test(await second.page.locator('.connection').first().textContent()), 'a second tab says that the first one is connected');
await bob.write('To both tabs');
await second.sees('To both tabs', 'opened');
await alice.sees('To both tabs', 'opened');
ok(true, 'what comes is in both');
await second.write('From the second tab');
await alice.sees('From the second tab', 'read');
ok(await bob.message('From the second tab').count() === 1, 'what one writes in the second tab is in both, and sent once');
const shown = (page) => page.locator('.message, .note').evaluateAll((all) => all.slice(-4).map(({ dataset, textContent }) => dataset.note ?? textContent));
await bob.account('New encryption key');
await bob.page.getByRole('button', { name: 'Make a new key' }).click();
await bob.page.getByText('version 2').waitFor();
await bob.page.keyboard.press('Escape');
await alice.write('To the new key');
await alice.sees('To the new key', 'read');
await second.sees('To the new key', 'read');
const standing = await shown(alice.page);
ok(standing.at(-2) === 'key_rotated' && /To the new key/.test(standing.at(-1)), 'that bob has a new key stands above what is sealed for it', standing.join('\n'));
ok(await waitUntil(async () => (await shown(second.page)).join() === standing.join()), 'in the other tab, too', (await shown(second.page)).join('\n'));
await screenshot(alice.page, '042-new-key');
await alice.page.reload();
await alice.sees('To the new key', 'read');
ok(await waitUntil(async () => (await shown(alice.page)).join() === standing.join()), '... and after a reload', (await shown(alice.page)).join('\n'));

// ---- a server that hangs

await bob.account('New encryption key');
await bob.page.getByRole('button', { name: 'Make a new key' }).click();
await bob.page.getByText('version 3').waitFor();
await waitUntil(() => server.sql("SELECT e2emsg.key_object('bob') ->> 'keyVersion'") === '3'); // once it is logged
await bob.page.keyboard.press('Escape');
gateway.child.kill('SIGSTOP');
await alice.page.getByRole('button', { name: /^About / }).click();
const about = alice.page.getByRole('dialog', { name: 'bob' });
await about.getByText('Details').click();
ok(/Encrypted[^]*Safety number[^]*version 2/.test(await about.textContent()), 'what is known of somebody is shown without an answer', await about.textContent());
await screenshot(alice.page, '042-hanging');
gateway.child.kill('SIGCONT');
await about.getByText('version 3').waitFor();
ok(await about.locator('details').getAttribute('open') !== null && await about.locator('summary').evaluate((one) => one === document.activeElement),
	'what the server shows follows, and the details stay unfolded, with the focus on them');
await alice.page.keyboard.press('Escape');
await about.waitFor({ state: 'detached' });

await alice.page.close();
await second.online();
await bob.write('To the one that is left');
await second.sees('To the one that is left', 'opened');
ok(true, 'the first one closed: the second one takes over');
const third = new Person(await browsers[0].page(gateway.url), 'alice');
await second.page.getByPlaceholder('Message').fill('A draft');
await third.account('Log out');
await second.page.getByRole('button', { name: 'Log in' }).waitFor();
ok(true, 'logging out in one tab does so in all');
await third.page.getByRole('button', { name: 'Log in' }).click();
await second.page.locator('.sidebar').waitFor();
ok(!second.page.url().includes('#bob'), 'and so does signing in, at the list');
await second.open('bob');
ok(await second.page.getByPlaceholder('Message').inputValue() === '', 'what was begun before is not there for whoever signs in');

// ---- the browser ends and comes back

await browsers[0].restart();
const again = new Person(await browsers[0].page(`${gateway.url}/#bob`), 'alice');
await again.sees('To the one that is left', 'opened');
await again.online();
await again.write('After the restart');
await bob.sees('After the restart', 'opened');
ok(await waitUntil(async () => (await again.message('After the restart').getAttribute('data-state')) === 'read'),
	'a restarted browser has all, and goes on');

// ---- a server that begins anew

await gateway.stop();
rmSync(gateway.settings.secret_file);
server.sql("SELECT e2emsg.delete_user(e2emsg.find_user('alice'))");
await gateway.start();
await again.page.reload();
const stranger = again.page.getByText('The server does not accept the key of this account').filter({ visible: true });
await stranger.first().waitFor();
const refused = () => gateway.log().split('POST /sessions 401').length - 1;
for (const text of ['Do you know me?', 'Or me?']) {
	const before = refused();
	await again.write(text);
	await again.sees(text, 'waiting');
	await waitUntil(() => refused() > before);
}
await screenshot(again.page, '042-unknown-account');
ok(await stranger.count() === 1, 'an account that the server does not know: said once', await stranger.count());
ok(await stranger.locator('xpath=..').textContent().then((text) => /remove the account from this browser/.test(text)), 'with what to do');
await again.safetyNumber();
await again.page.getByRole('button', { name: 'They are the same' }).click(); // no backup has that
await again.page.locator('.trust[data-trust=verified]').waitFor();
await again.account('Remove from this browser');
await again.page.getByText('2 messages have not been sent yet. They are lost.').waitFor();
await again.page.getByLabel(/I have my recovery code/).check();
await again.page.getByRole('button', { name: 'Delete keys' }).click();
const lost = again.page.getByRole('dialog', { name: 'Delete what can’t come back?' });
await lost.getByText('The recovery code brings nothing back.').waitFor();
ok(/The server does not know this account/.test(await lost.textContent()) && (await lost.locator('.dialog-foot button').allTextContents()).join() === 'Cancel,Delete',
	'removing it: nothing can be tried again, and nothing is promised', await lost.textContent());
ok((await barriers(again.page)).length === 0, '... without barriers', await barriers(again.page));
await screenshot(again.page, '042-lost-account');
await lost.getByRole('button', { name: 'Delete' }).click();
await again.page.getByRole('heading', { name: 'Messages that only' }).waitFor();
ok(await again.page.getByRole('button', { name: 'Create account' }).isVisible(), 'and one begins anew');

for (const browser of browsers) await browser.close();
await server.stop();
done();
