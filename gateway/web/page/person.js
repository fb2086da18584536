// About one person: how far they are known, and what one can do.
import { freshContactOf } from './contact.js';
import { openDialog } from './dialog.js';
import { h } from './dom.js';
import { icon } from './icon.js';
import { attempt, sentence } from './notice.js';
import { safetyDialog } from './safety.js';
import { nameOf } from './text.js';
import { trustOf } from './words.js';

export async function personDialog(client, username) {
	const contact = await freshContactOf(client, username);
	const { icon: name, label, tip } = trustOf(contact);
	const act = (work) => () => {
		dialog.close();
		attempt(work);
	};
	const dialog = openDialog({
		title: nameOf(username),
		body: [
			h('p', { class: 'trust-line', 'data-trust': contact.trust }, icon(name), h('span', {}, h('strong', {}, `${label}.`), ' ', tip)),
			h('ul', { class: 'menu' },
				contact.trust !== 'unsigned' && entry('verified', 'Safety number', 'Compare it to be sure who this is',
					act(() => safetyDialog(client, username))),
				contact.state === 'blocked'
					? entry('person', 'Unblock', 'What they write from now on is shown', act(() => client.unblock(username)))
					: entry('blocked', 'Block', 'Their messages are refused, and they are told so', act(() => client.block(username)))),
			details([
				['Key', `version ${contact.keyVersion}`],
				['User id', h('code', {}, contact.userId)],
				contact.problem && ['Problem', sentence(contact.problem)]]),
		],
	});
}

/** A row of a menu in a dialog. */
export function entry(name, label, hint, onclick) {
	return h('li', {}, h('button', { type: 'button', onclick }, icon(name),
		h('span', {}, h('strong', {}, label), h('span', { class: 'hint' }, hint))));
}

/** What is technical, folded away: pairs of a name and a value. */
export function details(facts) {
	return h('details', { class: 'details' }, h('summary', {}, 'Details'),
		h('dl', { class: 'facts' }, facts.filter(Boolean).map(([name, value]) => [h('dt', {}, name), h('dd', {}, value)])));
}
