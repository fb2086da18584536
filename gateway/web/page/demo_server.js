// The middle of the demo: the real rows of both mailboxes, as they lie in the
// database.
import { coalesce } from './coalesce.js';
import { h, reconcile, replace, set } from './dom.js';
import { icon } from './icon.js';
import { nameOf, visible } from './text.js';

const pollEvery = 2500;
const shownBytes = 48;
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });

/** GET /demo/rows. */
async function rowsOf(one, other) {
	const answer = await fetch(`/demo/rows?of=${one}&and=${other}`);
	const body = await answer.json();

	if (!answer.ok)
		throw new Error(body.hint || body.title);
	return body.mailboxes;
}

/** POST /demo/evil. */
export async function evil(action, mailbox) {
	const answer = await fetch('/demo/evil', { method: 'POST', headers: { 'Content-Type': 'application/json' },
		body: JSON.stringify({ action, mailbox }) });
	const body = await answer.json();

	if (!answer.ok)
		throw new Error(body.detail || body.hint || body.title);
	return body;
}

/**
 * people: the two; isText(messageId): is the row one of the texts in the
 * panes? Answers {element, refresh, rows()}.
 */
export function serverPane(people, isText) {
	const list = h('ol', { class: 'rows', 'aria-label': 'Rows of the table of messages, the newest first' });
	const problem = h('p', { class: 'form-error', role: 'alert', hidden: true });
	const seen = new Map(); // key of a row → the round in which it was seen first
	let round = 0;
	let rows = [];

	const refresh = coalesce(async () => {
		try {
			const mailboxes = await rowsOf(...people.map(({ username }) => username));
			const first = rows.length === 0;

			round++;
			rows = mailboxes.flatMap((mailbox) => mailbox.messages.map((row) => ({ ...row, mailbox, key: `${mailbox.userId} ${row.seq}` })));
			for (const { key } of rows)
				seen.set(key, seen.get(key) ?? round);
			/* a row that is delivered again keeps its time: what is new here comes first */
			rows.sort((a, b) => seen.get(b.key) - seen.get(a.key) || b.sentAt.localeCompare(a.sentAt));
			show(list, rows, isText, first);
			problem.hidden = true;
		} catch (error) {
			replace(problem, icon('warning'), `The rows can’t be read: ${visible(error.message)}`);
			problem.hidden = false;
		}
	});

	setInterval(() => document.visibilityState === 'visible' && refresh(), pollEvery);
	refresh();
	return {
		element: h('section', { class: 'pane server-pane', 'aria-labelledby': 'server-title' },
			h('header', { class: 'pane-head' }, h('span', { class: 'avatar' }, icon('server')),
				h('div', { class: 'who' }, h('h2', { id: 'server-title' }, 'The server'),
					h('p', { class: 'trust' }, 'rows of its table, as they are'))),
			h('dl', { class: 'sight' },
				h('div', {}, h('dt', {}, 'It sees'), h('dd', {}, 'who writes to whom, when, the size in steps, and public keys')),
				h('div', {}, h('dt', {}, 'It never sees'), h('dd', {}, 'what is said, and private keys'))),
			problem,
			h('div', { class: 'rows-place', tabindex: '0', role: 'region', 'aria-label': 'Rows' }, list)),
		refresh,
		rows: () => rows,
	};
}

function show(list, rows, isText, first) {
	const items = rows.length > 0 ? rows : [null];

	const before = list.children.length;

	reconcile(list, items, {
		key: (row) => row && row.key,
		make: (row) => (row ? h('li', { class: first ? 'row-card' : 'row-card fresh', 'data-message': row.messageId })
			: h('li', { class: 'no-rows' }, 'No rows yet.')),
		update: (element, row) => row && showRow(element, row, isText(row.messageId)),
	});
	if (list.children.length !== before)
		list.parentElement.scrollTop = 0;
}

function showRow(element, row, text) {
	const said = JSON.stringify([row.acknowledged, row.flippedByte, text]);

	if (element.dataset.said === said)
		return;
	element.dataset.said = said;
	set(element, 'data-flipped', row.flippedByte !== null);
	set(element, 'data-receipt', !text && row.flippedByte === null);
	replace(element,
		h('p', { class: 'row-head' },
			h('span', {}, nameOf(row.sender ?? row.senderId), ' → ', nameOf(row.mailbox.username)),
			h('time', { datetime: row.sentAt }, clock.format(new Date(row.sentAt)))),
		h('p', { class: 'row-facts' },
			h('span', {}, `no. ${row.seq}`), h('span', {}, `${row.size} bytes`),
			h('span', {}, `key ${row.senderKeyVersion ?? '?'} → key ${row.keyVersion}`),
			h('span', {}, row.acknowledged ? 'fetched' : 'waits')),
		h('dl', { class: 'bytes' },
			h('dt', {}, 'iv'), h('dd', {}, h('code', {}, row.iv)),
			h('dt', {}, 'ciphertext'), h('dd', {}, ciphertext(row)),
			h('dt', {}, 'tag'), h('dd', {}, h('code', {}, row.authTag))),
		row.flippedByte !== null && h('p', { class: 'row-note alarm' }, icon('flip'), `byte ${row.flippedByte} was changed here`),
		!text && h('p', { class: 'row-note' }, 'This one is a receipt. It looks like a message: the server can’t tell.'));
}

/* The beginning of it, with the byte that the server changed set apart. */
function ciphertext({ ciphertext: hex, size, flippedByte }) {
	const at = flippedByte === null ? 0 : Math.max(0, flippedByte - shownBytes / 2);
	const end = Math.min(at + shownBytes, hex.length / 2);
	const part = (from, to) => hex.slice(2 * from, 2 * to);

	if (flippedByte === null)
		return h('code', {}, part(0, end), end < size && '…');
	return h('code', {}, at > 0 && '…', part(at, flippedByte), h('mark', {}, part(flippedByte, flippedByte + 1)),
		part(flippedByte + 1, end), end < size && '…');
}
