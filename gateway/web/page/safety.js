// The safety number of two people, to compare by another way.
import { contactOf } from './contact.js';
import { openDialog } from './dialog.js';
import { h } from './dom.js';
import { icon } from './icon.js';
import { attempt, tell } from './notice.js';
import { qrCode } from './qr.js';
import { nameOf, visible } from './text.js';

/** Opens the dialog; verify is offered unless it was done. */
export async function safetyDialog(client, username) {
	const { digits, groups, qr } = await client.safetyNumber(username);
	const contact = await contactOf(client, username);
	const canVerify = contact.trust === 'signed';

	openDialog({
		title: 'Safety number',
		body: [
			h('p', {}, 'Compare these digits with what ', nameOf(username), ' sees: read them aloud on the phone, ',
				'or hold the screens side by side. If they are the same, nobody stands between you.'),
			h('div', { class: 'safety' },
				qrCode(qr, 'The safety number as a QR code'),
				h('ol', { class: 'digits', 'aria-label': `Safety number with ${visible(username)}` }, groups.map((group) => h('li', {}, group)))),
			contact.trust === 'verified' && h('p', { class: 'good-line' }, icon('verified'), 'You have compared it before.'),
			contact.trust === 'changed' && h('p', { class: 'small' }, 'This is the number with the identity that the server shows now.'),
		],
		actions: canVerify ? [
			{ label: 'They differ', run: () => differDialog(username) },
			{ label: 'They are the same', kind: 'primary', run: () => attempt(async () => {
				await client.verify(username, digits);
				tell(`${visible(username)} is verified.`);
			}) },
		] : [{ label: 'Close' }],
	});
}

function differDialog(username) {
	openDialog({
		title: 'The numbers differ',
		body: [
			h('p', {}, 'Then one of you does not have the other’s true key. First make sure that both look at the conversation with ',
				'each other, on this server, and not with somebody of a similar name than ', nameOf(username), '.'),
			h('p', {}, 'If they still differ, somebody may be reading along. Do not write here what that person must not read.'),
		],
		actions: [{ label: 'Understood', kind: 'primary' }],
	});
}
