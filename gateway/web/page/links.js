// Addresses in a text become links. What is shown is the address itself;
// its host, as the network knows it, stands in the tooltip.
import { h } from './dom.js';
import { visible, visibleNodes } from './text.js';

const address = /https?:\/\/[^\s<>"]+/giu;

/* More would be a flood. */
const linksMax = 100;

/* A full stop or a bracket behind an address belongs to the sentence. */
function withoutTail(text) {
	const bare = text.replace(/[.,;:!?'’»…]+$/u, '');
	const isOpened = bare.split('(').length >= bare.split(')').length;

	return bare.endsWith(')') && !isOpened ? withoutTail(bare.slice(0, -1)) : bare;
}

function hostOf(text) {
	try {
		return new URL(text).host;
	} catch {
		return '';
	}
}

/** The nodes of a text. One with invisible characters has no links: what they hide may be an address. */
export function linkedNodes(text) {
	if (visible(text) !== text)
		return visibleNodes(text);
	const nodes = [];
	let from = 0;

	for (const { 0: match, index } of text.matchAll(address)) {
		const href = withoutTail(match);
		const host = hostOf(href);

		if (nodes.length >= 2 * linksMax)
			break;
		if (!host)
			continue;
		nodes.push(text.slice(from, index),
			h('a', { href, target: '_blank', rel: 'noopener noreferrer', title: host }, href));
		from = index + href.length;
	}
	nodes.push(text.slice(from));
	return nodes.filter((node) => node !== '');
}
