// What stands in the place of the composer when nothing can be sent: a
// stranger's request, somebody blocked, an identity that changed, a key
// log that contradicts itself.
import { h } from './dom.js';
import { icon } from './icon.js';
import { busy, openDialog } from './dialog.js';
import { keyLogDialog } from './keylog.js';
import { attempt, sentence } from './notice.js';
import { safetyDialog } from './safety.js';
import { nameOf } from './text.js';

/** The barrier for a contact, or null when one may write. */
export function barrierFor(client, contact) {
	if (contact.state === 'blocked')
		return blocked(client, contact);
	if (client.keyLogProblem)
		return keyLogStops(client);
	if (contact.trust === 'changed')
		return changed(client, contact);
	if (contact.trust === 'differs')
		return differs(client, contact);
	if (contact.trust === 'refused')
		return refused(contact);
	return contact.state === 'request' ? request(client, contact) : null;
}

function barrier(kind, name, title, body, ...buttons) {
	return h('section', { class: `barrier ${kind}`, 'aria-labelledby': 'barrier-title' },
		icon(name), h('div', {}, h('h3', { id: 'barrier-title' }, title), body, h('div', { class: 'row' }, buttons)));
}

function button(kind, label, work) {
	const element = h('button', { type: 'button', class: `button ${kind}` }, label);

	element.addEventListener('click', () => busy(element, () => attempt(work)));
	return element;
}

/*
 * A yes to the identity that the server shows while the barrier stands there, and to no other: with another one the
 * contact is a changed one, and the next yes is for that.  Without a number there is nothing to be held to.
 */
function yesTo(client, username) {
	const look = async () => {
		try {
			return (await client.safetyNumber(username)).digits;
		} catch (error) {
			if (error.code !== 'unsigned_peer')
				throw error;
			return undefined;
		}
	};
	const begin = () => {
		const digits = look();

		digits.catch(() => {}); // told at the click
		return digits;
	};
	let shown = begin();

	return async () => {
		try {
			await client.acceptKeyChange(username, await shown);
		} catch (error) {
			shown = begin();
			throw error;
		}
	};
}

function request(client, { username }) {
	return barrier('request', 'person', [nameOf(username), ' would like to write to you'],
		h('p', {}, 'You have not talked before. Until you accept, they do not learn that you got this. ',
			'If you block them, nothing more arrives.'),
		button('primary', 'Accept', () => client.accept(username)),
		button('quiet', 'Block', () => client.block(username)));
}

function blocked(client, { username }) {
	return barrier('blocked', 'blocked', ['You blocked ', nameOf(username)],
		h('p', {}, 'Their messages are refused, and they are told so.'),
		button('quiet', 'Unblock', () => client.unblock(username)));
}

function changed(client, { username }) {
	return barrier('alarm', 'warning', ['Is this still ', nameOf(username), '?'], [
		h('p', {}, 'The identity of this account has changed. Perhaps ', nameOf(username), ' lost everything and began anew. ',
			'Or somebody, even the server, put a key of their own in between to read along.'),
		h('p', {}, 'Call ', nameOf(username), ' or meet, and compare the safety number. ',
			h('strong', {}, 'Nothing is sent until you decide.'))],
	button('primary', 'Compare safety number', () => safetyDialog(client, username)),
	button('danger', 'Accept anyway', yesTo(client, username)));
}

function differs(client, { username }) {
	const yes = yesTo(client, username);

	return barrier('alarm', 'warning', 'The safety numbers differ',
		h('p', {}, 'You compared with ', nameOf(username), ', and the numbers were not the same: somebody may be reading along. ',
			h('strong', {}, 'Nothing is sent until you decide.')),
		button('primary', 'Compare again', () => safetyDialog(client, username)),
		button('danger', 'Write all the same', async () => await areYouSure(username) && yes()));
}

function areYouSure(username) {
	return new Promise((resolve) => {
		let isSure = false;

		openDialog({
			title: ['Write to ', nameOf(username), ' all the same?'],
			body: h('p', {}, 'The safety numbers differ: somebody may read what you write, and answer as ', nameOf(username), '.'),
			actions: [
				{ label: 'Cancel' },
				{ label: 'Write all the same', kind: 'danger', run: () => { isSure = true; } },
			],
			onclose: () => resolve(isSure),
		});
	});
}

function keyLogStops(client) {
	return barrier('alarm', 'warning', 'The key log contradicts itself',
		h('p', {}, 'The server’s public list of keys is not the one that your browser saw before, so no key can be trusted. ',
			h('strong', {}, 'Nothing is sent until you decide.')),
		button('quiet', 'What to do', () => keyLogDialog(client)));
}

function refused({ username, problem }) {
	return barrier('alarm', 'warning', ['The key of ', nameOf(username), ' is refused'], [
		problem && h('p', {}, sentence(problem)),
		h('p', {}, 'It contradicts what the server showed before, so nothing is sent. ',
			'It goes on by itself once the server shows the true key again.')]);
}
