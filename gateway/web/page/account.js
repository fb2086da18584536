// One's own account: name, keys, recovery code, key log, the way out.
import { codeField } from './code_field.js';
import { busy, openDialog } from './dialog.js';
import { h, replace } from './dom.js';
import { invite } from './invite.js';
import { keyLogDialog } from './keylog.js';
import { forgetDialog, logOut } from './leave.js';
import { attempt, errorPlace, showError, tell } from './notice.js';
import { details, entry } from './person.js';
import { recoveryCode } from './recovery.js';
import { nameOf } from './text.js';
import { connections } from './words.js';

export function accountDialog(app) {
	const { account, connection, unkeptRecoveryCode } = app.client;
	const isConnected = connections[connection]?.online;
	const then = (work) => () => {
		dialog.close();
		work();
	};
	const dialog = openDialog({
		title: nameOf(account.username),
		body: [
			!account.backup.saved && !isConnected && h('p', { class: 'warn-line' }, 'The newest backup of your keys waits for the connection. ',
				'Until then the recovery code brings back an older state.'),
			h('ul', { class: 'menu' },
				entry('link', 'Invite somebody', 'A link that opens a conversation with you', then(() => invite(account))),
				unkeptRecoveryCode
					? entry('key', 'Your new recovery code', 'Not confirmed yet: look at it again', then(() => newCodeDialog(app)))
					: entry('key', 'New recovery code', 'In place of the one you have', then(() => newCodeDialog(app))),
				entry('repeat', 'New encryption key', 'For what you are sent from now on', then(() => rotateDialog(app))),
				entry('server', 'Key log', 'The public list that keeps the server honest', then(() => attempt(() => keyLogDialog(app.client)))),
				entry('leave', 'Log out', 'Your messages stay in this browser', then(() => logOut(app))),
				entry('remove', 'Remove from this browser…', 'Deletes your keys and messages here', then(() => attempt(() => forgetDialog(app))))),
			details([
				['Service', h('code', {}, account.service)],
				['User id', h('code', {}, account.userId)],
				['Identity', h('code', {}, account.identity)],
				['Key', `version ${account.keyVersion}`],
				['Backup', `version ${account.backup.version}${account.backup.saved ? '' : ', the next one not saved yet'}`]]),
		],
	});
}

function rotateDialog(app) {
	openDialog({
		title: 'New encryption key?',
		body: h('p', {}, 'Useful when somebody may have seen the old one. Whoever writes to you uses the new key from now on; ',
			'nobody has to do anything, and all messages stay readable.'),
		actions: [
			{ label: 'Cancel' },
			{ label: 'Make a new key', kind: 'primary', run: () => attempt(async () => {
				const { keyVersion } = await app.client.rotateKeys();

				tell(`You have a new encryption key: version ${keyVersion}.`);
			}) },
		],
	});
}

/* The current code opens the backup, which the new one then closes. */
function newCodeDialog(app) {
	if (app.client.unkeptRecoveryCode)
		return showNewCode(app.client);
	const error = errorPlace('code-error');
	const input = codeField({ id: 'current-code', 'aria-describedby': 'current-code-hint code-error' });
	const button = h('button', { type: 'submit', class: 'button primary' }, 'Make a new code');
	const body = h('div', {}, h('form', { novalidate: true, onsubmit: submit },
		h('p', {}, 'The new code takes the place of the old one, which is worth nothing afterwards.'),
		h('div', { class: 'field' }, h('label', { for: 'current-code' }, 'Your present recovery code'), input,
			h('p', { class: 'hint', id: 'current-code-hint' }, 'It is needed to open the backup of your keys.')),
		error, button));
	const dialog = openDialog({ title: 'New recovery code', body });

	function submit(event) {
		event.preventDefault();
		showError(error, null);
		busy(button, async () => {
			try {
				await app.client.recoveryCode(input.value);
				dialog.close();
				showNewCode(app.client);
			} catch (problem) {
				showError(error, problem);
				input.focus();
			}
		});
	}

	return input.focus();
}

/* Closed too early, it can be looked at again: the menu has it until it is confirmed. */
function showNewCode(client) {
	const body = h('div', {});
	const dialog = openDialog({ title: 'New recovery code', body });

	replace(body, recoveryCode({ client, done: dialog.close, heading: 'h3' }));
}
