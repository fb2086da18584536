// What the page says about states: one place, so that the list, the
// conversation and the dialogs say the same.
import { visible } from './text.js';

/* States of a message that was written here: icon and word. */
export const outgoing = {
	waiting: { icon: 'waiting', label: 'Waiting' },
	asks: { icon: 'waiting', label: 'Not sent yet' },
	refused: { icon: 'refused', label: 'Not sent' },
	sent: { icon: 'sent', label: 'Sent' },
	delivered: { icon: 'delivered', label: 'Delivered' },
	read: { icon: 'read', label: 'Read' },
};

/* Why a message that came was not opened. */
const sealedReasons = {
	tampered: 'It was changed on its way, or it was not sealed for this key.',
	malformed: 'It opened, but what is inside is no message.',
	unknown_suite: 'It is sealed in a way that this page does not know.',
	no_private_key: 'It is sealed for a key of yours that this browser does not hold.',
	untrusted_key: 'The key that sealed it can’t be trusted, so it stays shut.',
	repeated: 'The server delivered an old message a second time. It counts once.',
};

export function sealedReason(message) {
	return sealedReasons[message.state] ?? (visible(message.problem ?? '') || 'It did not open.');
}

/* Remarks between messages: icon and sentence. */
const notes = {
	key_rotated: { icon: 'key', text: (name) => `${name} has a new encryption key. Nothing to do: it is still ${name}.`,
		detail: ({ keyVersion }) => keyVersion && `Version ${keyVersion}, signed by the same identity key` },
	identity_changed: { icon: 'warning', alarm: true, text: (name) => `The identity of ${name} changed.` },
	identity_accepted: { icon: 'key', text: (name) => `You accepted the new identity of ${name}. Compare safety numbers when you can.` },
	missing: { icon: 'missing', alarm: true, text: (name, { from, through }) =>
		(from === through || !through ? `Message ${from ?? ''} of your mailbox did not come here: another copy of this account has taken it, or the server left it out.`
			: `Messages ${from} to ${through} of your mailbox did not come here: another copy of this account has taken them, or the server left them out.`) },
	number_differs: { icon: 'warning', alarm: true, text: (name) => `You and ${name} compared safety numbers, and they differ.` },
	difference_accepted: { icon: 'warning', alarm: true, text: (name) => `You go on writing to ${name}, although the safety numbers differ.` },
	verified: { icon: 'verified', text: (name) => `You compared safety numbers: this is really ${name}.` },
};

export function noteOf(message) {
	const note = notes[message.note];
	const name = visible(message.peer);

	if (!note)
		return { icon: 'warning', alarm: false, text: visible(message.problem ?? message.note ?? '') };
	return { icon: note.icon, alarm: Boolean(note.alarm), text: note.text(name, message.details ?? {}),
		detail: note.detail?.(message.details ?? {}) };
}

/* How far a contact is known. */
export const trusts = {
	verified: { icon: 'verified', label: 'Verified', tip: 'You compared safety numbers with this person.' },
	signed: { icon: 'lock', label: 'Encrypted', tip: 'Only the two of you can read this. To be sure who it is, compare safety numbers.' },
	differed: { icon: 'warning', label: 'Numbers differed', tip: 'You go on although the safety numbers differed: somebody may be reading along.' },
	unsigned: { icon: 'unlocked', label: 'Not signed', tip: 'This account has no identity key, so nothing proves whose it is: the server could exchange its key.' },
	differs: { icon: 'warning', label: 'Numbers differ', tip: 'You compared safety numbers, and they were not the same. Nothing is sent until you decide.' },
	changed: { icon: 'warning', label: 'Identity changed', tip: 'Nothing is sent until you decide.' },
	refused: { icon: 'warning', label: 'Key refused', tip: 'The server shows a key that can’t be right.' },
};

/** The words for a contact: "Encrypted" alone would say too much once the numbers differed. */
export function trustOf({ trust, numberDiffered }) {
	return trust === 'signed' && numberDiffered ? trusts.differed : trusts[trust] ?? trusts.signed;
}

export const connections = {
	closed: { label: 'Not connected', online: false },
	connecting: { label: 'Connecting…', online: false },
	online: { label: 'Online', online: true },
	offline: { label: 'Offline', online: false },
	elsewhere: { label: 'Online in another tab', online: true },
};

/* Refusals that people meet, in other words than those for programs: code → what, hint. */
const refusals = {
	invalid_username: ['This can’t be a username.', 'It has 3 to 32 small letters, digits, dots, hyphens or underscores, and begins with a letter.'],
	username_taken: ['This username is taken.', 'Please choose another one.'],
	unknown_user: ['Nobody has this username.', 'Ask the person how it is spelt.'],
	offline: ['There is no connection to the server.', 'Please try again when it is back.'],
	timeout: ['The server did not answer in time.', 'Please try again.'],
	invalid_assertion: ['The server does not accept the key of this account.',
		'It does not know the account any more, or has another key for it. To begin anew, remove the account from this browser.'],
	no_backup: ['This code brings back no account.', 'Please check the code and the username. Of several codes, the newest one counts.'],
	wrong_recovery_code: ['This is not the recovery code of this account.', 'Of several codes, the newest one counts.'],
	number_changed: ['The safety number has changed.',
		'There is another identity now, so your answer does not count. Please compare again.'],
	text_too_long: ['This message is too long.', 'Please split it.'],
};

/** {what, hint} for an error, or null where its own words do. */
export function refusalOf({ code }) {
	const [what, hint] = refusals[code] ?? [];

	return what ? { what, hint } : null;
}
