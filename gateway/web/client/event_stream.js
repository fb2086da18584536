// Server-sent events out of bytes, as the HTML standard reads them; comments
// and "retry" are passed over.
import { refuse } from './error.js';

const LINE_MAX = 1 << 20; // characters, also of an event's lines together: a message of 64 KiB is far below

export class EventParser {
	constructor() {
		this.decoder = new TextDecoder();
		this.rest = '';
		this.begin();
	}

	begin() {
		this.fields = { event: 'message', id: undefined, data: undefined };
	}

	// Takes bytes; the events that they complete.
	push(bytes) {
		this.rest += this.decoder.decode(bytes, { stream: true });
		const lines = this.rest.split('\n');
		this.rest = lines.pop();
		if (this.rest.length > LINE_MAX) refuse('bad_answer', 'a line of the stream has no end');
		return lines.map((line) => this.take(line.endsWith('\r') ? line.slice(0, -1) : line)).filter(Boolean);
	}

	// One line; an event when it is the empty line that ends one with data.
	take(line) {
		if (line === '') {
			const done = this.fields;
			this.begin();
			return done.data === undefined ? undefined : done;
		}
		const colon = line.indexOf(':');
		const name = colon < 0 ? line : line.slice(0, colon);
		const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
		if (name === 'data') this.fields.data = this.fields.data === undefined ? value : `${this.fields.data}\n${value}`;
		if (this.fields.data?.length > LINE_MAX) refuse('bad_answer', 'an event of the stream has no end');
		else if (name === 'event' || name === 'id') this.fields[name] = value;
		return undefined;
	}
}
