// What the checks have in common.
import { fixed, toHex, uuidBytes } from '../../../gateway/web/crypto/bytes.js';
import { Malformed } from '../../../gateway/web/crypto/errors.js';
import { thumbprint } from '../../../gateway/web/crypto/key.js';

export const ECDH = { name: 'ECDH', namedCurve: 'P-256' };
export const ECDSA = { name: 'ECDSA', namedCurve: 'P-256' };

/** The result of the work, or null when it was refused as malformed. */
export async function attempt(work) {
	try {
		return await work();
	} catch (error) {
		if (error instanceof Malformed) return null;
		throw error;
	}
}

export const isRefused = async (work) => await attempt(work) === null;

export const sameBytes = (a, b) => toHex(a) === toHex(b);

export const publicPart = ({ kty, crv, x, y }) => ({ kty, crv, x, y });

/** A private key of the vectors, that can't be exported. */
export const privateKey = (jwk, algorithm, usage) =>
	crypto.subtle.importKey('jwk', jwk, algorithm, false, [usage]);

/** Each of the bytes with one bit changed. */
export function* flips(bytes, bitsOfByte = 8) {
	for (let at = 0; at < bytes.length; at++)
		for (let bit = 0; bit < bitsOfByte; bit++) {
			const changed = bytes.slice();
			changed[at] ^= bitsOfByte === 1 ? 1 << at % 8 : 1 << bit;
			yield changed;
		}
}

/** The text with each of its characters replaced by some others. */
export function* misspellings(text, others = ['A', '0', ' ', '\n', '=', '\u00e9']) {
	for (let at = 0; at < text.length; at++)
		for (const other of others)
			if (other !== text[at]) yield text.slice(0, at) + other + text.slice(at + 1);
}

/** The users and keys of protocol.json. */
export class People {
	constructor(vectors) {
		this.users = vectors.users;
	}

	named(name) { return this.users.find((user) => user.username === name); }

	key(name, version) { return this.named(name).encryptionKeys[version - 1].jwk; }

	async party(name, version) {
		return { id: uuidBytes(this.named(name).userId), version, thumbprint: await thumbprint(this.key(name, version)) };
	}

	/** What the server would hand out. */
	keyObject(endorsement) {
		return {
			userId: this.named(endorsement.username).userId,
			username: endorsement.username,
			publicKey: publicPart(endorsement.publicKey),
			keyVersion: endorsement.keyVersion,
			thumbprint: endorsement.thumbprint,
			...(endorsement.previousThumbprint && { previousThumbprint: endorsement.previousThumbprint }),
			identityKey: publicPart(endorsement.identityKey),
			signature: endorsement.signature,
			createdAt: '2026-01-01T00:00:00.000Z',
		};
	}

	side({ username, identityThumbprint }) {
		return { username, identityThumbprint: fixed(identityThumbprint, 32) };
	}
}
