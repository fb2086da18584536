// The only file that fetches: one method for each kind of call, the shapes of
// docs/api.md and nothing of what they mean.
import { E2emsgError, HINTS, SERVER_WORDS, isOwnCode, refuse } from './error.js';
import { EventParser } from './event_stream.js';

const ANSWER_MS = 30_000; // until the whole answer is here
const SILENCE_MS = 35_000; // of a stream, which has a comment every 15 s
export const RETRY_MAX_S = 600; // whatever a server asks for
const BODY_MAX = 32 << 20; // bytes; more than any route answers

// Retry-After in seconds, some minutes at most, or undefined.
function retryAfter(response) {
	const text = response.headers.get('retry-after');
	return text !== null && /^\d+$/.test(text) ? Math.min(Number(text), RETRY_MAX_S) : undefined;
}

// A page can't tell a refusal of CORS from a network that is away.
function foreignHint(base) {
	const { location } = globalThis;
	return location && new URL(base).origin !== location.origin
		? ` Or the gateway's setting allowed_origins does not name ${location.origin}.` : '';
}

// The body as a text; no more of it is taken than the limit.
async function textOf({ body, status }) {
	if (!body) return '';
	const reader = body.getReader();
	const decoder = new TextDecoder();
	let text = '';
	for (let size = 0; ;) {
		const { done, value } = await reader.read();
		if (done) return text + decoder.decode();
		size += value.length;
		if (size > BODY_MAX) {
			reader.cancel().catch(() => {});
			refuse('bad_answer', 'the answer is too long', { status });
		}
		text += decoder.decode(value, { stream: true });
	}
}

const CODE = /^[a-z][a-z0-9_]{0,63}$/;
const WORDS_MAX = 300; // characters that a server may put before a user

// Takes apart a problem+json of the server, or what a proxy said in its place.
// A server does not speak for the module: the module's own codes are none of its.
function problemOf(response, body) {
	const problem = typeof body === 'object' && body !== null ? body : {};
	const text = (name) => (typeof problem[name] === 'string' ? problem[name].slice(0, WORDS_MAX) : undefined);
	const code = CODE.test(text('code') ?? '') ? problem.code : 'bad_answer';
	const words = Object.hasOwn(SERVER_WORDS, code) ? SERVER_WORDS[code] : undefined;
	const title = words?.title ?? text('title') ?? `the server answered ${response.status}`;
	const seconds = retryAfter(response);
	const again = response.status === 429 && seconds !== undefined ? `Try again in ${seconds} second${seconds === 1 ? '' : 's'}.` : undefined;
	return new E2emsgError(isOwnCode(code) ? 'bad_answer' : code, text('detail') ? `${title}: ${text('detail')}` : title, {
		hint: again ?? words?.hint ?? text('hint'), status: response.status, retryAfter: seconds, current: problem.current });
}

export class Api {
	// base: the gateway's URL without a slash at its end; later, now: as in ClientOptions.
	constructor(base, fetch, later, now = Date.now) {
		this.base = base;
		this.fetch = fetch;
		this.later = later;
		this.now = now;
		this.hint = HINTS.offline + foreignHint(base);
	}

	/*
	 * One request.  asked: {body (an object), token, signal, waitMs (more time
	 * than usual)}.  {status, body}; a status of 400 and more throws.
	 */
	async call(method, path, asked = {}) {
		const watch = new Watch(this, ANSWER_MS + (asked.waitMs ?? 0), asked.signal);
		try {
			const response = await this.open(method, path, asked, watch);
			return this.read(response, await textOf(response));
		} catch (error) {
			throw watch.explain(error, this.hint);
		} finally {
			watch.end();
		}
	}

	/*
	 * GET of server-sent events: {status, events, check}, events being an async
	 * iterator of arrays of {event, id, data (a text)}, which ends with the answer;
	 * check() ends what was silent for too long while timers stood still.
	 */
	async stream(path, { token, signal }) {
		const watch = new Watch(this, SILENCE_MS, signal);
		const headers = { Accept: 'text/event-stream' };
		try {
			const response = await this.open('GET', path, { token, headers }, watch);
			const type = response.headers.get('content-type') ?? '';
			if (response.status === 200 && type.startsWith('text/event-stream'))
				return { status: 200, events: readEvents(response.body, watch, this.hint), check: () => watch.check() };
			this.read(response, await textOf(response));
			return refuse('bad_answer', 'the server gave no stream of events', { status: response.status });
		} catch (error) {
			watch.end();
			throw watch.explain(error, this.hint);
		}
	}

	open(method, path, { body, token, headers = {} }, watch) {
		const { fetch } = this;
		return fetch(this.base + path, {
			method,
			headers: {
				...headers,
				...(body !== undefined && { 'Content-Type': 'application/json' }),
				...(token !== undefined && { Authorization: `Bearer ${token}` }),
			},
			body: body === undefined ? undefined : JSON.stringify(body),
			signal: watch.signal,
			// Tokens are in the header: no cookies, no copies, no detours.
			credentials: 'omit', cache: 'no-store', redirect: 'error', referrerPolicy: 'no-referrer',
		});
	}

	read(response, text) {
		let body = null;
		try {
			body = text === '' ? null : JSON.parse(text);
		} catch {
			if (response.ok) refuse('bad_answer', 'the answer is not JSON', { status: response.status });
		}
		if (response.status >= 400) throw problemOf(response, body);
		return { status: response.status, body };
	}
}

// Ends a request that is given up: by the caller, or for silence.
class Watch {
	constructor({ later, now }, ms, outer) {
		this.later = later;
		this.now = now;
		this.ms = ms;
		this.outer = outer;
		this.controller = new AbortController();
		this.signal = this.controller.signal;
		this.late = false;
		this.stop = () => this.controller.abort();
		if (outer?.aborted) this.stop();
		outer?.addEventListener('abort', this.stop);
		this.touch();
	}

	// Something came: the time begins again.
	touch() {
		this.cancel?.();
		this.since = this.now();
		this.cancel = this.later(this.ms, () => this.giveUp());
	}

	// Timers stand still while a machine sleeps, clocks do not.
	check() {
		if (this.now() - this.since > this.ms) this.giveUp();
	}

	giveUp() {
		this.late = true;
		this.stop();
	}

	end() {
		this.cancel?.();
		this.outer?.removeEventListener('abort', this.stop);
	}

	explain(error, hint) {
		if (error instanceof E2emsgError) return error;
		if (this.outer?.aborted) return new E2emsgError('closed', 'the call was given up', { cause: error });
		if (this.late) return new E2emsgError('timeout', 'the server did not answer in time', { cause: error });
		return new E2emsgError('offline', 'the server can not be reached', { cause: error, hint });
	}
}

async function* readEvents(body, watch, hint) {
	const reader = body.getReader();
	const parser = new EventParser();
	const { signal } = watch;
	// What fetch has answered it does not always take back when told (Node 20).
	signal.addEventListener('abort', () => reader.cancel().catch(() => {}), { once: true });
	try {
		for (;;) {
			const { done, value } = await reader.read();
			signal.throwIfAborted();
			if (done) return;
			watch.touch();
			const events = parser.push(value);
			if (events.length > 0) yield events;
		}
	} catch (error) {
		throw watch.explain(error, hint);
	} finally {
		watch.stop();
		watch.end();
	}
}
