// The web module where browsers keep things: they are asked not to forget,
// they forget all the same, a newer version of the page comes; and where they
// give a page no cryptography.
import { openBrowser } from './lib/browser.mjs';
import { openTab } from './lib/module.mjs';
import { startServer, waitUntil } from './lib/server.mjs';
import { done, ok } from '../client/lib/tap.mjs';

const server = startServer();
const gateway = await server.gateway();
const browser = await openBrowser();
const tab = await openTab(browser, gateway.url);
const asked = () => tab.page.evaluate(() => globalThis.askedToPersist);
const countPersist = () => tab.page.evaluate(() => {
	globalThis.askedToPersist = 0;
	navigator.storage.persist = async () => { globalThis.askedToPersist++; return false; };
});

// ---- persistent storage

await countPersist();
const { recoveryCode } = await tab.call('register', 'alice');
ok(await asked() === 1, 'registering asks the browser not to forget');
await tab.call('logout', { forget: true });
await tab.call('restore', 'alice', recoveryCode);
ok(await asked() === 2, 'restoring, too; its no stops neither');

// ---- a full disk

const full = await openBrowser();
const cramped = await openTab(full, gateway.url);
const quota = await full.context.newCDPSession(cramped.page);
await quota.send('Storage.overrideQuotaForOrigin', { origin: gateway.url, quotaSize: 1 });
const refused = await cramped.attempt('register', 'carol');
ok(refused.error?.code === 'storage_failed' && /full/.test(refused.error.hint), 'a key that can\'t be stored is not announced', JSON.stringify(refused));
ok(server.sql("SELECT count(*) FROM e2emsg.users WHERE username = 'carol'") === '0', 'and the name is still free');
await full.close();

// ---- site data that are deleted while a page is open

await tab.call('connect');
const devtools = await browser.context.newCDPSession(tab.page);
await devtools.send('Storage.clearDataForOrigin', { origin: gateway.url, storageTypes: 'indexeddb' });
ok(await waitUntil(async () => (await tab.heard('account')).at(-1) === null && await tab.get('account') === null), 'a page whose database is deleted has no account');
ok(await waitUntil(async () => await tab.get('connection') === 'closed'), 'and no stream');
ok(await tab.refuses('send', 'alice', 'x') === 'no_account', 'and says so');
ok((await tab.call('restore', 'alice', recoveryCode)).username === 'alice', 'and can restore it without being loaded again');
await tab.call('connect');
ok(await tab.get('connection') === 'online', 'and goes on');

// ---- a newer version of the page

const newer = await browser.page(`${gateway.url}/web/e2emsg.js`);
const built = await newer.evaluate(() => new Promise((resolve) => {
	const request = indexedDB.open('e2emsg', 1000);
	for (const event of ['success', 'error', 'blocked']) request.addEventListener(event, () => resolve(event));
}));
ok(built === 'success', 'a newer version of the page gets the database', built);
ok(await waitUntil(async () => (await tab.heard('connection')).at(-1)?.error?.code === 'outdated_page'), 'the older one lets go of the stream, and says why');
ok(await tab.get('connection') === 'closed' && await tab.refuses('messages', 'alice') === 'outdated_page', 'and does nothing more');
const late = await newer.evaluate(async () => (await import('/web/e2emsg.js')).createClient().catch(({ code, hint }) => ({ code, hint })));
ok(late.code === 'outdated_page' && /Reload/.test(late.hint), 'nor does one that is loaded from an old copy', JSON.stringify(late));

// ---- no cryptography

const poor = await openBrowser({ args: ['--headless', '--no-sandbox', `--host-resolver-rules=MAP chat.lan 127.0.0.1`] });
const lan = gateway.url.replace('127.0.0.1', 'chat.lan');
const plain = await poor.page(`${lan}/web/e2emsg.js`);
const refusal = await plain.evaluate(async () => (await import('/web/e2emsg.js')).createClient().catch(({ code, message, hint }) => ({ code, message, hint })));
ok(refusal.code === 'insecure_context' && refusal.message.startsWith(lan) && /https/.test(refusal.hint), 'a page of plain http is told why and what to do', JSON.stringify(refusal));

ok(poor.complaints().every((text) => /Cross-Origin-Opener-Policy/.test(text)), 'whose browser complains of that alone');
await poor.close();
await browser.close();
await server.stop();
done();
