// The documentation page: every operation of openapi.json, with curl that works.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openBrowser, screenshot } from './lib/browser.mjs';
import { barriers } from './lib/chat.mjs';
import { scratchFolder, startServer, TOP, waitUntil } from './lib/server.mjs';
import { done, ok } from '../client/lib/tap.mjs';

const server = startServer();
server.sql(readFileSync(join(TOP, 'dev/evil.sql'), 'utf8'));
// one connection, over which every statement of the gateway has to go
const gateway = await server.gateway({ demo: 'on', db_connections: 1 });
const bob = gateway.client();
await bob.does('register', 'bob');
const browser = await openBrowser();
await browser.allowClipboard({ origin: gateway.url });
const page = await browser.page(`${gateway.url}/docs`);
const { paths } = JSON.parse(readFileSync(join(TOP, 'gateway/web/openapi.json'), 'utf8'));
const expected = Object.entries(paths).flatMap(([path, item]) => Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`));

await page.locator('.operation .route').first().waitFor();
const routes = page.locator('.route');
const listed = await routes.evaluateAll((all) => all.map((route) => [...route.children].map((part) => part.textContent).join(' ')));
ok(listed.sort().join('\n') === expected.sort().join('\n'), 'every operation is there', listed.join('\n'));
ok(await page.locator('.operation .who-may').count() === expected.length, 'with who may call it');
ok(await page.locator('.operation .errors summary', { hasText: 'Refusals' }).count() === expected.length, 'and with its refusals');
const names = await page.locator('[id]').evaluateAll((all) => all.map(({ id }) => id));
ok(new Set(names).size === names.length, 'no two have the same address', names.filter((id, i) => names.indexOf(id) !== i));
await screenshot(page, '060-docs');
for (const colorScheme of ['light', 'dark']) {
	await page.emulateMedia({ colorScheme });
	const found = await barriers(page);
	ok(found.length === 0, `${colorScheme}: axe finds nothing`, found.join('\n'));
}

await page.getByRole('searchbox').fill('post /messages/ack');
const left = await routes.filter({ visible: true }).allTextContents();
ok(left.join() === 'POST/messages/ack', 'the filter leaves what has all its words', left);
await page.getByRole('searchbox').fill('stream_capacity');
ok((await page.locator('.operation:visible').evaluateAll((all) => all.map(({ id }) => id).join())) === 'messages,stream' &&
	await page.getByText('2 found').isVisible(), 'error codes are words, too');
await page.locator('#messages').getByRole('link', { name: 'first steps' }).click();
await page.locator('#tools').waitFor();
ok(await page.getByRole('searchbox').inputValue() === '', 'a link to what the filter hides ends it');
await page.getByRole('searchbox').fill('no such thing');
ok(await page.getByText('Nothing has these words').isVisible(), 'and says when nothing has');
await page.getByRole('searchbox').fill('');
await page.getByRole('navigation', { name: 'Operations' }).getByRole('link', { name: /Ask for a challenge/ }).click();
const challenge = page.locator('.operation:target');
ok(await waitUntil(async () => (await page.locator('.contents [aria-current]').textContent()) === 'POSTAsk for a challenge'), 'and say where one is');
ok(/challenge/.test(await challenge.locator('.route').textContent()), 'the contents lead to an operation');
await challenge.getByRole('button', { name: 'Copy' }).click();
const command = await page.evaluate(() => navigator.clipboard.readText());
ok(command.includes(`${gateway.url}/sessions/challenge`), 'curl with the address of this page is copied', command);
const answer = JSON.parse(execFileSync('sh', ['-c', command], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
ok(typeof answer.nonce === 'string', 'and works in a shell', JSON.stringify(answer));
await screenshot(page, '060-operation');

const deep = await browser.page(`${gateway.url}/docs#acknowledge`);
await deep.locator('#acknowledge:target').waitFor();
ok(await waitUntil(() => deep.locator('#acknowledge').evaluate((article) => Math.abs(article.getBoundingClientRect().top) < 100)), 'an address leads to an operation');
await deep.close();

// ---- the first steps, and every call, as one copies them into a shell

const folder = scratchFolder();
async function copied(article) {
	await article.getByRole('button', { name: 'Copy' }).press('Enter');
	return page.evaluate(() => navigator.clipboard.readText());
}
const shell = ['set -m'];
for (const step of await page.locator('.step').all()) shell.push(await copied(step));
shell.push(await copied(page.locator('#read-open')));
shell.push(await copied(page.locator('#read-open')));
const calls = await page.locator('.operation:not(.step)').all();
const ids = [];
for (const call of calls) {
	const id = await call.getAttribute('id');
	const text = await copied(call);
	ids.push(id);
	// what only ends with the connection is ended
	if (id === 'stream') shell.push(`{\n${text}\n} >${id}.out 2>/dev/null & sleep 2; kill -- -$!; wait`);
	else shell.push(`{\n${text}\n} >${id}.out 2>/dev/null`);
}
const sendText = await copied(page.locator('#send'));
shell.push('key_of "$NAME" >self.json', 'PEER=bob', sendText);
writeFileSync(join(folder, 'shell'), shell.join('\n\n'));
const ran = spawnSync('bash', ['shell'], { cwd: folder, encoding: 'utf8' });
const out = (name) => readFileSync(join(folder, `${name}.out`), 'utf8');
ok(/^1 Hello$/m.test(ran.stdout), 'the first steps register, seal, send, read and open', `${ran.stdout}\n${ran.stderr}`);
ok(ran.stdout.match(/"acknowledged": \d/g)?.join() === '"acknowledged": 1,"acknowledged": 2,"acknowledged": 2', '... acknowledge, also when nothing is new', ran.stdout);
ok(/^event: message\ndata: .*"seq":2,/m.test(ran.stdout), '... and receive live', ran.stdout);
for (const id of ids) {
	const said = out(id);
	ok(said !== '' && !/"status":[45]/.test(said), `${id}: its curl works`, said.slice(0, 500));
}
ok(/^event: message/m.test(out('stream')), 'the stream brings mail', out('stream'));
const self = JSON.parse(readFileSync(join(folder, 'self.json'), 'utf8'));
ok(self.keyVersion === 2 && self.signature && self.identityKey.x !== JSON.parse(out('publicKey')).identityKey.x, 'keys were rotated and replaced, signed', JSON.stringify(self));
const read = await bob.does('read');
ok(new RegExp(`${self.username} \\(signed\\)\\s+Hello`).test(read), 'the terminal client verifies and opens what the shell sealed', read);

// ---- examples

const sideOf = (id) => page.locator(`#${id} .operation-side`).textContent();
ok(/Answer 201/.test(await sideOf('send')), 'a call that makes something shows that answer', await sideOf('send'));
ok(/Answer 200/.test(await sideOf('acknowledge')), 'another one the one that it has');
ok(/-X DELETE/.test(await sideOf('unblock')) && !/-d /.test(await sideOf('unblock')), 'curl sends a body where one belongs', await sideOf('unblock'));
ok(/-d ''/.test(await sideOf('block')), 'and an empty one where a length is asked for', await sideOf('block'));
ok(/Body.*"ciphertext"/s.test(await sideOf('send')) && /-d "\$\(seal 'Hello'\)"/.test(await sideOf('send')), 'what must be computed is a function of the first steps', await sideOf('send'));
await page.locator('#send').getByRole('link', { name: 'first steps' }).click();
ok(await page.locator('#first-steps').evaluate((section) => Math.abs(section.getBoundingClientRect().top) < 100), '... which a link leads to');
ok(/RateLimit-Policy/.test(await page.locator('#send .operation-text').textContent()), 'header fields are told');
const widths = await page.locator('.contents .method').evaluateAll((all) => all.map((one) => one.getBoundingClientRect().width));
ok(new Set(widths).size === 1, 'labels stand in line, whatever the method', [...new Set(widths)]);

// ---- the module, as the README has it

const [, snippet] = readFileSync(join(TOP, 'README.md'), 'utf8').match(/## In a browser.*?```js\n(.*?)```/s);
const said = page.waitForEvent('console', { predicate: (message) => /^\[/.test(message.text()) });
await page.evaluate(`(async () => { ${snippet.replaceAll('http://127.0.0.1:8080', gateway.url)} })()`);
ok(/\d{5}/.test((await said).text()), 'what the README says works in the console of this page', (await said).text());

// ---- on a phone

const contents = page.locator('.contents details');
ok(await contents.evaluate((details) => details.open), 'a desktop shows the contents');
await page.setViewportSize({ width: 360, height: 640 });
ok(await waitUntil(() => contents.evaluate((details) => !details.open)), 'a phone folds them');
await page.evaluate(() => scrollTo(0, 0));
await screenshot(page, '060-phone', ['phone']);
ok(await page.evaluate(() => document.documentElement.scrollWidth) <= 360, 'it fits into 360 pixels');
await browser.close();

// ---- what is kept of others

const vendor = join(TOP, 'gateway/web/vendor');
const sums = [...readFileSync(join(vendor, 'README.md'), 'utf8').matchAll(/^([0-9a-f]{64}) {2}(\S+)$/gm)];
for (const [, sum, file] of sums) {
	ok(createHash('sha256').update(readFileSync(join(vendor, file))).digest('hex') === sum, `vendor/${file} is as it came`);
}
ok(sums.length > 0, 'the sums of all that is vendored are known');
await server.stop();
done();
