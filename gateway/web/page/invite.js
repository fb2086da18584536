// How others find somebody: a link that opens a conversation with them.
import { h } from './dom.js';
import { icon } from './icon.js';
import { attempt, tell } from './notice.js';

const linkTo = (username) => `${location.origin}/#${encodeURIComponent(username)}`;

/** Hands the link on: by what a phone offers for it, or by way of the clipboard. */
export async function invite({ username }) {
	const url = linkTo(username);

	if (navigator.share)
		return navigator.share({ text: `Write to me on e2emsg: I am ${username} there.`, url }).catch(() => {});
	try {
		await navigator.clipboard.writeText(url);
		tell('Copied. Send this link to whom you like.');
	} catch {
		tell(`Your link: ${url}`);
	}
	return undefined;
}

/** The button for it. */
export function inviteButton(account) {
	return h('button', { type: 'button', class: 'button quiet', onclick: () => attempt(() => invite(account)) },
		icon('link'), navigator.share ? 'Share my link' : 'Copy my link');
}
