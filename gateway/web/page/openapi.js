// What the documentation page takes out of openapi.json.

const methods = new Set(['get', 'post', 'put', 'patch', 'delete']);

export class Api {
	constructor(document) {
		this.document = document;
	}

	/** What a "$ref" stands for; words beside it count more. */
	resolve(object) {
		if (!object?.$ref)
			return object;
		const { $ref, ...beside } = object;
		const target = $ref.split('/').slice(1).reduce((place, name) => place[name.replaceAll('~1', '/')], this.document);

		return { name: $ref.split('/').at(-1), ...this.resolve(target), ...beside };
	}

	/** All of them, in the order of the file: {id, method, path, tag, …}. */
	operations() {
		return Object.entries(this.document.paths).flatMap(([path, item]) => Object.keys(item).filter((key) => methods.has(key)).map((method) => ({
			...item[method], id: item[method].operationId, method: method.toUpperCase(), path, tag: item[method].tags[0],
			parameters: [...item.parameters ?? [], ...item[method].parameters ?? []].map((one) => this.resolve(one)),
			needsToken: this.needsToken(item[method].security ?? this.document.security ?? []),
		})));
	}

	/** An empty one of the alternatives: it can do without. */
	needsToken(security) {
		return security.length > 0 && security.every((one) => Object.keys(one).length > 0);
	}

	/** {type, schema, example, shell, then} of a body, or null. */
	content(body) {
		const [entry] = Object.entries(body?.content ?? {});

		if (!entry)
			return null;
		const [type, { schema, example, 'x-shell': shell, 'x-shell-then': then }] = entry;

		return { type, schema, example, shell, then };
	}

	/** Answers that succeed: [{status, description, headers, content}] */
	answers(operation) {
		return this.responses(operation).filter(({ status }) => status < 400)
			.map(({ status, description, headers, content }) => ({ status, description, headers: this.headers(headers), content: this.content({ content }) }));
	}

	/** [{name, description, schema, example}] */
	headers(object = {}) {
		return Object.entries(object).map(([name, header]) => ({ ...this.resolve(header), name }));
	}

	/** Refusals, one for each code: [{status, code, title, hint, headers}] */
	errors(operation) {
		return this.responses(operation).filter(({ status }) => status >= 400).flatMap(({ status, headers, content }) =>
			Object.values(content?.['application/problem+json']?.examples ?? {}).map((example) => {
				const { value } = this.resolve(example);

				return { status, code: value.code, title: value.title, hint: value.hint, headers: Object.keys(headers ?? {}) };
			}));
	}

	/** What one may look for an operation by. */
	words(operation) {
		const { method, path, summary, description, id, parameters } = operation;
		const body = this.content(this.resolve(operation.requestBody));

		return [method, path, summary, description, id, ...parameters.map(({ name }) => name), ...this.members(body?.schema).map(({ name }) => name),
			...this.errors(operation).map(({ code }) => code)];
	}

	responses(operation) {
		return Object.entries(operation.responses).map(([status, response]) => ({ status: Number(status), ...this.resolve(response) }));
	}

	/** A schema in a few words: "string, base64url", "array of Message". */
	typeOf(schema) {
		const { type, items, contentEncoding, format, enum: values, const: constant } = this.resolve(schema) ?? {};

		if (constant !== undefined)
			return JSON.stringify(constant);
		if (values)
			return values.length > 8 ? 'string' : values.map((value) => JSON.stringify(value)).join(' | ');
		if (type === 'array')
			return `array of ${this.resolve(items)?.name ?? this.typeOf(items)}`;
		return [[type].flat().join(' or ') || 'anything', contentEncoding ?? format].filter(Boolean).join(', ');
	}

	/** Its bounds in a few words. */
	boundsOf(schema) {
		const { minimum, maximum, minLength, maxLength, contentEncoding, default: standard } = this.resolve(schema) ?? {};
		const range = (low, high, unit) => (low ?? high) !== undefined && (low === high ? `${low}${unit}`
			: `${low ?? 0} to ${high ?? '…'}${unit}`);

		return [range(minimum, maximum, ''),
			contentEncoding ? range(bytes(minLength), bytes(maxLength), ' bytes') : range(minLength, maxLength, ' characters'),
			standard !== undefined && `default ${JSON.stringify(standard)}`].filter(Boolean).join('; ');
	}

	/** Members of an object, or of what an array holds: [{name, schema, required}] */
	members(schema) {
		const { properties, required = [], items } = this.resolve(schema) ?? {};

		if (items)
			return this.members(items);
		return Object.entries(properties ?? {}).map(([name, member]) => ({ name, schema: member, required: required.includes(name) }));
	}
}

/* base64url without padding: four characters for three bytes. */
const bytes = (characters) => (characters === undefined ? undefined : Math.floor(characters * 3 / 4));
