// The field for a recovery code: groups of four, in capitals, as one types.
import { h } from './dom.js';

const groupSize = 4;
const groupCount = 7;

/** The code as it is written down. */
function grouped(text) {
	const plain = text.toUpperCase().replace(/[^0-9A-Z]/g, '');

	return plain.match(new RegExp(`.{1,${groupSize}}`, 'g'))?.join('-') ?? '';
}

/** A textarea, since a phone is narrower than a code; Enter sends its form. */
export function codeField(properties) {
	const field = h('textarea', { rows: '1', autocomplete: 'off', autocapitalize: 'characters', spellcheck: 'false', required: true,
		enterkeyhint: 'go', class: 'code-input', placeholder: Array(groupCount).fill('XXXX').join('-'), ...properties });

	field.addEventListener('input', (event) => {
		/* in the middle of it, the caret would jump */
		if (!event.isComposing && field.selectionStart === field.value.length)
			field.value = grouped(field.value);
	});
	field.addEventListener('keydown', (event) => {
		if (event.key === 'Enter' && !event.isComposing) {
			event.preventDefault();
			field.form.requestSubmit();
		}
	});
	return field;
}
