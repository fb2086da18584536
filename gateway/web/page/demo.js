// The demo page: Alice, the server, Bob, and what one can do to them.
import { forgetOlder, freshAccount } from './demo_accounts.js';
import { pane } from './demo_pane.js';
import { scenes, undoSwap } from './demo_scenes.js';
import { serverPane } from './demo_server.js';
import { h, replace, set } from './dom.js';
import { icon } from './icon.js';
import { noticeArea, wordsOf } from './notice.js';
import { canEncrypt, unsupported } from './unsupported.js';

const place = document.getElementById('app');

function introduction() {
	return h('header', { class: 'demo-head' },
		h('h1', {}, 'What the server sees'),
		h('p', { class: 'lead' }, 'Alice and Bob are two real accounts, made in this page a moment ago. ',
			'Write as one of them. In the middle is all that the server gets of it.'));
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
	window.addEventListener('pagehide', () => [alice, bob].forEach(({ client }) => client.logout({ forget: true })));
	return set(place, 'data-ready', true);
}

/* The three panes and the buttons. */
function stageOf(alice, bob) {
	const refresh = () => server.refresh();
	const panes = [pane(alice, bob, refresh), pane(bob, alice, refresh)];
	const isText = (id) => panes.some((one) => one.messages().some(({ messageId }) => messageId === id));
	const server = serverPane([alice, bob], isText);
	const stage = { alice, bob, server, swapped: false };
	const columns = h('div', { class: 'panes' }, panes[0].element, server.element, panes[1].element);

	linkRows(columns);
	panes[0].put('Hello Bob, meet me at noon.');
	return [columns, attacks(stage)];
}

/* Pointing at a message shows its row, and the other way round. */
function linkRows(columns) {
	const mark = (id) => {
		for (const element of columns.querySelectorAll('[data-message]'))
			set(element, 'data-pointed', Boolean(id) && element.dataset.message === id);
	};

	for (const event of ['pointerover', 'focusin'])
		columns.addEventListener(event, ({ target }) => mark(target.closest('[data-message]')?.dataset.message));
	columns.addEventListener('pointerleave', () => mark(null));
}

function attacks(stage) {
	const row = h('div', { class: 'attack-buttons' });
	const told = h('div', { class: 'outcome', role: 'status', 'aria-live': 'polite' },
		h('p', {}, 'Each button plays it for real, and what comes of it stands here.'));

	function buttons() {
		return scenes.map((scene) => sceneButton(scene.id === 'swap' && stage.swapped ? undoSwap : scene));
	}

	function sceneButton(scene) {
		return h('button', { type: 'button', class: 'attack', 'data-scene': scene.id, onclick: () => play(scene) },
			icon(scene.icon), h('span', {}, h('strong', {}, scene.label), h('span', { class: 'hint' }, scene.hint)));
	}

	async function play(scene) {
		const say = (text) => replace(told, h('h3', {}, scene.label), h('p', { class: 'doing' }, text));

		row.querySelectorAll('button').forEach((button) => { button.disabled = true; });
		set(told, 'data-scene', scene.id);
		set(told, 'data-done', false);
		try {
			const text = await scene.run(stage, say);

			told.append(h('p', { class: 'came' }, icon('verified'), h('span', {}, text)));
			set(told, 'data-done', 'good');
		} catch (error) {
			told.append(h('p', { class: 'came bad' }, icon('warning'), h('span', {}, wordsOf(error).what)));
			set(told, 'data-done', 'bad');
		}
		replace(row, buttons());
		told.scrollIntoView({ block: 'nearest' });
		row.querySelector(`[data-scene='${scene.id}']`)?.focus({ preventScroll: true });
		stage.server.refresh();
	}

	replace(row, buttons());
	return h('section', { class: 'attacks', 'aria-labelledby': 'attacks-title' },
		h('h2', { id: 'attacks-title' }, 'Now be the server, and cheat'), row, told);
}

start().catch((error) => {
	const { what, hint } = wordsOf(error);

	replace(place, introduction(), h('p', { class: 'form-error', role: 'alert' }, icon('warning'), h('span', {}, what, ' ', hint)));
});
