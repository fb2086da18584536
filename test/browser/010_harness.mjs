// The browser tests see what goes wrong in a page.
import { createServer } from 'node:http';
import { openBrowser } from './lib/browser.mjs';
import { done, ok } from '../client/lib/tap.mjs';

const POLICY = "default-src 'none'; script-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'";
const pages = {
	'/good': '<!doctype html><title>good</title><p>hello',
	'/inline': '<!doctype html><title>inline</title><script>document.title = "ran"</script>',
	'/style': '<!doctype html><title>style</title><p style="color: red">hello',
	'/sink': '<!doctype html><title>sink</title><script src="/sink.js"></script>',
	'/error': '<!doctype html><title>error</title><script src="/error.js"></script>',
	'/console': '<!doctype html><title>console</title><script src="/console.js"></script>',
	'/missing': '<!doctype html><title>missing</title><script src="/nowhere.js"></script>',
	'/sink.js': 'document.documentElement.innerHTML = "<b>hello</b>"',
	'/error.js': 'throw new Error("thrown")',
	'/console.js': 'console.error("complained")',
};

const server = createServer((request, response) => {
	const body = request.url === '/favicon.ico' ? '' : pages[request.url];
	response.writeHead(body === undefined ? 404 : 200, { 'Content-Security-Policy': POLICY,
		'Content-Type': request.url.endsWith('.js') ? 'text/javascript' : 'text/html; charset=utf-8' });
	response.end(body);
});
await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
const url = `http://127.0.0.1:${server.address().port}`;
const browser = await openBrowser();

async function complaintsOf(path) {
	const page = await browser.page(url + path);
	await page.evaluate(() => new Promise((resolve) => { requestAnimationFrame(resolve); }));
	await page.close();
	return browser.complaints().join('\n');
}

const quiet = await complaintsOf('/good');
ok(quiet === '', 'a good page: no complaint', quiet);
for (const [path, pattern] of [['/inline', /CSP: script-src/], ['/style', /CSP: style-src/],
	['/sink', /CSP: require-trusted-types-for/], ['/error', /page error: .*thrown/],
	['/console', /console: complained/], ['/missing', /404 for .*nowhere/]]) {
	const found = await complaintsOf(path);
	ok(pattern.test(found), `${path.slice(1)}: a complaint`, found);
}

const page = await browser.page(`${url}/good`);
await page.evaluate(() => localStorage.setItem('kept', 'yes'));
await browser.restart();
const again = await browser.page(`${url}/good`);
ok(await again.evaluate(() => localStorage.getItem('kept')) === 'yes', 'a restarted browser has the same profile');
await browser.close();

const other = await openBrowser();
const fresh = await other.page(`${url}/good`);
ok(await fresh.evaluate(() => localStorage.getItem('kept')) === null, 'a new browser has a fresh one');
await other.close();
server.closeAllConnections();
server.close();
done();
