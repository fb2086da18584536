// What the tabs of one database share: locks, of which one tab at a time holds
// each, and a channel on which every tab tells the others what happened.
// Outside of browsers that have no Web Locks, the locks count in this process.

const chains = new Map(); // name → the end of the queue, where there are no Web Locks

// The part of the Web Locks API that is used here.
const localLocks = {
	request(name, { signal }, work) {
		const before = chains.get(name) ?? Promise.resolve();
		const given = before.then(() => {
			signal?.throwIfAborted();
			return work();
		});
		chains.set(name, given.catch(() => {}));
		return signal ? Promise.race([given, aborted(signal)]) : given;
	},
};

// Rejects with the signal's reason.
export const aborted = (signal) => new Promise((resolve, reject) => {
	if (signal.aborted) reject(signal.reason);
	signal.addEventListener('abort', () => reject(signal.reason), { once: true });
});

export class Tabs {
	constructor(database, hear) {
		this.prefix = `e2emsg ${database} `;
		this.locks = globalThis.navigator?.locks ?? localLocks;
		this.channel = globalThis.BroadcastChannel ? new BroadcastChannel(this.prefix) : undefined;
		if (this.channel) this.channel.onmessage = ({ data }) => hear(data);
		this.channel?.unref?.();
	}

	// Runs alone among all tabs; waits for its turn.
	alone(name, work) { return this.locks.request(this.prefix + name, {}, work); }

	/*
	 * Waits for the lock, which is given back when work() has ended.  Throws the
	 * signal's reason when that comes before the turn.
	 */
	hold(name, signal, work) { return this.locks.request(this.prefix + name, { signal }, work); }

	tell(message) { this.channel?.postMessage(message); }

	close() { this.channel?.close(); }
}
