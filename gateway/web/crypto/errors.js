// The two errors that the crypto modules throw.  A message is one static
// English sentence without a full stop, and never holds a key or a text.

/** Bytes, a text or an object that is not what it should be. */
export class Malformed extends Error {
	name = 'Malformed';
}

/** This browser lacks something of WebCrypto. */
export class Unsupported extends Error {
	name = 'Unsupported';
}

/**
 * Refuses with the sentence unless the condition holds.
 *
 * @param {boolean} condition
 * @param {string} problem
 */
export function need(condition, problem) {
	if (!condition) throw new Malformed(problem);
}

/**
 * WebCrypto.  Browsers show it only to pages of https and of localhost.
 *
 * @returns {SubtleCrypto}
 */
export function subtle() {
	const found = globalThis.crypto?.subtle;
	if (!found)
		throw new Unsupported('this page has no WebCrypto: it must come by https, or from localhost');
	return found;
}
