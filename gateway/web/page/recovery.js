// The recovery code: shown in groups to keep, then one group asked back,
// because a code that nobody wrote down recovers nothing.
import { h, replace } from './dom.js';
import { icon } from './icon.js';
import { errorPlace, showError, tell } from './notice.js';

const ordinals = ['first', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh'];

/** Crockford's alphabet: what people write for 0 and 1 counts as these. */
function plain(text) {
	return text.toUpperCase().replace(/[\s-]/g, '').replaceAll('O', '0').replace(/[IL]/g, '1');
}

/**
 * Steps through showing and asking inside one element. When the right group
 * was typed, the client forgets the code and done() is called.
 */
export function recoveryCode({ client, done, title = 'Keep your recovery code' }) {
	const { unkeptRecoveryCode: code, account: { username } } = client;
	const element = h('div', { class: 'recovery' });
	const groups = code.split('-');
	const asked = crypto.getRandomValues(new Uint32Array(1))[0] % groups.length;
	const show = (first) => replace(element, shownCode({ code, groups, username, title, next: ask }), !first && focusLater(element));
	const ask = () => replace(element, question({ groups, asked, back: () => show(false), done: kept }), focusLater(element));
	const kept = async () => {
		await client.recoveryCodeKept();
		done();
	};

	show(true);
	return element;
}

/* The heading or the field of a new step takes the focus. */
function focusLater(element) {
	queueMicrotask(() => (element.querySelector('input') ?? element.querySelector('h1')).focus());
	return null;
}

function shownCode({ code, groups, username, title, next }) {
	return [
		h('h1', { tabindex: '-1' }, title),
		h('p', {}, 'Browsers forget: when this one is cleared, lost or replaced, this code brings ', h('strong', {}, username),
			' back with all keys. Nobody else has it, and once you have confirmed it, it is not shown again.'),
		h('ol', { class: 'code', 'aria-label': 'Recovery code' }, groups.map((group) => h('li', {}, group))),
		h('div', { class: 'row' },
			h('button', { type: 'button', class: 'button quiet', onclick: () => copy(code) }, icon('copy'), 'Copy'),
			h('button', { type: 'button', class: 'button quiet', onclick: () => window.print() }, icon('print'), 'Print')),
		h('p', { class: 'small' }, 'Keep it like the key of your home: on paper, or in a password manager. ',
			'Whoever has it can read your new messages and write in your name.'),
		h('button', { type: 'button', class: 'button primary', onclick: next }, 'I have kept it'),
	];
}

async function copy(code) {
	try {
		await navigator.clipboard.writeText(code);
		tell('Copied. Paste it where you will find it again.');
	} catch {
		tell('The browser did not allow copying: please select the code and copy it by hand.');
	}
}

function question({ groups, asked, back, done }) {
	const error = errorPlace('group-error');
	const input = h('input', { id: 'group', autocomplete: 'off', autocapitalize: 'characters', spellcheck: 'false', maxlength: '9',
		class: 'code-input', 'aria-describedby': 'group-error' });

	return [
		h('h1', { tabindex: '-1' }, 'Do you have it?'),
		h('form', { novalidate: true, onsubmit: (event) => {
			event.preventDefault();
			if (plain(input.value) === groups[asked])
				return done();
			showError(error, { message: 'That is another group.', hint: 'Look at the code that you kept once more.' });
			return input.select();
		} },
		h('div', { class: 'field' },
			h('label', { for: 'group' }, `Please type the ${ordinals[asked] ?? `${asked + 1}th`} of the ${groups.length} groups`), input),
		error,
		h('div', { class: 'row' },
			h('button', { type: 'submit', class: 'button primary' }, 'Confirm'),
			h('button', { type: 'button', class: 'button quiet', onclick: back }, 'Show the code again'))),
	];
}
