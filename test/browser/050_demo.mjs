// The demo page: what the server sees, and what comes of each attack.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openBrowser, screenshot } from './lib/browser.mjs';
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

const middle = panes['The server'];
const write = async (name, text) => {
	await panes[name].getByPlaceholder('Message').fill(text);
	await panes[name].getByPlaceholder('Message').press('Enter');
};
const sent = [];
page.on('request', (request) => request.method() === 'POST' && sent.push(new URL(request.url()).pathname));
await panes.Alice.getByPlaceholder('Message').pressSequentially(' Bring the map.');
await middle.getByText('Alice is typing').waitFor();
ok(sent.length === 0 && await rows.count() === 0, 'while one types, the server gets nothing', sent.join());
await panes.Alice.getByPlaceholder('Message').press('Enter');
await panes.Bob.locator('.message', { hasText: 'Hello Bob, meet me at noon. Bring the map.' }).waitFor();
const row = page.locator('.row-card', { hasText: `${names[0]} → ${names[1]}` });
await row.waitFor();
const text = await row.textContent();
const [stored] = server.sql(`SELECT encode(ciphertext, 'hex'), encode(iv, 'hex'), encode(auth_tag, 'hex') FROM e2emsg.messages
	WHERE mailbox_id = e2emsg.find_user('${names[1]}')`).split('\n');
const [ciphertext, iv, tag] = stored.split('|');
ok(text.includes(iv) && text.includes(tag) && text.includes(ciphertext.slice(0, 60)), 'the middle shows the row of the table', text);
ok(/256 bytes/.test(text) && /Alice’s key 1 → Bob’s key 1/.test(text) && !/noon/.test(await middle.textContent()),
	'who, when and how long, but not what');
ok(await row.evaluate((card) => card.classList.contains('fresh')) && await there(middle.getByText('A new row, Alice to Bob')), 'it lights up, and is told');
const thumbprintOf = (name) => server.sql(`SELECT encode(thumbprint, 'hex') FROM e2emsg.public_key('${name}')`).slice(0, 8);
ok((await middle.locator('.keys').textContent()) === names.map((name, i) => `${['Alice', 'Bob'][i]}’s key 1${thumbprintOf(name)}…`).join(''),
	'the public keys stand above', await middle.locator('.keys').textContent());
await panes.Alice.locator('.message').hover();
ok(await row.getAttribute('data-pointed') !== null, 'pointing at a message shows its row');
await write('Bob', 'Noon it is');
await panes.Alice.locator('.message', { hasText: 'Noon it is' }).waitFor();
ok(await waitUntil(async () => (await panes.Alice.locator('.message', { hasText: 'Hello Bob' }).getAttribute('data-state')) === 'read'),
	'Bob answers, and Alice’s message is read');
await page.locator('.row-card[data-receipt]').first().waitFor();
ok(true, 'receipts are rows as well, and said to be');
await screenshot(page, '050-conversation');
for (const colorScheme of ['light', 'dark']) {
	await page.emulateMedia({ colorScheme });
	const found = await barriers(page);
	ok(found.length === 0, `${colorScheme}: axe finds nothing`, found.join('\n'));
}

// ---- attacks

const outcome = page.locator('.outcome');
const isOver = (scene) => page.locator(`.outcome[data-scene=${scene}][data-done]`).waitFor();

async function play(scene, pattern, steps) {
	await page.locator(`.attack[data-scene=${scene}]`).press('Enter');
	await isOver(scene);
	const said = await outcome.textContent();
	ok(await outcome.getAttribute('data-done') === 'good' && pattern.test(said), `${scene}: says what came of it`, said);
	const order = await outcome.locator('li').evaluateAll((all) => all.map(({ dataset }) => dataset.who).join(' '));
	ok(order === steps, '... and who did what', order);
	await page.locator('.attack[aria-disabled]').first().waitFor({ state: 'detached' });
	ok(await page.evaluate(() => document.activeElement.matches('.attack')), '... with the focus where it was');
	await screenshot(page, `050-${scene}`);
}

const turns = ['bob', 'alice', 'server'].map((who) => page.locator(`.pane[data-who=${who}][data-lit]`).waitFor());
await play('rotate', /new key is in use/, 'bob alice server alice');
await Promise.all(turns);
ok(await page.locator('.pane[data-lit]').count() === 0, 'each pane is lit while a step is about it');
ok(await there(panes.Bob.locator('.key-version', { hasText: 'key 2' })), 'Bob has key 2');
ok(await there(panes.Alice.locator('[data-note=key_rotated]')), 'Alice was told');
ok(await there(page.locator('.row-card:not([data-receipt])', { hasText: 'Alice’s key 1 → Bob’s key 2' })), 'and the row names it');
ok(await there(middle.locator('.keys', { hasText: 'Bob’s key 2' })), 'the server hands out the new one');

await page.emulateMedia({ reducedMotion: 'reduce' });
await play('flip', /Bob’s browser noticed/, 'alice server bob');
ok(await there(panes.Bob.locator('.message[data-state=tampered]')), 'Bob does not read what was changed');
const changed = await page.locator('.row-card mark').textContent();
ok(await outcome.locator('mark').textContent() === changed, 'the changed byte is marked in the row, and in the story', changed);
ok(await page.locator('[data-pointed]').count() === 3, 'what it was about is marked with all three');
await panes.Alice.locator('.message', { hasText: 'Hello Bob' }).hover();
ok((await panes.Alice.locator('[data-pointed]').textContent()).includes('Hello Bob'), '... while one does not point at another');
await panes.Alice.getByRole('heading').hover();
ok((await panes.Alice.locator('[data-pointed]').textContent()).includes('Meet me at noon'), '... and again afterwards');
const lit = await barriers(page);
ok(lit.length === 0, 'axe finds nothing in what is lit and marked', lit.join('\n'));

const shownKey = () => server.sql(`SELECT encode(thumbprint, 'hex') FROM e2emsg.public_key('${names[1]}', 2)`);
const trueKey = shownKey();
const held = panes.Alice.locator('[data-note=held]');
await play('swap', /Alice’s browser sealed nothing/, 'server alice');
ok(await there(panes.Alice.locator('.message[data-state=waiting]', { hasText: 'PIN' })) &&
	await panes.Bob.locator('.message', { hasText: 'PIN' }).count() === 0, 'nothing was sent to the swapped key');
ok(shownKey() !== trueKey && await there(middle.locator('.keys [data-alarm]', { hasText: `Not Bob’s key${shownKey().slice(0, 8)}` })),
	'while the server shows it');
ok(await there(held) && /identity key did not sign it/.test(await held.textContent()), 'why it waits stands at it', await held.textContent());
await write('Alice', 'Are you there?');
await panes.Alice.locator('.message[data-state=waiting]', { hasText: 'there' }).waitFor();
ok(await there(held) && await page.locator('.notice').count() === 0, 'and is not said a second time');
await play('unswap', /went out/, 'server alice');
await panes.Bob.locator('.message', { hasText: 'PIN' }).waitFor();
await panes.Bob.locator('.message', { hasText: 'there' }).waitFor();
ok(shownKey() === trueKey && await there(held, 0), 'with the true key the messages go out');

await play('swap', /Alice’s browser sealed nothing/, 'server alice');
await panes.Alice.locator('.message[data-state=waiting]', { hasText: 'PIN' }).getByRole('button', { name: 'Discard' }).click();
await there(held, 0);
await play('unswap', /She had discarded the message, so nothing goes out/, 'server alice');
ok(!/went out/.test(await outcome.textContent()) && shownKey() === trueKey && await panes.Bob.locator('.message', { hasText: 'PIN' }).count() === 1,
	'what Alice discarded does not go out, and is not said to', await outcome.textContent());

await write('Bob', 'Here I am'); // so that the newest in his mailbox is a receipt
await panes.Bob.locator('.message[data-state=read]', { hasText: 'Here I am' }).waitFor();
await play('replay', /10 euros stay 10 euros/, 'alice server bob');
ok(await there(panes.Bob.locator('.message[data-state=repeated]')) &&
	await panes.Bob.locator('.message', { hasText: 'euros' }).count() === 1, 'Bob counts it once');
ok(await there(page.locator('.row-card[data-alarm]', { hasText: /No\. \d+, delivered again as no\. \d+/ })), 'the row says that it is the same');

await play('swap', /Alice’s browser sealed nothing/, 'server alice');
await play('flip', /Bob’s browser noticed/, 'server alice alice server bob');
ok(shownKey() === trueKey, 'before another attack the true key goes back');

await page.setViewportSize({ width: 375, height: 812 });
ok(await page.evaluate(() => document.documentElement.scrollWidth) <= 375, 'it fits into 375 pixels');
ok(await page.locator('.pane').evaluateAll((all) => all.every((one) => one.clientHeight < 812)), 'where each pane fits onto the screen');
await page.setViewportSize({ width: 1280, height: 800 });

// ---- gone afterwards

await play('swap', /Alice’s browser sealed nothing/, 'server alice');
await page.reload();
await panes.Alice.waitFor();
const fresh = await page.locator('.person-pane .trust').allTextContents();
ok(fresh.join() !== names.join(), 'another visit, other accounts');
ok(await waitUntil(() => shownKey() === trueKey), 'and whoever leaves gives the true key back');
ok(await waitUntil(() => page.evaluate(() => indexedDB.databases().then((all) => all.length === 2))), 'and those before are forgotten');


// ---- a server that is away

const { port } = gateway.settings;
await gateway.stop();
await middle.getByRole('alert').filter({ hasText: 'New rows can’t be read. The server does not answer.' }).waitFor();
await write('Alice', 'Into nowhere');
await panes.Alice.locator('.message[data-state=waiting]', { hasText: 'nowhere' }).waitFor();
ok(await page.locator('.notice').count() === 0, 'that it is away is said once');
await page.locator('.attack[data-scene=flip]').press('Enter');
await isOver('flip');
ok(/The server does not answer/.test(await outcome.textContent()) && await outcome.getAttribute('data-done') === 'bad', 'an attack that can’t be played says so',
	await outcome.textContent());
await gateway.start();
ok(gateway.settings.port === port && await there(panes.Bob.locator('.message', { hasText: 'nowhere' })), 'it goes on when the server is back');
await middle.getByRole('alert').waitFor({ state: 'hidden' });

await browser.close();
await gateway.stop();

const quiet = await server.gateway();
const answer = await fetch(`${quiet.url}/demo`);
ok(answer.status === 404, 'without the setting there is no demo');
await server.stop();
done();
