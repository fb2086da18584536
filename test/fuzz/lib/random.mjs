// Numbers that a seed decides, and what is made with them.

// A generator after "mulberry32": 32 bits of state, the same everywhere.
export class Random {
	#state;

	constructor(seed) {
		this.#state = seed >>> 0;
	}

	// 0 to n - 1
	below(n) {
		this.#state = (this.#state + 0x6d2b79f5) >>> 0;
		let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return ((mixed ^ (mixed >>> 14)) >>> 0) % n;
	}

	// once in n
	once(n) {
		return this.below(n) === 0;
	}

	of(list) {
		return list[this.below(list.length)];
	}

	// The usual one, or seldom another one of the list.
	mostly(usual, others) {
		return this.once(6) ? this.of(others) : usual;
	}
}

const pieces = ['"', '\\', '\\u0000', '\\ud800', '\\u00e9', '{', '}', '[', ']', ',', ':', ' ', '\n', '\0', '\ufeff', '0', '-1',
	'1e3', '.5', '99999999999999999999', 'null', 'true', '"a":1,', '=', '.', 'A', '-', '+', '/', '\xff'];

// The bytes with a little change somewhere.
export function bend(random, bytes) {
	const at = random.below(bytes.length + 1);
	const head = bytes.subarray(0, at);
	const tail = bytes.subarray(at);
	switch (random.below(5)) {
		case 0: // another byte
			return Buffer.concat([head, Buffer.from([random.below(256)]), tail.subarray(1)]);
		case 1: // some less
			return Buffer.concat([head, tail.subarray(1 + random.below(3))]);
		case 2: // some twice
			return Buffer.concat([head, tail.subarray(0, 1 + random.below(20)), tail]);
		case 3: // one bit
			return tail.length === 0 ? bytes : Buffer.concat([head, Buffer.from([tail[0] ^ (1 << random.below(8))]), tail.subarray(1)]);
		default:
			return Buffer.concat([head, Buffer.from(random.of(pieces), 'latin1'), tail]);
	}
}
