// A call as a curl command that one can paste into a shell. What depends on
// who is calling are variables and functions of the first steps: "x-shell" of
// a parameter or body in openapi.json; "x-shell-then" of a body is what the
// shell does once the server has taken it.

/** For a shell: nothing inside has a meaning. */
function quoted(text) {
	return `'${text.replaceAll("'", "'\\''")}'`;
}

/* Variables inside count. */
const open = (text) => (text.includes('$') ? `"${text}"` : quoted(text));

/* Of the query what is needed, and what is not said by leaving it out. */
function isSaid({ in: place, required, example, schema }) {
	return place === 'query' && (required || (example !== undefined && example !== schema.default));
}

const valueOf = ({ example, schema, 'x-shell': shell }) => shell ?? encodeURIComponent(example ?? schema?.default ?? 'VALUE');

function urlOf({ path, parameters }, origin) {
	const filled = path.replace(/\{([^}]+)\}/g, (whole, name) => {
		const parameter = parameters.find((one) => one.in === 'path' && one.name === name);

		return parameter ? valueOf(parameter).replaceAll('%2F', '/') : whole;
	});
	const query = parameters.filter(isSaid).map((one) => `${one.name}=${valueOf(one)}`).join('&');

	return origin + filled + (query && `?${query}`);
}

/* The whole body, or single members of it, may be the shell's matter. */
function dataOf({ example, shell = {} }) {
	if (typeof shell === 'string')
		return `"${shell}"`;
	return Object.entries(shell).reduce((text, [name, value]) => text.replace(`${JSON.stringify(name)}:${JSON.stringify(example[name])}`,
		`${JSON.stringify(name)}:"'"${value}"'"`), quoted(JSON.stringify(example)));
}

/**
 * operation as Api gives it; body: {example, shell, then} of the request, or null.
 */
export function curlOf(operation, body, origin) {
	const { method, path, needsToken } = operation;
	const options = [path.endsWith('/stream') && ' -N', body?.then && ' --fail-with-body', method !== 'GET' && ` -X ${method}`].filter(Boolean).join('');
	const parts = [`curl${options} ${open(urlOf(operation, origin))}`];

	if (needsToken)
		parts.push('-H "Authorization: Bearer $TOKEN"');
	if (body)
		parts.push("-H 'Content-Type: application/json'", `-d ${dataOf(body)}`);
	else if (method === 'POST' || method === 'PUT')
		parts.push("-d ''");
	return parts.join(' \\\n  ') + (body?.then ? ` &&\n  ${body.then}` : '');
}
