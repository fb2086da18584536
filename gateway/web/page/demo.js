// The demo page: Alice, the server, Bob, and what one can do to them.
import { forgetOlder, freshAccount } from './demo_accounts.js';
import { pane } from './demo_pane.js';
import { evil, serverPane } from './demo_server.js';
import { story } from './demo_story.js';
import { h, replace, set } from './dom.js';
import { icon } from './icon.js';
import { noticeArea, wordsOf } from './notice.js';
import { canEncrypt, unsupported } from './unsupported.js';

const place = document.getElementById('app');

function introduction() {
	return h('header', { class: 'demo-head' },
		h('h1', {}, 'What the server sees'),
		h('p', { class: 'lead' }, 'Only Alice and Bob can read what they write. The server between them stores it, and can’t. ',
			'Both are real accounts, made in this page.'));
}

async function start() {
	if (!canEncrypt())
		return place.replaceWith(unsupported());
	const waiting = h('p', { class: 'making', role: 'status' }, 'Making keys for Alice and Bob…');

	replace(place, introduction(), waiting, noticeArea());
	await forgetOlder();
	const [alice, bob] = await Promise.all(['alice', 'bob'].map(freshAccount));

	await Promise.all([alice.client.contact(bob.username), bob.client.contact(alice.username)]);
	waiting.replaceWith(...stageOf({ ...alice, title: 'Alice' }, { ...bob, title: 'Bob' }));
	return set(place, 'data-ready', true);
}

/* The three panes, the buttons, and what is left. */
function stageOf(alice, bob) {
	const refresh = () => server.refresh();
	const panes = [pane(alice, bob, refresh), pane(bob, alice, refresh)];
	const isText = (id) => panes.some((one) => one.messages().some(({ messageId }) => messageId === id));
	const server = serverPane([alice, bob], isText);
	const columns = h('div', { class: 'panes' }, panes[0].element, server.element, panes[1].element);
	const stage = { alice, bob, server, swapped: false, light: (who) => light(columns, who), point: pointing(columns) };

	window.addEventListener('pagehide', () => leave(stage));
	columns.addEventListener('input', ({ target }) => server.typing(target.closest('.pane').dataset.who === 'alice' ? 'Alice' : 'Bob'));
	panes[0].put('Hello Bob, meet me at noon.');
	return [guide(), columns, story(stage), limits()];
}

/* Nobody comes back to these two; the server's key log is to be sound again. */
function leave({ alice, bob, swapped }) {
	if (swapped)
		evil('unswap', bob.username).catch(() => {});
	[alice, bob].forEach(({ client }) => client.logout({ forget: true, unsavedOk: true }));
}

function guide() {
	return h('ol', { class: 'guide' },
		h('li', {}, 'Send Alice’s message: Bob reads it.'),
		h('li', {}, 'Look at the row: the server has no more of it.'),
		h('li', {}, 'Change Bob’s key, or cheat as the server.'));
}

/* What encryption is no help against. */
function limits() {
	return h('section', { class: 'limits', 'aria-labelledby': 'limits-title' },
		h('h2', { id: 'limits-title' }, 'What a server can do all the same'),
		h('ul', {},
			h('li', {}, 'It knows who writes to whom, when, and about how much.'),
			h('li', {}, 'It can lose mail, or hold it back. Numbers without gaps show what is missing, once later mail comes.'),
			h('li', {}, 'It serves this very page. Whoever does not trust it takes the terminal client.'),
			h('li', {}, 'It can lie about who somebody is before the two know each other. Comparing safety numbers shows it.')));
}

function light(columns, who) {
	for (const one of columns.children)
		set(one, 'data-lit', who !== null && one.dataset.who === who);
}

/**
 * Pointing at a message shows its row, and the other way round. Answers a
 * function that shows one while nobody points.
 */
function pointing(columns) {
	let lasting = null;
	const mark = (id) => {
		for (const element of columns.querySelectorAll('[data-message]'))
			set(element, 'data-pointed', id !== null && element.dataset.message === id);
	};

	for (const event of ['pointerover', 'focusin'])
		columns.addEventListener(event, ({ target }) => mark(target.closest('[data-message]')?.dataset.message ?? lasting));
	columns.addEventListener('pointerleave', () => mark(lasting));
	return (id = null) => {
		lasting = id;
		mark(id);
	};
}

start().catch((error) => {
	const { what, hint } = wordsOf(error);

	replace(place, introduction(), h('p', { class: 'form-error', role: 'alert' }, icon('warning'), h('span', {}, what, ' ', hint)));
});
