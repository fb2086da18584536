// The recovery code: shown in groups to keep, then one group asked back,
// because a code that nobody wrote down recovers nothing.
import { h, replace } from './dom.js';
import { icon } from './icon.js';
import { attempt, errorPlace, showError, tell } from './notice.js';

const ordinals = ['first', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh'];

/** Crockford's alphabet: what people write for 0 and 1 counts as these. */
function plain(text) {
	return text.toUpperCase().replace(/[\s-]/g, '').replaceAll('O', '0').replace(/[IL]/g, '1');
}

/**
 * Steps through showing and asking inside one element, each under a heading of
 * that level. When the right group was typed, the client forgets the code and
 * done() is called.
 */
export function recoveryCode({ client, done, heading = 'h1' }) {
	const { unkeptRecoveryCode: code, account: { username } } = client;
	const element = h('div', { class: 'recovery' });
	const groups = code.split('-');
	const asked = crypto.getRandomValues(new Uint32Array(1))[0] % groups.length;
	const title = (text) => h(heading, { tabindex: '-1' }, text);
	const show = (first) => replace(element, shownCode({ code, groups, username, title, next: ask }), !first && focusLater(element));
	const ask = () => replace(element, question({ groups, asked, title, back: () => show(false), done: kept }), focusLater(element));
	const kept = async () => {
		await client.recoveryCodeKept();
		done();
	};

	show(true);
	return element;
}

/* The heading or the field of a new step takes the focus. */
function focusLater(element) {
	queueMicrotask(() => (element.querySelector('input') ?? element.querySelector('[tabindex]')).focus());
	return null;
}

function shownCode({ code, groups, username, title, next }) {
	return [
		title('Save your recovery code'),
		h('p', {}, 'There is no password to reset. If this browser is cleared, lost or replaced, only this code brings ',
			h('strong', {}, username), ' back. Once you have confirmed it, it is not shown again.'),
		h('ol', { class: 'code', 'aria-label': 'Recovery code' }, groups.map((group) => h('li', {}, group))),
		h('div', { class: 'row' },
			h('button', { type: 'button', class: 'button quiet', onclick: () => copy(code) }, icon('copy'), 'Copy'),
			h('button', { type: 'button', class: 'button quiet', onclick: () => window.print() }, icon('print'), 'Print')),
		h('p', { class: 'small' }, 'Keep it on paper or in a password manager, and to yourself: whoever has it can be you here. ',
			'Old messages do not come back with it; they are in this browser alone.'),
		h('button', { type: 'button', class: 'button primary', onclick: next }, 'I have saved it'),
	];
}

/** The banner that stays while the code on paper may not be the one that counts. */
export function codeBanner(client, listeners) {
	const banner = h('div', { class: 'banner', role: 'status', hidden: true });
	const show = (account) => {
		banner.hidden = !account?.backup.codeReplaced;
		replace(banner, !banner.hidden && [icon('key'), h('div', {},
			h('strong', {}, 'Your old recovery code is worth nothing.'), ' Another device of yours has made a new one. ',
			'Only with that one can you make another one here. ',
			h('button', { type: 'button', class: 'link', onclick: () => attempt(() => client.recoveryCodeKept()) }, 'I have the new one'))]);
	};

	show(client.account);
	listeners.push(client.on('account', show));
	return banner;
}

async function copy(code) {
	try {
		await navigator.clipboard.writeText(code);
		tell('Copied. Paste it where you will find it again.');
	} catch {
		tell('The browser did not allow copying: please select the code and copy it by hand.');
	}
}

function question({ groups, asked, title, back, done }) {
	const error = errorPlace('group-error');
	const input = h('input', { id: 'group', autocomplete: 'off', autocapitalize: 'characters', spellcheck: 'false', maxlength: '9',
		class: 'code-input', 'aria-describedby': 'group-error' });

	return [
		title('Check your copy'),
		h('form', { novalidate: true, onsubmit: (event) => {
			event.preventDefault();
			if (plain(input.value) === groups[asked])
				return done();
			showError(error, { message: 'That does not match.', hint: 'Please compare your copy with the code once more.' });
			return input.select();
		} },
		h('div', { class: 'field' },
			h('label', { for: 'group' }, `Type the ${ordinals[asked] ?? `${asked + 1}th`} group of the code`), input),
		error,
		h('div', { class: 'row' },
			h('button', { type: 'submit', class: 'button primary' }, 'Continue'),
			h('button', { type: 'button', class: 'button quiet', onclick: back }, 'Show the code again'))),
	];
}
