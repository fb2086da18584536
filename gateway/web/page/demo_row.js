// One row of the table of messages, as it lies in the database: what the
// server reads in it, and what is sealed.
import { h, replace, set } from './dom.js';
import { icon } from './icon.js';
import { nameOf } from './text.js';

const shownBytes = 36;
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });

/** fresh: it came while somebody looked on. */
export function makeRow(row, fresh) {
	return h('li', { class: fresh ? 'row-card fresh' : 'row-card', 'data-message': row.messageId });
}

/**
 * Brings the card of a row up to date. row.isText: one of the texts in the panes,
 * no receipt; row.was: the number that it was delivered under before.
 */
export function updateRow(element, row, titleOf) {
	const said = JSON.stringify([row.acknowledged, row.flippedByte, row.isText, row.was]);
	const isReceipt = !row.isText && row.flippedByte === null && row.was === undefined;

	if (element.dataset.said === said)
		return;
	element.dataset.said = said;
	set(element, 'data-alarm', row.flippedByte !== null || row.was !== undefined);
	set(element, 'data-receipt', isReceipt);
	replace(element, openPart(row, titleOf), sealedPart(row), remarks(row, isReceipt));
}

/* What the server reads. */
function openPart({ sender, senderId, senderKeyVersion, mailbox, keyVersion, sentAt, seq, size, acknowledged }, titleOf) {
	return [
		h('p', { class: 'row-head' },
			h('span', {}, nameOf(sender ?? senderId), ' → ', nameOf(mailbox.username)),
			h('time', { datetime: sentAt }, clock.format(new Date(sentAt)))),
		h('p', { class: 'row-facts' },
			h('span', {}, `no. ${seq}`), h('span', {}, `${size} bytes`),
			h('span', {}, `${titleOf(sender)}’s key ${senderKeyVersion ?? '?'} → ${titleOf(mailbox.username)}’s key ${keyVersion}`),
			h('span', {}, acknowledged ? 'fetched' : 'not fetched yet')),
	];
}

/* What it stores and can't open. */
function sealedPart(row) {
	return h('dl', { class: 'bytes' },
		part('iv', h('code', {}, row.iv), 'used only once'),
		part('ciphertext', sealedBytes(row), 'the sealed text'),
		part('tag', h('code', {}, row.authTag), 'the seal'));
}

function part(name, bytes, caption) {
	return [h('dt', {}, name), h('dd', {}, bytes, ' ', h('span', { class: 'caption' }, caption))];
}

/** The beginning of the ciphertext, or what is around the byte that the server changed, with that set apart. */
export function sealedBytes({ ciphertext: hex, size, flippedByte }, count = shownBytes) {
	const at = flippedByte === null ? 0 : Math.max(0, flippedByte - count / 2);
	const end = Math.min(at + count, hex.length / 2);
	const bytes = (from, to) => hex.slice(2 * from, 2 * to);

	if (flippedByte === null)
		return h('code', {}, bytes(0, end), end < size && '…');
	return h('code', {}, at > 0 && '…', bytes(at, flippedByte), h('mark', {}, bytes(flippedByte, flippedByte + 1)),
		bytes(flippedByte + 1, end), end < size && '…');
}

function remarks({ seq, flippedByte, was }, isReceipt) {
	return [
		flippedByte !== null && h('p', { class: 'row-note alarm' }, icon('flip'), `The server changed byte ${flippedByte}.`),
		was !== undefined && h('p', { class: 'row-note alarm' }, icon('repeat'), `No. ${was}, delivered again as no. ${seq}.`),
		isReceipt && h('p', { class: 'row-note' }, 'A receipt. To the server it looks like any message.'),
	];
}
