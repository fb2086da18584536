// Tokens and keys, judged by this project's code and by jose: whatever jose
// refuses is refused, and what is refused beyond that falls under a rule that
// lib/stricter.mjs names.
//
//	node test/fuzz/jose.mjs			the same cases in every run
//	node test/fuzz/jose.mjs 120		others, for so many seconds
//
// Needs the programs of "make -C test/fuzz".  Prints TAP.
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { done, ok } from '../client/lib/tap.mjs';
import { makeCase, providerSet, words } from './lib/cases.mjs';
import { Random } from './lib/random.mjs';
import { verdictOf } from './lib/reference.mjs';
import { reasons, reasonsOf } from './lib/stricter.mjs';

const ROUND = 1500; // cases of a kind
const seconds = Number(process.argv[2] ?? 0);

// ---- our verdicts, a line each

const folder = mkdtempSync(join(tmpdir(), 'e2emsg-jose.'));
const keys = join(folder, 'provider.jwks.json');
writeFileSync(keys, JSON.stringify(providerSet), { mode: 0o600 });
const verdict = spawn(fileURLToPath(new URL('build/verdict', import.meta.url)), [keys], { stdio: ['pipe', 'pipe', 'inherit'] });
const lines = createInterface({ input: verdict.stdout })[Symbol.asyncIterator]();

const lineOf = ({ word, arguments: bytes }) => [word, ...bytes.map((one) => one.toString('base64url'))].join(' ');

async function ourVerdicts(cases) {
	const found = [];
	verdict.stdin.write(cases.map((one) => `${lineOf(one)}\n`).join(''));
	for (const one of cases) {
		const { value, done: ended } = await lines.next();
		if (ended) throw new Error(`verdict ended at: ${lineOf(one)}`);
		found.push(value === 'bad' ? null : Buffer.from(value.slice('good '.length), 'base64url'));
	}
	return found;
}

// ---- a round

// What is wrong with how a case was judged, or undefined; counts what told it.
function wrong(one, our, their, told) {
	if (our && their) return our.equals(their) ? undefined : 'taken by both, for different things';
	if (our) return 'taken, and refused by jose';
	if (!their) return undefined;
	const why = reasons(one);
	why.forEach((reason) => told.set(reason, told.get(reason) + 1));
	return why.length > 0 ? undefined : 'refused, and no rule says why';
}

async function round(word, seed, told) {
	const random = new Random(seed);
	const cases = Array.from({ length: ROUND }, () => makeCase(random, word));
	const ours = await ourVerdicts(cases);
	const count = { both: 0, neither: 0, stricter: 0 };
	const found = [];
	reasonsOf(cases[0]).forEach((reason) => told.set(reason, told.get(reason) ?? 0));
	for (const [i, one] of cases.entries()) {
		const their = await verdictOf(one);
		const problem = wrong(one, ours[i], their, told);
		if (problem) found.push(`${problem}: ${lineOf(one)}`);
		if (ours[i]) count.both++;
		else count[their ? 'stricter' : 'neither']++;
	}
	ok(found.length === 0, `${word}, seed ${seed}: ${count.both} are taken, ${count.neither} refused by both, ` +
		`${count.stricter} by a stricter rule`, found.slice(0, 10).join('\n'));
	ok(count.both > ROUND / 50 && count.neither > ROUND / 50, `${word}: there are some of each`);
}

const told = new Map();
const end = performance.now() + seconds * 1000;
do {
	for (const word of words) await round(word, seconds > 0 ? randomInt(2 ** 32) : 1, told);
} while (performance.now() < end);

for (const [why, count] of told) ok(count > 0, `a stricter rule tells ${count}: ${why}`);
verdict.stdin.end();
rmSync(folder, { recursive: true });
done();
