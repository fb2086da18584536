// Logging out, and forgetting all that this browser holds.
import { openDialog } from './dialog.js';
import { h } from './dom.js';
import { attempt, errorPlace, showError } from './notice.js';
import { nameOf } from './text.js';

/** Ends the session; keys and messages stay. */
export async function logOut(app) {
	if (await attempt(() => app.client.logout()))
		app.left();
}

/** Asks before keys and history go. */
export function forgetDialog(app) {
	const username = app.client.account?.username ?? app.client.signedOut;
	const understood = h('input', { type: 'checkbox', id: 'understood', 'aria-describedby': 'understood-error' });
	const error = errorPlace('understood-error');

	openDialog({
		title: 'Forget this browser?',
		body: [
			h('p', {}, 'The keys and all messages of ', nameOf(username), ' are deleted from this browser.'),
			h('p', {}, 'With the recovery code you can come back as the same person, here or elsewhere. ',
				h('strong', {}, 'Without it the account is gone for good'), ', and messages that you have read are gone in any case: ',
				'they are nowhere but here.'),
			h('label', { class: 'check' }, understood, 'I have my recovery code, or I give the account up'),
			error,
		],
		actions: [
			{ label: 'Keep' },
			{ label: 'Delete keys and messages', kind: 'danger', run: () => forget(app, understood, error) },
		],
	});
}

async function forget(app, understood, error) {
	if (!understood.checked) {
		showError(error, { message: 'Please tick the line above first.' });
		understood.focus();
		return false;
	}
	if (!await attempt(() => app.client.logout({ forget: true })))
		return false;
	app.left();
	return true;
}
