// The Test Anything Protocol, and a run of the client.
import './older_node.mjs';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

let count = 0;
let failed = 0;

export function ok(good, name, note = '') {
	count++;
	if (!good) failed++;
	console.log(`${good ? '' : 'not '}ok ${count} - ${name}`);
	if (!good && note) console.log(String(note).replace(/^/gm, '# '));
}

export function done() {
	console.log(`1..${count}`);
	process.exitCode = failed === 0 ? 0 : 1;
}

export const program = process.env.E2EMSG_CLIENT ??
	fileURLToPath(new URL('../../../client/e2emsg', import.meta.url));

// Runs the client to its end: { code, out, err }.
export function run(args, options) {
	return start(program, args, options);
}

// The same on a terminal: what it shows, and the echo of the input, is "out".
export function runOnTerminal(args, options) {
	const words = [program, ...args].map((word) => `'${word}'`).join(' ');
	return start('script', ['-qec', words, '/dev/null'], options);
}

function start(command, args, { env = {}, input = '' } = {}) {
	return new Promise((resolve) => {
		const child = spawn(command, args, { env: { PATH: process.env.PATH, HOME: '/nonexistent', ...env } });
		let out = '';
		let err = '';
		child.stdout.on('data', (data) => { out += data; });
		child.stderr.on('data', (data) => { err += data; });
		child.on('close', (code) => resolve({ code, out, err }));
		child.stdin.on('error', () => {});
		child.stdin.end(input);
	});
}
