// The crypto modules of the browser client against all vectors, in a page.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { openBrowser } from './lib/browser.mjs';
import { TOP } from './lib/server.mjs';
import { done, ok } from '../client/lib/tap.mjs';

const TYPES = { '.js': 'text/javascript', '.mjs': 'text/javascript', '.json': 'application/json' };
const PAGE = '<!doctype html><title>vectors</title>';
const POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'";

// Files of the tree, and an empty page.
function answer(path) {
	if (path === '/' || path === '/favicon.ico') return { type: 'text/html; charset=utf-8', body: PAGE };
	const type = TYPES[extname(path)];
	return /^\/(gateway\/web|test)\/[a-z0-9_./]+$/.test(path) && !path.includes('..') && type
		? { type, body: readFileSync(join(TOP, path)) } : null;
}

const server = createServer((request, response) => {
	const found = answer(request.url);
	response.writeHead(found ? 200 : 404, { 'Content-Type': found?.type ?? 'text/plain', 'Content-Security-Policy': POLICY });
	response.end(found?.body);
});
await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });

const browser = await openBrowser();
const page = await browser.page(`http://127.0.0.1:${server.address().port}/`);
const results = await page.evaluate(async () => {
	const { runSuite } = await import('/test/web/lib/suite.mjs');
	return runSuite(async (path) => (await fetch(`/test/vectors/${path}`)).json());
});
for (const { good, name } of results) ok(good, name);
await browser.close();
server.closeAllConnections();
server.close();
done();
