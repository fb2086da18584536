// A private PostgreSQL with the extension, real gateways on it, and real
// command-line clients; all of it ends with the program.
//
//	const server = startServer();               a database, the gateway's role
//	server.sql('SELECT ...')                     output of psql -At; throws
//	const gateway = await server.gateway({ settings, user });
//	gateway.url, gateway.log(), await gateway.stop()
//	const bob = gateway.client();                a folder of its own
//	await bob.run('register', 'bob')             { code, out, err }
//	await server.stop()
//
// E2EMSG_INSTALL names a DESTDIR install; without it the tree is built.
// E2EMSG_GATEWAY and E2EMSG_CLIENT name the binaries.
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../../client/lib/tap.mjs';

export const TOP = fileURLToPath(new URL('../../../', import.meta.url));

export const GATEWAY = process.env.E2EMSG_GATEWAY ?? join(TOP, 'gateway/e2emsg-gateway');

// PostgreSQL does not run as root, and its socket is its user's alone.
const AS_SERVER_USER = process.getuid() === 0
	? ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups'] : [];

export const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

// Waits until the condition holds; false when that takes too long.
export async function waitUntil(condition, seconds = 30) {
	for (let i = 0; i < seconds * 20; i++) {
		if (await condition()) return true;
		await sleep(50);
	}
	return false;
}

// A folder that disappears with the program and that the server's user can enter.
export function scratchFolder() {
	const folder = mkdtempSync(join(tmpdir(), 'e2emsg-test.'));
	chmodSync(folder, 0o755);
	folders.push(folder);
	return folder;
}

const folders = [];
const running = []; // gateways and servers, the newest first

// Whatever ends the program ends them, without waiting for promises.
process.on('exit', () => {
	for (const one of running) one.endNow();
	for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));

function forget(one) {
	const place = running.indexOf(one);
	if (place >= 0) running.splice(place, 1);
}

// ---- clients

export class Client {
	constructor(url, folder = scratchFolder()) {
		this.url = url;
		this.folder = folder; // XDG_DATA_HOME
	}

	run(...args) {
		return run(args, { env: { XDG_DATA_HOME: this.folder, E2EMSG_SERVER: this.url } });
	}

	// Must go well.
	async does(...args) {
		const result = await this.run(...args);
		if (result.code !== 0) throw new Error(`e2emsg ${args.join(' ')}: exit ${result.code}\n${result.out}${result.err}`);
		return result.out;
	}
}

// ---- gateways

export class Gateway {
	constructor(settings) {
		this.folder = scratchFolder();
		chmodSync(this.folder, 0o777);
		this.settings = { port: 0, admin_port: 0, port_file: join(this.folder, 'ports'),
			secret_file: join(this.folder, 'secret'), log_signer: join(this.folder, 'log-key'),
			limit_loopback: 'off', ...settings };
	}

	get logFile() { return join(this.folder, 'log'); }
	log() { return readFileSync(this.logFile, 'utf8'); }
	client(folder) { return new Client(this.url, folder); }

	async start() {
		const flags = Object.entries(this.settings).map(([name, value]) => `--${name}=${value}`);
		const [program, ...args] = [...AS_SERVER_USER, GATEWAY, ...flags];
		const log = openSync(this.logFile, 'a');
		rmSync(this.settings.port_file, { force: true });
		this.child = spawn(program, args, { stdio: ['ignore', log, log] });
		this.ended = new Promise((resolve) => { this.child.on('close', resolve); });
		running.unshift(this);
		const started = await waitUntil(() => existsSync(this.settings.port_file) || this.child.exitCode !== null);
		if (!started || this.child.exitCode !== null) throw new Error(`the gateway did not start:\n${this.log()}`);
		const [port, adminPort] = readFileSync(this.settings.port_file, 'utf8').split(/\s+/).map(Number);
		// again on the same ports, so that browsers see the same origin
		Object.assign(this.settings, { port, admin_port: adminPort });
		this.url = `http://127.0.0.1:${port}`;
		return this;
	}

	// The exit status.
	async stop(signal = 'SIGTERM') {
		forget(this);
		this.child.kill(signal);
		return this.ended;
	}

	endNow() { this.child.kill('SIGKILL'); }
}

// ---- the database

export class Server {
	constructor() {
		this.folder = scratchFolder();
		if (process.env.E2EMSG_INSTALL) symlinkSync(process.env.E2EMSG_INSTALL, join(this.folder, 'install'));
		else this.script('install');
		running.push(this);
		this.script('start');
		[, this.host] = /PGHOST=(\S+)/.exec(readFileSync(join(this.folder, 'env'), 'utf8'));
		this.sql(`CREATE EXTENSION e2emsg; CALL e2emsg.install(); CREATE ROLE e2emsg_gateway LOGIN;
			SELECT e2emsg.grant_gateway('e2emsg_gateway')`);
	}

	script(command, ...args) {
		const result = spawnSync(join(TOP, 'dev/server.sh'), [command, this.folder, ...args],
			{ env: { ...process.env, FSYNC: 'off' }, encoding: 'utf8' });
		if (result.status !== 0) throw new Error(`server.sh ${command}: ${result.stderr}`);
	}

	get conninfo() { return `host=${this.host} port=5432 dbname=postgres user=e2emsg_gateway`; }

	sql(text) {
		const result = spawnSync('psql', ['-XAtq', '-v', 'ON_ERROR_STOP=1', '-f', '-'], { input: text, encoding: 'utf8',
			env: { ...process.env, PGHOST: this.host, PGPORT: '5432', PGUSER: 'postgres', PGDATABASE: 'postgres' } });
		if (result.status !== 0) throw new Error(`psql: ${result.stderr}in: ${text}`);
		return result.stdout.trimEnd();
	}

	// The first one signs the key log; the others share its secret.
	gateway(settings = {}) {
		const shared = this.first ? { secret_file: this.first.settings.secret_file, log_signer: '' } : {};
		const gateway = new Gateway({ database: this.conninfo, ...shared, ...settings });
		this.first ??= gateway;
		return gateway.start();
	}

	async stop() {
		for (const one of running.filter((other) => other !== this)) await one.stop();
		this.endNow();
		forget(this);
	}

	endNow() { this.script('stop', 'immediate'); }
}

export const startServer = () => new Server();
