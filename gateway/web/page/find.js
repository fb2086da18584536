// The field that finds a conversation, or begins one.
import { knownContact, nameFrom } from './contact.js';
import { h, replace } from './dom.js';
import { icon } from './icon.js';
import { errorPlace, showError } from './notice.js';
import { nameOf } from './text.js';
import { busy } from './dialog.js';

/**
 * Calls changed() while one types; Enter opens the conversation with that name.
 * Answers {element, text(), offer(isKnown)}: what was typed, as a name, and the
 * button that begins a conversation with somebody who is not in the list.
 */
export function finder(client, changed) {
	const error = errorPlace('find-error');
	const input = h('input', { type: 'search', id: 'find', placeholder: 'Find or write to somebody', autocomplete: 'off',
		autocapitalize: 'none', spellcheck: 'false', enterkeyhint: 'go', 'aria-label': 'Find a conversation, or write to a username',
		'aria-describedby': 'find-error', oninput: () => {
			showError(error, null);
			changed();
		} });
	const begin = h('button', { type: 'submit', class: 'begin', hidden: true });
	const text = () => nameFrom(input.value);

	async function open() {
		try {
			if (text() === client.account.username)
				throw Object.assign(new Error('That is you.'), { hint: 'Type the username of somebody else.' });
			const { username } = await knownContact(client, text()) ?? await client.contact(text());

			input.value = '';
			changed();
			location.hash = encodeURIComponent(username);
		} catch (problem) {
			begin.hidden = true;
			showError(error, problem);
		}
	}

	return {
		text,
		offer(isKnown) {
			begin.hidden = text() === '' || isKnown || !error.hidden;
			replace(begin, icon('forward'), h('span', {}, 'Write to ', nameOf(text())));
		},
		element: h('form', { class: 'find', role: 'search', onsubmit: (event) => {
			event.preventDefault();
			if (text())
				busy(begin, open);
		} },
		h('div', { class: 'find-field' }, icon('search'), input), error, begin),
	};
}
