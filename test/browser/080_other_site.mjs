// The module in a page of another site: on the operator's list it registers,
// sends and gets mail; not on it, the browser does not even load the module, and
// no request of the page tampers with anything.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { openBrowser } from './lib/browser.mjs';
import { startServer, TOP, waitUntil } from './lib/server.mjs';
import { done, ok } from '../client/lib/tap.mjs';

let script = '';
const site = createServer((request, response) => {
	const isScript = request.url === '/main.js';
	response.writeHead(200, { 'Content-Type': isScript ? 'text/javascript' : 'text/html; charset=utf-8' });
	response.end(isScript ? script : '<!doctype html><title>shop</title><script type="module" src="/main.js"></script>');
});
await new Promise((resolve) => { site.listen(0, 'localhost', resolve); });
const origin = `http://localhost:${site.address().port}`;

const server = startServer();
const gateway = await server.gateway({ allowed_origins: `https://shop.example.org ${origin}` });
server.sql(readFileSync(join(TOP, 'dev/evil.sql'), 'utf8'));
const closed = await server.gateway({ demo: 'on' });

const browser = await openBrowser();
script = `import { createClient } from '${gateway.url}/web/e2emsg.js';
globalThis.client = await createClient();
globalThis.received = [];
client.on('message', (message) => received.push(message.text));
document.title = 'ready';`;
const page = await browser.page(origin);
ok(await waitUntil(async () => await page.title() === 'ready'), 'the module loads');
const { recoveryCode } = await page.evaluate(() => globalThis.client.register('alice'));
ok(/^[0-9A-Z]{4}(-[0-9A-Z]{4}){6}$/.test(recoveryCode), 'a registration, at the gateway that the module came from');
const bob = gateway.client();
await bob.does('register', 'bob');
await page.evaluate(() => globalThis.client.connect());
const sent = await page.evaluate(() => globalThis.client.send('bob', 'From the shop.'));
ok(sent.state === 'sent', 'a message from there', JSON.stringify(sent));
ok(/From the shop\./.test(await bob.does('read')), '... to a terminal');
await bob.does('send', 'alice', 'To the shop.');
ok(await waitUntil(() => page.evaluate(() => globalThis.received.includes('To the shop.'))), '... and one back, as it comes');
await browser.close();

const other = await openBrowser();
script = `import { createClient } from '${closed.url}/web/e2emsg.js';
document.title = 'ready';`;
const refused = await other.page(origin);
await waitUntil(() => other.found.some((text) => /CORS/.test(text)));
ok(await refused.title() === 'shop', 'not on the list: no module');
ok(closed.log().includes(`a page of ${origin} may not use the service; if it should, add it to the setting allowed_origins`),
	'... and the log names the page and the setting', closed.log());
const call = await refused.evaluate((url) => fetch(`${url}/messages`, { headers: { Authorization: 'Bearer x' } })
	.then((answer) => answer.status, (error) => error.name), closed.url);
ok(call === 'TypeError', '... and no call', call);

// What browsers send to another site without asking, and with asking.
await refused.evaluate(async (url) => {
	const evil = JSON.stringify({ action: 'flip', mailbox: 'bob' });
	for (const body of [evil, new Blob([evil]), new Blob([evil], { type: 'text/plain' }), new URLSearchParams([[evil, '']])]) {
		await fetch(url, { method: 'POST', mode: 'no-cors', body });
	}
	navigator.sendBeacon(url, new Blob([evil], { type: 'application/json' }));
	await fetch(url, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: evil }).catch(() => {});
}, `${closed.url}/demo/evil`);
const rows = await (await fetch(`${closed.url}/demo/rows?of=bob`)).json();
ok(rows.mailboxes[0].willFlip === false, 'no page of another site is the evil server');
ok(closed.log().match(/POST \/demo\/evil 415/g)?.length === 4, '... whose requests came, and were refused', closed.log());
other.complaints();
await other.close();
await server.stop();
site.closeAllConnections();
site.close();
done();
