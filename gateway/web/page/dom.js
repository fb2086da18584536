// Elements without markup. Text of others only ever becomes a text node:
// the pages run under require-trusted-types-for 'script'.

const svgNamespace = 'http://www.w3.org/2000/svg';

/* What could run script, or what the policy refuses: never set from here. */
const refused = /^(on|style$|srcdoc$)/i;

/** An element: h('button', {class: 'quiet', onclick: f}, 'Text', child …) */
export function h(tag, properties = {}, ...children) {
	return fill(document.createElement(tag), properties, children);
}

/** The same for SVG. */
export function s(tag, properties = {}, ...children) {
	return fill(document.createElementNS(svgNamespace, tag), properties, children);
}

function fill(element, properties, children) {
	for (const [name, value] of Object.entries(properties))
		set(element, name, value);
	append(element, children);
	return element;
}

/** Sets one property; a function is a listener, false and null mean none. */
export function set(element, name, value) {
	if (typeof value === 'function')
		element.addEventListener(name.slice(2), value);
	else if (refused.test(name))
		throw new TypeError(`no attribute: ${name}`);
	else if (value === false || value === null || value === undefined)
		element.removeAttribute(name);
	else
		element.setAttribute(name, value === true ? '' : String(value));
}

function append(element, children) {
	for (const child of children.flat(Infinity))
		if (child !== null && child !== undefined && child !== false)
			element.append(child);
}

/** Puts the children in the place of what an element holds. */
export function replace(element, ...children) {
	element.replaceChildren();
	append(element, children);
	return element;
}

/**
 * Brings the children of parent in line with items, keeping the elements of
 * known keys: focus, selection and screen readers stay where they are.
 * make(item) gives an element, update(element, item) brings one up to date.
 */
export function reconcile(parent, items, { key, make, update }) {
	const known = new Map([...parent.children].map((child) => [child.dataset.key, child]));
	let place = parent.firstElementChild;

	for (const item of items) {
		const name = String(key(item));
		const element = known.get(name) ?? make(item);

		element.dataset.key = name;
		known.delete(name);
		update(element, item);
		if (element === place)
			place = place.nextElementSibling;
		else
			parent.insertBefore(element, place);
	}
	for (const gone of known.values())
		gone.remove();
}

/** Text for screen readers alone; it says nothing of the direction of what stands beside it. */
export function hidden(text) {
	return h('span', { class: 'for-readers', dir: 'ltr' }, text);
}
