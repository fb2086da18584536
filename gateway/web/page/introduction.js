// What stands before the first message: who reads along, and what becomes of
// a first message.
import { h } from './dom.js';
import { attempt } from './notice.js';
import { avatar } from './people.js';
import { safetyDialog } from './safety.js';
import { nameOf } from './text.js';

/** An item of the log in a list, or an empty list where a barrier says it. */
export function introduction(client, { username, trust, state, numberDiffered }, messages) {
	const isSafe = trust === 'signed' || trust === 'verified';
	const hasTalked = trust === 'verified' || numberDiffered; // which comes back with the account; the messages do not
	const isFirst = messages.every(({ direction }) => direction !== 'in');

	if (state !== 'accepted' || !isSafe)
		return [];
	return [{ key: `introduction ${trust} ${numberDiffered} ${isFirst}`, element: h('div', { class: 'introduction' },
		avatar(username),
		numberDiffered
			? h('p', {}, 'Your safety numbers differed, so somebody may be reading along.')
			: h('p', {}, 'Only you and ', nameOf(username), ' can read what you write here. The server can’t.'),
		isFirst && !hasTalked && h('p', {}, 'Unless you have talked before, a first message is a request: ', nameOf(username), ' accepts or blocks it.'),
		trust === 'signed' && h('button', { type: 'button', class: 'link', onclick: () => attempt(() => safetyDialog(client, username)) },
			'Make sure that it is ', nameOf(username))) }];
}
