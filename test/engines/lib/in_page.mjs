// What runs inside a page for the locators of webkit.mjs; it travels as text,
// so it needs nothing from outside.

/**
 * Finds the elements of the steps and does something with them; see Locator.
 */
export function act(steps, what, argument) {
	const IMPLICIT = { button: 'button, summary, input[type=submit]', heading: 'h1, h2, h3, h4', searchbox: 'input[type=search]', dialog: 'dialog[open]',
		region: 'section[aria-label], section[aria-labelledby]', link: 'a[href]', textbox: 'input:not([type]), textarea', list: 'ul, ol', listitem: 'li' };
	const squeeze = (text) => text.replace(/\s+/g, ' ').trim();
	const isVisible = (element) => element.checkVisibility({ visibilityProperty: true }) && element.getClientRects().length > 0;
	const matches = (text, wanted, exact) => {
		if (wanted === undefined || wanted === null) return true;
		if (typeof wanted === 'object') return new RegExp(wanted.source, wanted.flags).test(squeeze(text));
		return exact ? squeeze(text) === wanted : squeeze(text).toLowerCase().includes(squeeze(wanted).toLowerCase());
	};
	// The words of an element without those that no reader reads.
	const words = (node) => {
		if (node.nodeType === Node.TEXT_NODE) return node.data;
		if (node.nodeType !== Node.ELEMENT_NODE || node.getAttribute('aria-hidden') === 'true' || node.hidden) return '';
		return node.getAttribute('aria-label') ?? [...node.childNodes].map(words).join('');
	};
	const nameOf = (element) => {
		const by = element.getAttribute('aria-labelledby');
		return by ? by.split(' ').map((id) => document.getElementById(id)?.textContent ?? '').join(' ') : words(element);
	};
	// A modal dialog hides what is outside of it.
	const inert = (element) => {
		const modal = document.querySelector('dialog:modal');
		return Boolean(modal) && !modal.contains(element);
	};
	const labelled = (element) => (element.labels ? [...element.labels].map((label) => label.textContent) : [])
		.concat(element.getAttribute('aria-label') ?? []);
	const within = (root, css) => [...root.querySelectorAll(css)];

	const find = {
		css: (root, { css, hasText }) => within(root, css).filter((element) => matches(element.textContent, hasText)),
		role: (root, { role, name, exact }) => within(root, `[role=${role}]${IMPLICIT[role] ? `, ${IMPLICIT[role]}` : ''}`)
			.filter((element) => (element.getAttribute('role') ?? role) === role && isVisible(element) && !inert(element) && matches(nameOf(element), name, exact)),
		label: (root, { label }) => within(root, 'input, textarea, select').filter((element) => labelled(element).some((text) => matches(text, label))),
		placeholder: (root, { placeholder }) => within(root, '[placeholder]').filter((element) => matches(element.placeholder, placeholder)),
		// the innermost ones with the text
		text: (root, { text }) => within(root, '*').filter((element) => matches(element.textContent, text) &&
			![...element.children].some((child) => matches(child.textContent, text))),
	};

	let found = [document];
	for (const step of steps) {
		if (step.nth !== undefined) found = found.slice(step.nth, step.nth + 1);
		else if (step.visible) found = found.filter(isVisible);
		else {
			const kind = Object.keys(find).find((key) => key in step);
			found = [...new Set(found.flatMap((root) => find[kind](root, step)))];
		}
	}
	const [first] = found;
	return {
		count: () => found.length,
		texts: () => found.map((element) => element.textContent),
		isVisible: () => first !== undefined && isVisible(first),
		elements: () => found,
		element: () => first ?? null,
		usable: () => (first && isVisible(first) && !first.disabled ? first : null),
		attribute: () => first.getAttribute(argument),
		value: () => first.value,
	}[what]();
}
