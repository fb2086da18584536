// The web module against a server that swaps, takes back and makes up keys.
//
//	node test/web/trust.mjs
import { readFileSync } from 'node:fs';
import { endorse, forgeKey, makeEncryptionKey, makeIdentityKey, sealTutorial, stale, thumbprint } from '../client/lib/gateway.mjs';
import { done, ok } from '../client/lib/tap.mjs';
import { Scene, User, does, refuses, spoil, waitUntil } from './lib/scene.mjs';

// Without a key log, so that the lies reach the rules of trust.
const scene = await new Scene({ keyLog: false }).open();
const { gateway } = scene;
const isPost = ({ method, path }) => method === 'POST' && path === '/messages';
const trustOf = async (user, peer) => (await user.client.conversations()).find(({ username }) => username === peer.name).trust;

const foreign = await makeIdentityKey();
const foreignKey = await makeEncryptionKey();
const forge = (user, version, identity = foreign) => forgeKey(gateway.service, user, version, identity, foreignKey);

async function sendToLie(what, makeCurrent, code, pattern) {
	gateway.behave();
	const users = await scene.pair();
	const current = await makeCurrent(users.bob.there);
	const posted = [];
	gateway.before = (asked) => {
		if (!isPost(asked)) return undefined;
		posted.push(asked.body);
		return stale(current);
	};
	const error = await refuses(users.alice.client.send(users.bob.name, 'secret'), code, `${what}: refused`, pattern);
	ok(posted.length === 1 && posted[0].keyVersion === 1, `${what}: nothing was sealed to it`);
	const message = await users.alice.last(users.bob);
	const kept = (await users.alice.client.messages(users.bob.name)).find(({ text }) => text === 'secret');
	ok(kept.state === 'waiting' && pattern.test(kept.problem), `${what}: the message waits and says why`, JSON.stringify(message));
	ok(error.id === kept.id, `${what}: which the error names`, error.id);
	gateway.behave();
	return users;
}

{
	const { alice, bob } = await sendToLie('another identity key', (user) => forge(user, 2), 'untrusted_identity', /identity key is another one/);
	const before = bob.there.mail.length;
	ok(await trustOf(alice, bob) === 'changed', 'the contact is shown as changed');
	ok((await alice.client.messages(bob.name)).some(({ note }) => note === 'identity_changed'), 'with a note');
	await refuses(alice.client.send(bob.name, 'again'), 'untrusted_identity', 'sending stays stopped');
	ok(!(await alice.client.messages(bob.name)).some(({ text }) => text === 'again'), 'and nothing of it is kept');
	await refuses(alice.client.verify(bob.name), 'untrusted_identity', 'and there is no verifying');
	await bob.client.send(alice.name, 'it is me');
	await alice.read();
	const read = await alice.last(bob);
	ok(read.text === 'it is me' && read.trust === 'changed', 'what the peer writes is read and flagged', JSON.stringify(read));
	await bob.read();
	ok((await bob.states(alice)).endsWith('sent'), 'and gets no receipt');
	await alice.client.acceptKeyChange(bob.name);
	ok(await trustOf(alice, bob) === 'signed', 'until the user says yes');
	ok(await waitUntil(async () => /(sent|delivered)$/.test(await alice.states(bob))), 'then what waited is sent');
	ok(bob.there.mail.length >= before + 1, 'once');
	await bob.read();
	ok((await bob.texts(alice)).filter((text) => text === 'secret').length === 1, 'and read');
}
{
	gateway.behave();
	const { alice, bob } = await scene.pair();
	const lie = await forge(bob.there, 1);
	gateway.after = spoil(/^GET .*public-key/, () => ({ status: 200, body: lie }));
	await does(alice.client.contact(bob.name), 'another identity is met', ({ trust }) => trust === 'changed');
	const code = await alice.client.recoveryCode(alice.code);
	const restored = await scene.visitor();
	await restored.client.restore(alice.name, code);
	await refuses(restored.client.send(bob.name, 'secret'), 'untrusted_identity', 'a restored account sees that it is another one', /identity key is another one/);
}
{
	gateway.behave();
	const { alice, bob } = await scene.pair();
	await alice.client.verify(bob.name);
	const lie = await forge(bob.there, 1);
	const real = gateway.keyObject(bob.there);
	gateway.after = spoil(/^POST \/messages$/, (reply, asked) => (asked.body.receiverId === bob.there.id ? 'hang up' : reply));
	await alice.client.send(bob.name, 'sealed for the first key');
	await alice.client.close();
	gateway.behave();
	gateway.after = spoil(/^GET .*public-key/, () => ({ status: 200, body: lie }));
	const before = await alice.client.safetyNumber(bob.name);
	const seen = await does(alice.client.contact(bob.name), 'a look finds another identity', ({ trust, problem }) => trust === 'changed' && /identity/.test(problem));
	ok(seen.verified, 'of somebody who was verified');
	const now = await alice.client.safetyNumber(bob.name);
	ok(now.changed && !before.changed && now.digits !== before.digits, 'whose new safety number can be compared before one accepts');
	const other = await forge(bob.there, 1, await makeIdentityKey());
	gateway.after = spoil(/^GET .*public-key/, () => ({ status: 200, body: other }));
	await refuses(alice.client.acceptKeyChange(bob.name, now.digits), 'number_changed', 'a yes to what was compared is none to yet another identity');
	ok(await trustOf(alice, bob) === 'changed', 'which is not accepted');
	gateway.requests = [];
	await alice.client.resend();
	ok(!gateway.requests.includes('POST /messages'), 'what waits is not sent');
	gateway.after = spoil(/^GET .*public-key/, () => ({ status: 200, body: real }));
	const posts = [];
	gateway.before = (asked) => { if (isPost(asked)) posts.push(asked.body); };
	await does(alice.client.contact(bob.name), 'the true one again', ({ trust }) => trust === 'changed');
	await alice.client.acceptKeyChange(bob.name, before.digits);
	ok(await trustOf(alice, bob) === 'verified', 'is the verified one, once accepted');
	await waitUntil(() => posts.length > 0);
	ok(posts.length === 1, 'and gets what waited', JSON.stringify(posts, null, 1));
	gateway.behave();
	gateway.after = spoil(/^GET .*public-key/, () => ({ status: 200, body: lie }));
	await alice.client.contact(bob.name);
	await alice.client.acceptKeyChange(bob.name);
	ok(await trustOf(alice, bob) === 'signed', 'what was verified of another identity is forgotten');
}

// ---- what was compared is what is verified

{
	gateway.behave();
	const { alice, bob } = await scene.pair();
	const tab = new User(scene, alice.name, alice.store);
	await tab.open();
	const shown = await alice.client.safetyNumber(bob.name);
	const lie = await forge(bob.there, 1);
	gateway.after = spoil(/^GET .*public-key/, () => ({ status: 200, body: lie }));
	await tab.client.contact(bob.name);
	await tab.client.acceptKeyChange(bob.name);
	await refuses(alice.client.verify(bob.name, shown.digits), 'number_changed', 'another tab accepts another identity before the click');
	ok(await trustOf(alice, bob) === 'signed', 'so it is not verified');
	await refuses(alice.client.verify(bob.name, ''), 'number_changed', 'no digits are not the digits');
	const { digits } = await alice.client.safetyNumber(bob.name);
	await does(alice.client.verify(bob.name, digits), 'the digits of now');
	ok(digits !== shown.digits && await trustOf(alice, bob) === 'verified', 'are those that count');
	await tab.client.close();
}
{
	gateway.behave();
	const { alice, bob } = await scene.pair();
	const { digits } = await alice.client.safetyNumber(bob.name);
	const other = (await scene.newUser('other')).there;
	const { write } = alice.store;
	alice.store.write = async (...asked) => { // the identity changes in between
		alice.store.write = write;
		await alice.store.write(['contacts'], async (t) => {
			const contact = await t.get('contacts', bob.name);
			await t.put('contacts', { ...contact, identityThumbprint: new Uint8Array(32).fill(1), identity: other.keys[0].identity });
		});
		return alice.store.write(...asked);
	};
	await refuses(alice.client.verify(bob.name, digits), 'number_changed', 'also between the look and the note');
	ok(await trustOf(alice, bob) === 'signed', 'nothing is noted');
}

// ---- numbers that were compared, and differ

{
	gateway.behave();
	const { alice, bob } = await scene.pair();
	const { digits } = await alice.client.safetyNumber(bob.name);
	await alice.client.verify(bob.name, digits);
	await refuses(alice.client.distrust(bob.name, digits.replace(/^./, 'x')), 'number_changed', 'other digits than those of now say nothing');
	await does(alice.client.distrust(bob.name, digits), 'a number that is another one at the other end');
	const { trust, verified, problem } = await alice.client.contact(bob.name);
	ok(trust === 'differs' && !verified && /another one/.test(problem), 'is remembered', trust);
	await alice.open();
	await refuses(alice.client.send(bob.name, 'secret'), 'untrusted_identity', 'nothing is sent then, also after a reload', /another one/);
	const notes = async () => (await alice.client.messages(bob.name)).filter(({ direction }) => direction === 'note').map(({ note }) => note).join();
	ok(await notes() === 'verified,number_differs', 'a note stays', await notes());
	await bob.client.rotateKeys();
	await alice.client.contact(bob.name);
	ok(await trustOf(alice, bob) === 'differs', 'a new encryption key changes nothing');
	await bob.client.send(alice.name, 'it is me');
	await alice.read();
	ok((await alice.last(bob)).trust === 'differs', 'what comes is read and flagged');
	await alice.client.verify(bob.name, digits);
	ok(await trustOf(alice, bob) === 'verified', 'compared again, and the same');
	await does(alice.client.send(bob.name, 'good'), 'it goes on', ({ state }) => state === 'sent');
	await alice.client.distrust(bob.name);
	const hasDiffered = async () => (await alice.client.conversations()).find(({ username }) => username === bob.name).numberDiffered;
	ok(!await hasDiffered(), 'while it differs');
	await alice.client.acceptKeyChange(bob.name, digits);
	ok(await trustOf(alice, bob) === 'signed' && await hasDiffered(), 'or the user says yes all the same, which is remembered');
	ok((await notes()).endsWith(',number_differs,difference_accepted'), '... and noted', await notes());
	await alice.client.verify(bob.name, digits);
	ok(!await hasDiffered(), '... until it is compared, and the same');
	await alice.client.distrust(bob.name);
	await alice.client.acceptKeyChange(bob.name);
	gateway.before = (asked) => (isPost(asked) ? 'hang up' : undefined);
	await does(alice.client.send(bob.name, 'on its way'), 'what waits', ({ state }) => state === 'waiting');
	await alice.client.distrust(bob.name);
	gateway.behave();
	await alice.client.resend();
	const waiting = (await alice.client.messages(bob.name)).find(({ text }) => text === 'on its way');
	ok(waiting.state === 'waiting' && /another one/.test(waiting.problem), '... waits on, and says why', JSON.stringify(waiting));
	await alice.client.verify(bob.name, digits);
	ok(await waitUntil(async () => (await alice.client.messages(bob.name)).find(({ text }) => text === 'on its way').state !== 'waiting'), '... until then');
}
{
	gateway.behave();
	const { alice, bob } = await scene.pair();
	const notes = async () => (await alice.client.messages(bob.name)).filter(({ direction }) => direction === 'note').map(({ note }) => note).join();
	const showing = (object) => { gateway.after = spoil(/^GET .*public-key/, () => ({ status: 200, body: object })); };
	const first = await alice.client.safetyNumber(bob.name);
	await alice.client.distrust(bob.name, first.digits);
	showing(await forge(bob.there, 1));
	const before = bob.there.mail.length;
	await refuses(alice.client.acceptKeyChange(bob.name, first.digits), 'number_changed', 'a yes all the same is for the number that differed');
	ok(await trustOf(alice, bob) === 'changed' && await notes() === 'number_differs,identity_changed', '... and another identity is met, not accepted', await notes());
	await refuses(alice.client.send(bob.name, 'secret'), 'untrusted_identity', '... nor written to');
	ok(bob.there.mail.length === before, '... at all');
	const second = await alice.client.safetyNumber(bob.name);
	showing(await forge(bob.there, 1, null));
	await refuses(alice.client.acceptKeyChange(bob.name, second.digits), 'number_changed', 'nor is a lack of identity what has a number');
	showing(await forge(bob.there, 1));
	await alice.client.acceptKeyChange(bob.name, second.digits);
	ok(await trustOf(alice, bob) === 'signed' && await notes() === 'number_differs,identity_changed,identity_accepted', 'the one that was seen is', await notes());
	showing(await forge(bob.there, 1, await makeIdentityKey()));
	await alice.client.acceptKeyChange(bob.name);
	ok(await notes() === 'number_differs,identity_changed,identity_accepted,identity_accepted', 'a new identity is noted, also where nothing had told of it', await notes());
	gateway.behave();
	const stranger = await scene.newUser('stranger');
	await refuses(alice.client.acceptKeyChange(stranger.name, first.digits), 'number_changed', 'the number of somebody else, for a stranger');
	ok(!(await alice.client.conversations()).some(({ username }) => username === stranger.name), '... who is not met by that');
}
await sendToLie('a vanished identity key', (user) => forge(user, 2, null), 'untrusted_identity', /vanished/);
await sendToLie('a lower version', async (user) => {
	const object = gateway.keyObject(user);
	user.keys.push(user.keys[0]);
	return { ...object, keyVersion: 1, publicKey: foreignKey.jwk, thumbprint: thumbprint(foreignKey.jwk) };
}, 'refused_key', /did not sign/);
await sendToLie('another key under the old endorsement', async (user) =>
	({ ...gateway.keyObject(user), publicKey: foreignKey.jwk, thumbprint: thumbprint(foreignKey.jwk) }), 'refused_key', /did not sign/);
await sendToLie('a thumbprint that is not the key\'s', async (user) =>
	({ ...gateway.keyObject(user), publicKey: foreignKey.jwk }), 'refused_key', /thumbprint/);
await sendToLie('an endorsement for another service', async (user) => ({ ...await forge(user, 2),
	signature: await endorse(foreign, 'another.service', user.username, 2, thumbprint(foreignKey.jwk),
		thumbprint(user.keys[0].jwk)) }), 'refused_key', /did not sign/);
await sendToLie('the key of somebody else', async () => gateway.keyObject((await scene.newUser('mallory')).there), 'refused_key', /in place of/);
for (const [what, object] of [['no key at all', {}], ['null', null], ['a list', []], ['a number', 7]])
	await sendToLie(what, async () => object, 'refused_key', /not usable/);
{
	gateway.behave();
	const { alice, bob } = await scene.pair();
	await bob.client.rotateKeys();
	await alice.client.send(bob.name, 'to version 2');
	gateway.before = (asked) => (isPost(asked) ? stale(gateway.keyObject(bob.there, 1)) : undefined);
	await refuses(alice.client.send(bob.name, 'to version 1'), 'refused_key', 'a true key of a lower version is refused', /went back/);
	ok(await trustOf(alice, bob) === 'refused', 'and shown as refused');
	gateway.after = spoil(/public-key/, () => ({ status: 200, body: gateway.keyObject(bob.there, 1) }));
	await refuses(alice.client.acceptKeyChange(bob.name), 'refused_key', 'no yes takes a version back', /went back/);
	await does(alice.client.contact(bob.name), 'a look shows why', ({ trust, problem }) => trust === 'refused' && /went back/.test(problem));
	gateway.behave();
	await does(alice.client.contact(bob.name), 'an honest answer heals it', ({ trust }) => trust === 'signed');
	const other = await makeEncryptionKey();
	const { identityKey, ...object } = gateway.keyObject(bob.there);
	ok(identityKey !== undefined && object.keyVersion === 2, 'a known version');
	const keys = await bob.store.read(['keys'], (t) => t.get('keys', 'identity'));
	const pair = { pair: { privateKey: keys.privateKey } };
	const print = thumbprint(other.jwk);
	const replaced = { ...object, identityKey, publicKey: other.jwk, thumbprint: print,
		signature: await endorse(pair, gateway.service, bob.name, 2, print, object.previousThumbprint) };
	gateway.after = spoil(/public-key/, () => ({ status: 200, body: replaced }));
	await does(alice.client.contact(bob.name), 'with another key of the same identity', ({ trust, problem }) => trust === 'refused' && /replaced/.test(problem));
	await refuses(alice.client.acceptKeyChange(bob.name), 'refused_key', 'no yes heals that either');
}
{
	gateway.behave();
	const [alice, bob, other] = [await scene.newUser('alice'), await scene.newUser('bob'), await scene.newUser('other')];
	gateway.after = spoil(/^GET .*public-key/, () => ({ status: 200, body: gateway.keyObject(other.there) }));
	await refuses(alice.client.send(bob.name, 'hi'), 'refused_key', 'the key of another user is noticed at first contact', /in place of/);
	await refuses(alice.client.contact(bob.name), 'refused_key', 'also when one only looks');
	ok((await alice.client.conversations()).length === 0, 'and nobody is remembered');
	gateway.behave();
	for (const call of ['contact', 'verify', 'safetyNumber', 'acceptKeyChange'])
		await refuses(alice.client[call]('nobody'), 'unknown_user', `${call}: a user who does not exist`, /no user nobody on this server/);
	for (const call of ['accept', 'block', 'unblock', 'markRead'])
		await refuses(alice.client[call]('nobody'), 'not_a_contact', `${call}: nobody one knows`);
	const digits = [await alice.client.safetyNumber(bob.name), await bob.client.safetyNumber(alice.name)];
	ok(digits[0].digits === digits[1].digits && digits[0].groups.join('') === digits[0].digits && /^\d{60}$/.test(digits[0].qr), 'both ends see one safety number');
}

// ---- unsigned peers

{
	gateway.behave();
	const alice = await scene.newUser('alice');
	const key = await makeEncryptionKey();
	const tutor = gateway.add(scene.fresh('tutor'), key.jwk);
	const send = (text, options) => alice.client.send(tutor.username, text, options);
	await refuses(send('hi'), 'unsigned_peer', 'an unsigned peer needs a yes', /could have made up/);
	await does(send('hi', { unsignedOk: true }), 'for once', ({ state }) => state === 'sent');
	await refuses(send('hi 2'), 'unsigned_peer', 'which is not kept');
	await alice.client.acceptKeyChange(tutor.username);
	await does(send('hi 3'), 'or for good', ({ state }) => state === 'sent');
	const next = await makeEncryptionKey();
	tutor.keys.push({ jwk: next.jwk });
	await refuses(send('hi 4'), 'unsigned_peer', 'the yes was for the old key');
	await refuses(send('hi 5', { unsignedOk: false }), 'unsigned_peer', 'not for the new one');
	await refuses(alice.client.safetyNumber(tutor.username), 'unsigned_peer', 'there is no safety number');
	tutor.keys.push({ jwk: (await makeEncryptionKey()).jwk });
	await refuses(send('hi 6', { unsignedOk: true }), 'unsigned_peer', 'a yes is for the key that one saw');
	await alice.client.acceptKeyChange(tutor.username);
	ok(await waitUntil(async () => (await alice.client.messages(tutor.username)).filter(({ direction }) => direction === 'out').every(({ state }) => state === 'sent')),
		'what waited goes to the key that was accepted');
	gateway.deliver(alice.there, tutor, await sealTutorial(key, alice.there.keys[0].jwk, 'Hello \u2713'), { senderKeyVersion: undefined });
	await alice.read();
	const [read] = (await alice.client.messages(tutor.username)).filter(({ direction }) => direction === 'in');
	ok(read.trust === 'unsigned' && read.text === 'Hello \u2713' && read.senderKeyVersion === 1, 'the tutorial\'s mail is read with an old key', JSON.stringify(read));
	await does(send('in your way'), 'and answered in its suite', ({ suite }) => suite === 0);
	gateway.deliver(alice.there, tutor, tutor.mail.at(-1), { seq: alice.there.mail.length + 1 });
	await alice.read();
	ok(await waitUntil(async () => (await alice.client.messages(tutor.username)).some(({ state }) => state === 'repeated')), 'the own envelope that comes back is refused');
	ok(!tutor.mail.some(({ suite }, i) => suite === 1 && i > 4), 'and such a peer gets no receipts');
}

// ---- the example of docs/web.md that asks

{
	const example = readFileSync(new URL('../../docs/web.md', import.meta.url), 'utf8').match(/async function sendOrAsk.*?\n\}\n/s)[0];
	const module = await import(`data:text/javascript,${encodeURIComponent(`export const of = (client, confirm) => { ${example} return sendOrAsk; };`)}`);
	for (const isNoticed of [true, false]) {
		gateway.behave();
		const { alice, bob } = await scene.pair();
		await bob.client.close();
		const asked = [];
		let answer = false;
		const confirm = (question) => asked.push(question) && answer;
		const sendOrAsk = module.of(alice.client, confirm);
		bob.there.keys.push({ jwk: foreignKey.jwk, identity: foreign.jwk });
		bob.there.keys.at(-1).signature = (await forge(bob.there, 2)).signature;
		if (isNoticed) await alice.client.contact(bob.name);
		const before = bob.there.mail.length;
		await refuses(sendOrAsk(bob.name, 'To the new one'), 'untrusted_identity', 'a no to another identity');
		ok(bob.there.mail.length === before && /( \d{5}){12}$/.test(asked[0]), '... sends nothing', asked[0]);
		answer = true;
		if (!isNoticed) await alice.client.discard((await alice.client.messages(bob.name)).find(({ text }) => text === 'To the new one').id);
		await does(sendOrAsk(bob.name, 'To the new one'), 'a yes');
		ok(await waitUntil(() => bob.there.mail.length === before + 1), '... sends it once', bob.there.mail.length - before);
		ok(await trustOf(alice, bob) === 'verified', '... to who is verified now');
	}
}

await scene.close();
done();
process.exit();
