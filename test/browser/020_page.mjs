// The gateway's pages load, with nothing that their policy forbids.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openBrowser, screenshot } from './lib/browser.mjs';
import { startServer, TOP } from './lib/server.mjs';
import { done, ok } from '../client/lib/tap.mjs';

const PLACES = { 'index.html': '/', 'demo.html': '/demo', 'docs.html': '/docs' };

const server = startServer();
server.sql(readFileSync(join(TOP, 'dev/evil.sql'), 'utf8'));
const gateway = await server.gateway({ demo: 'on' });
const browser = await openBrowser();
for (const file of readdirSync(join(TOP, 'gateway/web')).filter((name) => name.endsWith('.html'))) {
	const page = await browser.page(gateway.url + PLACES[file]);
	ok((await page.title()).includes('e2emsg'), `${file}: its title`);
	ok(await page.evaluate(() => document.documentElement.lang) === 'en', `${file}: its language`);
	ok(await page.evaluate(() => isSecureContext && Boolean(crypto.subtle)), `${file}: WebCrypto is there`);
	await screenshot(page, `020-${file}`);
}
const page = await browser.page(gateway.url);
const thrown = await page.evaluate(() => new Promise((resolve) => {
	let error;
	addEventListener('securitypolicyviolation', () => resolve(error));
	try {
		document.createElement('script').src = 'data:text/javascript,';
	} catch (caught) {
		error = String(caught);
	}
}));
await page.close();
const found = browser.complaints().join('\n');
ok(/TrustedScriptURL/.test(thrown) && /CSP: require-trusted-types-for/.test(found), 'no text becomes a script', found);
await browser.close();
await server.stop();
done();
