// All checks of gateway/web/crypto, and of client/trust.js, that run in Node and in a page alike.
//
//	const results = await runSuite(load);    [{ good, name }]
//
// "load" gives the parsed JSON of a file of test/vectors, by its path in it.
import { checkProtocol } from './protocol.mjs';
import { checkKeyLog } from './key_log_vectors.mjs';
import { checkRecovery } from './recovery_vectors.mjs';
import { checkPublic } from './public_vectors.mjs';
import { checkTrust } from './trust_vectors.mjs';
import { checkHostile } from './hostile.mjs';

export async function runSuite(load) {
	const results = [];
	const ok = (good, name) => { results.push({ good: good === true, name }); };
	const vectors = await load('protocol.json');
	await checkProtocol(ok, vectors);
	await checkKeyLog(ok, vectors);
	await checkRecovery(ok, vectors);
	await checkPublic(ok, load);
	checkTrust(ok, await load('trust.json'));
	await checkHostile(ok, vectors);
	return results;
}
