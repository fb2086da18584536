// The safety number of two people, to compare by another way.
import { contactOf } from './contact.js';
import { openDialog } from './dialog.js';
import { h } from './dom.js';
import { icon } from './icon.js';
import { attempt } from './notice.js';
import { qrCode } from './qr.js';
import { nameOf, visible } from './text.js';

/** Opens the dialog. The answer is asked for unless it was given; to a changed identity it accepts that as well. */
export async function safetyDialog(client, username) {
	const { digits, groups, qr } = await client.safetyNumber(username);
	const contact = await contactOf(client, username);
	const isAsked = ['signed', 'differs', 'changed'].includes(contact.trust);
	const same = async () => {
		if (contact.trust === 'changed')
			await client.acceptKeyChange(username, digits);
		await client.verify(username, digits); // these, and no others
	};

	/* to a changed identity nothing is sent as it is */
	const differ = async () => {
		if (contact.trust === 'changed' || await attempt(() => client.distrust(username, digits)))
			differDialog(username);
	};

	openDialog({
		title: 'Safety number',
		body: [
			contact.trust === 'changed' && h('p', { class: 'warn-line' }, icon('warning'),
				h('span', {}, 'The identity changed, and this is the number with the new one.')),
			h('p', {}, 'Compare this number with the one that ', nameOf(username), ' sees in your conversation: on the phone, or side by side. ',
				'If all digits are the same, nobody stands between you.'),
			h('div', { class: 'safety' },
				h('ol', { class: 'digits', 'aria-label': `Safety number with ${visible(username)}` }, groups.map((group) => h('li', {}, group))),
				qrCode(qr, 'The safety number as a QR code'),
				h('p', { class: 'small' }, 'The code holds the same digits, for a camera.')),
			contact.trust === 'verified' && h('p', { class: 'good-line' }, icon('verified'), 'You have compared it before.'),
		],
		actions: contact.trust === 'verified' ? [
			{ label: 'They differ after all', run: differ },
			{ label: 'Close', kind: 'primary' },
		] : isAsked ? [
			{ label: 'They differ', run: differ },
			{ label: 'They are the same', kind: 'primary', run: () => attempt(same) },
		] : [{ label: 'Close' }],
	});
}

function differDialog(username) {
	openDialog({
		title: 'The numbers differ',
		body: [
			h('p', {}, 'First make sure that you both look at the conversation with each other, and not with somebody whose name only looks like ',
				nameOf(username), '.'),
			h('p', {}, 'If they still differ, somebody may be reading along: ', h('strong', {}, 'nothing is sent here until you decide.')),
		],
		actions: [{ label: 'Understood', kind: 'primary' }],
	});
}
