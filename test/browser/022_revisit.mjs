// Who comes back to a page asks for the page: what it is made of, each part
// once, was kept. A page of another build is served all the same.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openBrowser } from './lib/browser.mjs';
import { startServer, TOP } from './lib/server.mjs';
import { done, ok } from '../client/lib/tap.mjs';

// What a page's script puts there, and the last file that it needs for that.
const PAGES = { '/': ['#app form', '/page/chat.js'], '/demo': ['#app .pane', '/page/demo.js'], '/docs': ['#app article', '/openapi.json'] };
const BUILD = /^\/web\/([0-9a-f]{16})\//;

const server = startServer();
server.sql(readFileSync(join(TOP, 'dev/evil.sql'), 'utf8'));
const gateway = await server.gateway({ demo: 'on' });

// What a page loaded of /web: paths, and those that came over the network. The icon is left out: it comes when the browser likes.
async function visit(browser, path, change) {
	const page = await browser.page();
	if (change) {
		await page.route(gateway.url + path, async (route) => {
			const response = await route.fetch();
			const headers = Object.entries(response.headers()).filter(([name]) => !/^content-(?:encoding|length)$/.test(name));
			await route.fulfill({ response, headers: Object.fromEntries(headers), body: change(await response.text()) });
		});
	}
	await page.goto(gateway.url + path);
	const [sign, last] = PAGES[path];
	await page.locator(sign).first().waitFor();
	await page.waitForFunction((end) => performance.getEntriesByType('resource').some(({ name }) => name.endsWith(end)), last);
	const loaded = (await page.evaluate(() => performance.getEntriesByType('resource').map(({ name, transferSize }) => ({ name, transferSize }))))
		.map(({ name, transferSize }) => ({ path: new URL(name).pathname, transferSize }))
		.filter((one) => one.path.startsWith('/web/') && !one.path.endsWith('/icon.svg'));
	const links = await page.locator('link[rel=modulepreload], script').evaluateAll((elements) => elements.map((one) => new URL(one.href ?? one.src).pathname));
	await page.close();
	const paths = loaded.map((one) => one.path).sort();
	return { paths, modules: paths.filter((one) => one.endsWith('.js')), links: links.sort(),
		asked: loaded.filter(({ transferSize }) => transferSize > 0).map((one) => one.path) };
}

const builds = (paths) => new Set(paths.map((path) => BUILD.exec(path)?.[1]));
const doubles = (paths) => {
	const plain = paths.map((path) => path.replace(BUILD, '/web/'));
	return plain.filter((path, place) => plain.indexOf(path) !== place);
};

for (const path of Object.keys(PAGES)) {
	const browser = await openBrowser();
	const first = await visit(browser, path);
	ok(first.asked.length === first.paths.length && first.modules.length > 10, `${path}: its files`, first.paths.join('\n'));
	ok(doubles(first.paths).length === 0, '... none is loaded twice', doubles(first.paths).join('\n'));
	ok(builds(first.paths).size === 1 && !builds(first.paths).has(undefined), '... nor from outside of the build', first.paths.join('\n'));
	const again = await visit(browser, path);
	ok(again.paths.join() === first.paths.join() && again.asked.length === 0, '... nor asked for again', again.asked.join('\n'));
	const unhelped = await visit(browser, path, (text) => text.replace(/<link rel="modulepreload".*\n/g, ''));
	ok(unhelped.links.length === 1 && unhelped.modules.join() === first.links.join(), '... the page names all modules that it needs, and no others',
		`${unhelped.modules.join('\n')}\n\n${first.links.join('\n')}`);

	const [build] = builds(first.paths);
	const other = build.replace(/./g, (digit) => (digit === '0' ? '1' : '0'));
	const toOther = (text) => text.replaceAll(`/web/${build}/`, `/web/${other}/`);
	const { paths } = await visit(browser, path, toOther);
	ok(paths.join('\n') === toOther(first.paths.join('\n')), '... and of another build runs with the files of now', paths.join('\n'));
	await browser.close('... no page error, no violation, no error on the console');
}
await server.stop();
done();
