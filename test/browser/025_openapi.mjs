// openapi.json says of each route what the gateway says, in both directions;
// it is sound, its examples are what its schemas say, and so are real answers.
import { spawnSync } from 'node:child_process';
import { webcrypto } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Validator } from '@seriousme/openapi-schema-validator';
import { document, lookUp, objects, operations, problemWith, resolve, routeName } from './lib/openapi.mjs';
import { GATEWAY, startServer, TOP } from './lib/server.mjs';
import { done, ok } from '../client/lib/tap.mjs';

function same(found, wanted, name) {
	const [a, b] = [found, wanted].map((list) => [...list].map(String).sort());
	ok(JSON.stringify(a) === JSON.stringify(b), name,
		`only here: ${a.filter((one) => !b.includes(one))}\nonly there: ${b.filter((one) => !a.includes(one))}`);
}

const print = (flag) => spawnSync(GATEWAY, [flag], { encoding: 'utf8' }).stdout.trimEnd().split('\n')
	.map((line) => line.split('\t'));
const list = (text) => (text === '-' ? [] : text.split(','));

// ---- the gateway's tables

const routes = print('--print-routes')
	.map(([method, pattern, audience, successes, query, settings, limit]) => ({ name: routeName(method, pattern), audience,
		successes: list(successes), query: list(query), settings: list(settings), limit }))
	.filter(({ settings }) => !settings.includes('web')); // pages and their files
same(operations.keys(), routes.map(({ name }) => name), 'every route, and no other');

const errors = new Map(print('--print-errors').map(([, code, status, title]) => [code, { status: Number(status), title }]));
same(Object.keys(document.components.examples), errors.keys(), 'every error code, and no other');
same(document.components.schemas.Problem.properties.code.enum, errors.keys(), '... in the schema, too');
for (const [code, { value, summary }] of Object.entries(document.components.examples)) {
	const error = errors.get(code);
	ok(value.code === code && value.status === error?.status && value.title === error?.title && summary === value.title,
		`${code}: status and title`, JSON.stringify(error));
}

const parameters = (operation, where) => (operation.parameters ?? []).map(resolve).filter((one) => one.in === where)
	.map(({ name }) => name);
const codesOf = (operation) => Object.values(operation.responses).map(resolve)
	.flatMap((response) => Object.keys(response.content?.['application/problem+json']?.examples ?? {}));

const EVERYWHERE = ['bad_request_framing', 'invalid_request', 'headers_too_large', 'internal_error', 'database_unavailable', 'overloaded'];
const WITH_TOKEN = ['missing_token', 'invalid_token', 'expired_token'];
const WITH_BODY = ['bad_json', 'request_timeout', 'length_required', 'body_too_large', 'unsupported_media_type'];
// sent before, and stored then
const MORE_SUCCESSES = { 'POST /messages': ['200'] };

for (const { name, audience, successes, query, limit } of routes) {
	const operation = operations.get(name);
	if (!operation) continue;
	const codes = codesOf(operation);
	const takesBody = /^(POST|PUT) /.test(name);
	same(Object.keys(operation.responses).filter((status) => status < 400), [...successes, ...MORE_SUCCESSES[name] ?? []], `${name}: its statuses`);
	same(parameters(operation, 'query'), query, `${name}: its query`);
	same(parameters(operation, 'path'), [...operation.path.matchAll(/\{(\w+)\}/g)].map(([, segment]) => segment), `${name}: its path`);
	const keys = { token: ['bearer'], registration: ['identityProvider'] };
	same(operation.security.flatMap(Object.keys), keys[audience] ?? [], `${name}: who may call`);
	ok(audience !== 'registration' || operation.security.some((one) => Object.keys(one).length === 0), `${name}: or without a provider anyone`);
	ok(codes.includes('registration_closed') === (audience === 'registration'), `${name}: open or not`);
	ok(codes.includes('rate_limited') === (limit !== '-'), `${name}: limited or not`);
	ok(codes.includes('stream_capacity') === (query.includes('wait') || name.endsWith('/stream')), `${name}: open for long or not`);
	const silent = Object.entries(operation.responses).filter(([status, { headers }]) => (status < 400 || status === '429') &&
		(limit !== '-') !== ['RateLimit', 'RateLimit-Policy'].every((field) => field in (headers ?? resolve(operation.responses[status]).headers ?? {})));
	ok(silent.length === 0, `${name}: and its answers say so`, silent.map(([status]) => status));
	const common = [...EVERYWHERE, ...audience === 'anyone' ? [] : WITH_TOKEN, ...takesBody ? WITH_BODY : []];
	ok(common.every((code) => codes.includes(code)), `${name}: the common errors`, common.filter((code) => !codes.includes(code)));
	ok(takesBody || !operation.requestBody, `${name}: no body`);
}

const used = new Set([...operations.values()].flatMap(codesOf));
const general = ['not_found', 'method_not_allowed', 'not_implemented', 'origin_not_allowed'];
same(new Set([...used, ...general]), errors.keys(), 'every code stands at a call, or is general');
ok(general.every((code) => document.info.description.includes(`\`${code}\``)), '... which the introduction names');

// ---- a sound document

ok(/^3\.1\.\d+$/.test(document.openapi), 'OpenAPI 3.1');
const validity = async (text) => { // "" or what is wrong
	const result = await new Validator().validate(JSON.parse(text));
	return result.valid ? '' : JSON.stringify(result.errors);
};
const wholeText = JSON.stringify(document);
ok(await validity(wholeText) === '', '... by its schema', await validity(wholeText));
ok(await validity(wholeText.replace('"in":"path"', '"in":"body"')) !== '', '... which refuses others');
const control = readFileSync(join(TOP, 'e2emsg.control'), 'utf8');
ok(control.includes(`default_version = '${document.info.version}'`), 'the version of the control file');
const ids = [...operations.values()].map(({ operationId }) => operationId);
ok(new Set(ids).size === ids.length && ids.every((id) => /^\w+$/.test(id)), 'an id for each operation');
same(new Set([...operations.values()].flatMap(({ tags }) => tags)), document.tags.map(({ name }) => name), 'every tag is told');
for (const [name, { summary, description }] of operations) {
	ok(summary && !summary.endsWith('.') && description?.endsWith('.'), `${name}: a summary and a description`);
}
const refs = [...objects(document)].filter(({ value }) => typeof value.$ref === 'string');
const dangling = refs.filter(({ value }) => !value.$ref.startsWith('#/') || lookUp(value.$ref) === undefined);
ok(dangling.length === 0, 'every $ref leads somewhere', dangling.map(({ path }) => path).join('\n'));
const targets = new Set(refs.map(({ value }) => value.$ref));
const idle = ['schemas', 'headers'].flatMap((kind) => Object.keys(document.components[kind]).map((name) => `#/components/${kind}/${name}`))
	.filter((target) => !targets.has(target));
ok(idle.length === 0, 'no schema stands idle', idle.join('\n'));
for (const [name, operation] of operations) {
	for (const [status, response] of Object.entries(operation.responses)) {
		const wrong = Object.values(resolve(response).content?.['application/problem+json']?.examples ?? {}).map(resolve)
			.filter(({ value }) => String(value.status) !== status);
		if (wrong.length > 0) ok(false, `${name} ${status}: another status`, JSON.stringify(wrong));
	}
}

// ---- examples

let examples = 0;
function check(value, schema, name) {
	examples++;
	const problem = problemWith(value, schema);
	if (problem) ok(false, `the example of ${name}`, problem);
}
for (const { value, path } of objects(document)) {
	if (value.schema && 'example' in value) check(value.example, value.schema, path);
	for (const [name, example] of Object.entries(value.schema ? value.examples ?? {} : {})) {
		check(resolve(example).value, value.schema, `${path} ${name}`);
	}
}
ok(examples > 100, 'examples are what their schemas say');
const { Message } = document.components.schemas;
ok(problemWith({}, Message) && problemWith({ ...operations.get('GET /messages').responses['200'].content['application/json']
	.example.messages[0], more: 1 }, { $ref: '#/components/schemas/Message' }), '... and could be otherwise');

// ---- real answers

const server = startServer();
server.sql(readFileSync(join(TOP, 'dev/evil.sql'), 'utf8'));
const gateway = await server.gateway({ demo: 'on', limit_loopback: 'on', restore_per_minute: 10 });
const alice = gateway.client();
const bob = gateway.client();
await alice.does('register', 'alice');
await bob.does('register', 'bob');
for (const text of ['one', 'two']) await alice.does('send', 'bob', text);
await bob.does('read', '--no-ack');
const tokens = { alice: (await alice.does('token')).trim(), bob: (await bob.does('token')).trim() };
const idOf = (name) => server.sql(`SELECT id FROM e2emsg.users WHERE username = '${name}'`);
const [bobId, aliceId] = [idOf('bob'), idOf('alice')];
const seen = new Set(); // "GET /messages 200"
const headersSeen = new Map(); // a header field that is told: in how many answers it was

// Calls, and holds the answer against the document.
async function call(method, path, { as, body, headers = {} } = {}) {
	const target = [...operations].find(([, operation]) => operation.method.toUpperCase() === method &&
		new RegExp(`^${operation.path.replace(/\{tile\}/, '.+').replace(/\{\w+\}/g, '[^/]+')}$`).test(path.split('?')[0]));
	const [name, operation] = target;
	const response = await fetch(gateway.url + path, { method, headers: { ...headers, ...as && { Authorization: `Bearer ${tokens[as] ?? as}` },
		...body !== undefined && { 'Content-Type': 'application/json' } }, body: body === undefined ? undefined : JSON.stringify(body) });
	const what = `${name} ${response.status}`;
	const type = (response.headers.get('content-type') ?? '').split(';')[0];
	const content = resolve(operation.responses[response.status])?.content;
	seen.add(what);
	const told = Object.keys(resolve(operation.responses[response.status])?.headers ?? {});
	const untold = ['etag', 'location', 'retry-after', 'ratelimit', 'ratelimit-policy', 'www-authenticate']
		.filter((field) => response.headers.has(field) && response.status < 400 && !told.some((header) => header.toLowerCase() === field));
	if (untold.length > 0) ok(false, `${what}: header fields that are not told`, untold);
	for (const header of told) headersSeen.set(header, (headersSeen.get(header) ?? 0) + (response.headers.has(header) ? 1 : 0));
	if (!operation.responses[response.status]) ok(false, `${what} is told`, await response.text());
	else if (!content) ok(type === '', `${what}: no body`, type);
	else if (!content[type]) ok(false, `${what}: of the type that is told`, type);
	if (!content?.[type] || !/json$/.test(type)) return response;
	const answer = await response.json();
	const problem = problemWith(answer, content[type].schema);
	const isTold = !answer.code || answer.code in content[type].examples;
	ok(problem === '' && isTold, `${what}: as told${answer.code ? `: ${answer.code}` : ''}`, `${problem}\n${JSON.stringify(answer)}`);
	return answer;
}

const { publicKey, log, ...restOfKey } = await call('GET', '/users/alice/public-key', { as: 'bob' });
ok(publicKey && log && restOfKey.identityKey, 'a signed key with its proof');
const { headers: { etag } } = await fetch(`${gateway.url}/users/alice/public-key`, { headers: { Authorization: `Bearer ${tokens.bob}` } })
	.then((response) => ({ headers: Object.fromEntries(response.headers) }));
await call('GET', '/users/alice/public-key?version=1', { as: 'bob', headers: { 'If-None-Match': etag } });
await call('GET', '/users/nobody/public-key', { as: 'bob' });
await call('GET', '/users/alice/public-key?version=9', { as: 'bob' });
await call('GET', '/users/alice/public-key');
await call('GET', '/users/alice/public-key', { as: 'a.b.c' });
await call('GET', '/users/alice/key-rotations?from=1', { as: 'bob' });

const jwk = async () => {
	const pair = await webcrypto.subtle.generateKey({ name: 'ECDH', namedCurve: 'P-256' }, true, ['deriveBits']);
	const { kty, crv, x, y } = await webcrypto.subtle.exportKey('jwk', pair.publicKey);
	return { kty, crv, x, y };
};
const carol = await call('POST', '/users', { body: { username: 'carol', publicKey: await jwk() } });
tokens.carol = carol.token;
await call('POST', '/users', { body: { username: 'carol', publicKey: await jwk() } });
await call('POST', '/users', { body: { username: 'Carol', publicKey: await jwk() } });
await call('POST', '/users', { body: { username: 'dora' } });
const next = { publicKey: await jwk(), keyVersion: 2 };
await call('PUT', `/users/${carol.id}/public-key`, { as: 'carol', body: next });
await call('PUT', `/users/${carol.id}/public-key`, { as: 'carol', body: { ...next, keyVersion: 4 } });
await call('PUT', `/users/${aliceId}/public-key`, { as: 'carol', body: next });
await call('PUT', `/users/${carol.id}/identity-key`, { as: 'carol', body: { identityKey: await jwk(), signature: 'A'.repeat(86) } });

const { nonce } = await call('POST', '/sessions/challenge', { body: { username: 'alice' } });
await call('POST', '/sessions', { body: { assertion: nonce } });
await call('POST', '/sessions/refresh', { as: 'alice' });

const inbox = await call('GET', '/messages?after=0&limit=10', { as: 'bob' });
ok(inbox.messages?.length === 2, 'two messages');
const { messageId, seq, senderId, sentAt, ...envelope } = inbox.messages[0];
ok(messageId && seq === 1 && senderId === aliceId && sentAt, 'the first of them');
await call('POST', '/messages', { as: 'alice', body: envelope });
await call('POST', '/messages', { as: 'alice', body: { ...envelope, iv: 'AAAAAAAAAAAAAAAA' } });
await call('POST', '/messages', { as: 'alice', body: { ...envelope, authTag: 'AAAAAAAAAAAAAAAAAAAAAA' } });
await call('POST', '/messages', { as: 'alice', body: { ...envelope, iv: 'AAAAAAAAAAAAAAAB', keyVersion: 7 } });
await call('POST', '/messages', { as: 'alice', body: { ...envelope, iv: 'AAAA' } });
await call('POST', '/messages', { as: 'alice', body: { ...envelope, receiverId: messageId } });
await call('GET', '/messages?limit=0', { as: 'bob' });
await call('POST', '/messages/ack', { as: 'bob', body: { through: 1 } });
await call('POST', '/messages/ack', { as: 'bob', body: { through: 100 } });

await call('GET', '/blocks', { as: 'bob' });
await call('PUT', `/blocks/${aliceId}`, { as: 'bob' });
await call('PUT', '/blocks/alice', { as: 'bob' });
await call('GET', '/blocks', { as: 'bob' });
await call('POST', '/messages', { as: 'alice', body: { ...envelope, iv: 'AAAAAAAAAAAAAAAC' } });
await call('DELETE', `/blocks/${aliceId}`, { as: 'bob' });
await call('DELETE', '/blocks/alice', { as: 'bob' });

const backup = { version: 1, locator: 'A'.repeat(43), backup: 'AQAA' };
await call('GET', '/backup', { as: 'alice' });
await call('PUT', '/backup', { as: 'alice', body: backup });
await call('PUT', '/backup', { as: 'alice', body: { ...backup, version: 5 } });
await call('PUT', '/backup', { as: 'carol', body: backup });
await call('GET', '/backup', { as: 'alice' });
const restore = { username: 'alice', locator: backup.locator };
await call('POST', '/backup/restore', { body: restore });
await call('POST', '/backup/restore', { body: { ...restore, username: 'nobody' } });
for (let i = 0; i < 12 && !seen.has('POST /backup/restore 429'); i++) await call('POST', '/backup/restore', { body: restore });

const { checkpoint } = await call('GET', '/key-log');
const size = Number(checkpoint?.split('\n')[1]);
await call('GET', '/key-log/checkpoint');
await call('GET', `/key-log/tile/0/000.p/${size}`);
await call('GET', '/key-log/tile/0/999');
await call('GET', `/key-log/proof/inclusion?leaf=0&size=${size}`);
await call('GET', '/key-log/proof/inclusion?leaf=0&size=10000');
await call('GET', `/key-log/proof/consistency?from=1&to=${size}`);
await call('GET', '/key-log/proof/consistency?from=1');
await call('GET', '/key-log/entries?from=0&limit=1000');
await call('GET', '/key-log/entries?from=10000');
await call('GET', '/demo/rows?of=alice&and=bob');
for (const action of ['flip', 'replay', 'swap', 'unswap', 'drop']) {
	await call('POST', '/demo/evil', { body: { action, mailbox: bobId } });
}
const stream = new AbortController();
await fetch(`${gateway.url}/messages/stream?after=0`, { signal: stream.signal, headers: { Authorization: `Bearer ${tokens.bob}` } })
	.then(async (response) => {
		const { value } = await response.body.getReader().read();
		seen.add(`GET /messages/stream ${response.status}`);
		const type = response.headers.get('content-type').split(';')[0];
		ok(type in operations.get('GET /messages/stream').responses['200'].content, 'GET /messages/stream: of the type that is told', type);
		const { example } = operations.get('GET /messages/stream').responses['200'].content[type];
		ok(new TextDecoder().decode(value).startsWith(example.slice(0, example.indexOf('id: '))), '... as in the example', new TextDecoder().decode(value));
	}).finally(() => stream.abort());

// What can't be had here: a log that is slow, a signature.
const unseen = [...operations].flatMap(([name, { responses }]) => Object.keys(responses).filter((status) => status < 300 && status !== '202')
	.map((status) => `${name} ${status}`)).filter((what) => !seen.has(what));
same([...headersSeen].filter(([, count]) => count === 0).map(([header]) => header), [], 'every header field that is told was seen');
same(unseen, ['POST /sessions 201', 'PUT /users/{}/identity-key 200'], 'every other success was seen');
await server.stop();
done();
