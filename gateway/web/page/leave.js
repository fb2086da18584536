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
		title: 'Remove from this browser?',
		body: [
			h('p', {}, 'The keys and messages of ', nameOf(username), ' are deleted here. The messages are nowhere else, so they are gone.'),
			h('p', {}, 'With the recovery code you can come back as ', nameOf(username), ', here or elsewhere. ',
				h('strong', {}, 'Without it the account is lost for good.')),
			h('label', { class: 'check' }, understood, 'I have my recovery code, or I give the account up'),
			error,
		],
		actions: [
			{ label: 'Cancel' },
			{ label: 'Delete keys and messages', kind: 'danger', run: () => forget(app, understood, error) },
		],
	});
}

async function forget(app, understood, error) {
	if (!understood.checked) {
		showError(error, { message: 'Please tick this line first.' });
		understood.focus();
		return false;
	}
	if (!await attempt(() => app.client.logout({ forget: true })))
		return false;
	app.left();
	return true;
}
