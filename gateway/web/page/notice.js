// What went wrong or well, said in words: at the foot of the page for a
// while, or beside the form that it is about.
import { h, replace } from './dom.js';
import { icon } from './icon.js';
import { visible } from './text.js';
import { refusalOf } from './words.js';

/** Words as a sentence: with a capital and an end. */
export function sentence(words) {
	const text = visible(words).trim();

	return text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?…:]$/.test(text) ? '' : '.');
}

/** The words for an error: what happened, and what to do about it. */
export function wordsOf(error) {
	return refusalOf(error) ??
		{ what: sentence(error.message || String(error)), hint: error.hint ? visible(error.hint) : '' };
}

/** The same as nodes. */
function errorNodes(error) {
	const { what, hint } = wordsOf(error);

	return [icon('warning'), h('span', {}, h('strong', {}, what), hint && h('span', { class: 'hint' }, ' ', hint))];
}

/** The place for such words; it must be there before they are said. */
export function noticeArea() {
	return h('div', { class: 'notices', role: 'status', 'aria-live': 'polite' });
}

/* The page's, then those of open dialogs: a modal dialog makes all outside it inert, so the words go inside. */
const areas = () => [...document.querySelectorAll('#app .notices, dialog[open] .notices')];

/** What was said in a dialog that ends is still to be read. */
export function takeOver(area) {
	areas().at(-1)?.append(...area.children);
}

function raise(kind, nodes) {
	const notice = h('div', { class: `notice ${kind}` }, nodes,
		h('button', { type: 'button', class: 'icon-button', 'aria-label': 'Dismiss', onclick: () => notice.remove() },
			icon('close')));

	areas().at(-1)?.append(notice);
	setTimeout(() => notice.remove(), kind === 'good' ? 4000 : 12_000);
}

export function tell(text) {
	raise('good', [icon('sent'), h('span', {}, text)]);
}

export function tellError(error) {
	raise('bad', errorNodes(error));
}

/** What somebody should know wherever they are: it names whom it is about. */
export function warn(text) {
	raise('bad warning', errorNodes({ message: text }));
}

/** Another conversation: what was said in the one before is not about it. */
export function dismissNotices() {
	document.querySelectorAll('.notice:not(.warning)').forEach((notice) => notice.remove());
}

/** Runs work; an error ends as a notice. Answers whether it went well. */
export async function attempt(work) {
	try {
		await work();
		return true;
	} catch (error) {
		tellError(error);
		return false;
	}
}

/** A form's own error: shown with role alert, emptied with null. */
export function showError(element, error) {
	replace(element, error && errorNodes(error));
	element.hidden = !error;
}

/** The element for it. */
export function errorPlace(id) {
	return h('p', { class: 'form-error', role: 'alert', id, hidden: true });
}
