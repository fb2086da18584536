// What browsers have and Debian 12's Node 18 lacks, for modules of the browser
// client that run in tests.
/* eslint-disable no-extend-native */
import { webcrypto } from 'node:crypto';

globalThis.crypto ??= webcrypto;
globalThis.CryptoKey ??= webcrypto.CryptoKey;

String.prototype.isWellFormed ??= function isWellFormed() {
	return !/\p{Surrogate}/u.test(this);
};

Array.prototype.toSorted ??= function toSorted(compare) {
	return [...this].sort(compare);
};

Array.prototype.toReversed ??= function toReversed() {
	return [...this].reverse();
};

AbortSignal.any ??= (signals) => {
	const controller = new AbortController();
	for (const signal of signals) {
		if (signal.aborted) controller.abort(signal.reason);
		signal.addEventListener('abort', () => controller.abort(signal.reason), { once: true });
	}
	return controller.signal;
};
