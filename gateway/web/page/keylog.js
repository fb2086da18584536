// The key log: its state, and the barrier when it contradicts itself.
import { openDialog } from './dialog.js';
import { h, replace } from './dom.js';
import { icon } from './icon.js';
import { attempt, sentence, tell } from './notice.js';
import { visible } from './text.js';

/** The banner that stops all sending; hidden while all is well. */
export function keyLogBanner(client, listeners) {
	const banner = h('div', { class: 'banner alarm', role: 'alert', hidden: true });
	const show = (problem) => {
		banner.hidden = !problem;
		replace(banner, problem && [icon('warning'), h('div', {},
			h('strong', {}, 'The key log contradicts itself.'), ' Nothing is sent until you have looked. ',
			h('button', { type: 'button', class: 'link', onclick: () => attempt(() => keyLogDialog(client)) }, 'Look'))]);
	};

	show(client.keyLogProblem);
	listeners.push(client.on('keylog', ({ problem }) => show(problem)));
	return banner;
}

export async function keyLogDialog(client) {
	const log = await client.keyLog();

	openDialog({
		title: 'Key log',
		body: log ? logNodes(log) : h('p', {}, 'This server keeps none. Compare safety numbers to be sure of keys.'),
		actions: log?.problem ? [
			{ label: 'Leave it stopped' },
			{ label: 'Accept this log', kind: 'danger', run: () => attempt(async () => {
				await client.acceptKeyLog();
				tell('The log is accepted as it is now. Sending goes on.');
			}) },
		] : [],
	});
}

function logNodes({ verifier, size, problem }) {
	return [
		h('p', {}, 'Every key of everybody stands in one public record that can only grow. Your browser checks each key that it uses ',
			'against it, so a key that the server made up for you alone is noticed.'),
		problem
			? h('div', { class: 'form-error' }, icon('warning'), h('div', {}, h('p', {}, sentence(problem)),
				h('p', {}, 'Did the server’s owner restore an old copy and say so? Then accept. If nobody can explain it, ',
					'somebody may be showing you other keys than everybody else.')))
			: h('p', { class: 'good-line' }, icon('verified'), 'Everything seen so far fits together.'),
		h('dl', { class: 'facts' },
			h('dt', {}, 'Entries'), h('dd', {}, String(size)),
			h('dt', {}, 'Verifier'), h('dd', {}, h('code', {}, visible(verifier)))),
	];
}
