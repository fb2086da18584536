// What docs/web.md shows is what a page can be made of: its examples, word by
// word, on another site's page with the policy that it names.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { openBrowser } from './lib/browser.mjs';
import { startServer, TOP, waitUntil } from './lib/server.mjs';
import { done, ok } from '../client/lib/tap.mjs';

const manual = readFileSync(join(TOP, 'docs/web.md'), 'utf8');
const examples = (language) => [...manual.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, text]) => text);
const [[tag, page], [quick, chat, asking]] = [examples('html'), examples('js')];
ok(examples('html').length === 2 && examples('js').length === 3, 'docs/web.md has the examples that are tried here');

const files = new Map(); // path → [type, text]
const site = createServer((request, response) => {
	const [type, text] = files.get(request.url) ?? ['text/plain', ''];
	response.writeHead(200, { 'Content-Type': `${type}; charset=utf-8`,
		'Content-Security-Policy': `default-src 'none'; script-src 'self' ${gateway.url}; connect-src ${gateway.url}` });
	response.end(text);
});
await new Promise((resolve) => { site.listen(0, 'localhost', resolve); });
const origin = `http://localhost:${site.address().port}`;
const server = startServer();
const gateway = await server.gateway({ allowed_origins: origin });
const here = (script) => script.replace('https://chat.example.org', gateway.url);

// ---- the first example

const bob = gateway.client();
await bob.does('register', 'bob');
files.set('/', ['text/html', `<!doctype html><title>wait</title>${tag}`]);
files.set('/app.js', ['text/javascript', `const show = (code) => { document.title = code; };\n${here(quick)}`]);
const first = await openBrowser();
const short = await first.page(origin);
ok(await waitUntil(async () => /^([0-9A-Z]{4}-){6}[0-9A-Z]{4}$/.test(await short.title())), 'the first example shows a recovery code');
ok(await waitUntil(async () => /hello/.test(await bob.does('read'))), 'and writes to bob');
await first.close('the first example: no complaint');

// ---- a page of one's own, whose script comes late: there is no form to press before

const late = 'await new Promise((resolve) => { setTimeout(resolve, 300); });';
files.set('/', ['text/html', page]);
files.set('/app.js', ['text/javascript', `${late}\n${here(chat)}`]);

class Person {
	constructor(browser, name) { Object.assign(this, { browser, name }); }

	async open() {
		this.page = await this.browser.page(origin);
		return this;
	}

	async begin(code = '') {
		await this.page.getByLabel('Your name').fill(this.name);
		await this.page.getByLabel('Recovery code').fill(code);
		await this.page.getByRole('button', { name: 'Begin' }).click();
		await this.page.getByRole('button', { name: 'Send' }).waitFor();
	}

	async write(peer, text) {
		await this.page.getByLabel('To').fill(peer);
		await this.page.getByLabel('Text').fill(text);
		await this.page.getByRole('button', { name: 'Send' }).click();
	}

	said() { return this.page.getByRole('alert').textContent(); }

	saysSoon(pattern) { return waitUntil(async () => pattern.test(await this.said())); }

	sees(line) { return waitUntil(async () => (await this.page.locator('li').allTextContents()).includes(line)); }
}

const [left, right] = [await openBrowser(), await openBrowser()];
const carol = await new Person(left, 'carol').open();
const dave = await new Person(right, 'dave').open();
await carol.begin();
await dave.begin();
const shown = carol.page.locator('output');
ok(await waitUntil(async () => /^([0-9A-Z]{4}-){6}[0-9A-Z]{4}$/.test(await shown.textContent())), 'the page shows a recovery code');
const code = await shown.textContent();
await carol.write('dave', 'Hello <b>Dave</b>');
ok(await dave.sees('in carol: Hello <b>Dave</b> (opened)'), 'a message comes, as text');
await dave.write('carol', 'Hello Carol');
ok(await carol.sees('in dave: Hello Carol (opened)') && await carol.sees('out dave: Hello <b>Dave</b> (delivered)'), 'the answer, too, and a state changes');
await carol.write('nobody', 'x');
ok(await carol.saysSoon(/there is no user nobody/), 'a refusal is told', await carol.said());
await carol.page.reload();
ok(await waitUntil(() => shown.isVisible()) && await shown.textContent() === code, 'the code stays, also after a reload');
await carol.page.getByRole('button', { name: 'I have it' }).click();
ok(await waitUntil(() => shown.isHidden()) && await shown.textContent() === '', 'until the user has it');
await carol.page.reload();
await carol.page.getByRole('button', { name: 'Send' }).waitFor();
ok(await shown.isHidden(), 'and then not again');
ok(await carol.sees('in dave: Hello Carol (opened)'), 'all of it is there after a reload');
const tab = await new Person(left, 'carol').open();
await dave.write('carol', 'To both tabs');
ok(await carol.sees('in dave: To both tabs (opened)') && await tab.sees('in dave: To both tabs (opened)'), 'and in a second tab');
const third = await openBrowser();
const back = await new Person(third, 'carol').open();
await back.begin(code);
await back.write('dave', 'From my new browser');
ok(await dave.sees('in carol: From my new browser (opened)'), 'the code brings the account to another browser');
await third.close('the restored page: no complaint');

// ---- with the question about another identity

files.set('/app.js', ['text/javascript', here(`${chat.replace('client.send(peer, text)', 'sendOrAsk(peer, text)')}\n${asking}`)]);
await tab.page.reload();
await tab.write('dave', 'Sent or asked');
ok(await dave.sees('in carol: Sent or asked (opened)'), 'the last example is a part of that page');
await left.close('the page: no complaint');
await right.close('the page of the other: no complaint');
await server.stop();
site.closeAllConnections();
site.close();
done();
