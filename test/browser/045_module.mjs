// The web module in a real Chromium, with real command-line clients: two
// browsers and a terminal in one conversation, reloads, rotations, lost and
// restored keys, a network that goes, several tabs.
import { openBrowser } from './lib/browser.mjs';
import { openTab } from './lib/module.mjs';
import { startServer, waitUntil } from './lib/server.mjs';
import { done, ok, run } from '../client/lib/tap.mjs';

const server = startServer();
const gateway = await server.gateway();
const [first, second] = [await openBrowser(), await openBrowser()];
const alice = await openTab(first, gateway.url);
const bob = await openTab(second, gateway.url);
const carol = gateway.client();
const mailOf = (name) => Number(server.sql(`SELECT count(*) FROM e2emsg.messages m JOIN e2emsg.users u ON m.mailbox_id = u.id WHERE username = '${name}'`));

// ---- two browsers and a terminal

const { recoveryCode } = await alice.call('register', 'alice');
ok(/^([0-9A-Z]{4}-){6}[0-9A-Z]{4}$/.test(recoveryCode), 'alice registers in a browser', recoveryCode);
await bob.call('register', 'bob');
await carol.does('register', 'carol');
await alice.call('connect');
await bob.call('connect');
ok(await alice.get('connection') === 'online' && await bob.get('connection') === 'online', 'both browsers have a stream', JSON.stringify([await alice.heard('connection'), await alice.heard('warning')]));
const keys = await alice.page.evaluate(() => new Promise((resolve) => {
	const request = indexedDB.open('e2emsg');
	request.onsuccess = () => {
		const all = request.result.transaction('keys').objectStore('keys').getAll();
		all.onsuccess = () => resolve(all.result.map(({ privateKey, backupKey }) => (privateKey ?? backupKey).extractable));
	};
}));
ok(keys.length === 3 && !keys.includes(true), 'no key in the database can be exported', keys.join());

ok((await alice.call('send', 'bob', 'hello, bob')).state === 'sent', 'alice writes to bob');
ok(await bob.has('alice', 'hello, bob'), 'who gets it at once');
await bob.call('send', 'alice', 'hello, alice');
ok(await alice.has('bob', 'hello, alice'), 'and answers');
ok(await alice.hasStates('bob', 'delivered'), 'a receipt came with that');
await bob.call('markRead', 'alice');
ok(await alice.hasStates('bob', 'read'), 'another one when it was read');
ok((await bob.call('conversations'))[0].unread === 0, 'nothing is unread');

await carol.does('send', 'alice', 'from the terminal');
ok(await alice.has('carol', 'from the terminal'), 'a terminal writes to a browser');
ok((await alice.call('messages', 'carol')).at(-1).trust === 'signed', 'whose user knows the key');
await alice.call('send', 'carol', 'from the browser');
ok((await carol.does('read')).includes('alice (signed)\n    from the browser'), 'and the browser to the terminal');
const number = await alice.call('safetyNumber', 'carol');
ok((await carol.does('verify', 'alice')).trim() === number.groups.join(' '), 'both see the same safety number');
await alice.call('verify', 'carol');
await carol.does('verify', 'alice', '--confirm');

// ---- rotations

await carol.does('rotate');
ok((await alice.call('send', 'carol', 'to your version 2')).keyVersion === 2, 'the browser follows a rotation of the terminal');
ok((await alice.call('rotateKeys')).keyVersion === 2, 'alice rotates');
await carol.does('send', 'alice', 'to version 2 of yours');
ok(await alice.has('carol', 'to version 2 of yours'), 'and the terminal follows');
await bob.call('send', 'alice', 'and so does bob');
ok(await alice.has('bob', 'and so does bob'), 'and the other browser');
ok((await carol.does('read')).includes('alice (verified)\n    to your version 2'), 'who is still verified');
ok((await bob.call('messages', 'alice')).some(({ note }) => note === 'key_rotated'), 'with a note');

// ---- reload, restart

await alice.reload();
ok((await alice.get('account')).keyVersion === 2, 'a page that is loaded again has the account');
ok((await alice.texts('bob')).join() === 'hello, bob,hello, alice,and so does bob', 'and all messages');
await alice.call('connect');
await bob.call('send', 'alice', 'after the reload');
ok(await alice.has('bob', 'after the reload'), 'and gets new ones');
await second.restart();
await alice.call('send', 'bob', 'while you were away');
const bobAgain = await openTab(second, gateway.url);
ok((await bobAgain.get('account')).username === 'bob', 'a browser that is started again has the account');
await bobAgain.call('connect');
ok(await bobAgain.has('alice', 'while you were away'), 'and gets what came meanwhile');

// ---- without a network

const before = mailOf('bob');
await first.context.setOffline(true);
ok(await waitUntil(async () => await alice.get('connection') === 'offline'), 'a network that goes is noticed');
for (const text of ['one', 'two', 'three']) ok((await alice.call('send', 'bob', text)).state === 'waiting', `"${text}" waits`);
ok(await alice.refuses('contact', 'carol') === 'offline', 'whoever asks is told');
const found = first.complaints();
ok(found.every((text) => /ERR_INTERNET_DISCONNECTED/.test(text)), 'nothing worse happens', found.join('\n'));
await first.context.setOffline(false);
ok(await alice.hasStates('bob', 'read delivered delivered delivered delivered'), 'when it is back all goes out', await alice.states('bob'));
ok((await bobAgain.texts('alice')).slice(-3).join() === 'one,two,three', 'in order');
ok(await waitUntil(async () => await alice.get('connection') === 'online'), 'and the stream is there again');
await gateway.stop();
await alice.call('send', 'bob', 'while the server is away');
await alice.page.goto('about:blank');
await gateway.start();
await alice.load();
ok((await alice.states('bob')).endsWith('waiting'), 'what waits survives that the page is left');
await alice.call('connect');
ok(await bobAgain.has('alice', 'while the server is away'), 'and is sent when there is a server');
const texts = server.sql(`SELECT count(*) - count(DISTINCT iv) FROM e2emsg.messages`);
ok(texts === '0' && mailOf('bob') >= before + 4, 'each once');

// ---- several tabs

const other = await openTab(first, gateway.url);
await other.call('connect');
ok(await other.get('connection') === 'elsewhere', 'of two tabs one holds the stream');
await bobAgain.call('send', 'alice', 'to both tabs');
ok(await other.has('bob', 'to both tabs'), 'the other one sees the mail');
ok((await other.heard('message')).some(({ text }) => text === 'to both tabs'), 'and is told');
const sent = await Promise.all(Array.from({ length: 10 }, (_, i) => [alice, other][i % 2].call('send', 'bob', `tab ${i}`)));
ok(sent.every(({ state }) => state === 'sent' || state === 'delivered'), 'both send');
ok(await waitUntil(async () => (await bobAgain.texts('alice')).filter((text) => text.startsWith('tab ')).length === 10), 'each message once');
await alice.page.close();
ok(await waitUntil(async () => await other.get('connection') === 'online'), 'when its tab is closed another one takes the stream');
await bobAgain.call('send', 'alice', 'to the other tab');
ok(await other.has('bob', 'to the other tab'), 'and the mail');

// ---- strangers

await gateway.client().does('register', 'mallory');
const mallory = gateway.client();
await mallory.does('register', 'mallory2');
await mallory.does('send', 'alice', 'you do not know me');
ok(await other.has('mallory2', 'you do not know me'), 'a stranger writes');
ok((await other.call('conversations')).find(({ username }) => username === 'mallory2').state === 'request', 'which is a request');
await other.call('block', 'mallory2');
ok(await waitUntil(async () => /not_accepted/.test((await mallory.run('send', 'alice', 'answer me')).err)),
	'the server hears of a block, and refuses');
await bobAgain.call('send', 'alice', 'later');
ok(await other.has('bob', 'later') && !(await other.texts('mallory2')).includes('answer me'), 'what came before is not shown');

// ---- lost and restored keys

ok(await waitUntil(async () => (await other.get('account')).backup.saved), 'the backup is saved');
await first.close();
const third = await openBrowser();
const lost = await openTab(third, gateway.url);
ok(await lost.refuses('login') === 'no_account', 'a browser that forgot everything says so');
ok(await lost.refuses('restore', 'alice', 'x') === 'bad_recovery_code', 'a code that is none');
const restored = await lost.call('restore', 'alice', recoveryCode);
ok(restored.keyVersion === 2 && restored.username === 'alice', 'the code brings the account back', JSON.stringify(restored));
await lost.call('connect');
await lost.call('send', 'bob', 'I am back');
ok(await bobAgain.has('alice', 'I am back'), 'bob hears from it');
ok((await bobAgain.call('messages', 'alice')).at(-1).trust === 'signed', 'and knows it');
await carol.does('send', 'alice', 'are you there?');
ok(await lost.has('carol', 'are you there?'), 'carol, too');
ok((await lost.call('messages', 'carol')).at(-1).trust === 'verified', 'who is still verified');
ok((await lost.call('keyLog')).problem === null, 'and the key log is in order');
const fresh = await lost.call('recoveryCode', recoveryCode);
await lost.call('logout', { forget: true });
ok(await lost.refuses('restore', 'alice', recoveryCode) === 'no_backup', 'the old code is worth nothing');
ok((await lost.call('restore', 'alice', fresh)).username === 'alice', 'the new one is');

// ---- an account moves between browser and terminal

const moved = gateway.client();
const restoredThere = await run(['restore', 'alice'], { env: { XDG_DATA_HOME: moved.folder, E2EMSG_SERVER: moved.url }, input: `${fresh}\n` });
ok(restoredThere.code === 0, 'the code of a browser brings the account to a terminal', restoredThere.err);
await moved.does('send', 'bob', 'from my terminal');
ok(await bobAgain.has('alice', 'from my terminal'), 'which writes to bob');
ok((await bobAgain.call('messages', 'alice')).at(-1).trust === 'signed', 'who sees the same alice');
await moved.does('rotate');
const account = await lost.call('login');
ok(account.keyVersion === 3 && await lost.get('keyLogProblem') === null, 'the browser takes over the key that the terminal made', JSON.stringify(account));
await moved.does('rotate');
ok((await lost.call('keyLog')).problem === null && (await lost.get('account')).keyVersion === 4, 'also when it looks at the log first');
const dora = gateway.client();
await dora.does('register', 'dora');
await dora.does('send', 'bob', 'dora here');
const code = (await dora.does('backup')).trim();
await moved.does('block', 'bob');
await moved.does('block', 'dora');
await lost.call('close');
await lost.call('connect');
ok(await waitUntil(async () => (await lost.call('contact', 'bob')).state === 'blocked'), 'it takes over whom the terminal blocks');
ok((await lost.call('contact', 'dora')).state === 'blocked', 'whom it had not met, too');
await moved.does('unblock', 'bob');
await lost.call('close');
await lost.call('connect');
ok(await waitUntil(async () => (await lost.call('contact', 'bob')).state === 'accepted'), 'and whom it lets in again');
ok((await lost.heard('warning')).filter(({ code: warning }) => warning === 'block_elsewhere').length === 2, 'and says so');
const fourth = await openBrowser();
const doraThere = await openTab(fourth, gateway.url);
ok((await doraThere.call('restore', 'dora', code)).username === 'dora', 'the code of a terminal brings the account to a browser', code);
await doraThere.call('connect');
await bobAgain.call('send', 'dora', 'hello, dora');
ok(await doraThere.has('bob', 'hello, dora'), 'which gets the mail');
ok((await doraThere.call('rotateKeys')).keyVersion === 2, 'and rotates');
await fourth.close('dora\'s browser: no complaint');
await bobAgain.call('send', 'dora', 'to the key of your browser');
const taken = await dora.run('read');
ok(taken.code === 7 && /to the key of your browser/.test(taken.out) && /another device of yours rotated to key version 2/.test(taken.err),
	'the terminal reads what is sealed to that key', taken.out + taken.err);
ok(/mail 1 to 2 is missing: another copy of this account may have taken it/.test(taken.err), 'and says what the browser may have taken', taken.err);
ok(await moved.does('backup') === '', 'a terminal leaves the code that a browser\'s user wrote down');

await second.close('bob\'s browser: no complaint');
await third.close('the last browser: no complaint');
await server.stop();
done();
