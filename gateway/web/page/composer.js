// The field that one writes in. Enter sends, Shift+Enter begins a line.
import { h } from './dom.js';
import { icon } from './icon.js';

/* What was begun and not sent, for as long as the page lives. */
const drafts = new Map();

/** send(text) may reject: then the text stands in the field again, unless the message is kept. */
export function composer(username, send) {
	const input = h('textarea', { rows: '1', 'aria-label': `Message to ${username}`, placeholder: 'Message',
		enterkeyhint: 'send', dir: 'auto' });
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
		try {
			await send(text);
		} catch ({ id }) {
			if (id === undefined && input.value === '')
				put(text);
		}
	}

	input.addEventListener('input', () => put(input.value));
	input.addEventListener('keydown', (event) => {
		if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
			event.preventDefault();
			element.requestSubmit();
		}
	});
	input.value = drafts.get(username) ?? '';
	button.disabled = input.value.trim() === '';
	return { element, put, grow };
}
