// What waits in the client's outbox, while the server loses answers and the
// peer changes.  Needs the built client (E2EMSG_CLIENT), no database.
//
//	node test/client/outbox.mjs
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { forgeKey, makeEncryptionKey, makeIdentityKey, stale } from './lib/gateway.mjs';
import { Scene, expect, fileOf, spoil } from './lib/scene.mjs';
import { done, ok } from './lib/tap.mjs';

const scene = await new Scene().open();
const { gateway } = scene;

const isPost = ({ method, path }) => method === 'POST' && path === '/messages';
const waiting = (user) => readdirSync(join(user.home, user.name)).filter((name) => name.startsWith('outgoing-'));

// Two users, and what the one sends.
async function begin() {
	gateway.behave();
	const pair = await scene.pair();
	const posted = [];
	const listen = () => {
		gateway.behave();
		gateway.before = (asked) => { if (isPost(asked)) posted.push(asked.body); };
	};
	return { ...pair, posted, listen };
}

// A send whose answer is lost.
async function lose(user, peer, text, lost = 'hang up') {
	gateway.after = spoil(/^POST \/messages$/, () => lost);
	return user.run('send', peer.name, text);
}

// ---- old envelopes

const DAY = 86400;
const age = (user, days) => {
	const [name] = waiting(user);
	const entry = JSON.parse(readFileSync(fileOf(user, name), 'utf8'));
	writeFileSync(fileOf(user, name), JSON.stringify({ ...entry, sealedAt: Math.floor(Date.now() / 1000) - DAY * days }));
};
{
	const { alice, bob, bobThere, posted, listen } = await begin();
	await lose(alice, bob, 'same words');
	listen();
	age(alice, 7);
	expect(await alice.run('send', bob.name, 'same words'), 0, 'after a week the same text is another message',
		'err', /^e2emsg: sent to [^]*earlier mail waits in the outbox/);
	expect(await alice.run('send', '--retry'), 0, 'the earlier one waits for a retry', 'err', /sealed again [^]*sent to/);
	const ivs = new Set(bobThere.mail.map(({ iv }) => iv));
	ok(ivs.size === 4 && posted.length === 2 && waiting(alice).length === 0, 'which seals it anew', [...ivs]);
	const read = await bob.run('read');
	expect(read, 0, 'the receiver knows it again');
	ok(read.out.split('same words').length === 3 && !/again|NOT OPENED/.test(read.out), 'and reads each message once', read.out);
	expect(await bob.run('read', '--all', '--json'), 0, 'a program sees that', 'out', /"state":"again"/);
	ok(bobThere.acknowledged === 4, 'all are acknowledged');
}
{
	const { alice, bob, bobThere, listen } = await begin();
	await lose(alice, bob, 'more words');
	listen();
	age(alice, 5);
	expect(await alice.run('send', bob.name, 'more words'), 0, 'within six days it is the same', 'err', /sending that one/);
	ok(waiting(alice).length === 0 && bobThere.mail.length === 2, 'and stored once');
}

// ---- the receiver's identity changes

{
	const { alice, bob, bobThere, posted, listen } = await begin();
	const lie = await forgeKey(gateway.service, bobThere, 1, await makeIdentityKey(), await makeEncryptionKey());
	gateway.before = (asked) => (isPost(asked) ? 'hang up' : undefined);
	expect(await alice.run('send', bob.name, 'for Bob alone'), 3, 'a message waits', 'err', /kept/);
	gateway.before = (asked) => (isPost(asked) ? stale(lie) : undefined);
	expect(await alice.run('send', bob.name, 'another'), 5, 'the receiver has another identity', 'err',
		/identity of .* changed[^]*hint: The message is kept/);
	listen();
	expect(await alice.run('send', '--retry'), 5, 'then what waits is not sent', 'err', /identity of .* changed/);
	ok(posted.length === 0 && waiting(alice).length === 2, 'but kept');
	gateway.after = spoil(/^GET .*public-key/, () => ({ status: 200, body: lie }));
	expect(await alice.run('trust', bob.name, '--yes'), 0, 'until the user says yes');
	const sent = await alice.run('send', '--retry');
	expect(sent, 0, 'what waited goes out', 'err', /sealed again for key version 1/);
	ok(posted.length === 2 && waiting(alice).length === 0, 'once');
	expect(await bob.run('read'), 6, 'sealed for the identity that was accepted', 'out', /NOT OPENED: tampered/);
}
{
	const { alice, bob, bobThere, posted, listen } = await begin();
	gateway.before = (asked) => (isPost(asked) ? 'hang up' : undefined);
	await alice.run('send', bob.name, 'wait for me');
	const [name] = waiting(alice);
	const { envelope } = JSON.parse(readFileSync(fileOf(alice, name), 'utf8'));
	listen();
	expect(await alice.run('trust', bob.name, '--yes'), 0, 'a yes when nothing changed', 'err', /nothing to accept/);
	expect(await alice.run('send', '--retry'), 0, 'takes nothing back');
	ok(posted[0].iv === envelope.iv && bobThere.mail.length === 2, 'the same envelope goes out');
}

// ---- answers that settle nothing

for (const [what, answer, code] of [
	['a page of a proxy', { status: 404, text: '<html>' }, 1],
	['JSON that is none of a gateway', { status: 404, body: { message: 'no such host' } }, 1],
	['a proxy that wants a password', { status: 403, body: { message: 'forbidden' } }, 4],
]) {
	const { alice, bob, bobThere, listen } = await begin();
	expect(await lose(alice, bob, 'kept', answer), code, `${what} is no answer`, 'err', /hint: The message is kept/);
	listen();
	expect(await alice.run('send', '--retry'), 0, '... and the message goes out later');
	ok(bobThere.mail.length === 2 && waiting(alice).length === 0, '... once');
}

// ---- what the server refuses for good

{
	const { alice, bob, bobThere, listen } = await begin();
	gateway.before = (asked) => (isPost(asked) ? 'hang up' : undefined);
	await alice.run('send', bob.name, 'long words');
	expect(await alice.run('read', '--all'), 0, 'what waits is shown, after what was sent', 'out', /\[sent\][^]*\n\[waiting\] to \w+\n {4}long words\n$/);
	expect(await alice.run('read', '--all', '--json'), 0, '... to programs, too', 'out', /\n\{"direction":"out","state":"waiting","peer":"\w+","text":"long words"\}\n$/);
	expect(await alice.run('read'), 0, '... only when all is asked for', 'out', /^$/);
	gateway.before = (asked) => (isPost(asked) ? { status: 409, body: { code: 'mailbox_full', title: 'no room', hint: 'x' } } : undefined);
	expect(await alice.run('send', '--retry'), 1, 'what waited is refused', 'err', /no room/);
	ok(waiting(alice).length === 0, 'and waits no more');
	expect(await alice.run('read', '--all'), 0, '... nor is shown so', 'out', /^((?!waiting)[^])*$/);
	listen();
	await alice.run('send', bob.name, 'short ones');
	await bob.run('send', alice.name, 'hello, too');
	await alice.run('send', bob.name, 'more');
	await bob.run('read', '--receipts');
	await alice.run('read');
	expect(await alice.run('read', '--all'), 0, 'but its text is not lost', 'out',
		/\[refused\] to bob\d+\n {4}long words\n {4}NOT SENT: the server refused: no room \(409 mailbox_full\)\n/);
	expect(await alice.run('read', '--all', '--json'), 0, 'nor does a later receipt speak of it', 'out',
		/^(?=[^]*"delivery":"read")((?!"refused".*"delivery"|"delivery".*"refused").)*$/ms);
	ok(bobThere.mail.length === 3, 'it was not sent');
}

scene.close();
done();
