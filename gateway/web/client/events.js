// Who listens to what, in this tab and the others.

export const EVENTS = ['message', 'conversation', 'connection', 'account', 'warning', 'keylog'];

// What other tabs are not told: each has a connection of its own.
const LOCAL = ['connection'];

export class Events {
	constructor() {
		this.listeners = new Map(); // event → set of functions
		this.tell = () => {}; // to the other tabs; set once there are tabs
	}

	// Calls listener(value) from now on; the result ends that.
	on(event, listener) {
		if (!this.listeners.has(event)) this.listeners.set(event, new Set());
		this.listeners.get(event).add(listener);
		return () => this.listeners.get(event).delete(listener);
	}

	// A listener that throws is reported and stops no other one.
	deliver(event, value) {
		for (const listener of this.listeners.get(event) ?? []) {
			try {
				listener(value);
			} catch (error) {
				setTimeout(() => { throw error; });
			}
		}
	}

	emit(event, value) {
		this.deliver(event, value);
		if (!LOCAL.includes(event)) this.tell({ event, value });
	}

	warn(code, text, username) {
		this.emit('warning', { code, text, ...(username !== undefined && { username }) });
	}
}
