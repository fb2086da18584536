// openapi.json as a test uses it: operations by route, validators of answers.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import addFormats from 'ajv-formats';
import Ajv from 'ajv/dist/2020.js';
import { TOP } from './server.mjs';

export const document = JSON.parse(readFileSync(join(TOP, 'gateway/web/openapi.json'), 'utf8'));

const METHODS = ['get', 'put', 'post', 'delete', 'patch', 'head', 'options', 'trace'];

// "#/components/schemas/Problem", or undefined when nothing is there.
export const lookUp = (pointer) => pointer.split('/').slice(1)
	.reduce((value, name) => value?.[name.replaceAll('~1', '/').replaceAll('~0', '~')], document);

export const resolve = (value) => (value?.$ref ? lookUp(value.$ref) : value);

// Every object in a value, with its path.
export function* objects(value, path = '#') {
	if (value === null || typeof value !== 'object') return;
	yield { value, path };
	for (const [name, member] of Object.entries(value)) {
		yield* objects(member, `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`);
	}
}

// "GET /users/{}/public-key": names of the segments are nobody's matter.
export const routeName = (method, path) => `${method.toUpperCase()} ${path.replace(/\{[^}]*\}/g, '{}')}`;

export const operations = new Map();
for (const [path, item] of Object.entries(document.paths)) {
	for (const method of METHODS) {
		if (item[method]) operations.set(routeName(method, path), { path, method, ...item[method] });
	}
}

// No answer has a member that no schema names.
function close(schema) {
	if (schema === null || typeof schema !== 'object') return schema;
	if (Array.isArray(schema)) return schema.map(close);
	const closed = Object.fromEntries(Object.entries(schema)
		.map(([name, value]) => [name, ['const', 'enum', 'example', 'examples', 'required'].includes(name) ? value : close(value)]));
	return schema.type === 'object' && schema.properties && !('additionalProperties' in schema)
		? { ...closed, additionalProperties: false } : closed;
}

const ajv = new Ajv({ strict: true, strictRequired: false, allowUnionTypes: true, allErrors: true });
addFormats(ajv, ['date-time', 'uuid']);
const place = (schema) => JSON.parse(JSON.stringify(schema).replaceAll('"#/components/schemas/', '"openapi.json#/$defs/'));
ajv.addSchema({ $id: 'openapi.json', $defs: place(close(document.components.schemas)) });
const validators = new Map();

// "" or what is wrong with a value.
export function problemWith(value, schema) {
	const key = JSON.stringify(schema);
	if (!validators.has(key)) validators.set(key, ajv.compile(place(schema)));
	const validate = validators.get(key);
	return validate(value) ? '' : ajv.errorsText(validate.errors, { separator: '\n' });
}
