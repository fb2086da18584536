// Signing in with the identity key, and calls with the token.
import { assertion } from '../crypto/assertion.js';
import * as field from '../crypto/field.js';
import { E2emsgError, isPassing, refuse } from './error.js';
import { expect } from './answer.js';

const MARGIN_MS = 60_000; // before its end a token counts as over
const GOOD_MS = 3600_000; // no token counts longer: a sign-in looks at the account's own history
const FRESH_MS = 300_000; // a new token counts this long, whatever the clock here says
const TOKEN_TEXT = /^[\w.~+/=-]{1,4096}$/;
const NONCE_TEXT = /^[\w.~+/=-]{1,512}$/;
const TRIES = 3;
const WAIT_MAX_S = 5;

// A name for people: no control characters, nothing invisible or bidirectional.
const isService = (text) => !/[\p{C}\p{Zl}\p{Zp}]/u.test(text);

export class Session {
	constructor(core) {
		this.core = core;
	}

	/*
	 * Asks for a nonce.  The service's name must be the one that was pinned
	 * before, if any.  {nonce, service}
	 */
	async challenge(username, pinned) {
		const { body } = await this.core.api.call('POST', '/sessions/challenge', { body: { username } });
		const { nonce, service } = expect('a challenge', () => ({
			nonce: field.text(body, 'nonce', 1, 512), service: field.text(body, 'audience', 1, 255) }));
		if (!NONCE_TEXT.test(nonce) || !isService(service))
			refuse('bad_answer', 'the server sent something that is not a challenge');
		if (pinned !== undefined && service !== pinned)
			refuse('other_service', `the server says that it is "${service}", not "${pinned}"`);
		return { nonce, service };
	}

	// Keeps the token of an answer.  checked: see check().
	async takeToken(username, body, checked = false) {
		const token = expect('a token', () => field.text(body, 'token', 1, 4096));
		const end = Date.parse(body.expiresAt);
		if (!TOKEN_TEXT.test(token) || Number.isNaN(end))
			refuse('bad_answer', 'the server sent something that is not a token');
		const now = this.core.now();
		const kept = { name: 'token', token, server: this.core.api.base, checked,
			end: Math.max(Math.min(end, now + GOOD_MS) - MARGIN_MS, now + FRESH_MS) };
		await this.core.store.write(['account', 'meta'], async (t) => {
			const here = await t.get('account', 'account');
			if (here?.username !== username) refuse('signed_out', 'the account is no longer in this browser');
			await t.put('meta', kept);
		});
		return kept;
	}

	// Forgets the token; "refused": only if it is this one.
	forgetToken(refused) {
		return this.core.store.write(['meta'], async (t) => {
			const kept = await t.get('meta', 'token');
			if (refused === undefined || kept?.token === refused) await t.delete('meta', 'token');
		});
	}

	// The token that is kept, while it is good.
	async keptToken() {
		const kept = await this.core.store.read(['meta'], (t) => t.get('meta', 'token'));
		return kept && kept.server === this.core.api.base && kept.end > this.core.now() ? kept : undefined;
	}

	// The token in the middle of something that began with one.
	async token() {
		const kept = await this.keptToken();
		if (!kept) throw new E2emsgError('invalid_token', 'the session has ended meanwhile', { status: 401 });
		return kept.token;
	}

	/*
	 * Signs in, whatever is kept ("stale": unless another tab has got another
	 * token since).
	 */
	async signIn(stale) {
		const kept = await this.core.tabs.alone('session', async () => {
			await this.core.account.load(); // another tab may have signed out
			const other = await this.keptToken();
			return other && stale !== undefined && other.token !== stale ? other : this.signInAs(this.core.account.need());
		});
		return this.check(kept);
	}

	// A token for an account, nothing being checked yet.
	async signInAs({ username, service }) {
		const { nonce } = await this.challenge(username, service);
		const { privateKey } = await this.core.keyring.identity();
		const body = { assertion: await assertion(privateKey, username, service, nonce) };
		return this.takeToken(username, (await this.core.api.call('POST', '/sessions', { body })).body);
	}

	/*
	 * A sign-in is complete once the account's own history was looked at.  No
	 * lock is held here: whoever holds one may need the token.
	 */
	check(kept) {
		if (kept.checked) return kept;
		this.checking ??= this.checkNow(kept).finally(() => { this.checking = undefined; });
		return this.checking;
	}

	// What speaks against the key log stops sending, but no reading.
	async checkNow(kept) {
		try {
			await this.core.backup.tryPull(kept.token);
			await this.core.keyLog.checkOwn();
		} catch (error) {
			if (error.status === 401) await this.forgetToken(kept.token);
			if (error.code !== 'key_log_problem') throw error;
		}
		return this.markChecked();
	}

	async markChecked() {
		return this.core.store.write(['meta'], async (t) => {
			const token = await t.get('meta', 'token');
			if (!token) refuse('signed_out', 'the account was signed out meanwhile');
			const kept = { ...token, checked: true };
			await t.put('meta', kept);
			return kept;
		});
	}

	// A token whose sign-in is complete.
	async need() {
		const kept = await this.keptToken();
		if (!kept) return this.signIn('');
		try {
			return await this.check(kept);
		} catch (error) {
			if (error.status !== 401) throw error;
			return this.signIn(kept.token);
		}
	}

	// Does work(token), and once more after signing in again when the token has ended.
	async with(work) {
		const { token } = await this.need();
		try {
			return await work(token);
		} catch (error) {
			if (error.status !== 401) throw error;
		}
		const fresh = await this.signIn(token);
		return work(fresh.token);
	}

	once(method, path, asked) { return this.with((token) => this.core.api.call(method, path, { ...asked, token })); }

	/*
	 * A call with the token.  repeat: it may be made again when there is no
	 * answer, a few times at once, unless the server asks for more patience.
	 */
	async call(method, path, { repeat = method === 'GET', ...asked } = {}) {
		for (let tries = 1; ; tries++) {
			try {
				return await this.once(method, path, asked);
			} catch (error) {
				const seconds = error.retryAfter ?? tries;
				if (!repeat || tries === TRIES || !isPassing(error) || seconds > WAIT_MAX_S) throw error;
				await this.core.sleep(1000 * seconds);
			}
		}
	}

	// The same, but an answer of 404 with one of these codes is null.
	async find(codes, method, path, asked) {
		try {
			return await this.call(method, path, asked);
		} catch (error) {
			if (error instanceof E2emsgError && codes.includes(error.code)) return null;
			throw error;
		}
	}
}
