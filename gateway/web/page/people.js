// The list of conversations, requests of strangers apart.
import { coalesce } from './coalesce.js';
import { h, hidden, reconcile, replace, set } from './dom.js';
import { finder } from './find.js';
import { icon } from './icon.js';
import { inviteButton } from './invite.js';
import { tellError } from './notice.js';
import { nameOf, oneLine } from './text.js';
import { shortTimeOf } from './time.js';
import { noteOf, outgoing, trusts } from './words.js';

/* So many requests stand open; more of them must not push friends out of sight. */
const requestsShown = 3;

export function people(app) {
	const { client } = app;
	const list = h('ul', { class: 'people-list' });
	const requests = requestPart();
	const empty = emptyPart(client);
	const find = finder(client, () => refresh());
	let selected = '';

	const update = coalesce(async () => {
		const all = await client.conversations();
		const wanted = find.text();
		const shown = all.filter(({ username }) => username.includes(wanted));

		show(list, shown.filter(({ state }) => state !== 'request'));
		show(requests.list, shown.filter(({ state }) => state === 'request'));
		requests.update(Boolean(wanted));
		find.offer(all.some(({ username }) => username === wanted));
		empty.hidden = all.length > 0 || wanted !== '';
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

	const stops = [client.on('conversation', refresh), client.on('message', refresh),
		() => window.removeEventListener('focus', refresh)];

	window.addEventListener('focus', refresh); // another day may have begun
	refresh();
	return {
		element: h('nav', { class: 'people', 'aria-label': 'Conversations', onkeydown: walk },
			find.element, requests.element, list, empty),
		select(username) {
			selected = username;
			refresh();
		},
		close: () => stops.forEach((stop) => stop()),
	};
}

/* Strangers who wrote: a few are shown, many are folded away until one looks. */
function requestPart() {
	const list = h('ul', { class: 'people-list' });
	const count = h('span', { class: 'count' });
	const element = h('details', { class: 'requests', hidden: true },
		h('summary', {}, h('h2', { class: 'people-title' }, 'Requests ', count)), list);
	let chosen = null; // by hand

	element.querySelector('summary').addEventListener('click', () => { chosen = !element.open; });
	return {
		element,
		list,
		update(isSearching) {
			const { length } = list.children;

			element.hidden = length === 0;
			count.textContent = String(length);
			element.open = isSearching || (chosen ?? length <= requestsShown);
		},
	};
}

/* Nobody yet: how one comes to somebody. */
function emptyPart(client) {
	return h('div', { class: 'people-empty', hidden: true },
		h('h2', {}, 'No conversations yet'),
		h('p', {}, 'To write to somebody, type their username above. Others find you as ', nameOf(client.account.username), '.'),
		inviteButton(client.account));
}

/* The arrow keys lead from the field and from row to row. */
function walk(event) {
	const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
	const stops = [...event.currentTarget.querySelectorAll('input, .person')].filter((one) => one.checkVisibility());
	const next = stops[stops.indexOf(document.activeElement) + step];

	if (!step || !stops.includes(document.activeElement) || !next)
		return;
	event.preventDefault();
	next.focus();
}

/* The link of a row stays, whatever it says: a click or the focus on it is not lost. */
function showRow(row, conversation, current) {
	const said = JSON.stringify([conversation.trust, conversation.state, conversation.unread, conversation.last?.state,
		conversation.last?.id, new Date().getDate()]);
	const link = row.firstElementChild ??
		row.appendChild(h('a', { class: 'person', href: `#${encodeURIComponent(conversation.username)}` }));

	set(link, 'aria-current', current ? 'true' : false);
	if (link.dataset.said === said)
		return;
	link.dataset.said = said;
	set(link, 'data-alarm', isAlarm(conversation));
	set(link, 'data-unread', conversation.unread > 0);
	replace(link, rowNodes(conversation));
}

const isAlarm = ({ trust }) => ['differs', 'changed', 'refused'].includes(trust);

function rowNodes({ username, trust, state, unread, last }) {
	return [
		avatar(username),
		h('span', { class: 'person-name' }, nameOf(username),
			(trust === 'verified' || isAlarm({ trust })) && [icon(trusts[trust].icon), hidden(`, ${trusts[trust].label}`)]),
		last && h('time', { class: 'person-time', datetime: last.sentAt }, shortTimeOf(new Date(last.sentAt))),
		h('span', { class: 'person-last', dir: 'auto' }, state === 'blocked' ? 'Blocked' : preview(last)),
		unread > 0 && h('span', { class: 'badge' }, unread > 99 ? '99+' : String(unread), hidden(' unread')),
	];
}

const avatarColours = 6;

/** A circle with the first letter, in a colour that goes with the name. */
export function avatar(username) {
	const sum = [...username].reduce((total, letter) => (total * 31 + letter.codePointAt(0)) % 65521, 7);

	return h('span', { class: 'avatar', 'data-colour': sum % avatarColours, 'aria-hidden': 'true' },
		[...username][0]?.toUpperCase() ?? '');
}

function preview(last) {
	if (!last)
		return 'No messages here yet';
	if (last.direction === 'note')
		return noteOf(last).text;
	if (last.direction === 'out')
		return [icon(outgoing[last.state]?.icon ?? 'waiting'), hidden(`${outgoing[last.state]?.label ?? ''}. `),
			oneLine(last.text ?? '')];
	return last.state === 'opened' ? oneLine(last.text ?? '') : 'A message that did not open';
}

/* The tab says how many are unread. */
function showTitle(conversations) {
	const unread = conversations.reduce((sum, { unread: count, state }) => sum + (state === 'blocked' ? 0 : count), 0);

	document.title = unread > 0 ? `(${unread}) e2emsg` : 'e2emsg';
}
