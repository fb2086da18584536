// Sending from the page: what was not sent is said once, in the right place,
// and somebody without an identity key is written to only after a yes.
import { openDialog } from './dialog.js';
import { h } from './dom.js';
import { attempt, tellError } from './notice.js';
import { nameOf } from './text.js';

/* Why a kept message did not go out stands at itself, or where the connection is. */
export async function tellUnlessShown(client, username, error) {
	const messages = error.id === undefined ? [] : await client.messages(username);
	const kept = messages.find(({ id }) => id === error.id);

	if (!kept || (kept.problem === undefined && !['offline', 'closed'].includes(client.connection)))
		tellError(error);
}

/* To somebody without an identity key only after a yes, which is for that one key. */
export async function send(client, username, text) {
	try {
		await client.send(username, text);
	} catch (error) {
		if (error.code !== 'unsigned_peer') {
			await tellUnlessShown(client, username, error);
			throw error;
		}
		if (!await unsignedDialog(client, username, text))
			throw error;
	}
}

function unsignedDialog(client, username, text) {
	return new Promise((resolve) => {
		let sent = false;

		openDialog({
			title: ['Nothing proves that this is ', nameOf(username)],
			body: h('p', {}, 'The account has no identity key. Your message is encrypted, but the server could have exchanged the key ',
				'to read along, and there is no safety number to compare.'),
			actions: [
				{ label: 'Do not send' },
				{ label: 'Send anyway', kind: 'primary', run: async () => {
					sent = await attempt(async () => {
						await client.acceptKeyChange(username);
						await client.send(username, text);
					});
				} },
			],
			onclose: () => resolve(sent),
		});
	});
}
