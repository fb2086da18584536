// A contact as it is known here, without asking the server when one need not,
// and the names that lead to one.

/** From the conversations; null for somebody new. */
export async function knownContact(client, username) {
	return (await client.conversations()).find((one) => one.username === username) ?? null;
}

/** The same; somebody new is looked up. */
export async function contactOf(client, username) {
	return await knownContact(client, username) ?? client.contact(username);
}

/** What people type for a name: capitals, spaces around and an @ are no other name; a link to somebody is one. */
export function nameFrom(text) {
	const [, inLink] = /^\s*https?:\/\/[^\s#]+#(\S+)\s*$/.exec(text) ?? [];

	return (inLink ?? text).trim().replace(/^@/, '').toLowerCase();
}

/** Any link may lead here: what is no name in an address is none. */
export function nameInAddress() {
	try {
		return decodeURIComponent(location.hash.slice(1));
	} catch {
		return '';
	}
}
