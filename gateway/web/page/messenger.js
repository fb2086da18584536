// The two columns: people at the left, one conversation at the right. The
// address (#username) says which; on a phone there is one column at a
// time, and the browser's way back leads to the list.
import { accountDialog } from './account.js';
import { nameInAddress } from './contact.js';
import { conversation } from './conversation.js';
import { h, replace, set } from './dom.js';
import { icon } from './icon.js';
import { inviteButton } from './invite.js';
import { keyLogBanner } from './keylog.js';
import { attempt, dismissNotices, warn, wordsOf } from './notice.js';
import { people } from './people.js';
import { codeBanner } from './recovery.js';
import { nameOf, visible } from './text.js';
import { connections } from './words.js';

/** app as in welcome.js. Answers {element, close}. */
export function messenger(app) {
	const listeners = [];
	const stage = h('main', {});
	const list = people(app);
	const chips = [connectionChip(app.client, listeners), connectionChip(app.client, listeners)];
	const banners = [keyLogBanner(app.client, listeners), codeBanner(app.client, listeners)];
	const element = h('div', { class: 'messenger' },
		h('button', { type: 'button', class: 'button primary skip', onclick: () => open?.focus() }, 'Skip to the conversation'),
		h('section', { class: 'sidebar', 'aria-label': 'You and your conversations' },
			h('header', { class: 'sidebar-head' },
				h('h1', { class: 'wordmark', tabindex: '-1' }, icon('lock'), 'e2emsg'),
				h('button', { type: 'button', class: 'account-button', 'aria-haspopup': 'dialog', onclick: () => accountDialog(app) },
					icon('person'), h('bdi', {}, visible(app.client.account.username)))),
			chips[0], banners, list.element),
		h('div', { class: 'stage' }, chips[1], stage));
	let open = null;
	let cameFromList = false;

	/* The arrow is the browser's way back when that leads to the list. */
	app.back = (event) => {
		if (!cameFromList)
			return;
		event.preventDefault();
		history.back();
	};

	function follow(event) {
		const named = nameInAddress();
		const username = named === app.client.account.username ? '' : named; // one's own link

		cameFromList = Boolean(event) && open === null;
		open?.close();
		dismissNotices();
		open = username ? conversation(app, username) : null;
		set(element, 'data-view', open ? 'conversation' : 'list');
		replace(stage, open ? open.element : emptyStage(app.client.account));
		list.select(username);
		open?.focus();
	}

	window.addEventListener('hashchange', follow);
	listeners.push(
		() => window.removeEventListener('hashchange', follow),
		app.client.on('warning', ({ code, text }) => code === 'code_replaced' || warn(text)), // that one stays in sight
		app.client.on('account', (account) => account ?? app.left()));
	follow();
	return {
		element,
		close() {
			open?.close();
			list.close();
			listeners.forEach((stop) => stop());
		},
	};
}

function emptyStage(account) {
	return h('div', { class: 'empty' }, icon('lock'),
		h('h2', {}, 'No conversation is open'),
		h('p', {}, 'Choose one, or write to somebody by username. Others find you as ', nameOf(account.username), '.'),
		inviteButton(account));
}

/* Without a network one waits; anything else is said, and can be tried again. */
function whyOffline(client, label, error) {
	if (!error || !navigator.onLine || ['offline', 'timeout'].includes(error.code) || error.status >= 500)
		return [h('strong', {}, `${label}.`), ' What you write is sent when you are back online.'];
	const { what, hint } = wordsOf(error);

	return [h('strong', {}, what), ' ', hint, ' ', h('button', { type: 'button', class: 'link', onclick: () => attempt(async () => {
		await client.close();
		await client.connect();
	}) }, 'Try again')];
}

/*
 * Quiet when all is well; a sentence when it is not. There are two, since a
 * phone shows one column at a time.
 */
function connectionChip(client, listeners) {
	const chip = h('p', { class: 'connection', role: 'status' });
	const show = (state, error) => {
		/* what is tried again and again is not news */
		if (state === 'connecting' && chip.dataset.state === 'offline')
			return;
		const { label, online } = connections[state] ?? connections.closed;
		const quiet = online || state === 'connecting';

		set(chip, 'data-state', state);
		replace(chip, quiet ? h('span', { class: 'dot' }) : icon('offline'),
			h('span', {}, ...quiet ? [label] : whyOffline(client, label, error)));
	};

	show(client.connection);
	listeners.push(client.on('connection', ({ state, error }) => show(state, error)));
	return chip;
}
