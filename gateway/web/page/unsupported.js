// The page without WebCrypto: why, and what to do.
import { h } from './dom.js';
import { icon } from './icon.js';

export function canEncrypt() {
	return Boolean(globalThis.crypto?.subtle && globalThis.indexedDB);
}

/** What stands in the place of the page. */
export function unsupported() {
	const insecure = globalThis.isSecureContext === false;

	return h('main', { class: 'welcome' },
		h('section', { class: 'card' },
			h('div', { class: 'card-icon' }, icon('unlocked')),
			h('h1', { tabindex: '-1' }, 'Your browser can’t encrypt here'),
			insecure ? insecureReason() : h('p', {}, 'It has no WebCrypto or no IndexedDB, or a setting turns them off. ',
				'A current Firefox, Chrome, Edge or Safari has both; a private window may lack the second.')));
}

function insecureReason() {
	return [
		h('p', {}, 'Browsers give pages their cryptography only over ', h('strong', {}, 'https'),
			', or on this very machine. This page came over plain http from ', h('code', {}, location.host),
			', where anybody on the way could have changed it.'),
		h('h2', {}, 'What to do'),
		h('ul', {},
			h('li', {}, 'Open it by its ', h('strong', {}, 'https://'), ' address, if it has one.'),
			h('li', {}, 'On the machine that runs the server, open ',
				h('code', {}, `http://localhost${location.port && `:${location.port}`}/`), '.'),
			h('li', {}, 'Whoever runs the server can put a proxy with a certificate before it.')),
	];
}
