// What the public methods take, as e2emsg.d.ts says it: another type is a
// mistake of the page's program, and throws a TypeError before anything is done.
import { EVENTS } from './events.js';

const kind = (name, is) => ({ name, is });
const typed = (type, name) => kind(name, (value) => typeof value === type);

const text = typed('string', 'a string');
const number = typed('number', 'a number');
const truth = typed('boolean', 'a boolean');
const work = typed('function', 'a function');
const event = kind(`one of ${EVENTS.join(', ')}`, (value) => EVENTS.includes(value));
const object = kind('an object', (value) => typeof value === 'object' && value !== null);
const optional = (wanted) => ({ ...wanted, isOptional: true });
const options = (members) => optional({ ...object, members });

// method → its arguments in their order, with their names
const WANTED = {
	register: { username: text, options: options({ idToken: text }) },
	restore: { username: text, recoveryCode: text },
	logout: { options: options({ forget: truth, unsavedOk: truth }) },
	recoveryCode: { current: text },
	send: { username: text, text, options: options({ unsignedOk: truth }) },
	resend: { id: optional(text) },
	discard: { id: text },
	messages: { username: text, options: options({ before: text, limit: number }) },
	markRead: { username: text },
	contact: { username: text },
	accept: { username: text },
	block: { username: text },
	unblock: { username: text },
	safetyNumber: { username: text },
	verify: { username: text, digits: optional(text) },
	distrust: { username: text, digits: optional(text) },
	acceptKeyChange: { username: text, digits: optional(text) },
	on: { event, listener: work },
	createClient: { options: options({ server: text, database: text, readReceipts: truth, fetch: work, store: object, now: work, later: work }) },
};

function checkOne(method, name, { name: what, is, isOptional, members = {} }, value) {
	if (value === undefined && isOptional) return;
	if (!is(value)) throw new TypeError(`${method}(): ${name} must be ${what}`);
	for (const [member, wanted] of Object.entries(members)) checkOne(method, `${name}.${member}`, optional(wanted), value[member]);
}

// Throws a TypeError unless the arguments of a method are of their types.
export function checkArguments(method, given) {
	Object.entries(WANTED[method]).forEach(([name, wanted], place) => checkOne(method, name, wanted, given[place]));
}

/*
 * Makes the methods of a class look at their arguments.  Those that give a
 * promise reject; on() throws.
 */
export function checked(Class) {
	for (const method of Object.keys(WANTED).filter((name) => Object.hasOwn(Class.prototype, name))) {
		const real = Class.prototype[method];
		const call = (self, given) => {
			checkArguments(method, given);
			return real.apply(self, given);
		};
		const wrapped = method === 'on' ? function(...given) { return call(this, given); }
			: async function(...given) { return call(this, given); };
		for (const property of ['name', 'length']) Object.defineProperty(wrapped, property, { value: real[property] });
		Object.defineProperty(Class.prototype, method, { value: wrapped, writable: true, configurable: true });
	}
}
