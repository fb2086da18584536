// Following the newest message.

/**
 * Keeps an element at its end, unless one has scrolled up to read. keep(change)
 * makes a change inside without losing one's place; moved(atEnd) is called when
 * one leaves the end or comes back to it.
 */
export function stickToEnd(element, moved = () => {}) {
	let atEnd = true;
	const follow = () => atEnd && element.scrollTo({ top: element.scrollHeight, behavior: 'instant' });
	const look = () => {
		const before = atEnd;

		atEnd = element.scrollHeight - element.scrollTop - element.clientHeight < 40;
		if (atEnd !== before)
			moved(atEnd);
	};

	element.addEventListener('scroll', look, { passive: true });
	new ResizeObserver(follow).observe(element);
	return {
		isAtEnd: () => atEnd,
		to(top) {
			element.scrollTo({ top, behavior: 'instant' });
			look();
		},
		toEnd() { this.to(element.scrollHeight); },
		keep(change) {
			const held = atEnd ? null : firstInSight(element);
			const before = held?.getBoundingClientRect().top;

			change();
			follow();
			if (held?.isConnected)
				element.scrollTop += held.getBoundingClientRect().top - before;
		},
	};
}

/* What is read at the moment: not every browser holds it in its place by itself. */
function firstInSight(element) {
	const { top } = element.getBoundingClientRect();

	return [...element.querySelectorAll('.message, .note')].find((child) => child.getBoundingClientRect().bottom > top);
}
