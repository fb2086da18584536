// The store of gateway/web/client/store.js in memory, with the same interface
// and the same promises: a transaction sees no other one, and happens whole or
// not at all.  Two clients with one MemoryStore are two tabs.
import { AREAS } from '../../../gateway/web/client/store.js';

const isKey = (value) => value instanceof CryptoKey || value?.constructor?.name === 'CryptoKey';

// A copy, as IndexedDB makes it; CryptoKeys are values.
function copy(value) {
	if (typeof value !== 'object' || value === null || isKey(value)) return value;
	if (value instanceof Uint8Array) return value.slice();
	if (Array.isArray(value)) return value.map(copy);
	if (![Object.prototype, null].includes(Object.getPrototypeOf(value))) throw new TypeError(`no place for ${value}`);
	return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, copy(member)]));
}

const at = (record, path) => (Array.isArray(path) ? path.map((name) => record[name]) : record[path]);

function compare(a, b) {
	if (!Array.isArray(a)) return a < b ? -1 : Number(a > b);
	for (let i = 0; i < a.length; i++) {
		const order = compare(a[i], b[i]);
		if (order !== 0) return order;
	}
	return 0;
}

export class MemoryStore {
	constructor() {
		this.areas = new Map(Object.keys(AREAS).map((area) => [area, new Map()]));
		this.last = Promise.resolve();
		this.failing = undefined; // (areas) → true: this transaction fails
	}

	read(areas, work) { return this.transact(areas, work, false); }

	write(areas, work) { return this.transact(areas, work, true); }

	transact(areas, work, mayWrite) {
		const run = this.last.then(() => this.run(areas, work, mayWrite));
		this.last = run.catch(() => {});
		return run;
	}

	async run(areas, work, mayWrite) {
		const before = new Map(areas.map((area) => [area, new Map(this.areas.get(area))]));
		try {
			const result = await work(new Transaction(this, areas, mayWrite));
			if (mayWrite && this.failing?.(areas)) throw new Error('the disk is full');
			return result;
		} catch (error) {
			for (const [area, records] of before) this.areas.set(area, records);
			throw error;
		}
	}

	async clear() {
		await this.write(Object.keys(AREAS), async (t) => { for (const area of Object.keys(AREAS)) t.clear(area); });
	}
}

class Transaction {
	constructor(store, areas, mayWrite) {
		Object.assign(this, { store, areas, mayWrite });
	}

	records(area, writing) {
		if (!this.areas.includes(area)) throw new Error(`the transaction is not over ${area}`);
		if (writing && !this.mayWrite) throw new Error('the transaction only reads');
		return this.store.areas.get(area);
	}

	async get(area, key) {
		if (key === undefined) throw new Error('no key');
		return copy(this.records(area).get(key));
	}

	async all(area) {
		return [...this.records(area).values()].map(copy).sort((a, b) => compare(a[AREAS[area].key], b[AREAS[area].key]));
	}

	async put(area, value) {
		const key = value[AREAS[area].key];
		if (key === undefined) throw new Error('no key');
		this.records(area, true).set(key, copy(value));
	}

	async delete(area, key) { this.records(area, true).delete(key); }

	async clear(area) { this.records(area, true).clear(); }

	async range(area, index, lower, upper) {
		const path = AREAS[area].indexes[index];
		return [...this.records(area).values()]
			.filter((record) => [at(record, path)].flat().every((value) => value !== undefined))
			.filter((record) => compare(at(record, path), lower) >= 0 && compare(at(record, path), upper) <= 0)
			.sort((a, b) => compare(at(a, path), at(b, path))).map(copy);
	}

	async walkBack(area, index, lower, upper, visit) {
		for (const record of (await this.range(area, index, lower, upper)).reverse())
			if (visit(record) === false) return;
	}
}
