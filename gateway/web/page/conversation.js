// One conversation: who it is with, the messages, and what one can do.
import { barrierFor } from './barrier.js';
import { coalesce } from './coalesce.js';
import { contactOf } from './contact.js';
import { composer } from './composer.js';
import { openDialog } from './dialog.js';
import { h, reconcile, replace, set } from './dom.js';
import { icon } from './icon.js';
import { itemsOf, makeItem, updateItem } from './message.js';
import { attempt, tellError } from './notice.js';
import { avatar } from './people.js';
import { personDialog } from './person.js';
import { stickToEnd } from './scroll.js';
import { nameOf, visible } from './text.js';
import { trusts } from './words.js';

const page = 50;

/** Answers {element, focus, close}. */
export function conversation(app, username) {
	const { client } = app;
	const head = h('header', { class: 'conversation-head' });
	const log = h('div', { class: 'log', role: 'log', 'aria-label': `Messages with ${visible(username)}`,
		tabindex: '0', 'aria-live': 'polite' });
	const foot = h('div', { class: 'conversation-foot' });
	const writing = composer(username, (text) => send(client, username, text));
	const scroller = stickToEnd(log);
	const view = { limit: page, contact: null, known: '' };

	const showMessages = coalesce(async () => {
		const messages = await client.messages(username, { limit: view.limit });
		const actions = {
			resend: (id) => client.resend(id).catch((error) => tellUnlessShown(client, username, error)),
			discard: (id) => attempt(() => client.discard(id)),
		};

		scroller.keep(() => reconcile(log, [...begin(messages, view, showMessages), ...itemsOf(messages)], {
			key: ({ key }) => key,
			make: (item) => item.element ?? makeItem(item),
			update: (element, item) => item.element ?? updateItem(element, item, actions),
		}));
		await seen();
	});

	const showContact = coalesce(async () => {
		view.contact = await contactOf(client, username);
		const { trust, state, problem } = view.contact;
		const known = [trust, state, problem, client.keyLogProblem].join();

		if (known === view.known)
			return;
		view.known = known;
		replace(head, headOf(app, view.contact));
		const barrier = barrierFor(client, view.contact);

		const wasInside = foot.contains(document.activeElement);

		scroller.keep(() => replace(foot, barrier ?? writing.element));
		writing.grow();
		/* whoever has just answered a barrier goes on from there */
		if (wasInside)
			(foot.querySelector('textarea, button') ?? log).focus();
	});

	/* Read is what was on a screen that somebody looks at. */
	async function seen() {
		if (document.visibilityState === 'visible' && document.hasFocus() && view.contact?.state === 'accepted')
			await client.markRead(username);
	}

	const tell = (work) => work.catch(tellError);
	const look = () => seen().catch(tellError);
	const stops = [
		client.on('message', ({ peer }) => peer === username && tell(showMessages())),
		client.on('conversation', (changed) => changed.username === username && tell(showContact().then(look))),
		client.on('keylog', () => tell(showContact())),
		() => window.removeEventListener('focus', look),
	];

	window.addEventListener('focus', look);
	const ready = showContact();

	ready.then(showMessages).catch((error) => failed(app, username, foot, error));
	return {
		element: h('div', { class: 'conversation' }, head, log, foot),
		focus: () => ready.then(() => focusOf(head, foot).focus({ preventScroll: true }), () => {}),
		close: () => stops.forEach((stop) => stop()),
	};
}

/* Where one goes on: with a finger, a keyboard that comes up would be in the way. */
function focusOf(head, foot) {
	return (matchMedia('(pointer: fine)').matches && foot.querySelector('textarea')) || head.querySelector('h2');
}

/* The beginning of what is shown: a way to what came before. */
function begin(messages, view, show) {
	if (messages.length < view.limit)
		return [];
	return [{ key: 'earlier', element: h('button', { type: 'button', class: 'button quiet earlier', onclick: () => {
		view.limit += page;
		show().catch(tellError);
	} }, 'Earlier messages') }];
}

function headOf(app, contact) {
	const { icon: name, label, tip } = trusts[contact.trust] ?? trusts.signed;

	return [
		h('a', { class: 'icon-button back', href: '#', 'aria-label': 'Back to all conversations', onclick: app.back }, icon('back')),
		avatar(contact.username),
		h('div', { class: 'who' },
			h('h2', { tabindex: '-1' }, nameOf(contact.username)),
			h('p', { class: 'trust', 'data-trust': contact.trust, title: tip }, icon(name), label)),
		h('button', { type: 'button', class: 'icon-button', 'aria-label': `About ${visible(contact.username)}`, 'aria-haspopup': 'dialog',
			onclick: () => attempt(() => personDialog(app.client, contact.username)) }, icon('more')),
	];
}

/* Why a kept message did not go out stands at itself, or where the connection is. */
async function tellUnlessShown(client, username, error) {
	const messages = error.id === undefined ? [] : await client.messages(username);
	const kept = messages.find(({ id }) => id === error.id);

	if (!kept || (kept.problem === undefined && client.connection !== 'offline'))
		tellError(error);
}

/* To somebody without an identity key only after a yes, which is for that one key. */
async function send(client, username, text) {
	try {
		await client.send(username, text);
	} catch (error) {
		if (error.code !== 'unsigned_peer') {
			await tellUnlessShown(client, username, error);
			throw error;
		}
		if (!await unsignedDialog(client, username, text))
			throw error;
	}
}

function unsignedDialog(client, username, text) {
	return new Promise((resolve) => {
		let sent = false;

		openDialog({
			title: 'Nobody vouches for this key',
			body: h('p', {}, nameOf(username), ' registered without an identity key. The message is encrypted, but the server could have ',
				'exchanged the key, and there is no safety number to compare.'),
			actions: [
				{ label: 'Do not send' },
				{ label: 'Send all the same', kind: 'primary', run: async () => {
					sent = await attempt(async () => {
						await client.acceptKeyChange(username);
						await client.send(username, text);
					});
				} },
			],
			onclose: () => resolve(sent),
		});
	});
}

function failed(app, username, foot, error) {
	tellError(error);
	replace(foot, h('p', { class: 'small' }, 'This conversation can’t be shown. ', h('a', { href: '#' }, 'Back to all conversations')));
	set(foot, 'data-failed', true);
}
