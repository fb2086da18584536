// The tests see what goes wrong in a page of WebKit.
import { createServer } from 'node:http';
import { done, ok } from '../client/lib/tap.mjs';
import { openWebKit, whyNoWebKit } from './lib/webkit.mjs';

const POLICY = "default-src 'none'; script-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'";
// What a page does when it is told "late".
const scripts = {
	good: '',
	style: 'document.body.setAttribute("style", "color: red")',
	sink: 'document.body.innerHTML = "<b>hello</b>"',
	error: 'throw new Error("thrown")',
	rejection: 'Promise.reject(new Error("refused"))',
};

function answerTo(path) {
	const [, name, isScript] = /^\/(\w+)(\.js)?$/.exec(path) ?? [];
	if (isScript) return `addEventListener("late", () => { ${scripts[name]} })`;
	return `<!doctype html><title>${name}</title><script src="/${name}.js"></script>
		<button hidden>Hidden</button><button>Shown</button><input placeholder="A text">`;
}

async function inWebKit() {
	const server = createServer((request, response) => {
		response.writeHead(200, { 'Content-Security-Policy': POLICY,
			'Content-Type': request.url.endsWith('.js') ? 'text/javascript' : 'text/html; charset=utf-8' });
		response.end(answerTo(request.url));
	});
	await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
	const url = `http://127.0.0.1:${server.address().port}`;
	const browser = await openWebKit();

	for (const [name, pattern] of [['good', /^$/], ['style', /^CSP: style-src/], ['sink', /CSP: require-trusted-types-for/],
		['error', /^page error: .*thrown/], ['rejection', /^page error: .*refused/]]) {
		const page = await browser.page(`${url}/${name}`);
		await page.evaluate(() => new Promise((resolve) => {
			dispatchEvent(new Event('late'));
			setTimeout(resolve);
		}));
		await page.close();
		const found = browser.complaints().join('\n');
		ok(pattern.test(found), `WebKit, ${name}: ${name === 'good' ? 'no complaint' : 'a complaint'}`, found);
	}

	const page = await browser.page(`${url}/good`);
	ok(await page.getByRole('button').count() === 1 && await page.getByRole('button', { name: 'shown' }).count() === 1 &&
		await page.getByRole('button', { name: /hidden/i }).count() === 0, 'WebKit: what is hidden has no role');
	await page.getByPlaceholder('A text').fill('🚲 مرحبا');
	ok(await page.getByPlaceholder('A text').inputValue() === '🚲 مرحبا', 'WebKit: any letters are typed');
	const thrown = await page.evaluate(() => { throw new Error('of the page'); }).catch(String);
	ok(/of the page/.test(thrown), 'WebKit: what a function throws comes out', thrown);
	await browser.close();
	server.closeAllConnections();
	server.close();
}

const missing = whyNoWebKit();
if (missing) ok(true, `# SKIP ${missing}`);
else await inWebKit();
done();
