// Following the newest message.

/**
 * Keeps an element at its end, unless one has scrolled up to read. keep(change)
 * makes a change inside without losing one's place.
 */
export function stickToEnd(element) {
	let atEnd = true;
	const follow = () => atEnd && element.scrollTo({ top: element.scrollHeight, behavior: 'instant' });

	element.addEventListener('scroll', () => {
		atEnd = element.scrollHeight - element.scrollTop - element.clientHeight < 40;
	}, { passive: true });
	new ResizeObserver(follow).observe(element);
	return {
		keep(change) {
			const fromEnd = element.scrollHeight - element.scrollTop;

			change();
			if (atEnd)
				follow();
			else if (element.scrollTop === 0)
				element.scrollTop = element.scrollHeight - fromEnd;
		},
	};
}
