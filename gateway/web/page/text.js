// Text of others. What a terminal or a browser would act upon unseen
// (controls, bidirectional overrides, invisible characters) is shown as
// the command-line client shows it: \x1b, \u{202e}.
import { h } from './dom.js';

/* The ranges of client/term.c. */
const harmful = new RegExp('[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\u00ad\\u061c\\u180e\\u200b\\u200e\\u200f' +
	'\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\ufff9-\\ufffb\\u{e0000}-\\u{e007f}]', 'gu');

function escaped(character) {
	const code = character.codePointAt(0);

	return code < 0x80 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
}

/** The text with such characters spelt out. */
export function visible(text) {
	return String(text).replace(harmful, escaped);
}

/* Beyond these, such characters are not set apart: a text of nothing else would stop the page. */
const apartMax = 500;

/** The same as nodes, with what was spelt out set apart. */
export function visibleNodes(text) {
	const nodes = [];
	let from = 0;

	for (const match of text.matchAll(harmful)) {
		if (nodes.length >= 2 * apartMax)
			break;
		nodes.push(text.slice(from, match.index),
			h('span', { class: 'control', title: 'an invisible character' }, escaped(match[0])));
		from = match.index + match[0].length;
	}
	nodes.push(visible(text.slice(from)));
	return nodes.filter((node) => node !== '');
}

/** One line of a text, for a list. */
export function oneLine(text, length = 120) {
	const line = [...visible(text.replace(/\s+/g, ' ').trim())];

	return line.length > length ? line.slice(0, length).join('') + '…' : line.join('');
}

/** A user's name: isolated, so that it can't turn what stands around it. */
export function nameOf(username) {
	return h('bdi', { class: 'name' }, visible(username));
}
