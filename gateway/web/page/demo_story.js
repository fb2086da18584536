// The buttons of the demo, and what comes of each: step by step, with the
// pane lit that the step is about.
import { scenes, undoSwap } from './demo_scenes.js';
import { h, replace, set } from './dom.js';
import { icon } from './icon.js';
import { wordsOf } from './notice.js';

const names = { alice: 'Alice', server: 'The server', bob: 'Bob' };

/* Time to look there; who wants no movement gets the whole story at once. */
const stepTakes = 1400;
const still = matchMedia('(prefers-reduced-motion: reduce)');

/** stage: {alice, bob, server, swapped, light(who), point(messageId)}. */
export function story(stage) {
	/* what is added is read aloud, not all of it again */
	const told = h('div', { class: 'outcome', role: 'status', 'aria-atomic': 'false' },
		h('p', { class: 'small' }, 'Each button plays it for real. What happens, and why, stands here.'));
	const buttons = scenes.map((scene) => sceneButton(scene, play));
	let playing = false;

	async function play(scene) {
		if (playing)
			return;
		playing = true;
		buttons.forEach(({ element }) => set(element, 'aria-disabled', true));
		set(told, 'data-scene', scene.id);
		set(told, 'data-done', null);
		await tell(stage, scene, told);
		stage.light(null);
		buttons.forEach(({ element }) => set(element, 'aria-disabled', null));
		buttons.forEach((one) => one.show(one.scene.id === 'swap' && stage.swapped ? undoSwap : one.scene));
		playing = false;
	}

	return h('section', { class: 'attacks', 'aria-labelledby': 'attacks-title' },
		h('h2', { id: 'attacks-title' }, 'Now try to break it'),
		h('div', { class: 'attack-buttons' }, buttons.map(({ element }) => element)), told);
}

/* The same element all along, so that the focus stays. */
function sceneButton(scene, play) {
	const element = h('button', { type: 'button', class: 'attack', onclick: () => play(button.shown) });
	const button = { element, scene, show(shown) {
		button.shown = shown;
		set(element, 'data-scene', shown.id);
		replace(element, icon(shown.icon), h('span', {}, h('strong', {}, shown.label), h('span', { class: 'hint' }, shown.hint)));
	} };

	button.show(scene);
	return button;
}

/* Plays it; a key that is still swapped goes back first, for all others need the true one. */
async function tell(stage, scene, told) {
	const steps = h('ol', { class: 'steps' });
	const toEnd = () => told.scrollIntoView({ block: 'nearest' });

	async function step(who, ...text) {
		steps.append(h('li', { 'data-who': who }, h('strong', {}, names[who]), ' ', text));
		stage.light(who);
		toEnd();
		if (!still.matches)
			await new Promise((resolve) => { setTimeout(resolve, stepTakes); });
	}

	stage.point();
	replace(told, h('h3', {}, scene.label), steps);
	try {
		if (stage.swapped && scene !== undoSwap)
			await undoSwap.run(stage, step);
		const { came, why, messageId } = await scene.run(stage, step);

		told.append(h('p', { class: 'came' }, icon('verified'), h('span', {}, h('strong', {}, came), ' ', why)));
		await stage.server.refresh();
		stage.point(messageId);
		set(told, 'data-done', 'good');
	} catch (error) {
		told.append(h('p', { class: 'came bad' }, icon('warning'), h('span', {}, wordsOf(error).what, ' ', wordsOf(error).hint)));
		set(told, 'data-done', 'bad');
	}
	toEnd();
}
