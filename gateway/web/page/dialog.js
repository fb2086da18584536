// Modal dialogs: <dialog> brings the focus in, keeps it, gives it back,
// and closes on Escape.
import { h } from './dom.js';
import { icon } from './icon.js';
import { noticeArea, takeOver } from './notice.js';

let count = 0;

/**
 * Opens a dialog. actions: {label, kind: primary | danger | quiet, run}; run
 * may be asynchronous, and keeps the dialog open by returning false. Answers
 * {element, body, close}; onclose is called however it ends.
 */
export function openDialog({ title, body, actions = [], onclose = null }) {
	const id = `dialog-${++count}`;
	const close = () => element.close();
	const place = h('div', { class: 'dialog-body' }, body);
	const notices = noticeArea();
	const element = h('dialog', { class: 'dialog', 'aria-labelledby': id },
		h('div', { class: 'dialog-head' },
			h('h2', { id }, title),
			h('button', { type: 'button', class: 'icon-button', 'aria-label': 'Close', onclick: close }, icon('close'))),
		place,
		actions.length > 0 && h('div', { class: 'dialog-foot' }, actions.map((action) => actionButton(action, close))), notices);

	/* selecting a text may end outside; that is no click on the backdrop */
	let began = null;

	element.addEventListener('pointerdown', (event) => { began = event.target; });
	element.addEventListener('click', (event) => event.target === element && began === element && close());
	element.addEventListener('close', () => {
		element.remove();
		takeOver(notices);
		onclose?.();
	});
	document.body.append(element);
	element.showModal();
	return { element, body: place, close };
}

function actionButton({ label, kind = 'quiet', run }, close) {
	const button = h('button', { type: 'button', class: `button ${kind}` }, label);

	button.addEventListener('click', () => busy(button, async () => {
		if (await run?.() !== false)
			close();
	}));
	return button;
}

/** Runs something slow once, with its button marked as busy meanwhile. */
export async function busy(button, work) {
	if (button.getAttribute('aria-busy') === 'true')
		return;
	button.setAttribute('aria-busy', 'true');
	try {
		await work();
	} finally {
		button.removeAttribute('aria-busy');
	}
}
