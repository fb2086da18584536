// One operation of the API: what it does, takes and answers, and curl for it.
import { curlOf } from './curl.js';
import { h } from './dom.js';
import { icon } from './icon.js';
import { tell } from './notice.js';

const deepest = 3;

/** Text with `code` in it. */
export function prose(text) {
	return text.split('`').map((part, index) => (index % 2 === 1 ? h('code', {}, part) : part));
}

export function operationCard(api, operation) {
	const { id, method, path, summary, description, needsToken } = operation;
	const body = api.content(api.resolve(operation.requestBody));

	return h('article', { class: 'operation', id, 'aria-labelledby': `${id}-title` },
		h('header', {},
			heading(id, summary),
			h('p', { class: 'route' }, methodBadge(method), h('code', {}, path)),
			h('p', { class: 'who-may' }, icon(needsToken ? 'key' : 'person'), needsToken ? 'With a token' : 'Anyone')),
		h('div', { class: 'operation-text' },
			description && h('p', {}, prose(description)),
			parameterTable(api, operation.parameters),
			body && [h('h4', {}, 'Body'), memberTable(api, body.schema)],
			answerParts(api, api.answers(operation)),
			errorList(api.errors(operation))),
		h('div', { class: 'operation-side' },
			curlBlock(operation, body),
			typeof body?.shell === 'string' && block('Body', JSON.stringify(body.example, null, 2), `${id}-body`),
			exampleAnswer(api.answers(operation), id)));
}

function curlBlock(operation, body) {
	const curl = curlOf(operation, body, location.origin);

	return [
		copyable('curl', curl, operation.id, `curl: ${operation.summary}`),
		/\$[A-Z(]/.test(curl) && h('p', { class: 'small' }, 'In the shell of the ', h('a', { href: '#first-steps' }, 'first steps'), '.'),
	];
}

/** With a link to itself. */
export function heading(id, text) {
	return h('h3', { id: `${id}-title` }, text,
		h('a', { class: 'anchor', href: `#${id}`, 'aria-label': `Link to ${text}` }, icon('link')));
}

export function methodBadge(method) {
	return h('span', { class: `method ${method.toLowerCase()}` }, method);
}

function parameterTable(api, parameters) {
	if (parameters.length === 0)
		return null;
	return [h('h4', {}, 'Parameters'), h('dl', { class: 'members' }, parameters.map((parameter) => memberRow(api, {
		name: parameter.name, required: parameter.required, place: parameter.in,
		schema: { ...parameter.schema, description: parameter.description } }, deepest)))];
}

/* Members of an object; those of objects inside it fold out. */
function memberTable(api, schema, depth = 0) {
	const members = api.members(schema);

	if (members.length === 0)
		return h('p', { class: 'small' }, api.typeOf(schema));
	return h('dl', { class: 'members' }, members.map((member) => memberRow(api, member, depth)));
}

function memberRow(api, { name, schema, required, place }, depth) {
	const resolved = api.resolve(schema) ?? {};
	const inner = depth < deepest && api.members(schema).length > 0;
	const words = [place === 'path' && 'in the path', api.typeOf(schema), api.boundsOf(schema), !required && 'optional'].filter(Boolean);

	return h('div', {},
		h('dt', {}, h('code', {}, name), ' ', h('span', { class: 'type' }, words.join(' · '))),
		h('dd', {}, resolved.description && prose(resolved.description),
			inner && h('details', {}, h('summary', {}, `Members of ${name}`), memberTable(api, schema, depth + 1))));
}

/* The members stand under the last of those that share them. */
function answerParts(api, answers) {
	return answers.map(({ status, description, headers, content }, index) => {
		const next = answers[index + 1]?.content?.schema.$ref;

		return [
			h('h4', {}, h('span', { class: 'status' }, String(status)), ' ', prose(description)),
			content?.type === 'application/json'
				? next !== undefined && next === content.schema.$ref ? null : memberTable(api, content.schema)
				: content && h('p', { class: 'small' }, content.type),
			headers.length > 0 && h('details', { class: 'errors' }, h('summary', {}, `Header fields (${headers.length})`),
				h('dl', { class: 'members' }, headers.map((header) => headerRow(header)))),
		];
	});
}

function headerRow({ name, description, example }) {
	return h('div', {}, h('dt', {}, h('code', {}, name)),
		h('dd', {}, description && prose(description), example && [': ', h('code', {}, example)]));
}

function errorList(errors) {
	if (errors.length === 0)
		return null;
	return h('details', { class: 'errors' }, h('summary', {}, `Refusals (${errors.length})`),
		h('dl', { class: 'members' }, errors.map(({ status, code, title, hint, headers }) => h('div', {},
			h('dt', {}, h('code', {}, code), ' ', h('span', { class: 'type' }, [status, ...headers].join(' · '))),
			h('dd', {}, title, hint && `. ${hint}`)))));
}

/* What is usual: of a call that makes something, that it was made. */
function exampleAnswer(answers, id) {
	const shown = answers.filter(({ content }) => content?.example !== undefined);
	const answer = shown.find(({ status }) => status === 201) ?? shown[0];

	if (!answer)
		return null;
	const { example } = answer.content;

	return block(`Answer ${answer.status}`, typeof example === 'string' ? example : JSON.stringify(example, null, 2), `${id}-answer`);
}

function block(title, text, id, button = null) {
	return h('figure', { class: 'block', 'aria-labelledby': `${id}-block` },
		h('figcaption', { id: `${id}-block` }, title, button),
		h('pre', { tabindex: '0' }, h('code', {}, text)));
}

/** A block with a button that copies it; whole: what it is, for screen readers. */
export function copyable(title, text, id, whole) {
	return block(title, text, id, h('button', { type: 'button', class: 'copy', 'aria-label': `Copy ${whole}`, onclick: async () => {
		try {
			await navigator.clipboard.writeText(text);
			tell('Copied.');
		} catch {
			tell('The browser did not allow copying: please select the text.');
		}
	} }, icon('copy'), 'Copy'));
}
