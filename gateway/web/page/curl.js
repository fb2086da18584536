// A call as a curl command that one can paste into a shell.

/** For a shell: nothing inside has a meaning. */
function quoted(text) {
	return `'${text.replaceAll("'", "'\\''")}'`;
}

/* Of the query what is needed, and what is not said by leaving it out. */
function isSaid({ in: place, required, example, schema }) {
	return place === 'query' && (required || (example !== undefined && example !== schema.default));
}

/**
 * operation as Api gives it; body: the example of the request, or undefined.
 */
export function curlOf(operation, body, origin) {
	const { method, path, parameters, needsToken } = operation;
	const exampleOf = ({ example, schema }) => String(example ?? schema?.default ?? 'VALUE');
	const filled = path.replace(/\{([^}]+)\}/g, (whole, name) => {
		const parameter = parameters.find((one) => one.in === 'path' && one.name === name);

		return parameter ? exampleOf(parameter) : whole;
	});
	const query = parameters.filter(isSaid).map((one) => `${one.name}=${encodeURIComponent(exampleOf(one))}`).join('&');
	const options = [path.endsWith('/stream') && ' -N', method !== 'GET' && ` -X ${method}`].filter(Boolean).join('');
	const parts = [`curl${options} ${quoted(origin + filled + (query && `?${query}`))}`];

	if (needsToken)
		parts.push('-H "Authorization: Bearer $TOKEN"');
	if (body !== undefined)
		parts.push("-H 'Content-Type: application/json'", `-d ${quoted(JSON.stringify(body))}`);
	else if (method === 'POST' || method === 'PUT')
		parts.push("-d ''");
	return parts.join(' \\\n  ');
}
