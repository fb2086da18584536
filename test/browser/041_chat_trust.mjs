// The chat page: another identity, a refused key, lost keys, a new code.
import { readFileSync } from 'node:fs';
import { openBrowser, screenshot } from './lib/browser.mjs';
import { Person, barriers, codeOn, there } from './lib/chat.mjs';
import { startServer, waitUntil } from './lib/server.mjs';
import { sealHead } from '../client/lib/gateway.mjs';
import { done, ok, run } from '../client/lib/tap.mjs';

const server = startServer();
const gateway = await server.gateway();
const browsers = [await openBrowser(), await openBrowser()];
const alice = await Person.register(browsers[0], gateway.url, 'alice');
const bob = await Person.register(browsers[1], gateway.url, 'bob');

await alice.find('bob');
await alice.write('Hello Bob');
await bob.open('alice');
await bob.page.getByRole('button', { name: 'Accept' }).click();
await alice.sees('Hello Bob', 'read');

// ---- lost and restored

await browsers[1].context.setOffline(true);
await bob.safetyNumber();
await bob.page.getByRole('button', { name: 'They are the same' }).click();
await bob.page.locator('.trust[data-trust=verified]').waitFor();
await bob.account('Remove from this browser');
await bob.page.getByRole('button', { name: 'Delete keys' }).click();
ok(/tick/.test(await bob.page.getByRole('alert').filter({ visible: true }).textContent()), 'nothing is deleted before one has understood');
await screenshot(bob.page, '041-forget');
await bob.page.getByLabel(/I have my recovery code/).check();
await bob.page.getByRole('button', { name: 'Delete keys' }).click();
const question = bob.page.getByRole('dialog', { name: 'Delete what is not saved yet?' });
await question.waitFor();
ok(/no connection to the server[^]*What you did here since is lost/.test(await question.textContent()),
	'what the server has not heard of would be lost: asked', await question.textContent());
await screenshot(bob.page, '041-unsaved');
ok((await barriers(bob.page)).length === 0, '... without barriers', await barriers(bob.page));
await question.getByRole('button', { name: 'Cancel' }).click();
ok(await bob.message('Hello Bob').isVisible(), '... and with a no all stays');
await bob.account('Remove from this browser');
await bob.page.getByLabel(/I have my recovery code/).check();
await bob.page.getByRole('button', { name: 'Delete keys' }).click();
await question.waitFor();
await browsers[1].context.setOffline(false);
await question.getByRole('button', { name: 'Try again' }).click();
await bob.page.getByRole('heading', { name: 'Messages that only' }).waitFor();
ok(await there(bob.page.getByRole('dialog'), 0), 'with the network back it is saved, then deleted');
await bob.page.reload();
await bob.page.getByRole('button', { name: 'Create account' }).waitFor();
ok(true, 'forgotten: the first screen, also after a reload');
await bob.page.getByRole('button', { name: 'I have an account' }).click();
await bob.page.getByLabel('Username').fill('bob');
await bob.page.getByLabel('Recovery code').fill('7H2K-9QXM');
await bob.page.getByRole('button', { name: 'Restore account' }).click();
await bob.page.getByText('group by group').waitFor();
ok(true, 'half a code is none: said so');
await bob.page.getByLabel('Recovery code').fill(alice.code.join('-'));
await bob.page.getByRole('button', { name: 'Restore account' }).click();
await bob.page.locator('.form-error', { hasText: 'brings back no account' }).waitFor();
ok(true, 'the code of somebody else: said so');
await screenshot(bob.page, '041-restore');
await bob.page.getByLabel('Recovery code').fill(bob.code.join(' ').toLowerCase());
await bob.page.getByRole('button', { name: 'Restore account' }).click();
await bob.online();
await bob.open('alice');
await bob.page.locator('.introduction', { hasText: 'Only you and alice' }).waitFor();
ok(!/first message/.test(await bob.page.locator('.introduction').textContent()), 'a message to somebody whom one had compared with is no first one');
await bob.about('Safety number');
await screenshot(bob.page, '041-verified');
await bob.page.getByRole('dialog').locator('.dialog-foot').getByRole('button', { name: 'Close' }).click();
await alice.write('Welcome back');
await bob.sees('Welcome back', 'opened');
ok(await bob.page.locator('.trust').getAttribute('data-trust') === 'verified', 'whom one had compared with right before is still verified');
ok(await alice.page.locator('[data-note=identity_changed]').count() === 0, 'the right one brings back the same person, without a barrier');

// ---- a new code

await bob.account('New recovery code');
await bob.page.getByLabel('Your present recovery code').fill(alice.code.join('-'));
await bob.page.getByRole('button', { name: 'Make a new code' }).click();
await bob.page.locator('.form-error').filter({ visible: true }).waitFor();
ok(true, 'not without the present one');
await bob.page.getByLabel('Your present recovery code').fill(bob.code.join('-'));
await bob.page.getByRole('button', { name: 'Make a new code' }).click();
const old = bob.code;
bob.code = await codeOn(bob.page);
ok(bob.code.join() !== old.join(), 'a new code');
await bob.page.keyboard.press('Escape');
await bob.account('Your new recovery code');
ok((await codeOn(bob.page)).join() === bob.code.join(), 'closed too early, it can be looked at again');
await bob.page.getByRole('button', { name: 'I have saved it' }).click();
await bob.typeGroup();
ok(await there(bob.page.getByRole('dialog'), 0), 'which is asked back as well');

// ---- to a terminal, and back

const folder = gateway.client();
const told = await run(['restore', 'bob'], { env: { XDG_DATA_HOME: folder.folder, E2EMSG_SERVER: gateway.url }, input: `${bob.code.join('-')}\n` });
ok(told.code === 0, 'the code brings the account to a terminal', told.err);
await folder.does('backup', '--new-code', '--yes');
await folder.does('rotate');
await bob.account('New encryption key');
await bob.page.getByRole('button', { name: 'Make a new key' }).click();
await bob.page.locator('.notice', { hasText: 'new encryption key: version 3' }).waitFor();
ok(true, 'a new key is made here, also when one was made there');
const banner = bob.page.locator('.banner', { hasText: 'Your old recovery code is worth nothing' });
await banner.waitFor();
await bob.page.reload();
await banner.waitFor();
ok(true, 'a new code was made there: a banner says so, also after a reload');
await screenshot(bob.page, '041-code-replaced');
await banner.getByRole('button', { name: 'I have the new one' }).click();
ok(await there(banner.filter({ visible: true }), 0), '... until one has it');
await bob.open('alice');
await folder.does('send', 'alice', 'From my terminal');
await alice.sees('From my terminal', 'opened');
ok(await alice.page.locator('.trust').getAttribute('data-trust') === 'signed' &&
	await alice.page.locator('[data-note=identity_changed]').count() === 0, 'where it is the same person');
await alice.write('Whichever of you');
await bob.sees('Whichever of you', 'opened');
ok(true, 'and the browser still takes the mail');
await folder.does('rotate');
await alice.write('To the key of the terminal');
await bob.sees('To the key of the terminal', 'opened');
ok(true, '... also what is sealed to a key that the terminal made since');

// ---- log out and in

await bob.account('Log out');
await bob.page.getByRole('button', { name: 'Log in' }).click();
await bob.online();
await bob.open('alice');
await bob.sees('Welcome back', 'opened');
ok(true, 'logged out and in again: all is there');

// ---- mail that is left out

await bob.page.goto('about:blank');
await alice.write('Never to arrive');
await alice.sees('Never to arrive', 'sent');
server.sql(`DELETE FROM e2emsg.messages m USING e2emsg.mailboxes b
	WHERE b.id = e2emsg.find_user('bob') AND m.mailbox_id = b.id AND m.seq = b.last_seq`);
await alice.write('The next one');
await bob.page.goto(`${gateway.url}/#alice`);
await bob.sees('The next one', 'opened');
await bob.page.locator('[data-note=missing]').waitFor();
ok(/did not come here.*another copy of this account.*or the server left it out/.test(await bob.page.locator('[data-note=missing]').textContent()), 'mail that is missing: noted, with what it may mean');

// ---- a key log that is gone

await alice.page.route('**/key-log', (route) => route.fulfill({ status: 404, contentType: 'application/problem+json',
	json: { type: 'about:blank', title: 'The key log is off', status: 404, code: 'key_log_off', hint: '' } }));
await alice.account('Key log');
await alice.page.getByRole('dialog').locator('.form-error').waitFor();
await screenshot(alice.page, '041-key-log');
await alice.page.getByRole('button', { name: 'Leave it stopped' }).click();
await alice.page.locator('.barrier').waitFor();
ok(await alice.page.locator('.banner.alarm').isVisible(), 'a key log that contradicts itself: a banner');
ok(await alice.page.getByPlaceholder('Message').count() === 0 && /Nothing is sent/.test(await alice.page.locator('.barrier').textContent()),
	'and a barrier in the place of the field');
await alice.page.unroute('**/key-log');
await alice.page.locator('.barrier').getByRole('button', { name: 'What to do' }).click();
await alice.page.getByRole('button', { name: 'Accept this log' }).click();
await alice.page.getByPlaceholder('Message').waitFor();
ok(await alice.page.locator('.banner.alarm').isHidden(), 'accepted: both are gone');

// ---- somebody without an identity key

const una = gateway.client();
await una.does('register', 'una', '--unsigned');
await alice.find('una');
await alice.write('Hello Una');
await alice.page.getByRole('dialog', { name: 'Nothing proves that this is una' }).getByRole('button', { name: 'Do not send' }).click();
ok(await waitUntil(async () => await alice.page.getByPlaceholder('Message').inputValue() === 'Hello Una'),
	'nothing proves whose key it is: asked; a no leaves the text in the field');
await alice.page.getByPlaceholder('Message').press('Enter');
await alice.page.getByRole('button', { name: 'Send anyway' }).click();
await alice.sees('Hello Una', 'sent');
await alice.write('Once more');
await alice.sees('Once more', 'sent');
ok(/Hello Una[^]*Once more/.test(await una.does('read')), 'a yes is for this key, and needs no second one');

// ---- a head of the key log that its sender made up

const token = (await una.does('token')).trim();
const ask = async (method, path, body) => {
	const reply = await fetch(`${gateway.url}${path}`, { method, body: body && JSON.stringify(body),
		headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' } });
	return reply.json();
};
const [her, hers] = [await ask('GET', '/users/alice/public-key'), await ask('GET', '/users/una/public-key')];
const pem = readFileSync(`${una.folder}/e2emsg/una/key-1.pem`, 'utf8').replace(/-----[^-]+-----|\s/g, '');
const privateKey = await crypto.subtle.importKey('pkcs8', Buffer.from(pem, 'base64'), { name: 'ECDH', namedCurve: 'P-256' }, false, ['deriveBits']);
const [, keyId] = (await ask('GET', '/key-log')).verifier.split('+');
const sealed = await sealHead({ pair: { privateKey }, jwk: hers.publicKey }, { id: hers.userId, keys: [hers.publicKey] },
	{ id: her.userId, keys: Array(her.keyVersion).fill({ jwk: her.publicKey }) }, 'Believe me',
	Buffer.concat([Buffer.from(keyId, 'hex'), Buffer.alloc(104, 7)]));
await ask('POST', '/messages', { receiverId: her.userId, keyVersion: her.keyVersion, ...sealed });
await alice.sees('Believe me', 'opened');
const doubt = alice.message('Believe me').locator('.state.alarm', { hasText: 'Doubtful key log' });
await doubt.waitFor();
ok(/una sent a head of the key log that .* did not sign/i.test(await doubt.getAttribute('title')), 'a made-up head: stands beside the message');
await screenshot(alice.page, '041-doubtful-head');
await alice.write('I do not');
await alice.sees('I do not', 'sent');
ok(await alice.page.locator('.banner.alarm').isHidden(), '... and stops nothing');
await alice.open('bob');

// ---- somebody else's key

// Puts another identity in the place of bob's, which his browser does not have; nobody looks.
async function replaceIdentity() {
	const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
	const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', pair.publicKey);
	const statement = server.sql(`SELECT encode(e2emsg.endorsement_statement(e2emsg.service_name(), username, k.key_version,
		k.thumbprint, coalesce(k.previous_thumbprint, decode(repeat('00', 32), 'hex'))), 'hex')
		FROM e2emsg.public_key('bob') k`);
	const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, pair.privateKey, Buffer.from(statement, 'hex'));
	server.sql(`SELECT e2emsg.reset_identity_key(e2emsg.find_user('bob'), '${JSON.stringify({ kty, crv, x, y })}',
		'\\x${Buffer.from(signature).toString('hex')}')`);
	await waitUntil(() => server.sql("SELECT e2emsg.key_object('bob') -> 'identityKey' ->> 'x'") === x); // once it is logged
}

async function writeAllTheSame() {
	await alice.page.locator('.barrier').getByRole('button', { name: 'Write all the same' }).click();
	await alice.page.getByRole('dialog').getByRole('button', { name: 'Write all the same' }).click();
}

// Alice does; the barrier that comes up looks again, for the identity that a yes to it is for.
let looks = 0;
alice.page.on('requestfinished', (request) => { looks += /public-key/.test(request.url()) ? 1 : 0; });
async function lookAtBob() {
	const before = looks;
	await alice.page.getByRole('button', { name: /^About / }).click();
	await alice.page.getByRole('dialog').getByText('Identity changed').waitFor();
	await alice.page.keyboard.press('Escape');
	await alice.page.locator('.barrier.alarm').waitFor();
	await waitUntil(() => looks >= before + 2);
}

// ---- numbers that differ

await browsers[0].context.setOffline(true);
await alice.write('Written before');
await alice.sees('Written before', 'waiting');
await alice.about('Safety number');
await alice.page.getByRole('button', { name: 'They differ' }).click();
await alice.page.getByRole('dialog', { name: 'The numbers differ' }).getByRole('button', { name: 'Understood' }).click();
await alice.page.locator('.barrier.alarm', { hasText: 'The safety numbers differ' }).waitFor();
ok(await alice.page.getByPlaceholder('Message').count() === 0, 'numbers that differ: nothing is sent');
await browsers[0].context.setOffline(false);
await alice.online();
await alice.message('Written before').getByText('nothing was sent').waitFor();
ok(await alice.message('Written before').getByRole('button').allTextContents().then((names) => names.join()) === 'Discard', '... what waits says why, where it stands');
await alice.page.reload();
await alice.page.locator('.barrier.alarm', { hasText: 'The safety numbers differ' }).waitFor();
await alice.page.locator('[data-note=number_differs]').waitFor();
ok(await alice.page.locator('.trust').getAttribute('data-trust') === 'differs' && await alice.page.locator('.introduction').count() === 0, '... which is shown as long as nobody decides');
await screenshot(alice.page, '041-differs');
const size = alice.page.viewportSize();
await alice.page.setViewportSize({ width: 390, height: 844 });
await alice.page.evaluate(async () => (await import(new URL('notice.js', document.querySelector('script').src))).warn('something about somebody else that takes two lines on a phone'));
const boxes = await Promise.all(['.notice', '.barrier', '.conversation-head'].map((one) => alice.page.locator(one).boundingBox()));
ok(boxes[0].y + boxes[0].height <= boxes[1].y && boxes[0].y >= boxes[2].y + boxes[2].height, 'a notice covers neither a barrier nor the head', JSON.stringify(boxes));
await screenshot(alice.page, '041-notice');
await alice.page.setViewportSize(size);
await alice.page.getByRole('button', { name: 'Compare again' }).click();
await alice.page.getByRole('button', { name: 'They are the same' }).click();
await alice.page.locator('.trust[data-trust=verified]').waitFor();
ok(await alice.page.getByPlaceholder('Message').isVisible(), '... compared again, and the same: it goes on');
await bob.sees('Written before', 'opened');
ok(true, '... with what waited');

await alice.about('Safety number');
await alice.page.getByRole('button', { name: 'They differ after all' }).click();
await alice.page.getByRole('dialog', { name: 'The numbers differ' }).getByRole('button', { name: 'Understood' }).click();
await alice.page.locator('.barrier').getByRole('button', { name: 'Write all the same' }).click();
await screenshot(alice.page, '041-sure');
ok((await barriers(alice.page)).length === 0, 'whoever writes all the same is asked, without barriers', await barriers(alice.page));
await alice.page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
ok(await alice.page.locator('.trust').getAttribute('data-trust') === 'differs', '... and may say no');
await writeAllTheSame();
await alice.page.getByPlaceholder('Message').waitFor();
await alice.page.locator('[data-note=difference_accepted]').waitFor();
await alice.page.locator('.introduction', { hasText: 'somebody may be reading along' }).waitFor();
ok(!/Only you/.test(await alice.page.locator('.introduction').textContent()) && await alice.page.locator('.trust').textContent() === 'Numbers differed',
	'one goes on, and nothing says that nobody else reads it');
await screenshot(alice.page, '041-all-the-same');

await replaceIdentity();
await lookAtBob();
ok(/Nothing is sent until you decide/.test(await alice.page.locator('.barrier').textContent()), 'another identity: a barrier that says what it means');
ok(await alice.page.getByPlaceholder('Message').count() === 0, 'and nothing to write in');
await alice.page.locator('[data-note=identity_changed]').waitFor();
await screenshot(alice.page, '041-changed');
await alice.page.getByRole('button', { name: 'Compare safety number' }).click();
await alice.page.locator('.digits').waitFor();
ok(await alice.page.getByText('the number with the new one').count() === 1, 'the number of the new identity can be compared before');
await screenshot(alice.page, '041-changed-safety');
await alice.page.getByRole('button', { name: 'They differ' }).click();
await alice.page.getByRole('dialog', { name: 'The numbers differ' }).getByRole('button', { name: 'Understood' }).click();
ok(await alice.page.locator('.barrier.alarm').isVisible(), 'it differs: the barrier stays');
const another = alice.page.locator('.notice', { hasText: 'The safety number has changed' });
await replaceIdentity();
await alice.page.getByRole('button', { name: 'Accept anyway' }).click();
await another.waitFor();
ok(await alice.page.locator('.trust').getAttribute('data-trust') === 'changed' && await alice.page.locator('[data-note=identity_accepted]').count() === 0,
	'yet another identity before the click: told, not accepted');
await screenshot(alice.page, '041-changed-again');
await alice.page.getByRole('button', { name: 'Accept anyway' }).click();
await alice.page.getByPlaceholder('Message').waitFor();
await alice.page.locator('[data-note=identity_accepted]').waitFor();
ok(await alice.page.locator('.trust').getAttribute('data-trust') === 'signed', 'accepted: known, but not verified');
await alice.about('Safety number');
await alice.page.getByRole('button', { name: 'They differ' }).click();
await alice.page.getByRole('dialog', { name: 'The numbers differ' }).getByRole('button', { name: 'Understood' }).click();
await alice.page.locator('.barrier.alarm', { hasText: 'The safety numbers differ' }).waitFor();
await replaceIdentity();
await writeAllTheSame();
await alice.page.locator('.barrier.alarm', { hasText: 'Is this still bob?' }).waitFor();
ok(await alice.page.getByPlaceholder('Message').count() === 0, 'one writes all the same, but not to yet another identity');
await alice.page.getByRole('button', { name: 'Compare safety number' }).click();
await alice.page.getByRole('button', { name: 'They are the same' }).click();
await alice.page.locator('.trust[data-trust=verified]').waitFor();
ok(await alice.page.getByPlaceholder('Message').isVisible(), 'compared, and the same: accepted and verified in one step');

for (const browser of browsers) await browser.close();
await server.stop();
done();
