// The same verdicts by jose, whose signatures are WebCrypto's.
import '../../client/lib/older_node.mjs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

import { NOW, providerSet } from './cases.mjs';
import { HS256_SECRET, ecPublic } from './keys.mjs';
import { operations } from './stricter.mjs';

const require = createRequire(new URL('../../browser/package.json', import.meta.url));
const { calculateJwkThumbprint, compactVerify, createLocalJWKSet, importJWK, jwtVerify } =
	await import(pathToFileURL(require.resolve('jose')));

const currentDate = new Date(NOW * 1000);
const providerKeys = createLocalJWKSet(providerSet);
const assertionKey = await importJWK(ecPublic, 'ES256');
const parse = (bytes) => JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));

// Good: a text or bytes, as verdict.c answers; anything thrown is a refusal.
const verdicts = {
	token: async ([token]) => {
		const { payload } = await jwtVerify(token, HS256_SECRET,
			{ algorithms: ['HS256'], issuer: 'e2emsg', audience: 'e2emsg-api', requiredClaims: ['sub', 'exp'], currentDate });
		return payload.sub;
	},
	assertion: async ([token]) => {
		const { payload, protectedHeader } = await compactVerify(token, assertionKey, { algorithms: ['ES256'] });
		if (protectedHeader.typ !== 'e2emsg-session+jwt') throw new Error('typ');
		return payload;
	},
	// A minute is for clocks that differ, not for tokens that ended.
	provider: async ([token]) => {
		const { payload } = await jwtVerify(token, providerKeys, { algorithms: ['ES256', 'RS256'], issuer: 'https://idp.example', audience: 'e2emsg',
			requiredClaims: ['preferred_username', 'exp'], clockTolerance: 60, currentDate });
		if (payload.exp <= NOW) throw new Error('exp');
		return payload.preferred_username;
	},
	set: async ([set, token]) => (await compactVerify(token, createLocalJWKSet(parse(set)), { algorithms: ['ES256', 'RS256'] })).payload,
	// Operations of its own may stand in a key (RFC 7517, section 4.3); WebCrypto takes those that it knows.
	identity: ([text]) => thumbprint(parse(text), 'ES256', operations),
	// It knows none of a public ECDH key.
	encryption: ([text]) => thumbprint(parse(text), 'ECDH-ES', []),
};

async function thumbprint(jwk, alg, known) {
	const { key_ops: named } = jwk;
	await importJWK(Array.isArray(named) ? { ...jwk, key_ops: named.filter((one) => known.includes(one)) } : jwk, alg);
	return Buffer.from(await calculateJwkThumbprint(jwk), 'base64url');
}

// What was found, as bytes, or null for a refusal.
export async function verdictOf({ word, arguments: bytes }) {
	try {
		const found = await verdicts[word](bytes.map((one) => (word === 'identity' || word === 'encryption' ? one : Buffer.from(one))));
		return Buffer.from(found);
	} catch {
		return null;
	}
}
