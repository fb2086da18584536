// The chat page: what is on the screen, from the first visit to the
// conversations.
import { createClient } from '../e2emsg.js';
import { forgetDrafts } from './composer.js';
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
	entered: () => begin(),
	left() {
		history.replaceState(null, '', location.pathname); // whom one talked with
		forgetDrafts();
		showWelcome();
	},
};

function showWelcome(problem = null) {
	app.problem = problem;
	show({ element: welcome(app) });
	isWelcome = true;
}

/* Another tab registered or signed in. */
function elsewhere() {
	if (isWelcome && !app.isWorking)
		enter();
}

/** First of all, and after every reload, the code that nobody has kept yet. */
function begin() {
	if (app.client.unkeptRecoveryCode)
		show({ element: h('main', { class: 'welcome' }, h('section', { class: 'card' }, recoveryCode({ client: app.client, done: enter }))) });
	else
		enter();
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
	return begin();
}

start().catch((error) => showFailure(error));

/** The page could not even begin. */
function showFailure(error) {
	const { what, hint } = wordsOf(error);

	show({ element: h('main', { class: 'welcome' }, h('section', { class: 'card', role: 'alert' },
		h('h1', { tabindex: '-1' }, 'This page could not start'), h('p', {}, what), hint && h('p', {}, hint))) });
}
