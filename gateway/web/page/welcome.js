// The first screen: a new account, or one that comes back with its
// recovery code; for an account that is here but signed out, the way in.
import { codeField } from './code_field.js';
import { nameFrom, nameInAddress } from './contact.js';
import { busy } from './dialog.js';
import { offerDemo } from './demo_link.js';
import { h, replace } from './dom.js';
import { icon } from './icon.js';
import { attempt, errorPlace, showError } from './notice.js';
import { forgetDialog } from './leave.js';
import { nameOf } from './text.js';

/* What a server takes for a name. */
const usernameLike = /^[a-z][a-z0-9._-]{2,31}$/;

/**
 * app: {client, registered(code), entered()}.
 */
export function welcome(app) {
	const demo = h('a', { href: '/demo', hidden: true }, 'See what the server sees');

	offerDemo([demo]);
	return h('main', { class: 'welcome entrance' },
		h('header', { class: 'welcome-head' },
			h('p', { class: 'wordmark' }, icon('lock'), 'e2emsg'),
			h('h1', { tabindex: '-1' }, 'Messages that only the two of you can read'),
			h('p', { class: 'lead' }, 'Each message is locked in your browser and opened in your friend’s. ',
				'The server in between can’t read them.'),
			!app.client.signedOut && invitation(), glance()),
		app.client.signedOut ? signIn(app) : entrance(app),
		h('nav', { class: 'welcome-foot', 'aria-label': 'More' },
			demo, h('a', { href: '/docs' }, 'For developers')));
}

/* Who came by a link to somebody hears where it leads; any text may stand in a link. */
function invitation() {
	const username = nameInAddress();

	return usernameLike.test(username) && h('p', { class: 'invitation' }, icon('person'),
		h('span', {}, 'To write to ', h('strong', {}, nameOf(username)), ', you need an account here. Their conversation opens then.'));
}

/* One message in three places. */
function glance() {
	return h('dl', { class: 'glance' },
		h('dt', {}, 'You write'), h('dd', { class: 'bubble own' }, 'Meet me at noon'),
		h('dt', {}, 'The server keeps'), h('dd', {}, h('code', { class: 'kept' }, '9bf6 7228 3c4c 470d 169a ebf6 3659 5bcc…')),
		h('dt', {}, 'Your friend reads'), h('dd', { class: 'bubble' }, 'Meet me at noon'));
}

/* A new account or an old one: two forms, one shown. */
function entrance(app) {
	const panel = h('div', { class: 'card-body' });
	const options = [['New here', registerForm], ['I have an account', restoreForm]];
	const buttons = options.map(([label, makeForm], index) =>
		h('button', { type: 'button', 'aria-pressed': 'false', onclick: () => choose(index, makeForm, true) }, label));

	function choose(chosen, makeForm, byHand) {
		buttons.forEach((button, index) => button.setAttribute('aria-pressed', String(index === chosen)));
		replace(panel, makeForm(app));
		if (byHand)
			panel.querySelector('input').focus();
	}

	choose(0, registerForm, false);
	return h('section', { class: 'card', 'aria-label': 'Begin' },
		h('div', { class: 'switch', role: 'group', 'aria-label': 'Begin with' }, buttons), panel);
}

/* A form whose only button runs work({field: value}); errors stand in it. */
function form(app, fields, label, work) {
	const error = errorPlace('entrance-error');
	const button = h('button', { type: 'submit', class: 'button primary' }, label);

	return h('form', { novalidate: true, onsubmit: (event) => {
		event.preventDefault();
		showError(error, null);
		busy(button, async () => {
			app.isWorking = true;
			try {
				await work(Object.fromEntries(new FormData(event.target)));
			} catch (problem) {
				showError(error, problem);
				event.target.querySelector('input')?.focus();
			} finally {
				app.isWorking = false;
			}
		});
	} }, fields, error, button);
}

function usernameField(app, hint = null) {
	return h('div', { class: 'field' },
		h('label', { for: 'username' }, 'Username'),
		h('input', { id: 'username', name: 'username', autocomplete: 'username', autocapitalize: 'none', spellcheck: 'false',
			maxlength: '32', required: true, value: app.client.unfinished, 'aria-describedby': hint ? 'username-hint entrance-error' : 'entrance-error' }),
		hint && h('p', { class: 'hint', id: 'username-hint' }, hint));
}

function registerForm(app) {
	return [
		form(app, [usernameField(app, 'Others find you by it. At least three small letters and digits, a letter first.')],
			'Create account', async ({ username }) => {
				await app.client.register(nameFrom(username));
				app.entered();
			}),
		h('p', { class: 'small' }, 'No e-mail, no phone number, no password. Your keys are made here and stay in this browser.'),
	];
}

function restoreForm(app) {
	return form(app, [
		usernameField(app),
		h('div', { class: 'field' },
			h('label', { for: 'code' }, 'Recovery code'),
			codeField({ id: 'code', name: 'code', 'aria-describedby': 'code-hint entrance-error' }),
			h('p', { class: 'hint', id: 'code-hint' }, 'The seven groups that you saved when you made the account.')),
	], 'Restore account', async ({ username, code }) => {
		await app.client.restore(nameFrom(username), code);
		app.entered();
	});
}

/* The keys are here, the session is not. */
function signIn(app) {
	return h('section', { class: 'card', 'aria-labelledby': 'signed-out' },
		h('h2', { id: 'signed-out' }, 'You are logged out'),
		h('p', {}, 'The messages and keys of ', nameOf(app.client.signedOut), ' are still in this browser.'),
		app.problem && h('p', { class: 'form-error', role: 'alert' }, icon('warning'), h('span', {}, app.problem)),
		form(app, [], 'Log in', async () => {
			await app.client.login();
			app.entered();
		}),
		h('button', { type: 'button', class: 'button quiet', onclick: () => attempt(() => forgetDialog(app)) }, 'Remove from this browser…'));
}
