// One side of the demo: a person's messages in the clear, and the field to
// write in. The same parts as in the chat.
import { coalesce } from './coalesce.js';
import { composer } from './composer.js';
import { h, reconcile, replace } from './dom.js';
import { icon } from './icon.js';
import { itemsOf, makeItem, updateItem } from './message.js';
import { sentence, tellError } from './notice.js';
import { avatar } from './people.js';
import { stickToEnd } from './scroll.js';
import { nameOf } from './text.js';

/**
 * person: {client, username, title}; peer: the other one. changed() is called
 * when something was written or came. Answers {element, messages(), put(text)}.
 */
export function pane(person, peer, changed) {
	const { client, username, title } = person;
	const log = h('div', { class: 'log', role: 'log', tabindex: '0', 'aria-label': `What ${title} reads` });
	const version = h('span', { class: 'key-version' });
	const writing = composer(peer.username, (text) => client.send(peer.username, text).catch(explained));
	const scroller = stickToEnd(log);
	let shown = [];

	/* A notice only for what does not stand there already. */
	async function explained(error) {
		const isShown = error.id !== undefined &&
			(['offline', 'closed'].includes(client.connection) || (await client.messages(peer.username)).some(isHeldBack));

		if (!isShown)
			tellError(error);
		throw error;
	}

	const actions = { resend: (id) => client.resend(id).catch(explained).catch(() => {}), discard: (id) => client.discard(id).catch(tellError) };
	const show = coalesce(async () => {
		shown = await client.messages(peer.username);
		scroller.keep(() => reconcile(log, itemsIn(shown, title, peer), {
			key: ({ key }) => key,
			make: (item) => item.element ?? makeItem(item),
			update: (element, item) => item.element ?? updateItem(element, item, actions),
		}));
		if (document.visibilityState === 'visible')
			await client.markRead(peer.username);
		changed();
	});
	const showVersion = () => replace(version, icon('key'), `key ${client.account?.keyVersion ?? ''}`);

	client.on('message', () => show().catch(tellError));
	client.on('account', showVersion);
	showVersion();
	show().catch(tellError);
	return {
		element: h('section', { class: 'pane person-pane', 'data-who': title.toLowerCase(), 'aria-labelledby': `${title}-title` },
			h('header', { class: 'pane-head' }, avatar(title),
				h('div', { class: 'who' }, h('h2', { id: `${title}-title` }, title),
					h('p', { class: 'trust' }, nameOf(username))), version),
			log, h('div', { class: 'pane-foot' }, writing.element)),
		messages: () => shown,
		put: writing.put,
	};
}

const isHeldBack = ({ state, problem }) => state === 'waiting' && problem !== undefined;

/* The messages, and why one of them waits. */
function itemsIn(messages, title, peer) {
	const held = messages.find(isHeldBack);

	if (messages.length === 0)
		return [{ key: 'empty', element: emptyLog(title, peer) }];
	return [...itemsOf(messages).filter(({ day }) => !day), ...held ? [{ key: `held ${held.problem}`, element: heldNote(held) }] : []];
}

function heldNote({ problem }) {
	return h('div', { class: 'note alarm', 'data-note': 'held' }, icon('warning'), h('span', {}, 'Held back. ', sentence(problem)));
}

function emptyLog(title, peer) {
	return h('p', { class: 'empty-log' }, `${title}’s private keys were made in this page and never leave it. `,
		`Write something to ${peer.title}.`);
}
