// Blocked users: the server is told whose mail it is to refuse, and told again
// what it did not hear.  Until then their mail is thrown away here.

// Does the server know otherwise?  null: an answer may have been lost.
const isDue = ({ state, refusedThere = false }) => (state === 'blocked') !== refusedThere;

export class Blocks {
	constructor(core) {
		this.core = core;
	}

	// Tells what is due, one after the other; what fails is due at the next call.
	run() {
		return this.core.tabs.alone('blocks', async () => {
			for (const contact of await this.core.peers.all()) if (isDue(contact)) await this.tell(contact);
		});
	}

	async tell({ username, userId, state }) {
		const refusedThere = state === 'blocked';
		await this.note(username, null);
		try {
			await this.core.session.call(refusedThere ? 'PUT' : 'DELETE', `/blocks/${userId}`, { repeat: true });
		} catch (error) {
			if (error.code !== 'too_many_blocks') throw error;
			this.core.events.warn('block_not_told', error.hint, username);
			return;
		}
		await this.note(username, refusedThere);
	}

	note(username, refusedThere) { return this.core.peers.update(username, (contact) => ({ ...contact, refusedThere })); }
}
