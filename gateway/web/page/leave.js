// Logging out, and forgetting all that this browser holds.
import { openDialog } from './dialog.js';
import { h } from './dom.js';
import { attempt, errorPlace, showError, wordsOf } from './notice.js';
import { nameOf } from './text.js';

/** Ends the session; keys and messages stay. */
export async function logOut(app) {
	if (await attempt(() => app.client.logout()))
		app.left();
}

/** Asks before keys and history go. */
export async function forgetDialog(app) {
	const unsent = await app.client.unsent();
	const username = app.client.account?.username ?? app.client.signedOut;
	const understood = h('input', { type: 'checkbox', id: 'understood', 'aria-describedby': 'understood-error' });
	const error = errorPlace('understood-error');

	openDialog({
		title: 'Remove from this browser?',
		body: [
			h('p', {}, 'The keys and messages of ', nameOf(username), ' are deleted here. The messages are nowhere else, so they are gone.'),
			unsent.length > 0 && h('p', { class: 'warn-line' }, unsent.length === 1
				? '1 message has not been sent yet. It is lost.'
				: `${unsent.length} messages have not been sent yet. They are lost.`),
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
	return leave(app);
}

/* Answers whether a dialog that asked for it may close. */
async function leave(app, unsavedOk = false) {
	let unsaved = null;
	const isDone = await attempt(() => app.client.logout({ forget: true, unsavedOk }).catch((error) => {
		if (error.code !== 'backup_not_saved')
			throw error;
		unsaved = error;
	}));

	if (unsaved)
		unsavedDialog(app, unsaved);
	else if (isDone)
		app.left();
	return isDone;
}

/* The backup lacks what changed here last, and the server does not take it now, or never will. */
function unsavedDialog(app, { cause }) {
	if (cause.code === 'invalid_assertion')
		return unknownDialog(app);
	const { signedOut } = app.client;
	const { what, hint } = signedOut ? { what: 'You are logged out.', hint: 'Once you log in, it is.' } : wordsOf(cause);
	const isNone = app.client.account?.backup.version === 0;

	return openDialog({
		title: 'Delete what is not saved yet?',
		body: [
			h('p', {}, 'The backup of your keys is not up to date, and could not be written. ', h('strong', {}, what), ' ', hint),
			h('p', {}, isNone
				? ['No backup is there yet: ', h('strong', {}, 'the recovery code brings nothing back.')]
				: ['The recovery code brings back what was saved last. ',
					h('strong', {}, 'What you did here since is lost'), ', such as whom you accepted or compared numbers with.']),
		],
		actions: [
			{ label: 'Cancel' },
			{ label: 'Delete anyway', kind: 'danger', run: () => leave(app, true) },
			...signedOut ? [] : [{ label: 'Try again', kind: 'primary', run: () => leave(app) }],
		],
	});
}

/* Neither trying again nor the recovery code helps: a restored account would sign in with the same key. */
function unknownDialog(app) {
	return openDialog({
		title: 'Delete what can’t come back?',
		body: h('p', {}, 'The server does not know this account. ', h('strong', {}, 'The recovery code brings nothing back.')),
		actions: [
			{ label: 'Cancel' },
			{ label: 'Delete', kind: 'danger', run: () => leave(app, true) },
		],
	});
}
