// The key log: its state, and the barrier when it contradicts itself.
import { openDialog } from './dialog.js';
import { h, replace } from './dom.js';
import { icon } from './icon.js';
import { attempt, sentence, tell } from './notice.js';
import { details } from './person.js';
import { visible } from './text.js';

/** The banner that stops all sending; hidden while all is well. */
export function keyLogBanner(client, listeners) {
	const banner = h('div', { class: 'banner alarm', role: 'alert', hidden: true });
	const show = (problem) => {
		banner.hidden = !problem;
		replace(banner, problem && [icon('warning'), h('div', {},
			h('strong', {}, 'The key log contradicts itself.'), ' Nothing is sent until you decide. ',
			h('button', { type: 'button', class: 'link', onclick: () => attempt(() => keyLogDialog(client)) }, 'What to do'))]);
	};

	show(client.keyLogProblem);
	listeners.push(client.on('keylog', ({ problem }) => show(problem)));
	return banner;
}

export async function keyLogDialog(client) {
	const log = await client.keyLog();

	openDialog({
		title: 'Key log',
		body: log ? logNodes(log) : h('p', {}, 'This service keeps no public list of keys. Compare safety numbers to be sure of them.'),
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
		h('p', {}, 'All keys of this service stand in one public list that can only grow. Your browser looks up each key there, ',
			'so a false key made for you alone would be noticed.'),
		problem
			? h('div', { class: 'form-error' }, icon('warning'), h('div', {},
				h('p', {}, h('strong', {}, 'The list is not the one that your browser saw before.')),
				h('p', {}, 'If whoever runs the server says that an old copy was restored, accept it. If nobody can explain it, ',
					'you may be shown other keys than everybody else: do not accept.')))
			: h('p', { class: 'good-line' }, icon('verified'), 'All that your browser has seen fits together.'),
		details([
			problem && ['Problem', sentence(problem)],
			['Entries', String(size)],
			['Verifier', h('code', {}, visible(verifier))]]),
	];
}
