// A fake gateway and users with a client each, in a folder of their own.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Gateway } from './gateway.mjs';
import { ok, run, runOnTerminal } from './tap.mjs';

export function expect(result, code, what, where, pattern) {
	const good = result.code === code && (!pattern || pattern.test(result[where]));
	ok(good, what, `exit ${result.code}\n${result.out}${result.err}`);
}

// A lie for Gateway.after: changes the replies to some requests.
export const spoil = (wanted, change) => (asked, reply) =>
	(`${asked.method} ${asked.path}`.match(wanted) ? change(reply, asked) : reply);

export const fileOf = (user, name) => join(user.home, user.name, name);
export const hasFile = (user, name) => existsSync(fileOf(user, name));

export class Scene {
	constructor(options) {
		this.folder = mkdtempSync(join(tmpdir(), 'e2emsg-client.'));
		this.gateway = new Gateway('msg.test', options);
		this.homes = 0;
		this.names = 0;
	}

	async open() {
		await this.gateway.start();
		return this;
	}

	close() {
		this.gateway.stop();
		rmSync(this.folder, { recursive: true });
	}

	args(home, args) { return ['--home', home, '--server', this.gateway.url, ...args]; }
	client(home, ...args) { return run(this.args(home, args)); }
	newHome() { return join(this.folder, String(++this.homes)); }
	fresh(stem) { return `${stem}${++this.names}`; }

	// A user whose client has a home of its own, so that no name is ever met before.
	async newUser(name, ...options) {
		const home = this.newHome();
		const result = await this.client(home, 'register', name, ...options);
		if (result.code !== 0) throw new Error(result.err);
		return { name, home, registered: result, run: (...args) => this.client(home, ...args),
			type: (input, ...args) => runOnTerminal(this.args(home, args), { input }) };
	}

	// Two users who know each other.
	async pair() {
		const alice = await this.newUser(this.fresh('alice'));
		const bob = await this.newUser(this.fresh('bob'));
		const sent = await alice.run('send', bob.name, 'hello');
		if (sent.code !== 0) throw new Error(sent.err);
		await bob.run('read');
		const { users } = this.gateway;
		return { alice, bob, bobThere: users.get(bob.name), aliceThere: users.get(alice.name) };
	}
}
