// Alice and Bob: two accounts that live as long as the page.
import { createClient } from '../e2emsg.js';

const prefix = 'demo-';
const tries = 5;

/** Four hexadecimal digits, so that every visit has names of its own. */
function suffix() {
	return crypto.getRandomValues(new Uint16Array(1))[0].toString(16).padStart(4, '0');
}

/**
 * Accounts of earlier visits are deleted, but not those of another tab: each
 * tab holds a lock of its database's name.
 */
export async function forgetOlder() {
	const databases = await indexedDB.databases?.() ?? [];

	for (const { name } of databases.filter((one) => one.name.startsWith(prefix))) {
		await navigator.locks.request(`${name} in use`, { ifAvailable: true },
			(lock) => lock && indexedDB.deleteDatabase(name));
	}
}

function holdLock(name) {
	navigator.locks.request(`${name} in use`, () => new Promise(() => {}));
}

/** A new account of a name that begins so: {client, username}. */
export async function freshAccount(name) {
	for (let left = tries; ; left--) {
		const username = `${name}-${suffix()}`;
		const database = prefix + username;

		holdLock(database);
		const client = await createClient({ database });

		try {
			await client.register(username);
			await client.recoveryCodeKept(); // nobody comes back to these
			await client.connect();
			return { client, username };
		} catch (error) {
			if (error.code !== 'username_taken' || left === 0)
				throw error;
		}
	}
}
