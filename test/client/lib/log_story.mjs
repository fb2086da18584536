// Stories of a client and a server that cheats with its key log.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { b64 } from './gateway.mjs';
import { Scene, expect, fileOf } from './scene.mjs';
import { ok } from './tap.mjs';

export const KEY = /^GET \/users\/[^/]+\/public-key$/;
export const HISTORY = /^GET \/users\/[^/]+\/key-rotations$/;
export const VIEW = /^GET \/key-log$/;
export const CONSISTENCY = /^GET \/key-log\/proof\/consistency$/;

export const kept = (user) => JSON.parse(readFileSync(fileOf(user, 'log.json'), 'utf8'));
export const changed = (reply, change) => ({ ...reply, body: { ...reply.body, ...change } });
export const flip = (text) => b64(Buffer.from(text, 'base64url').map((byte, i) => (i === 0 ? byte ^ 1 : byte)));
export const signIn = (user) => { rmSync(fileOf(user, 'token.json'), { force: true }); return user.run('login'); };

// Runs one story with a server and users of its own.
export async function story(tell, options = { keyLog: true }) {
	const scene = await new Scene(options).open();
	try {
		await tell(scene, scene.gateway);
	} finally {
		scene.close();
	}
}

// A problem stays until it is accepted, or says why it can't be.
export async function isStopped(user, peer, pattern, what) {
	ok(pattern.test(kept(user).problem), `${what}: it is written down`, kept(user).problem);
	expect(await user.run('send', peer.name, 'secret'), 5, `${what}: nothing is sent`, 'err', pattern);
	expect(await user.run('read'), 0, `${what}: reading goes on`);
}

export async function heals(user, peer, what, pattern = /accepted/) {
	expect(await user.run('log', 'accept', '--yes'), 0, `${what}: log accept`, 'err', pattern);
	ok(!existsSync(fileOf(user, 'log.json')) || kept(user).problem === undefined, `${what}: clears the problem`);
	expect(await user.run('send', peer.name, 'again'), 0, `${what}: and sending goes on`);
}
