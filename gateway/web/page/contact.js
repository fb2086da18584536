// A contact as it is known here, without asking the server when one need not.

/** From the conversations; somebody new is looked up. */
export async function contactOf(client, username) {
	const known = (await client.conversations()).find((one) => one.username === username);

	return known ?? client.contact(username);
}

/** What the server shows now; without an answer, what is known. */
export async function freshContactOf(client, username) {
	try {
		return await client.contact(username);
	} catch (error) {
		if (error.code !== 'offline' && error.code !== 'timeout')
			throw error;
		return contactOf(client, username);
	}
}
