// What the server sends is believed in nothing, its shape included.
import * as field from '../crypto/field.js';
import { Malformed, Unsupported, need } from '../crypto/errors.js';
import { E2emsgError } from './error.js';

// Runs a reader of crypto/; what is malformed is a bad answer.
export function expect(what, read) {
	try {
		return read();
	} catch (error) {
		throw explain(error, `the server sent something that is not ${what}`);
	}
}

// The same for readers that take their time.
export async function expectAsync(what, read) {
	try {
		return await read();
	} catch (error) {
		throw explain(error, `the server sent something that is not ${what}`);
	}
}

function explain(error, message) {
	if (error instanceof Unsupported) return new E2emsgError('unsupported_browser', error.message, { cause: error });
	if (error instanceof Malformed) return new E2emsgError('bad_answer', `${message}: ${error.message}`, { cause: error });
	return error;
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;

// A member that is a time of RFC 3339.
export function time(object, name) {
	const value = field.text(object, name, 1, 40);
	need(TIME.test(value) && !Number.isNaN(Date.parse(value)), 'a member is not a time');
	return value;
}
