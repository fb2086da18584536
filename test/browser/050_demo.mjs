// The demo page: what the server sees, and what comes of each attack.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openBrowser, screenshot } from './lib/chromium.mjs';
import { barriers, there } from './lib/chat.mjs';
import { startServer, TOP, waitUntil } from './lib/server.mjs';
import { done, ok } from '../client/lib/tap.mjs';

const server = startServer();
server.sql(readFileSync(join(TOP, 'dev/evil.sql'), 'utf8'));
const gateway = await server.gateway({ demo: 'on' });
const browser = await openBrowser();
const page = await browser.page(`${gateway.url}/demo`);
const panes = Object.fromEntries(['Alice', 'Bob', 'The server'].map((name) => [name, page.getByRole('region', { name, exact: true })]));
const rows = page.locator('.row-card');

await panes.Alice.waitFor();
const names = await page.locator('.person-pane .trust').allTextContents();
ok(/^alice-[0-9a-f]{4}$/.test(names[0]) && /^bob-[0-9a-f]{4}$/.test(names[1]), 'Alice and Bob are new accounts', names.join());
await screenshot(page, '050-begin');

// ---- a message

await panes.Alice.getByPlaceholder('Message').press('Enter');
await panes.Bob.locator('.message', { hasText: 'Hello Bob, meet me at noon.' }).waitFor();
await rows.first().waitFor();
const row = page.locator('.row-card', { hasText: `${names[0]} → ${names[1]}` });
await row.waitFor();
const text = await row.textContent();
const [stored] = server.sql(`SELECT encode(ciphertext, 'hex'), encode(iv, 'hex'), encode(auth_tag, 'hex') FROM e2emsg.messages
	WHERE mailbox_id = e2emsg.find_user('${names[1]}')`).split('\n');
const [ciphertext, iv, tag] = stored.split('|');
ok(text.includes(iv) && text.includes(tag) && text.includes(ciphertext.slice(0, 60)), 'the middle shows the row of the table', text);
ok(/256 bytes/.test(text) && /key 1 → key 1/.test(text) && !/noon/.test(await panes['The server'].textContent()),
	'who, when and how long, but not what');
await panes.Alice.locator('.message').hover();
ok(await row.getAttribute('data-pointed') !== null, 'pointing at a message shows its row');
await panes.Bob.getByPlaceholder('Message').fill('Noon it is');
await panes.Bob.getByPlaceholder('Message').press('Enter');
await panes.Alice.locator('.message', { hasText: 'Noon it is' }).waitFor();
ok(await waitUntil(async () => (await panes.Alice.locator('.message', { hasText: 'Hello Bob' }).getAttribute('data-state')) === 'read'),
	'Bob answers, and Alice’s message is read');
await page.locator('.row-card[data-receipt]').first().waitFor();
ok(true, 'receipts are rows as well, and said to be');
await screenshot(page, '050-conversation');
const found = await barriers(page);
ok(found.length === 0, 'axe finds nothing', found.join('\n'));

// ---- attacks

async function play(scene, pattern) {
	await page.locator(`[data-scene=${scene}]`).first().click();
	await page.locator(`.outcome[data-scene=${scene}][data-done=good], .outcome[data-scene=${scene}][data-done=bad]`).waitFor();
	const said = await page.locator('.outcome').textContent();
	ok(await page.locator('.outcome').getAttribute('data-done') === 'good' && pattern.test(said), `${scene}: says what came of it`, said);
	await page.locator(`.attack[data-scene]:enabled`).first().waitFor();
	await screenshot(page, `050-${scene}`);
}

await play('rotate', /checked Bob’s signature under key 2/);
ok(await there(panes.Bob.locator('.key-version', { hasText: 'key 2' })), 'Bob has key 2');
ok(await there(panes.Alice.locator('[data-note=key_rotated]')), 'Alice was told');
ok(await there(page.locator('.row-card:not([data-receipt])', { hasText: 'key 1 → key 2' })), 'and the row names it');

await play('flip', /Bob’s browser noticed/);
ok(await there(panes.Bob.locator('.message[data-state=tampered]')), 'Bob does not read what was changed');
ok(await there(page.locator('.row-card mark')), 'the changed byte is marked in the row');

const shownKey = () => server.sql(`SELECT encode(thumbprint, 'hex') FROM e2emsg.public_key('${names[1]}', 2)`);
const trueKey = shownKey();
await play('swap', /Alice’s browser refused/);
ok(await there(panes.Alice.locator('.message[data-state=waiting]', { hasText: 'PIN' })) &&
	await panes.Bob.locator('.message', { hasText: 'PIN' }).count() === 0, 'nothing was sent to the swapped key');
ok(shownKey() !== trueKey, 'while the server shows it');
await play('unswap', /went out/);
await panes.Bob.locator('.message', { hasText: 'PIN' }).waitFor();
ok(shownKey() === trueKey, 'with the true key the message goes out');

await play('replay', /counts it once/);
ok(await there(panes.Bob.locator('.message[data-state=repeated]')) &&
	await panes.Bob.locator('.message', { hasText: 'PIN' }).count() === 1, 'Bob counts it once');

// ---- gone afterwards

await page.reload();
await panes.Alice.waitFor();
const fresh = await page.locator('.person-pane .trust').allTextContents();
ok(fresh.join() !== names.join(), 'another visit, other accounts');
ok(await waitUntil(() => page.evaluate(() => indexedDB.databases().then((all) => all.length === 2))), 'and those before are forgotten');

await browser.close();
await gateway.stop();

const quiet = await server.gateway();
const answer = await fetch(`${quiet.url}/demo`);
ok(answer.status === 404, 'without the setting there is no demo');
await server.stop();
done();
