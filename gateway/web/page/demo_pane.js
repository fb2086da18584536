// One side of the demo: a person's messages in the clear, and the field to
// write in. The same parts as in the chat.
import { coalesce } from './coalesce.js';
import { composer } from './composer.js';
import { h, reconcile, replace } from './dom.js';
import { icon } from './icon.js';
import { itemsOf, makeItem, updateItem } from './message.js';
import { tellError } from './notice.js';
import { avatar } from './people.js';
import { stickToEnd } from './scroll.js';
import { nameOf } from './text.js';

/**
 * person: {client, username, title}; peer: the other one. changed() is called
 * when something was written or came. Answers {element, messages(), compose}.
 */
export function pane(person, peer, changed) {
	const { client, username, title } = person;
	const log = h('div', { class: 'log', role: 'log', tabindex: '0', 'aria-label': `What ${title} reads` });
	const version = h('span', { class: 'key-version' });
	const writing = composer(peer.username, async (text) => {
		try {
			await client.send(peer.username, text);
		} catch (error) {
			tellError(error);
			throw error;
		}
	});
	const scroller = stickToEnd(log);
	let shown = [];

	const actions = { resend: (id) => client.resend(id), discard: (id) => client.discard(id) };
	const show = coalesce(async () => {
		shown = await client.messages(peer.username);
		const items = shown.length > 0 ? itemsOf(shown).filter(({ day }) => !day) : [{ key: 'empty', element: emptyLog(title, peer) }];

		scroller.keep(() => reconcile(log, items, {
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
		element: h('section', { class: 'pane person-pane', 'aria-labelledby': `${title}-title` },
			h('header', { class: 'pane-head' }, avatar(title),
				h('div', { class: 'who' }, h('h2', { id: `${title}-title` }, title),
					h('p', { class: 'trust' }, nameOf(username))), version),
			log, h('div', { class: 'pane-foot' }, writing.element)),
		messages: () => shown,
		refresh: show,
		put: writing.put,
	};
}

function emptyLog(title, peer) {
	return h('p', { class: 'empty-log' }, `${title}’s private keys were made in this page and never leave it. `,
		`Write something to ${peer.title}.`);
}
