// The only file that stores: one IndexedDB database holds one account, its
// keys as CryptoKeys that no script can export, and its mail in plaintext.
//
// A transaction is a function that awaits nothing but the methods of the "t"
// it is given; it happens whole or not at all, also against other tabs.
import { E2emsgError } from './error.js';

const VERSION = 1;
const NO_BROWSER = 'The module is for browsers, where a setting may turn storage off; elsewhere use the REST interface, or the terminal client.';

// area → its key, and indexes with the members that they are made of
export const AREAS = {
	account: { key: 'name' }, // the account, what is on its way to one
	keys: { key: 'name' }, // private keys: see keyring.js
	contacts: { key: 'username', indexes: { userId: 'userId' } },
	messages: { key: 'id', indexes: { conversation: ['peer', 'order'], messageId: 'messageId', sealed: 'sealed' } },
	outbox: { key: 'id', indexes: { order: 'order' } },
	seen: { key: 'id' }, // ids that no envelope may bring again
	meta: { key: 'name' }, // token, key log, progress, backup
};

const failure = (error) =>
	new E2emsgError('storage_failed', `the browser's storage failed: ${error?.name ?? 'unknown'}`, { cause: error });

const settled = (request) => new Promise((resolve, reject) => {
	request.onsuccess = () => resolve(request.result);
	request.onerror = () => reject(request.error);
});

const outdated = (cause) => new E2emsgError('outdated_page', 'a newer version of this page has the database', { cause });

// The database; an error while a tab with an older version of the module holds
// it.  What opens after that is closed again.
function opened(request) {
	const database = settled(request);
	const blocked = new Promise((resolve, reject) => {
		request.onblocked = () => {
			database.then((late) => late.close(), () => {});
			reject(new E2emsgError('storage_failed', 'another tab holds the database in an older version',
				{ hint: 'Close the other tabs of this page, or reload them; then reload this one.' }));
		};
	});
	return Promise.race([database, blocked]);
}

export class IndexedStore {
	static async open(name, factory = globalThis.indexedDB) {
		if (!factory) throw new E2emsgError('storage_failed', 'there is no IndexedDB here', { hint: NO_BROWSER });
		const store = new IndexedStore(name, factory);
		await store.connect();
		return store;
	}

	constructor(name, factory) {
		this.name = name;
		this.factory = factory;
		this.connection = undefined; // a promise of the database
		this.isOutdated = false;
		this.onlost = () => {}; // told when the database was closed by somebody else
	}

	/*
	 * The database, opened again when the browser has closed it, as it does when it
	 * needs the memory or deletes what a site has stored.
	 */
	connect() {
		if (this.isOutdated) throw outdated();
		this.connection ??= this.openNow().catch((error) => {
			this.connection = undefined;
			if (error.name === 'VersionError') throw outdated(error);
			throw error instanceof E2emsgError ? error : failure(error);
		});
		return this.connection;
	}

	async openNow() {
		const request = this.factory.open(this.name, VERSION);
		request.onupgradeneeded = () => build(request.result);
		const database = await opened(request);
		database.onclose = () => this.lose();
		// A newer version of the module wants to build: it waits for all others.
		database.onversionchange = () => {
			this.isOutdated = true;
			database.close();
			this.lose();
		};
		return database;
	}

	lose() {
		this.connection = undefined;
		this.onlost();
	}

	read(areas, work) { return this.transact(areas, 'readonly', work); }

	// On the disk when it resolves.
	write(areas, work) { return this.transact(areas, 'readwrite', work); }

	// A transaction; once more when the database was closed without a word.
	async begin(areas, mode) {
		for (let isSecond = false; ; isSecond = true) {
			const connection = this.connect();
			const database = await connection;
			try {
				return database.transaction(areas, mode, { durability: 'strict' });
			} catch (error) {
				const isClosed = error.name === 'InvalidStateError';
				if (isClosed && this.connection === connection) this.connection = undefined;
				if (!isClosed || isSecond) throw failure(error);
			}
		}
	}

	async transact(areas, mode, work) {
		const transaction = await this.begin(areas, mode);
		const end = new Promise((resolve, reject) => {
			transaction.oncomplete = resolve;
			transaction.onabort = () => reject(failure(transaction.error));
		});
		let result;
		try {
			result = await work(new Transaction(transaction));
		} catch (error) {
			end.catch(() => {});
			abort(transaction);
			throw error instanceof E2emsgError ? error : failure(error);
		}
		await end;
		return result;
	}

	// Forgets everything.
	async clear() {
		const areas = Object.keys(AREAS);
		await this.write(areas, async (t) => { for (const area of areas) await t.clear(area); });
	}
}

function build(database) {
	for (const [area, { key, indexes = {} }] of Object.entries(AREAS)) {
		const store = database.createObjectStore(area, { keyPath: key });
		for (const [index, path] of Object.entries(indexes)) store.createIndex(index, path);
	}
}

function abort(transaction) {
	try {
		transaction.abort();
	} catch {
		// it has ended by itself
	}
}

class Transaction {
	constructor(transaction) { this.transaction = transaction; }

	// The record of a key, or undefined.
	get(area, key) { return settled(this.transaction.objectStore(area).get(key)); }

	all(area) { return settled(this.transaction.objectStore(area).getAll()); }

	put(area, value) { return settled(this.transaction.objectStore(area).put(value)); }

	delete(area, key) { return settled(this.transaction.objectStore(area).delete(key)); }

	clear(area) { return settled(this.transaction.objectStore(area).clear()); }

	// Records by an index, from "lower" through "upper", in order of the index.
	range(area, index, lower, upper) {
		return settled(this.transaction.objectStore(area).index(index).getAll(IDBKeyRange.bound(lower, upper)));
	}

	/*
	 * Walks backwards from "upper" through "lower" until visit() gives false; a
	 * record that visit() has changed is not stored by that.
	 */
	walkBack(area, index, lower, upper, visit) {
		const range = IDBKeyRange.bound(lower, upper);
		const request = this.transaction.objectStore(area).index(index).openCursor(range, 'prev');
		return new Promise((resolve, reject) => {
			request.onerror = () => reject(request.error);
			request.onsuccess = () => {
				const cursor = request.result;
				if (!cursor || visit(cursor.value) === false) resolve();
				else cursor.continue();
			};
		});
	}
}
