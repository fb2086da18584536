// The demonstration is there only where the gateway's owner turned it on.

/** Shows the elements that lead to it, if they lead anywhere. */
export async function offerDemo(links) {
	const answer = await fetch('/demo').catch(() => null);

	if (answer?.ok)
		links.forEach((link) => { link.hidden = false; });
}
