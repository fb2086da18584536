// One's own account: name, keys, recovery code, key log, the way out.
import { busy, openDialog } from './dialog.js';
import { h, replace } from './dom.js';
import { keyLogDialog } from './keylog.js';
import { forgetDialog, logOut } from './leave.js';
import { attempt, errorPlace, noticeArea, showError, tell } from './notice.js';
import { entry } from './person.js';
import { recoveryCode } from './recovery.js';
import { nameOf } from './text.js';

export function accountDialog(app) {
	const { account } = app.client;
	const then = (work) => () => {
		dialog.close();
		work();
	};
	const dialog = openDialog({
		title: nameOf(account.username),
		body: [
			!account.backup.saved && h('p', { class: 'warn-line' }, 'The backup of your keys has not reached the server yet. ',
				'Until it has, the recovery code brings back an older state.'),
			h('ul', { class: 'menu' },
				entry('repeat', 'New encryption key', `Yours is version ${account.keyVersion}. Each key opens only what was sealed to it`,
					then(() => rotateDialog(app))),
				entry('key', 'New recovery code', 'Needs the one you have', then(() => newCodeDialog(app))),
				entry('server', 'Key log', 'The public record of everybody’s keys', then(() => attempt(() => keyLogDialog(app.client)))),
				entry('back', 'Log out', 'Keys and messages stay in this browser', then(() => logOut(app))),
				entry('refused', 'Forget this browser…', 'Keys and messages are deleted here', then(() => forgetDialog(app)))),
			h('details', { class: 'details' }, h('summary', {}, 'Details'),
				h('dl', { class: 'facts' },
					h('dt', {}, 'Service'), h('dd', {}, h('code', {}, account.service)),
					h('dt', {}, 'User id'), h('dd', {}, h('code', {}, account.userId)),
					h('dt', {}, 'Identity'), h('dd', {}, h('code', {}, account.identity)),
					h('dt', {}, 'Backup'), h('dd', {}, `version ${account.backup.version}`))),
		],
	});
}

function rotateDialog(app) {
	openDialog({
		title: 'New encryption key?',
		body: h('p', {}, 'Others seal to the new key from now on; they are told of it and need to do nothing. ',
			'Messages on their way to the old one still open.'),
		actions: [
			{ label: 'Cancel' },
			{ label: 'Make a new key', kind: 'primary', run: () => attempt(async () => {
				const { keyVersion } = await app.client.rotateKeys();

				tell(`Your encryption key is version ${keyVersion} now.`);
			}) },
		],
	});
}

/* The current code opens the backup, which the new one then closes. */
function newCodeDialog(app) {
	const error = errorPlace('code-error');
	const input = h('input', { id: 'current-code', autocomplete: 'off', autocapitalize: 'characters', spellcheck: 'false', class: 'code-input',
		placeholder: 'XXXX-XXXX-XXXX-XXXX-XXXX-XXXX-XXXX', 'aria-describedby': 'code-error' });
	const button = h('button', { type: 'submit', class: 'button primary' }, 'Make a new code');
	const body = h('div', {}, h('form', { novalidate: true, onsubmit: submit },
		h('p', {}, 'The new code takes the place of the old one, which then opens nothing any more.'),
		h('div', { class: 'field' }, h('label', { for: 'current-code' }, 'Your present recovery code'), input,
			h('p', { class: 'hint' }, 'This browser holds your keys in a form that it can’t give away, so it can’t do without.')),
		error, button));
	const dialog = openDialog({ title: 'New recovery code', body: [body, noticeArea()] });

	function submit(event) {
		event.preventDefault();
		showError(error, null);
		busy(button, async () => {
			try {
				await app.client.recoveryCode(input.value);
				replace(body, recoveryCode({ client: app.client, done: dialog.close, title: 'Your new recovery code' }));
			} catch (problem) {
				showError(error, problem);
				input.focus();
			}
		});
	}

	input.focus();
}
