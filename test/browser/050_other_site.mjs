// The web module on a page of another site: allowed by the setting, or refused
// in a way that says why.
import { createServer } from 'node:http';
import { openBrowser } from './lib/chromium.mjs';
import { startServer, waitUntil } from './lib/server.mjs';
import { done, ok } from '../client/lib/tap.mjs';

const POLICY = (gateway) => `default-src 'none'; script-src 'self' ${gateway}; connect-src ${gateway}; require-trusted-types-for 'script'; trusted-types 'none'`;

const server = startServer();
const site = createServer((request, response) => {
	response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': POLICY(gateway.url) });
	response.end('<!doctype html><title>another site</title>');
});
await new Promise((resolve) => { site.listen(0, '127.0.0.1', resolve); });
const origin = `http://127.0.0.1:${site.address().port}`;
const gateway = await server.gateway({ allowed_origins: origin });

const browser = await openBrowser();
const page = await browser.page(origin);
const account = await page.evaluate(async (url) => {
	const { createClient } = await import(`${url}/web/e2emsg.js`);
	globalThis.client = await createClient();
	await globalThis.client.register('alice');
	await globalThis.client.connect();
	return globalThis.client.account;
}, gateway.url);
ok(account.username === 'alice' && account.backup.saved, 'a page of a site that is allowed registers', JSON.stringify(account));
const bob = gateway.client();
await bob.does('register', 'bob');
await bob.does('send', 'alice', 'hello');
ok(await waitUntil(() => page.evaluate(async () => (await globalThis.client.messages('bob')).some(({ text }) => text === 'hello'))), 'and gets mail by the stream');
ok((await page.evaluate(() => globalThis.client.send('bob', 'hello, too'))).state === 'sent', 'and sends');
await page.close();

await gateway.stop();
gateway.settings.allowed_origins = '';
await gateway.start();
const refused = await browser.page(origin);
const error = await refused.evaluate(async (url) => {
	try {
		const { createClient } = await import(`${url}/web/e2emsg.js`);
		const client = await createClient({ server: url });
		await client.login();
		return 'none';
	} catch (caught) {
		return caught.hint ?? String(caught);
	}
}, gateway.url);
ok(/fetch|allowed_origins does not name/.test(error), 'one that is not allowed gets nothing, and a hint', error);
ok(browser.complaints().some((text) => /CORS/.test(text)), 'and the console says that it is for CORS');
await browser.close();
await server.stop();
site.close();
site.closeAllConnections();
done();
