// What this account checks against the key log, and remembers of it.  The
// rules are in crypto/log_check.js; here is who asks the server, what is
// stored, and what stops sending.
import * as logCheck from '../crypto/log_check.js';
import * as logPin from '../crypto/log_pin.js';
import { toBase64url, uuidBytes } from '../crypto/bytes.js';
import { E2emsgError, isPassing, refuse } from './error.js';
import { expectAsync } from './answer.js';

const ROUNDS_MAX = 4; // against another device that keeps rotating

const printsOf = ({ thumbprints }) => JSON.stringify(Array.from(thumbprints, ([version, thumbprint]) => [version, toBase64url(thumbprint)]));

export class KeyLog {
	constructor(core) {
		this.core = core;
		this.problem = null; // that of the stored pin
	}

	// Looks at what is stored: at the beginning, and when another tab changed it.
	async load() {
		this.problem = (await this.pin()).problem;
	}

	async pin() {
		const kept = await this.core.store.read(['meta'], (t) => t.get('meta', 'log'));
		return kept?.pin ?? logPin.emptyPin();
	}

	async save(pin, userId) {
		await this.core.store.write(['account', 'meta'], async (t) => {
			const here = await t.get('account', 'account');
			if (here?.userId !== userId) refuse('signed_out', 'the account is no longer in this browser');
			await t.put('meta', { name: 'log', pin });
		});
		if (pin.problem === this.problem) return;
		this.problem = pin.problem;
		this.core.events.emit('keylog', { problem: pin.problem });
	}

	// Runs a check, one at a time, and stores the pin that it gives.
	judge(run) {
		return this.core.tabs.alone('log', async () => {
			const { userId } = this.core.account.need();
			const verdict = await expectAsync('what a key log gives', async () => run(await this.pin()));
			await this.save(verdict.pin, userId);
			return verdict;
		});
	}

	/*
	 * The same; what speaks against the log throws key_log_problem, what speaks
	 * against one key alone refused_key.
	 */
	async check(run) {
		const verdict = await this.judge(run);
		if (verdict.problem && verdict.broken) throw broken(verdict.problem);
		return verdict;
	}

	// Is a key that the server gave, as an object and as it was read, logged?
	async checkKey(object, seen) {
		const { service } = this.core.account.need();
		const { problem } = await this.check((pin) => logCheck.checkKey(pin, object, seen, service, this.server()));
		if (problem) throw new E2emsgError('refused_key', problem, { username: seen.username });
	}

	/*
	 * Checks the account's own history, and follows it; pins the log on first use.
	 * That a log which was never seen can't be looked at now is only a remark.
	 */
	async checkOwn() {
		let verdict;
		try {
			verdict = await this.check((pin) => this.ownVerdict(pin));
		} catch (error) {
			if (!isPassing(error) || logPin.isPinned(await this.pin())) throw error;
			return this.unseen(error);
		}
		if (verdict.problem) throw new E2emsgError('bad_answer', verdict.problem);
		await this.core.account.follow(verdict.pin.version);
	}

	// A key that is not here may be in the backup by now, since another device puts it there before it rotates.
	async ownVerdict(pin) {
		for (let round = 1; ; round++) {
			const own = await this.own();
			const verdict = await logCheck.checkOwn(pin, own, this.server());
			if (!verdict.broken || round === ROUNDS_MAX) return verdict;
			await this.core.backup.pullKeys(await this.core.session.token());
			if (printsOf(await this.own()) === printsOf(own)) return verdict;
		}
	}

	// The same after something that succeeded: no answer is only a remark.
	async checkAfter() {
		try {
			await this.checkOwn();
		} catch (error) {
			if (error.code === 'key_log_problem') return;
			this.unseen(error);
		}
	}

	unseen(error) {
		this.core.events.warn('key_log_unseen', `the key log can't be looked at now: ${error.message}`);
	}

	/*
	 * Compares the head that a peer put into a message.  What differs, as a
	 * sentence, or null; it stops sending when the log's key signed it, or the
	 * peer's word counts.
	 */
	async checkHead(peer, wordCounts, head) {
		const { problem } = await this.judge((pin) => logCheck.checkHead(pin, peer, wordCounts, head, this.server()));
		return problem;
	}

	// Field 4 of a frame, or null without a log.
	async head() {
		return logPin.writeHead(await this.pin());
	}

	// May mail be sent?  Not before the log holds the account itself.
	async checkSending() {
		const pin = await this.pin();
		if (!pin.problem && (!logPin.isPinned(pin) || pin.number > 0)) return;
		const own = await this.own();
		const { problem, waiting } = await this.check((now) => logCheck.checkSending(now, own, this.server()));
		if (waiting) throw new E2emsgError('not_logged', problem, { status: 503, hint: 'Try again a little later.' });
		if (problem) throw new E2emsgError('bad_answer', problem);
	}

	// {verifier, size, problem} after a look at the newest checkpoint; null without a log.
	async look() {
		try {
			await this.check((pin) => logCheck.look(pin, this.server()));
			await this.core.session.with(() => this.checkOwn());
		} catch (error) {
			if (error.code !== 'key_log_problem' && error.code !== 'offline') throw error;
		}
		const pin = await this.pin();
		return logPin.isPinned(pin) ? { verifier: pin.verifier, size: pin.size, problem: pin.problem } : null;
	}

	/*
	 * The user's yes: pins what the server shows now.  The newest own version
	 * that it knows, when a restored server has lost some; null otherwise.
	 */
	accept() { return this.core.session.with((token) => this.acceptNow(token)); }

	async acceptNow(token) {
		if (!this.problem) await this.look();
		if (!this.problem) return null;
		await this.core.backup.tryPull(token);
		const own = await this.own();
		const { problem, off, known } = await this.check((pin) => logCheck.accept(pin, own, this.server()));
		if (problem) throw broken(problem, 'What the log says of you is not what was done here: no yes heals that.');
		return !off && known < own.keyVersion ? known : null;
	}

	async own() {
		const { service, username, userId, keyVersion } = this.core.account.need();
		const { thumbprint: identityThumbprint } = await this.core.keyring.identity();
		const versions = await this.core.keyring.versions();
		return { service, username, userId: uuidBytes(userId), keyVersion, identityThumbprint,
			thumbprints: new Map(versions.map(({ version, thumbprint }) => [version, thumbprint])) };
	}

	// The routes, for crypto/log_check.js.
	server() {
		const get = async (path, absent = {}, token = undefined) => {
			try {
				return (await this.core.api.call('GET', path, { token })).body;
			} catch (error) {
				if (Object.hasOwn(absent, error.code)) return absent[error.code];
				throw error;
			}
		};
		return {
			view: () => get('/key-log', { key_log_off: null }),
			consistency: (from, to) => get(`/key-log/proof/consistency?from=${from}&to=${to}`, { not_in_log: null, key_log_off: undefined }),
			history: async (from) => {
				const { userId } = this.core.account.need();
				return get(`/users/${userId}/key-rotations?from=${from}`, undefined, await this.core.session.token());
			},
		};
	}
}

const broken = (problem, hint) => new E2emsgError('key_log_problem', `nothing is sent: ${problem}`, hint && { hint });
