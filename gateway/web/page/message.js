// One message, or one remark between messages, and how they follow each
// other.
import { h, replace, set } from './dom.js';
import { icon } from './icon.js';
import { linkedNodes } from './links.js';
import { sentence } from './notice.js';
import { visible } from './text.js';
import { dayKey, dayName, fullTimeOf, timeOf } from './time.js';
import { noteOf, outgoing, sealedReason } from './words.js';

/* Messages of one person within this time stand together. */
const together = 5 * 60 * 1000;

/* A longer text is folded: so many characters. */
const longText = 2500;

/* What is said of mail from somebody who was not the one known then. */
const alarms = { changed: 'Under the changed identity', differs: 'While the safety numbers differ' };

/*
 * A few of them and nothing else are shown large. Not a literal: a browser too
 * old for the flag must be able to read this file, or the page could not say so.
 */
let emojiAlone = null;

function isEmojiAlone(text) {
	emojiAlone ??= new RegExp('^(?:\\p{RGI_Emoji}\\s?){1,3}$', 'v');
	return emojiAlone.test(text);
}

/**
 * What stands in the log: the messages with a separator before each day, and a
 * line before the first unread one, if its id is given. Each item: {key, day},
 * {key, element} or {key, message, first, last, newest}; first and last of a
 * run, newest of what was written here.
 */
export function itemsOf(messages, unreadFrom = null) {
	const items = [];
	const newest = messages.findLast(({ direction }) => direction === 'out');
	let day = null;

	messages.forEach((message, index) => {
		const date = dateOf(messages, index);

		if (dayKey(date) !== day) {
			day = dayKey(date);
			items.push({ key: `day ${message.id}`, day: date });
		}
		if (message.id === unreadFrom)
			items.push({ key: 'unread', element: unreadLine() });
		items.push({
			key: message.id, message,
			first: !joined(messages[index - 1], message),
			last: !joined(message, messages[index + 1]),
			newest: message === newest,
		});
	});
	return items;
}

/* A note stands under the day of the older message below it that brought it. */
function dateOf(messages, index) {
	const date = new Date(messages[index].sentAt);
	const next = messages[index].direction === 'note' ? messages.slice(index).find(({ direction }) => direction !== 'note') : undefined;

	return next && new Date(next.sentAt) < date ? new Date(next.sentAt) : date;
}

function joined(one, other) {
	return Boolean(one && other) && one.direction === other.direction && one.direction !== 'note' &&
		dayKey(new Date(one.sentAt)) === dayKey(new Date(other.sentAt)) &&
		Math.abs(new Date(other.sentAt) - new Date(one.sentAt)) < together;
}

function unreadLine() {
	return h('div', { class: 'day unread', role: 'separator' }, h('span', {}, 'New messages'));
}

/** The element of an item. actions: {resend(id), discard(id)}. */
export function makeItem(item) {
	if (item.day)
		return h('div', { class: 'day', role: 'separator' }, h('span', {}));
	if (item.message.direction === 'note')
		return makeNote(item.message);
	return h('article', { class: 'message' }, h('div', { class: 'bubble' }), h('div', { class: 'meta' }));
}

/** Brings it up to date; what has not changed is not touched. */
export function updateItem(element, item, actions) {
	if (item.day)
		return setText(element.firstElementChild, dayName(item.day));
	if (item.message.direction === 'note')
		return undefined;
	set(element, 'data-direction', item.message.direction);
	set(element, 'data-message', item.message.messageId);
	set(element, 'data-run', `${item.first ? 'first ' : ''}${item.last ? 'last' : ''}`.trim());
	updateBubble(element, item.message);
	return updateMeta(element, item, actions);
}

function setText(element, text) {
	if (element.textContent !== text)
		element.textContent = text;
}

function makeNote(message) {
	const { icon: name, alarm, text, detail } = noteOf(message);

	return h('div', { class: alarm ? 'note alarm' : 'note', 'data-note': message.note, title: detail || null },
		icon(name), h('span', {}, text, ' ', h('time', { datetime: message.sentAt }, timeOf(new Date(message.sentAt)))));
}

function updateBubble(element, message) {
	if (element.dataset.shown === `${message.state === 'opened'} ${message.text}`)
		return;
	element.dataset.shown = `${message.state === 'opened'} ${message.text}`;
	set(element, 'aria-label', `${message.direction === 'in' ? visible(message.peer) : 'You'}, ${timeOf(new Date(message.sentAt))}`);
	replace(element.firstElementChild, message.direction === 'in' && message.state !== 'opened'
		? sealed(message) : textOf(message.text ?? ''));
}

function textOf(text) {
	const element = h('p', { class: 'text', dir: 'auto', 'data-emoji': isEmojiAlone(text), 'data-folded': text.length > longText },
		linkedNodes(text));

	return [element, text.length > longText && unfold(element)];
}

/* A text that is folded, to its end. */
function unfold(element) {
	const button = h('button', { type: 'button', class: 'link', onclick: () => {
		set(element, 'data-folded', false);
		button.remove();
		element.closest('[tabindex]')?.focus();
	} }, 'Show all of it');

	return button;
}

/* Mail that did not open is shown as that, with the reason. */
function sealed(message) {
	const title = message.state === 'repeated' ? 'A message came twice' : 'This message did not open';

	return h('div', { class: 'sealed' }, icon('lock'),
		h('div', {}, h('strong', {}, title), h('p', {}, sealedReason(message))));
}

function updateMeta(element, { message, last, newest }, actions) {
	const meta = element.lastElementChild;
	const needsWords = newest || message.state === 'waiting' || isHeld(message);
	const said = [message.state, last, needsWords, message.problem, message.trust].join();

	set(element, 'data-state', message.state);
	if (meta.dataset.said === said)
		return;
	meta.dataset.said = said;
	/* how far it came is there to be looked up; that it did not go is told */
	set(meta, 'aria-live', isHeld(message) ? 'polite' : 'off');
	replace(meta, metaNodes(message, needsWords, actions));
	set(meta, 'data-quiet', !last && !needsWords && !alarms[message.trust] && !message.logProblem);
}

function metaNodes(message, words, actions) {
	const date = new Date(message.sentAt);
	const time = h('time', { datetime: message.sentAt, title: fullTimeOf(date) }, timeOf(date));

	if (message.direction === 'in')
		return [time, alarms[message.trust] && h('span', { class: 'state alarm' }, icon('warning'), alarms[message.trust]),
			message.logProblem && h('span', { class: 'state alarm', title: sentence(message.logProblem) }, icon('warning'), 'Doubtful key log'),
			message.trust === 'unsigned' && h('span', { class: 'state' }, icon('unlocked'), 'Unsigned')];
	const { icon: name, label } = outgoing[message.state] ?? outgoing.waiting;

	return [time, h('span', { class: 'state', title: label }, icon(name), h('span', { class: words ? '' : 'for-readers' }, label)),
		isHeld(message) && choices(message, actions)];
}

/* It does not go out until somebody does something. */
const isHeld = ({ state, problem }) => state === 'refused' || state === 'asks' || (state === 'waiting' && problem !== undefined);

function choices(message, actions) {
	const reason = message.state === 'asks' ? 'It waited for more than six days. Is it still wanted?' : message.problem && sentence(message.problem);

	return h('span', { class: 'choices' }, reason, ' ',
		message.state !== 'waiting' && h('button', { type: 'button', class: 'link', onclick: () => actions.resend(message.id) }, 'Send again'),
		h('button', { type: 'button', class: 'link', onclick: () => actions.discard(message.id) }, 'Discard'));
}
