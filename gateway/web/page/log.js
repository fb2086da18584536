// The messages of a conversation on the screen: the newest one in sight, one's
// place when one reads older ones, and a screen reader told what is new alone.
import { h, reconcile, set } from './dom.js';
import { icon } from './icon.js';
import { makeItem, updateItem } from './message.js';
import { stickToEnd } from './scroll.js';
import { visible } from './text.js';

/* So long after a change a screen reader may still look at what it was. */
const settleMs = 500;

/**
 * actions as in message.js; atEnd() is called when the newest message comes in
 * sight. Answers {element, log, show(items), keep, isAtEnd}; log is the part that scrolls.
 */
export function messageLog(username, actions, atEnd) {
	const log = h('div', { class: 'log', role: 'log', 'aria-label': `Messages with ${visible(username)}`, tabindex: '0', 'aria-live': 'off' });
	const word = h('span', { hidden: true }, 'New messages');
	const jump = h('button', { type: 'button', class: 'jump', 'aria-label': 'To the newest message', hidden: true,
		onclick: () => scroller.toEnd() }, icon('down'), word);
	const scroller = stickToEnd(log, (isAtEnd) => {
		jump.hidden = isAtEnd;
		word.hidden = true;
		if (isAtEnd)
			atEnd();
	});
	let shown = null; // {oldest, newest}: ids
	let settled = 0;

	/* What was there already is not read aloud. */
	function silently(change) {
		clearTimeout(settled);
		set(log, 'aria-live', 'off');
		change();
		settled = setTimeout(() => set(log, 'aria-live', 'polite'), settleMs);
	}

	function put(items) {
		reconcile(log, items, {
			key: ({ key }) => key,
			make: (item) => item.element ?? makeItem(item),
			update: (element, item) => item.element ?? updateItem(element, item, actions),
		});
	}

	function show(items) {
		const messages = items.flatMap(({ message }) => message ?? []);
		const before = shown;
		const newest = messages.at(-1);
		const areOlder = messages.findIndex(({ id }) => id === before?.oldest) > 0;

		shown = { oldest: messages[0]?.id, newest: newest?.id };
		if (before && !areOlder)
			scroller.keep(() => put(items));
		else
			silently(() => scroller.keep(() => put(items)));
		if (!before)
			showUnread(log, scroller);
		else if (newest && newest.id !== before.newest)
			follow(newest);
	}

	/* What one writes is shown; what comes while one reads elsewhere is told. */
	function follow({ direction }) {
		if (direction === 'out')
			scroller.toEnd();
		else if (!scroller.isAtEnd())
			word.hidden = false;
	}

	return { element: h('div', { class: 'log-frame' }, log, jump), log, show, keep: scroller.keep, isAtEnd: scroller.isAtEnd };
}

/* Pixels that stay free above the line. */
const aboveLine = 12;

/* More unread mail than fits: one begins to read where it begins. */
function showUnread(log, scroller) {
	const line = log.querySelector('.unread');

	if (line && line.offsetTop < log.scrollTop)
		scroller.to(line.offsetTop - aboveLine);
}
