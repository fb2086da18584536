// Another recovery code: whatever is lost on the way, and whenever the tab is
// closed, the code that the user has or is shown brings the account back.
//
//	node test/web/recovery_code.mjs
import { done, ok } from '../client/lib/tap.mjs';
import { Scene, User, closeTab, does, refuses, startAgain, waitUntil } from './lib/scene.mjs';

const scene = await new Scene({ keyLog: false }).open();
const { gateway } = scene;
const isWrite = ({ method, path }) => method === 'PUT' && path === '/backup';

async function opens(name, code) {
	const device = await scene.visitor();
	return device.client.restore(name, code).then(() => true, ({ code: refusal }) => refusal);
}

const settled = ({ client }) => waitUntil(() => client.account.backup.saved);

// ---- a tab that is closed at each write, from the first one on

for (const kept of [false, true]) {
	let rounds = 0;
	for (let isOver = false; !isOver; rounds++) {
		gateway.behave();
		const alice = await scene.newUser('alice');
		if (kept) await alice.client.recoveryCodeKept();
		const closed = closeTab(alice, rounds);
		const fresh = alice.client.recoveryCode(alice.code);
		isOver = await Promise.race([fresh.then(() => true), closed.then(() => false)]);
		const again = await startAgain(alice);
		const shown = again.client.unkeptRecoveryCode;
		if (shown) ok(await opens(alice.name, shown) === true, `closed at write ${rounds}: what is shown then opens the account`, shown === alice.code);
		await again.client.connect();
		ok(await settled(again), '... the backup is in order again');
		const code = again.client.unkeptRecoveryCode ?? alice.code;
		ok(await opens(alice.name, code) === true, '... and the code that is known opens it', code === alice.code);
		ok(!isOver || code === await fresh, '... the new one, once it was given');
		ok(code === alice.code || await opens(alice.name, alice.code) === 'no_backup', '... and no other one');
		await again.client.close();
	}
	ok(rounds > 2, 'at several places', rounds);
}

// ---- an answer that is lost, and another try at once

{
	gateway.behave();
	const alice = await scene.newUser('alice');
	await alice.client.recoveryCodeKept();
	let late; // a write that the server carries out after its answer was given up
	gateway.before = (asked) => {
		if (!isWrite(asked)) return undefined;
		late ??= asked.body;
		return 'hang up';
	};
	await refuses(alice.client.recoveryCode(alice.code), 'offline', 'a new code of which the server does not hear');
	gateway.behave();
	gateway.before = (asked) => {
		if (!isWrite(asked)) return undefined;
		if (late) gateway.putBackup(alice.there, late);
		return void (late = undefined);
	};
	const fresh = await does(alice.client.recoveryCode(alice.code), 'another try, while the first one comes late');
	ok(alice.client.unkeptRecoveryCode === fresh && await opens(alice.name, fresh) === true, 'gives the code that counts');
	ok(await opens(alice.name, alice.code) === 'no_backup', 'the one before does not');
	await refuses(alice.client.recoveryCode(alice.code), 'wrong_recovery_code', 'nor makes another one');
}

// ---- another tab that signs in meanwhile, and hears of the backup of before

{
	gateway.behave();
	const alice = await scene.newUser('alice');
	const tab = new User(scene, alice.name, alice.store);
	tab.database = alice.database;
	await tab.open();
	scene.users.push(tab);
	let go, asked;
	const gate = new Promise((resolve) => { go = resolve; });
	const isAsked = new Promise((resolve) => { asked = resolve; });
	let isFirst = true;
	gateway.after = async ({ method, path }, reply) => {
		if (!isFirst || method !== 'GET' || path !== '/backup') return reply;
		isFirst = false;
		asked();
		await gate;
		return reply;
	};
	const login = tab.client.login();
	await isAsked;
	const fresh = await does(alice.client.recoveryCode(alice.code), 'a new code while another tab signs in');
	go();
	await does(login, '... with an answer from before');
	gateway.behave();
	await tab.client.rotateKeys();
	ok(await opens(alice.name, fresh) === true && tab.client.unkeptRecoveryCode === fresh, '... is the one that counts');
}

// ---- a server that was restored

{
	gateway.behave();
	const alice = await scene.newUser('alice');
	await alice.client.rotateKeys();
	const backup = { ...alice.there.backup };
	const fresh = await alice.client.recoveryCode(alice.code);
	alice.there.backup = backup;
	await alice.client.login();
	ok(await settled(alice) && await opens(alice.name, fresh) === true, 'a server that has an older backup again gets the newest, and its code');
	ok(await opens(alice.name, alice.code) === 'no_backup', 'not the code before');
	await alice.client.login();
	await alice.client.rotateKeys();
	ok(await opens(alice.name, fresh) === true, 'for good');
}

// ---- a server that has lost the backup

{
	gateway.behave();
	const alice = await scene.newUser('alice');
	const other = await scene.visitor();
	await other.client.restore(alice.name, alice.code);
	const second = await other.client.recoveryCode(alice.code);
	await other.client.close();
	await alice.client.login();
	const said = () => alice.warnings.filter(({ code }) => code === 'code_replaced').length;
	ok(said() === 1 && alice.client.account.backup.codeReplaced, 'a device hears that another one has made a new code', said());
	ok(alice.client.unkeptRecoveryCode === null && !other.client.account.backup.codeReplaced, '... and shows the one before no more');
	await alice.open();
	ok(alice.client.account.backup.codeReplaced, '... also after a reload');
	await alice.client.login();
	ok(said() === 1, '... and is told once');
	await alice.client.recoveryCodeKept();
	ok(!alice.client.account.backup.codeReplaced, '... until its user has it');
	alice.there.backup = undefined;
	await refuses(alice.client.rotateKeys(), 'no_backup', 'who does not know where the code looks can\'t write another backup', /new recovery code/);
	const third = await does(alice.client.recoveryCode(second), 'but with a new code');
	ok(await opens(alice.name, third) === true, '... which opens it');
	await does(alice.client.rotateKeys(), '... as before', ({ keyVersion }) => keyVersion === 2);
	alice.there.backup = undefined;
	await alice.client.login();
	ok(await settled(alice) && await opens(alice.name, third) === true, 'who knows does so by itself');
}

// ---- another device takes over the code that is taken back

{
	gateway.behave();
	const alice = await scene.newUser('alice');
	const other = await scene.visitor();
	await other.client.restore(alice.name, alice.code);
	gateway.after = (asked, reply) => (isWrite(asked) ? 'hang up' : reply);
	await refuses(alice.client.recoveryCode(alice.code), 'offline', 'a new code whose answer is lost');
	gateway.behave();
	await other.client.login();
	await other.client.rotateKeys();
	await alice.client.connect();
	ok(await settled(alice) && await opens(alice.name, alice.code) === true, 'is taken back, whoever wrote the backup meanwhile');
	await other.client.login();
	await other.client.rotateKeys();
	ok(await opens(alice.name, alice.code) === true, 'for all devices');
	const visitor = await scene.visitor();
	await refuses(visitor.client.recoveryCode(alice.code), 'no_account', 'a browser without an account has no code');
}

await scene.close();
done();
process.exit();
