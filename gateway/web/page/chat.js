// The chat page: what is on the screen, from the first visit to the
// conversations.
import { createClient } from '../e2emsg.js';
import { h, replace } from './dom.js';
import { messenger } from './messenger.js';
import { noticeArea, wordsOf } from './notice.js';
import { recoveryCode } from './recovery.js';
import { canEncrypt, unsupported } from './unsupported.js';
import { welcome } from './welcome.js';

const place = document.getElementById('app');

/* Ends what the screen before listened to. */
let leaveScreen = () => {};
let isWelcome = false;

/** Puts another screen up, and the focus on its heading. */
function show({ element, close = () => {} }) {
	isWelcome = false;
	leaveScreen();
	leaveScreen = close;
	replace(place, element, noticeArea());
	element.querySelector('h1[tabindex]')?.focus();
}

const app = {
	client: null,
	isWorking: false, // a form of the first screen is on its way
	back: null,
	problem: null,
	registered: (code) => showCode(code),
	entered: () => enter(),
	left: () => showWelcome(),
};

function showWelcome(problem = null) {
	history.replaceState(null, '', location.pathname);
	app.problem = problem;
	show({ element: welcome(app) });
	isWelcome = true;
}

/* Another tab registered or signed in. */
function elsewhere() {
	if (isWelcome && !app.isWorking)
		enter();
}

/** Until the code is kept, the browser asks before the page goes. */
function showCode(code) {
	const warn = (event) => event.preventDefault();
	const { username } = app.client.account;

	window.addEventListener('beforeunload', warn);
	show({
		element: h('main', { class: 'welcome' }, h('section', { class: 'card' }, recoveryCode({ code, username, done: enter }))),
		close: () => window.removeEventListener('beforeunload', warn),
	});
}

/** To the conversations; the connection comes up behind them. */
function enter() {
	show(messenger(app));
	app.client.connect().catch((error) => error.code === 'offline' || showWelcome(wordsOf(error).what));
}

async function start() {
	if (!canEncrypt())
		return show({ element: unsupported() });
	app.client = await createClient();
	app.client.on('account', (account) => account && elsewhere());
	if (!app.client.account)
		return showWelcome();
	return enter();
}

start().catch((error) => showFailure(error));

/** The page could not even begin. */
function showFailure(error) {
	const { what, hint } = wordsOf(error);

	show({ element: h('main', { class: 'welcome' }, h('section', { class: 'card', role: 'alert' },
		h('h1', { tabindex: '-1' }, 'This page could not start'), h('p', {}, what), hint && h('p', {}, hint))) });
}
