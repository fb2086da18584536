// About one person: how far they are known, and what one can do.
import { contactOf } from './contact.js';
import { openDialog } from './dialog.js';
import { h, replace, set } from './dom.js';
import { icon } from './icon.js';
import { attempt, sentence, tellError } from './notice.js';
import { safetyDialog } from './safety.js';
import { nameOf } from './text.js';
import { trustOf } from './words.js';

/* What is known here has to do. */
const noAnswer = ['offline', 'timeout'];

/** Opens with what is known here; what the server shows follows when it answers. */
export async function personDialog(client, username) {
	const known = await contactOf(client, username);
	const { element, body, close } = openDialog({ title: nameOf(username) });
	const act = (work) => () => {
		close();
		attempt(work);
	};
	const show = (contact) => {
		const focused = body.contains(document.activeElement) && document.activeElement.textContent;
		const isUnfolded = body.querySelector('details')?.open;

		replace(body, aboutPerson(client, contact, act));
		set(body.querySelector('details'), 'open', isUnfolded);
		if (focused)
			([...body.querySelectorAll('button')].find(({ textContent }) => textContent === focused) ?? body.querySelector('summary')).focus();
	};

	show(known);
	client.contact(username).then((seen) => isSame(known, seen) || show(seen))
		.catch((error) => element.open && !noAnswer.includes(error.code) && tellError(error));
}

/* In all that the dialog shows of somebody. */
const isSame = (one, other) => ['trust', 'numberDiffered', 'state', 'keyVersion', 'problem'].every((member) => one[member] === other[member]);

function aboutPerson(client, contact, act) {
	const { username, userId, trust, state, keyVersion, problem } = contact;
	const { icon: name, label, tip } = trustOf(contact);

	return [
		h('p', { class: 'trust-line', 'data-trust': trust }, icon(name), h('span', {}, h('strong', {}, `${label}.`), ' ', tip)),
		h('ul', { class: 'menu' },
			trust !== 'unsigned' && entry('verified', 'Safety number', 'Compare it to be sure who this is',
				act(() => safetyDialog(client, username))),
			state === 'blocked'
				? entry('person', 'Unblock', 'What they write from now on is shown', act(() => client.unblock(username)))
				: entry('blocked', 'Block', 'Their messages are refused, and they are told so', act(() => client.block(username)))),
		details([
			['Key', `version ${keyVersion}`],
			['User id', h('code', {}, userId)],
			problem && ['Problem', sentence(problem)]]),
	];
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
