// The browser client of e2emsg: see e2emsg.d.ts and docs/web.md.
import { Accounts } from './client/account.js';
import { expectAsync } from './client/answer.js';
import { Api } from './client/api.js';
import { checkArguments, checked } from './client/arguments.js';
import { Backup } from './client/backup.js';
import { Blocks } from './client/blocks.js';
import { Conversations } from './client/conversations.js';
import { Delivery } from './client/delivery.js';
import { E2emsgError, refuse } from './client/error.js';
import { Events } from './client/events.js';
import { Inbox } from './client/inbox.js';
import { KeyLog } from './client/key_log.js';
import { Keyring } from './client/keyring.js';
import { Live } from './client/live.js';
import { Opening } from './client/opening.js';
import { Outbox } from './client/outbox.js';
import { Peers } from './client/peers.js';
import { Receipts } from './client/receipts.js';
import { Restore } from './client/restore.js';
import { Rotation } from './client/rotation.js';
import { Session } from './client/session.js';
import { IndexedStore } from './client/store.js';
import { Tabs } from './client/tabs.js';
import { Verification } from './client/verification.js';
import { needEd25519 } from './crypto/note.js';

export { E2emsgError };

const DATABASE = 'e2emsg';
const LOOKS = 5; // a second apart, at a database that was closed

// Browsers show WebCrypto to pages of https and of localhost alone, and old ones
// lack a part of it, which is said before somebody has an account.
async function checkContext() {
	if (globalThis.crypto?.subtle) return expectAsync('a key', needEd25519);
	const where = globalThis.location ? `${globalThis.location.protocol}//${globalThis.location.host}` : 'this page';
	return refuse('insecure_context', `${where} is not a secure address, so the browser gives it no cryptography`);
}

// The gateway's URL without a slash at its end; by default where this module came from, whether the address names a build or not.
function baseOf(server) {
	const url = server ? new URL(server, globalThis.location?.href)
		: new URL('..', import.meta.url.replace(/\/[0-9a-f]{16}(?=\/[^/]*$)/, ''));
	return url.href.replace(/\/+$/, '');
}

// Runs work() later; the result cancels that.
function wait(ms, work) {
	const timer = setTimeout(work, ms);
	return () => clearTimeout(timer);
}

// What the parts share.
class Core {
	constructor({ server, readReceipts = true, fetch, now, later }, database, store) {
		this.readReceipts = readReceipts;
		this.now = now ?? Date.now;
		this.later = later ?? wait;
		this.store = store;
		this.closed = false;
		this.api = new Api(baseOf(server), fetch ?? globalThis.fetch, this.later, this.now);
		this.events = new Events();
		this.tabs = new Tabs(database, (message) => this.hear(message).catch(() => {}));
		this.store.onlost = () => this.lost();
		this.events.tell = (message) => this.tabs.tell(message);
		const parts = { session: Session, account: Accounts, keyring: Keyring, keyLog: KeyLog, peers: Peers, backup: Backup,
			blocks: Blocks, conversations: Conversations, verification: Verification, outbox: Outbox, delivery: Delivery, opening: Opening,
			inbox: Inbox, receipts: Receipts, rotation: Rotation, restore: Restore, live: Live };
		for (const [name, Part] of Object.entries(parts)) this[name] = new Part(this);
	}

	// Reads what is stored of the account.
	async reload() {
		for (const part of [this.account, this.backup, this.keyLog]) await part.load();
	}

	// Another tab tells what happened there.
	async hear({ event, value }) {
		if (event === 'account' || event === 'keylog') await this.reload();
		if (!this.account.view) this.rest();
		this.events.deliver(event, event === 'account' ? this.account.view : value);
	}

	// The browser has closed the database, whatever is left in it, or a newer page has it.
	async lost() {
		for (let tries = 1; ; tries++) {
			try {
				return await this.hear({ event: 'account' });
			} catch (error) {
				if (error.code === 'outdated_page' || tries === LOOKS) return this.rest(error);
			}
			await this.sleep(1000);
		}
	}

	// Does nothing more by itself.
	rest(error) {
		this.live.close(error);
		this.delivery.rest();
		this.backup.rest();
	}

	sleep(ms) { return new Promise((resolve) => { this.later(ms, resolve); }); }

	// Asks the browser not to forget: whatever it says, one goes on.
	askToPersist() {
		globalThis.navigator?.storage?.persist?.().catch(() => {});
	}
}

export async function createClient(options = {}) {
	checkArguments('createClient', [options]);
	await checkContext();
	const database = options.database ?? DATABASE;
	const core = new Core(options, database, options.store ?? await IndexedStore.open(database));
	await core.reload();
	return new Client(core);
}

class Client {
	#core;

	constructor(core) { this.#core = core; }

	get account() { return this.#core.account.view; }

	get signedOut() { return this.#core.account.signedOut; }

	get unfinished() { return this.#core.account.unfinished; }

	get unkeptRecoveryCode() { return this.#core.account.unkeptCode; }

	get connection() { return this.#core.live.state; }

	get keyLogProblem() { return this.#core.keyLog.problem; }

	on(event, listener) { return this.#core.events.on(event, listener); }

	// ---- the account

	register(username, options) { return this.#core.account.register(username, options); }

	login() { return this.#core.account.login(); }

	restore(username, recoveryCode) { return this.#core.restore.run(username, recoveryCode); }

	logout(options) { return this.#core.account.logout(options); }

	rotateKeys() { return this.#core.rotation.rotate(); }

	recoveryCode(current) { return this.#core.backup.newCode(current); }

	recoveryCodeKept() { return this.#core.account.codeKept(); }

	// ---- mail

	async connect() {
		this.#core.account.need();
		this.#core.closed = false;
		await this.#core.live.connect();
	}

	async close() {
		this.#core.closed = true;
		this.#core.rest();
	}

	send(username, text, options) { return this.#core.outbox.send(username, text, options); }

	resend(id) { return this.#core.outbox.resend(id); }

	discard(id) { return this.#core.outbox.discard(id); }

	unsent() { return this.#core.outbox.unsent(); }

	messages(username, options) { return this.#core.conversations.messages(username, options); }

	conversations() { return this.#core.conversations.list(); }

	markRead(username) { return this.#core.conversations.markRead(username); }

	// ---- people

	contact(username) { return this.#core.verification.contact(username); }

	accept(username) { return this.#core.conversations.accept(username); }

	block(username) { return this.#core.conversations.block(username); }

	unblock(username) { return this.#core.conversations.unblock(username); }

	safetyNumber(username) { return this.#core.verification.safetyNumber(username); }

	verify(username, digits) { return this.#core.verification.verify(username, digits); }

	distrust(username, digits) { return this.#core.verification.distrust(username, digits); }

	acceptKeyChange(username, digits) { return this.#core.verification.acceptKeyChange(username, digits); }

	// ---- the key log

	keyLog() { return this.#core.keyLog.look(); }

	acceptKeyLog() { return this.#core.verification.acceptKeyLog(); }
}

checked(Client);
