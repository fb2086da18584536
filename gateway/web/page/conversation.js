// One conversation: who it is with, the messages, and what one can do.
import { barrierFor } from './barrier.js';
import { coalesce } from './coalesce.js';
import { contactOf } from './contact.js';
import { composer } from './composer.js';
import { h, replace, set } from './dom.js';
import { icon } from './icon.js';
import { introduction } from './introduction.js';
import { messageLog } from './log.js';
import { itemsOf } from './message.js';
import { attempt, tellError } from './notice.js';
import { avatar } from './people.js';
import { personDialog } from './person.js';
import { send, tellUnlessShown } from './sending.js';
import { nameOf, visible } from './text.js';
import { trustOf } from './words.js';

const page = 50;

/* So many unread ones are shown at once. */
const unreadMax = 500;

/** Answers {element, focus, close}. */
export function conversation(app, username) {
	const { client } = app;
	const head = h('header', { class: 'conversation-head' });
	const foot = h('div', { class: 'conversation-foot' });
	const writing = composer(username, (text) => send(client, username, text));
	const log = messageLog(username, {
		resend: (id) => client.resend(id).catch((error) => tellUnlessShown(client, username, error)),
		discard: (id) => attempt(() => client.discard(id)),
	}, () => look());
	const view = { limit: page, oldest: undefined, contact: null, known: '', unreadFrom: undefined };

	const showMessages = coalesce(async () => {
		const messages = await load(client, username, view, log.isAtEnd());

		if (view.unreadFrom === undefined)
			view.unreadFrom = firstUnread(messages, view.contact);
		log.show([...begin(client, messages, view, showMessages), ...itemsOf(messages, view.unreadFrom)]);
		await seen();
	});

	const showContact = coalesce(async () => {
		view.contact = await contactOf(client, username);
		const { trust, state, problem, numberDiffered } = view.contact;
		const known = [trust, state, problem, numberDiffered, client.keyLogProblem].join();

		if (known === view.known)
			return;
		view.known = known;
		replace(head, headOf(app, view.contact));
		putDown(barrierFor(client, view.contact) ?? writing.element);
		if (view.oldest !== undefined)
			await showMessages(); // what stands before them
	});

	/* Whoever has just answered a barrier goes on from there. */
	function putDown(element) {
		const wasInside = foot.contains(document.activeElement);

		if (foot.firstElementChild === element)
			return;
		log.keep(() => replace(foot, element));
		writing.grow();
		if (wasInside)
			(foot.querySelector('textarea, button') ?? log.log).focus();
	}

	/* Read is what was on a screen that somebody looks at, down to the newest. */
	async function seen() {
		if (document.visibilityState === 'visible' && document.hasFocus() && view.contact?.state === 'accepted' && log.isAtEnd())
			await client.markRead(username);
	}

	const tell = (work) => work.catch(tellError);
	const look = () => seen().catch(tellError);
	const comeBack = () => tell(showMessages()); // another day may have begun
	const stops = [
		client.on('message', ({ peer }) => peer === username && tell(showMessages())),
		client.on('conversation', (changed) => changed.username === username && tell(showContact().then(look))),
		client.on('keylog', () => tell(showContact())),
		() => window.removeEventListener('focus', comeBack),
	];

	window.addEventListener('focus', comeBack);
	const ready = showContact();

	ready.then(() => {
		view.limit = page + Math.min(view.contact.unread ?? 0, unreadMax); // somebody new has none
		return showMessages();
	}).catch((error) => failed(app, username, foot, error));
	return {
		element: h('div', { class: 'conversation' }, head, log.element, foot),
		focus: () => ready.then(() => focusOf(head, foot).focus({ preventScroll: true }), () => {}),
		close: () => stops.forEach((stop) => stop()),
	};
}

/* Where one goes on: with a finger, a keyboard that comes up would be in the way. */
function focusOf(head, foot) {
	return (!matchMedia('(pointer: coarse)').matches && foot.querySelector('textarea')) || head.querySelector('h2');
}

/* The newest messages. Who reads older ones keeps what is on the screen, however many come meanwhile. */
async function load(client, username, view, isAtEnd) {
	const isShort = (messages) => !isAtEnd && messages.length === view.limit && !messages.some(({ id }) => id === view.oldest);
	let messages = await client.messages(username, { limit: view.limit });

	while (view.oldest && isShort(messages)) {
		view.limit += page;
		messages = await client.messages(username, { limit: view.limit });
	}
	view.oldest = messages[0]?.id ?? null;
	return messages;
}

/* The id of the first message that was unread when the conversation was opened; null when there was none. */
function firstUnread(messages, { state, unread }) {
	const letters = messages.filter((message) => message.direction === 'in' && message.state === 'opened');

	return state === 'accepted' && unread > 0 ? letters.at(-unread)?.id ?? letters[0]?.id ?? null : null;
}

/* The beginning of what is shown: a way to what came before, or what one should know. */
function begin(client, messages, view, show) {
	if (messages.length < view.limit)
		return introduction(client, view.contact, messages);
	return [{ key: 'earlier', element: h('button', { type: 'button', class: 'button quiet earlier', onclick: () => {
		view.limit += page;
		show().catch(tellError);
	} }, 'Earlier messages') }];
}

function headOf(app, contact) {
	const { icon: name, label, tip } = trustOf(contact);
	const about = () => attempt(() => personDialog(app.client, contact.username));

	return [
		h('a', { class: 'icon-button back', href: '#', 'aria-label': 'Back to all conversations', onclick: app.back }, icon('back')),
		avatar(contact.username),
		h('div', { class: 'who', onclick: about },
			h('h2', { tabindex: '-1' }, nameOf(contact.username)),
			h('p', { class: 'trust', 'data-trust': contact.trust, title: tip }, icon(name), label)),
		h('button', { type: 'button', class: 'icon-button', 'aria-label': `About ${visible(contact.username)}`, 'aria-haspopup': 'dialog',
			onclick: about }, icon('more')),
	];
}

function failed(app, username, foot, error) {
	tellError(error);
	replace(foot, h('p', { class: 'small' }, 'This conversation can’t be shown. ', h('a', { href: '#' }, 'Back to all conversations')));
	set(foot, 'data-failed', true);
}
