// The middle of the demo: what the server has of both, read from the
// database.
import { coalesce } from './coalesce.js';
import { makeRow, updateRow } from './demo_row.js';
import { h, reconcile, replace } from './dom.js';
import { icon } from './icon.js';
import { visible } from './text.js';

const pollEvery = 2500;
const nothingYet = 'Nothing has come yet: what is typed stays in the browser.';

async function call(path, options) {
	const answer = await fetch(path, options).catch(() => {
		throw new Error('The server does not answer.');
	});
	const body = await answer.json().catch(() => ({ title: `The server answers ${answer.status}.` }));

	if (!answer.ok)
		throw new Error(body.detail || body.hint || body.title);
	return body;
}

/** POST /demo/evil; also while the page goes away. */
export function evil(action, mailbox) {
	return call('/demo/evil', { method: 'POST', keepalive: true, headers: { 'Content-Type': 'application/json' },
		body: JSON.stringify({ action, mailbox }) });
}

/**
 * people: the two; isText(messageId): is the row one of the texts in the
 * panes? Answers {element, refresh, rows(), typing(title)}.
 */
export function serverPane(people, isText) {
	const titles = new Map(people.map(({ username, title }) => [username, title]));
	const titleOf = (username) => titles.get(username) ?? visible(username ?? '?');
	const list = h('ol', { class: 'rows', 'aria-label': 'Rows of the table of messages, the newest first' });
	const keys = h('dl', { class: 'keys' });
	const now = h('p', { class: 'now', role: 'status' }, nothingYet);
	const problem = h('p', { class: 'form-error', role: 'alert', hidden: true });
	const order = newestFirst();
	let rows = [];

	function show(mailboxes) {
		const before = new Set(rows.map(({ key }) => key));
		const first = rows.length === 0;

		rows = order(mailboxes).map((row) => ({ ...row, isText: isText(row.messageId) }));
		reconcile(list, rows, {
			key: ({ key }) => key,
			make: (row) => makeRow(row, !first || rows.length === 1),
			update: (element, row) => updateRow(element, row, titleOf),
		});
		const fresh = rows.find(({ key }) => !before.has(key));

		if (fresh) {
			list.parentElement.scrollTop = 0;
			say(now, newsOf(fresh, titleOf));
		}
		showKeys(keys, mailboxes, titleOf, (text) => say(now, text));
	}

	const refresh = coalesce(async () => {
		try {
			const [one, other] = people.map(({ username }) => username);

			show((await call(`/demo/rows?of=${one}&and=${other}`)).mailboxes);
			problem.hidden = true;
		} catch (error) {
			say(problem, `New rows can’t be read. ${visible(error.message)}`);
			problem.hidden = false;
		}
	});

	setInterval(() => document.visibilityState === 'visible' && refresh(), pollEvery);
	refresh();
	return {
		element: paneOf(keys, now, problem, list),
		refresh,
		rows: () => rows,
		typing: (title) => say(now, `${title} is typing. None of it comes here before it is sealed.`),
	};
}

function paneOf(keys, now, problem, list) {
	return h('section', { class: 'pane server-pane', 'data-who': 'server', 'aria-labelledby': 'server-title' },
		h('header', { class: 'pane-head' }, h('span', { class: 'avatar' }, icon('server')),
			h('div', { class: 'who' }, h('h2', { id: 'server-title' }, 'The server'),
				h('p', { class: 'trust' }, 'rows of its tables, as they are'))),
		h('ul', { class: 'sight' },
			h('li', {}, icon('read'), h('span', {}, h('strong', {}, 'Sees'), ' who writes to whom, when, how much; public keys')),
			h('li', {}, icon('lock'), h('span', {}, h('strong', {}, 'Never sees'), ' what they say, or a private key'))),
		keys, now, problem,
		h('div', { class: 'rows-place', tabindex: '0', role: 'region', 'aria-label': 'Rows' }, list));
}

/* What is said already is not said again. */
function say(element, text) {
	if (element.textContent !== text)
		replace(element, text);
}

/**
 * The rows of both mailboxes, what came last first: a row that is delivered again
 * keeps its time. row.was: the number that a message had before.
 */
function newestFirst() {
	const rounds = new Map(); // key of a row → the round in which it was seen first
	const numbers = new Map(); // id of a message → its number then
	let round = 0;

	return (mailboxes) => {
		const rows = mailboxes.flatMap((mailbox) => mailbox.messages.map((row) => ({ ...row, mailbox, key: `${mailbox.userId} ${row.seq}` })));

		round++;
		for (const row of rows) {
			const { key, messageId, seq } = row;

			rounds.set(key, rounds.get(key) ?? round);
			numbers.set(messageId, numbers.get(messageId) ?? seq);
			if (numbers.get(messageId) !== seq)
				row.was = numbers.get(messageId);
		}
		return rows.sort((a, b) => rounds.get(b.key) - rounds.get(a.key) || b.sentAt.localeCompare(a.sentAt));
	};
}

function newsOf({ sender, mailbox, was }, titleOf) {
	return was === undefined ? `A new row, ${titleOf(sender)} to ${titleOf(mailbox.username)}: stored, not understood.`
		: 'A row of before, under a new number.';
}

/* The newest key of each: what the server hands to the other. */
function showKeys(list, mailboxes, titleOf, tell) {
	const isFirst = list.children.length === 0;

	reconcile(list, mailboxes.map(({ username, keys }) => ({ ...keys.at(-1), username })), {
		key: ({ username, thumbprint }) => `${username} ${thumbprint}`,
		make({ username, version, thumbprint, isTrue }) {
			const title = titleOf(username);

			if (!isFirst)
				tell(isTrue ? `It hands out ${title}’s key ${version} now.` : `It hands out a key of its own as ${title}’s.`);
			return h('div', { class: !isFirst && 'fresh', 'data-alarm': !isTrue },
				h('dt', {}, icon(isTrue ? 'key' : 'warning'), isTrue ? `${title}’s key ${version}` : `Not ${title}’s key`),
				h('dd', {}, h('code', {}, `${thumbprint.slice(0, 8)}…`)));
		},
		update: () => {},
	});
}
