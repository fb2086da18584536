// Speaks to a TLS proxy at 127.0.0.1: reads JSON on stdin, prints JSON.
//
//	{port, ca, do: 'raw', requests: [base64], ms}
//		bytes on a connection each, all at once -> [{answer (base64), closed}]
//	{port, ca, do: 'requests', version, requests: [{method, path, token, body}]}
//		120 at a time, over HTTP/2 on four connections -> [{status, body}]
//	{port, ca, do: 'stream', version, stream, then: [request]}
//		sends the requests when the stream's first bytes are here, and reads
//		until an event came for each -> {status, events}
import { readFileSync } from 'node:fs';
import { request as httpsRequest, Agent } from 'node:https';
import { connect as http2Connect } from 'node:http2';
import { connect as tlsConnect } from 'node:tls';

const input = JSON.parse(readFileSync(0, 'utf8'));
const ca = readFileSync(input.ca);
const ORIGIN = `https://localhost:${input.port}`;
const SESSIONS = 4;
const AT_ONCE = 30; // requests of a session
const EVENT_MS = 20_000; // much less than a proxy's time limits

function fields({ token, body }) {
	return {
		...(token !== undefined && { authorization: `Bearer ${token}` }),
		...(body !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
	};
}

// ---- bytes

function raw(text) {
	return new Promise((resolve) => {
		const parts = [];
		const socket = tlsConnect({ port: input.port, host: '127.0.0.1', servername: 'localhost', ca, ALPNProtocols: ['http/1.1'] });
		const end = (closed) => {
			socket.destroy();
			resolve({ answer: Buffer.concat(parts).toString('base64'), closed });
		};
		const timer = setTimeout(() => end(false), input.ms);
		socket.on('secureConnect', () => socket.write(Buffer.from(text, 'base64')));
		socket.on('data', (bytes) => parts.push(bytes));
		socket.on('error', () => {});
		socket.on('close', () => { clearTimeout(timer); end(true); });
	});
}

// ---- HTTP: answer(status), data(text), end()

function opener(version) {
	if (version === '1.1') {
		const agent = new Agent({ keepAlive: true, ca });
		return { close: () => agent.destroy(), open({ method = 'GET', path, ...rest }, on) {
			const request = httpsRequest(ORIGIN + path, { method, agent, headers: fields(rest) }, (response) => {
				on.answer(response.statusCode);
				response.setEncoding('utf8').on('data', on.data).on('end', on.end);
			});
			request.on('error', on.error).end(rest.body);
			return () => request.destroy();
		} };
	}
	const session = http2Connect(ORIGIN, { ca });
	session.on('error', () => {});
	return { close: () => session.close(), open({ method = 'GET', path, ...rest }, on) {
		const request = session.request({ ':method': method, ':path': path, ...fields(rest) });
		request.on('response', (headers) => on.answer(headers[':status']));
		request.setEncoding('utf8').on('data', on.data).on('end', on.end).on('error', on.error);
		request.end(rest.body);
		return () => request.close();
	} };
}

function ask(by, request) {
	return new Promise((resolve) => {
		const result = { status: 0, body: '' };
		by.open(request, {
			answer: (status) => { result.status = status; },
			data: (text) => { result.body += text; },
			end: () => resolve(result),
			error: (error) => resolve({ ...result, error: String(error) }),
		});
	});
}

async function requests() {
	const results = [];
	const left = input.requests.entries();
	async function work(by) {
		for (const [i, request] of left) results[i] = await ask(by, request);
	}
	const by = Array.from({ length: SESSIONS }, () => opener(input.version));
	await Promise.all(by.flatMap((one) => Array.from({ length: AT_ONCE }, () => work(one))));
	for (const one of by) one.close();
	return results;
}

function stream() {
	const by = opener(input.version);
	const sender = opener(input.version);
	return new Promise((resolve) => {
		const result = { status: 0, events: [] };
		let text = '';
		let sent = false;
		const finish = () => {
			clearTimeout(timer);
			cancel();
			by.close();
			sender.close();
			resolve(result);
		};
		const timer = setTimeout(() => finish(), EVENT_MS);
		const cancel = by.open(input.stream, {
			answer: (status) => { result.status = status; },
			async data(more) {
				text += more;
				if (!sent) {
					sent = true;
					result.sent = [];
					for (const request of input.then) result.sent.push((await ask(sender, request)).status);
				}
				result.events = [...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data));
				if (result.sent?.length === input.then.length && result.events.length >= input.then.length) finish();
			},
			end: finish,
			error: finish,
		});
	});
}

const result = input.do === 'raw' ? await Promise.all(input.requests.map(raw))
	: await (input.do === 'stream' ? stream() : requests());
process.stdout.write(JSON.stringify(result), () => process.exit(0));
