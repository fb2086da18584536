// The list of conversations, requests of strangers apart, and the field
// that finds one or begins one.
import { coalesce } from './coalesce.js';
import { h, hidden, reconcile, replace, set } from './dom.js';
import { icon } from './icon.js';
import { errorPlace, showError, tellError } from './notice.js';
import { nameOf, oneLine } from './text.js';
import { fullTimeOf, shortTimeOf } from './time.js';
import { noteOf, outgoing, trusts } from './words.js';

export function people(app) {
	const { client } = app;
	const list = h('ul', { class: 'people-list' });
	const requests = h('ul', { class: 'people-list' });
	const requestPart = h('section', { 'aria-labelledby': 'requests-title', hidden: true },
		h('h2', { class: 'people-title', id: 'requests-title' }, 'Requests'), requests);
	const hint = h('p', { class: 'people-hint', hidden: true }, 'Nobody yet. Type the username of somebody above; ',
		'or tell others yours, so that they can write to you.');
	const finder = find(client, () => refresh());
	let selected = '';

	const update = coalesce(async () => {
		const all = await client.conversations();
		const shown = all.filter(({ username }) => username.includes(finder.text()));

		show(list, shown.filter(({ state }) => state !== 'request'));
		show(requests, shown.filter(({ state }) => state === 'request'));
		requestPart.hidden = requests.children.length === 0;
		hint.hidden = all.length > 0;
		showTitle(all);
	});

	const refresh = () => update().catch(tellError);

	function show(place, conversations) {
		reconcile(place, conversations, {
			key: ({ username }) => username,
			make: () => h('li'),
			update: (row, conversation) => showRow(row, conversation, conversation.username === selected),
		});
	}

	const stops = [client.on('conversation', refresh), client.on('message', refresh)];

	refresh();
	return {
		element: h('nav', { class: 'people', 'aria-label': 'Conversations' }, finder.element, requestPart, list, hint),
		select(username) {
			selected = username;
			refresh();
		},
		close: () => stops.forEach((stop) => stop()),
	};
}

/* Filters while one types; Enter opens the conversation with that name. */
function find(client, changed) {
	const error = errorPlace('find-error');
	const input = h('input', { type: 'search', id: 'find', placeholder: 'Write to a username', autocomplete: 'off',
		autocapitalize: 'none', spellcheck: 'false', 'aria-label': 'Find a conversation, or write to a username',
		'aria-describedby': 'find-error', oninput: () => {
			showError(error, null);
			changed();
		} });
	const text = () => input.value.trim().toLowerCase();

	async function open(event) {
		event.preventDefault();
		if (!text())
			return;
		if (text() === client.account.username)
			return void showError(error, { message: 'That is you.' });
		try {
			const { username } = await client.contact(text());

			input.value = '';
			changed();
			location.hash = username;
		} catch (problem) {
			showError(error, problem.code === 'unknown_user'
				? { message: 'Nobody has this username.', hint: 'Ask the person how it is spelt.' } : problem);
		}
	}

	return {
		text,
		element: h('form', { class: 'find', role: 'search', onsubmit: open },
			h('div', { class: 'find-field' }, icon('search'), input,
				h('button', { type: 'submit', class: 'icon-button', 'aria-label': 'Open the conversation' }, icon('send'))),
			error),
	};
}

/* A row is made anew only when what it says has changed. */
function showRow(row, conversation, current) {
	const said = JSON.stringify([conversation.trust, conversation.state, conversation.unread, conversation.last?.state,
		conversation.last?.id, current, new Date().getDate()]);

	if (row.dataset.said === said)
		return;
	const focused = row.contains(document.activeElement);

	row.dataset.said = said;
	replace(row, link(conversation, current));
	if (focused)
		row.firstElementChild.focus();
}

function link({ username, trust, state, unread, last }, current) {
	const alarm = trust === 'changed' || trust === 'refused';
	const anchor = h('a', { class: 'person', href: `#${encodeURIComponent(username)}`, 'aria-current': current ? 'true' : false },
		avatar(username),
		h('span', { class: 'person-name' }, nameOf(username),
			(alarm || trust === 'verified') && [icon(trusts[trust].icon), hidden(`, ${trusts[trust].label}`)]),
		last && h('time', { class: 'person-time', datetime: last.sentAt, title: fullTimeOf(new Date(last.sentAt)) },
			shortTimeOf(new Date(last.sentAt))),
		h('span', { class: 'person-last' }, state === 'blocked' ? 'Blocked' : preview(last)),
		unread > 0 && h('span', { class: 'badge' }, unread > 99 ? '99+' : String(unread), hidden(' unread')));

	set(anchor, 'data-alarm', alarm);
	return anchor;
}

/** A circle with the first letter. */
export function avatar(username) {
	return h('span', { class: 'avatar', 'aria-hidden': 'true' }, [...username][0]?.toUpperCase() ?? '');
}

function preview(last) {
	if (!last)
		return 'No messages yet';
	if (last.direction === 'note')
		return noteOf(last).text;
	if (last.direction === 'out')
		return [icon(outgoing[last.state]?.icon ?? 'waiting'), hidden(`${outgoing[last.state]?.label ?? ''}. `),
			h('bdi', { dir: 'ltr' }, oneLine(last.text ?? ''))];
	return last.state === 'opened' ? h('bdi', { dir: 'ltr' }, oneLine(last.text ?? '')) : 'A message that did not open';
}

/* The tab says how many are unread. */
function showTitle(conversations) {
	const unread = conversations.reduce((sum, { unread: count, state }) => sum + (state === 'blocked' ? 0 : count), 0);

	document.title = unread > 0 ? `(${unread}) e2emsg` : 'e2emsg';
}
