// The browser client of e2emsg.  docs/web.md tells how to use it.

export interface ClientOptions {
	/** URL of the gateway, also one relative to the page; default: where the module came from. */
	server?: string;
	/** Name of the IndexedDB database: one account each.  Default "e2emsg". */
	database?: string;
	/** Are others told that their messages were read?  Default true; "delivered" is told in any case. */
	readReceipts?: boolean;
	/** Replaceable, for tests. */
	fetch?: typeof fetch;
	store?: Store;
	/** Milliseconds since 1970. */
	now?: () => number;
	/** Runs work() after so many milliseconds; the result cancels that. */
	later?: (ms: number, work: () => void) => () => void;
}

/**
 * Opens the database.  `account` is there at once when this browser holds one,
 * also without a network.  Rejects with `insecure_context` where browsers give
 * no cryptography: http on an address that is not localhost.
 */
export function createClient(options?: ClientOptions): Promise<Client>;

/** The module's own codes; docs/web.md says when. */
export type OwnCode =
	'insecure_context' | 'unsupported_browser' | 'storage_failed' | 'outdated_page' | 'offline' | 'timeout' |
	'bad_answer' | 'closed' | 'other_service' | 'no_account' | 'registration_unfinished' | 'account_exists' |
	'signed_out' | 'bad_id_token' | 'bad_recovery_code' | 'wrong_recovery_code' | 'damaged_backup' |
	'other_backup' | 'old_backup' | 'backup_not_saved' | 'identity_replaced' | 'untrusted_identity' | 'unsigned_peer' |
	'refused_key' | 'key_log_problem' | 'own_key_changed' | 'number_changed' | 'blocked' | 'not_a_contact' |
	'text_empty' | 'text_too_long' | 'bad_text' | 'unknown_message' | 'not_waiting' | 'too_many_rounds' |
	'not_a_message' | 'failed';

/** Why something was refused.  Every promise of the module rejects with one, but for a TypeError when a type is not kept to. */
export class E2emsgError extends Error {
	/** One of the module's own, or one of the server's, which docs/api.md explains ("stale_key_version" …). */
	readonly code: OwnCode | (string & {});
	/** What can be done about it, in a sentence. */
	readonly hint: string;
	/** HTTP status, when the server refused. */
	readonly status?: number;
	/** Seconds, when the server asked for patience. */
	readonly retryAfter?: number;
	/** Whom it is about. */
	readonly username?: string;
	/** Of send(): the message that is kept all the same, as `waiting` or `refused`. */
	readonly id?: string;
}

export interface Account {
	username: string;
	userId: string;
	/** The service's name, pinned for good. */
	service: string;
	keyVersion: number;
	/** Thumbprint of the identity key. */
	identity: string;
	/**
	 * saved: the server has all that a backup would hold now.  codeReplaced: another device has
	 * made a new recovery code, and nobody has said recoveryCodeKept() or made one here since.
	 */
	backup: { version: number; saved: boolean; codeReplaced: boolean };
}

/**
 * verified: the safety number was compared; signed: trusted on first use;
 * unsigned: has no identity key; differs: the safety number was compared, and
 * was another one; changed: another identity than the one remembered; refused:
 * the server shows a key that no yes heals.
 */
export type Trust = 'verified' | 'signed' | 'unsigned' | 'differs' | 'changed' | 'refused';

export interface Contact {
	username: string;
	userId: string;
	/** The highest version met. */
	keyVersion: number;
	trust: Trust;
	verified: boolean;
	/** It differed when it was last compared, and the user goes on all the same: acceptKeyChange(). */
	numberDiffered: boolean;
	/** Set when trust is "differs", "changed" or "refused": what happened, in a sentence. */
	problem?: string;
	/** request: wrote first and was not accepted yet. */
	state: 'request' | 'accepted' | 'blocked';
}

export interface Conversation extends Contact {
	/** The newest message, notes left out. */
	last: Message | null;
	unread: number;
}

/** asks: six days old, send again or discard?  discarded: in an event, it is gone. */
export type OutState = 'waiting' | 'asks' | 'refused' | 'sent' | 'delivered' | 'read' | 'discarded';

/** All but "opened" have a problem in place of a text. */
export type InState =
	'opened' | 'tampered' | 'malformed' | 'unknown_suite' | 'no_private_key' | 'untrusted_key' | 'repeated';

export interface Message {
	/** Stable key.  out: hex of the client's message id; in: the messageId. */
	id: string;
	messageId?: string;
	/** in: the number in the own mailbox. */
	seq?: number;
	/** Username (or the sender's id, when the sender is not known). */
	peer: string;
	direction: 'in' | 'out' | 'note';
	text?: string;
	/** RFC 3339: the server's time, or this browser's while it waits. */
	sentAt: string;
	state: OutState | InState | 'note';
	/** in, opened: what the sender was when it was opened. */
	trust?: Exclude<Trust, 'refused'>;
	/** Why it was not opened, not sent, or refused. */
	problem?: string;
	/** in: what is wrong with what the sender saw of the key log. */
	logProblem?: string;
	note?: 'key_rotated' | 'identity_changed' | 'identity_accepted' | 'missing' | 'verified' | 'number_differs' | 'difference_accepted';
	/** key_rotated, identity_accepted: keyVersion; identity_changed: what; missing: from, through. */
	details?: { keyVersion?: number; what?: string; from?: number; through?: number };
	suite?: number;
	keyVersion?: number;
	senderKeyVersion?: number;
	iv?: string;
}

export interface SafetyNumber {
	/** 60 digits. */
	digits: string;
	/** Twelve groups of five. */
	groups: string[];
	/** Text for a QR code. */
	qr: string;
	/** It is that of the identity that the server shows now, which is not the remembered one. */
	changed: boolean;
}

/**
 * elsewhere: another tab of this database holds the stream; offline: it is tried
 * again; closed, with an error in the event: it is not, until connect().
 */
export type Connection = 'closed' | 'connecting' | 'online' | 'offline' | 'elsewhere';

/** docs/web.md explains them ("Events"). */
export type WarningCode =
	'missing_mail' | 'expired_mail' | 'key_log_head' | 'key_log_unseen' | 'unsigned_peer' |
	'backup_not_saved' | 'backup_unseen' | 'code_replaced' | 'block_not_told' | 'block_elsewhere';

/** What is told, in every tab of the database; "connection" of each tab alone. */
export interface Events {
	/** Added or changed. */
	message: Message;
	/** Added or changed: last, unread, trust, state. */
	conversation: Conversation;
	connection: { state: Connection; error?: E2emsgError };
	/** Signed in or out, rotated, backup saved. */
	account: Account | null;
	warning: { code: WarningCode; text: string; username?: string };
	/** Something speaks against the key log, so nothing is sent; or that is over. */
	keylog: { problem: string | null };
}

export interface Client {
	/** Null when this browser holds none, or it is signed out. */
	readonly account: Account | null;
	/** Whose keys are here while nobody is signed in: for login(). */
	readonly signedOut: string | null;
	/** Whose registration was begun here and has not ended: for register(). */
	readonly unfinished: string | null;
	/**
	 * The recovery code, from when it was made until recoveryCodeKept(): a page shows it again after a
	 * reload.  Null also while a new one was announced and it is not known which one counts.
	 */
	readonly unkeptRecoveryCode: string | null;
	readonly connection: Connection;
	readonly keyLogProblem: string | null;

	/**
	 * Makes an account.  Show the recovery code, and call recoveryCodeKept() when the
	 * user has it.  After a lost answer call it again with the same name.
	 * idToken: the JWT of the identity provider, where the service has one; it is not kept.
	 */
	register(username: string, options?: { idToken?: string }): Promise<{ recoveryCode: string }>;
	/** Signs in with the keys that this browser holds; `no_account` when there are none. */
	login(): Promise<Account>;
	/** Brings an account back, or here, with its recovery code.  Old messages stay where they were. */
	restore(username: string, recoveryCode: string): Promise<Account>;
	/**
	 * Ends the session; with forget, keys and history go as well, once the backup has what changed here last
	 * (backup_not_saved when that takes longer than ten seconds).  unsavedOk: the yes to losing that.
	 * What unsent() tells of is lost without a question.
	 */
	logout(options?: { forget?: boolean; unsavedOk?: boolean }): Promise<void>;

	/**
	 * Stores, seals and sends a text.  Resolves with state "sent", or "waiting" when
	 * there is no network: it goes out later, once.  Rejects when it must not be
	 * sent (untrusted_identity, unsigned_peer, key_log_problem, blocked …).
	 * unsignedOk: the yes to the key that an unsigned peer has now, for this message.
	 */
	send(username: string, text: string, options?: { unsignedOk?: boolean }): Promise<Message>;
	/** Oldest first: the newest ones (50), or those before the message of an id. */
	messages(username: string, options?: { before?: string; limit?: number }): Promise<Message[]>;
	/** The one with the newest message first. */
	conversations(): Promise<Conversation[]>;
	/** The user has seen all of it: unread becomes 0, and an accepted peer gets a receipt, unless readReceipts is off. */
	markRead(username: string): Promise<void>;
	/** Sends what waits; with an id, also what asks or was refused. */
	resend(id?: string): Promise<void>;
	/** Takes a message back that waits, asks or was refused. */
	discard(id: string): Promise<void>;
	/** The messages that wait or ask, to whomever, oldest first: what logout() with forget loses. */
	unsent(): Promise<Message[]>;

	/** Looks the user up now (key object, trust) and remembers; throws unknown_user. */
	contact(username: string): Promise<Contact>;
	/** Takes a stranger's request. */
	accept(username: string): Promise<void>;
	/**
	 * The server refuses what a blocked user writes, who is told so (`not_accepted`);
	 * what comes before the server has heard of it is acknowledged and not kept.  At each
	 * connection it is followed whom other devices of the account block.
	 */
	block(username: string): Promise<void>;
	unblock(username: string): Promise<void>;
	/**
	 * For comparing; throws unsigned_peer.  Of a peer whose identity changed it is
	 * that of the identity which acceptKeyChange() would accept.
	 */
	safetyNumber(username: string): Promise<SafetyNumber>;
	/**
	 * The user has compared it, and it was the same.  digits: those that were
	 * shown; throws number_changed when they are not those of now.
	 */
	verify(username: string, digits?: string): Promise<void>;
	/**
	 * The user has compared it, and it was another one: nothing is sent (untrusted_identity)
	 * until verify() or acceptKeyChange(), also where the account is restored.  digits: as for verify().
	 */
	distrust(username: string, digits?: string): Promise<void>;
	/**
	 * The user's yes to what the server shows of the peer now; throws refused_key where no yes heals.
	 * digits: those that were compared; throws number_changed when the server shows another identity by now,
	 * which makes the contact a changed one.
	 */
	acceptKeyChange(username: string, digits?: string): Promise<void>;

	/** A new encryption key, after those of other devices; after a lost answer call it again. */
	rotateKeys(): Promise<Account>;
	/**
	 * A new code; the current one is needed to make it, and worth nothing afterwards.  When no answer
	 * comes the current one counts: a server that has taken the new one gets the current one again at
	 * the next connection (account.backup.saved).
	 */
	recoveryCode(current: string): Promise<string>;
	/** The user has the recovery code elsewhere: this browser forgets it. */
	recoveryCodeKept(): Promise<void>;

	/** What is pinned, after a look at the newest checkpoint; null: the server keeps no log. */
	keyLog(): Promise<{ verifier: string; size: number; problem: string | null } | null>;
	/** The user's yes to the log that the server shows now: ends a problem. */
	acceptKeyLog(): Promise<void>;

	/** Gets mail as it comes, in one tab for all; resolves once it is known how it goes. */
	connect(): Promise<void>;
	close(): Promise<void>;
	/** Calls the listener from now on; the result ends that. */
	on<E extends keyof Events>(event: E, listener: (value: Events[E]) => void): () => void;
}

/** Named areas of records, as client/store.js has them. */
export interface Store {
	read<T>(areas: string[], work: (t: Transaction) => Promise<T>): Promise<T>;
	/** All of it or nothing; on the disk when it resolves. */
	write<T>(areas: string[], work: (t: Transaction) => Promise<T>): Promise<T>;
	/** Forgets everything. */
	clear(): Promise<void>;
	/** Set by the client: to be called when what is stored was changed or closed by somebody else. */
	onlost?: () => void;
}

export interface Transaction {
	get(area: string, key: string): Promise<any>;
	all(area: string): Promise<any[]>;
	put(area: string, value: object): Promise<unknown>;
	delete(area: string, key: string): Promise<unknown>;
	clear(area: string): Promise<unknown>;
	range(area: string, index: string, lower: unknown, upper: unknown): Promise<any[]>;
	walkBack(area: string, index: string, lower: unknown, upper: unknown, visit: (record: any) => boolean | void): Promise<void>;
}
