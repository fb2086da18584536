#!/usr/bin/env node
// The crypto modules of the browser client against all vectors, in Node.
//
//	node test/web/vectors.mjs
import { readFileSync } from 'node:fs';
import { done, ok } from '../client/lib/tap.mjs';
import { runSuite } from './lib/suite.mjs';

const load = (path) => JSON.parse(readFileSync(new URL(`../vectors/${path}`, import.meta.url), 'utf8'));

for (const { good, name } of await runSuite(load)) ok(good, name);
done();
