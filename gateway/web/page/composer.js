// The field that one writes in. Enter sends, Shift+Enter begins a line; with
// the keyboard of a touch screen, which has no Shift+Enter, Enter does that.
import { h } from './dom.js';
import { icon } from './icon.js';

/* What was begun and not sent, for as long as the page lives. */
const drafts = new Map();

/** Another account has nothing to do with them. */
export function forgetDrafts() {
	drafts.clear();
}

/** send(text) may reject: then the text stands in the field again, unless the message is kept. */
export function composer(username, send) {
	const byTouch = matchMedia('(pointer: coarse)').matches;
	const input = h('textarea', { rows: '1', 'aria-label': `Message to ${username}`, placeholder: 'Message',
		enterkeyhint: byTouch ? 'enter' : 'send', dir: 'auto' });
	const button = h('button', { type: 'submit', class: 'send-button', 'aria-label': 'Send' }, icon('send'));
	const element = h('form', { class: 'composer', onsubmit: submit }, input, button);

	function grow() {
		input.style.blockSize = 'auto';
		input.style.blockSize = `${input.scrollHeight}px`;
		button.disabled = input.value.trim() === '';
	}

	function put(text) {
		input.value = text;
		drafts.set(username, text);
		grow();
	}

	async function submit(event) {
		event.preventDefault();
		const text = input.value.trim();

		if (text === '')
			return;
		put('');
		input.focus(); // also from the button, which can't be pressed now
		try {
			await send(text);
		} catch ({ id }) {
			if (id === undefined && input.value === '')
				put(text);
		}
	}

	input.addEventListener('input', () => put(input.value));
	input.addEventListener('keydown', (event) => {
		/* 229: Safari's Enter that ends a composition */
		if (event.key === 'Enter' && !event.shiftKey && !byTouch && !event.isComposing && event.keyCode !== 229) {
			event.preventDefault();
			element.requestSubmit();
		}
	});
	input.value = drafts.get(username) ?? '';
	button.disabled = input.value.trim() === '';
	return { element, put, grow };
}
