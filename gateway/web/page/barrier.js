// What stands in the place of the composer when nothing can be sent: a
// stranger's request, somebody blocked, an identity that changed, a key
// log that contradicts itself.
import { h } from './dom.js';
import { icon } from './icon.js';
import { busy } from './dialog.js';
import { keyLogDialog } from './keylog.js';
import { attempt, sentence, tell } from './notice.js';
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

function request(client, { username }) {
	return barrier('request', 'person', [nameOf(username), ' would like to write to you'],
		h('p', {}, 'You have not talked before. Until you accept, ', nameOf(username),
			' does not learn whether this arrived. Somebody blocked can’t reach you any more.'),
		button('primary', 'Accept', () => client.accept(username)),
		button('quiet', 'Block', () => client.block(username)));
}

function blocked(client, { username }) {
	return barrier('blocked', 'refused', ['You blocked ', nameOf(username)],
		h('p', {}, 'Their messages are refused, and they are told so.'),
		button('quiet', 'Unblock', () => client.unblock(username)));
}

function changed(client, { username, problem }) {
	return barrier('alarm', 'warning', ['The identity of ', nameOf(username), ' has changed'], [
		problem && h('p', {}, sentence(problem)),
		h('p', {}, 'Perhaps ', nameOf(username), ' began anew after losing everything. Perhaps somebody, the server for instance, ',
			'put a key of their own in between, to read along. ', h('strong', {}, 'Nothing is sent until you decide.')),
		h('p', {}, 'Ask ', nameOf(username), ' by another way, by phone or in person, and compare the safety number.')],
	button('quiet', 'Compare safety number', () => safetyDialog(client, username)),
	button('danger', 'Accept the new identity', async () => {
		await client.acceptKeyChange(username);
		tell('Accepted. Compare the safety number when you can.');
	}));
}

function keyLogStops(client) {
	return barrier('alarm', 'warning', 'The key log contradicts itself', h('p', {}, sentence(client.keyLogProblem),
		' ', h('strong', {}, 'Nothing is sent until you have looked.')),
	button('quiet', 'Look', () => keyLogDialog(client)));
}

function refused({ username, problem }) {
	return barrier('alarm', 'warning', ['The key of ', nameOf(username), ' is refused'], [
		problem && h('p', {}, sentence(problem)),
		h('p', {}, 'What the server shows contradicts what it showed before, so nothing is sealed with it. ',
			'It goes on by itself once the server shows the true key again.')]);
}
