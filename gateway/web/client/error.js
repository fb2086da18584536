// The one class of errors that the module throws, and the codes that are its
// own.  Codes of the server are those of docs/api.md.

// code → hint: what somebody can do about it.
export const HINTS = {
	insecure_context: 'Open the page over https, or as http://localhost: browsers give cryptography to no other address.',
	unsupported_browser: 'Use a current Chromium, Firefox or Safari.',
	storage_failed: 'The browser refused to store: is the disk full, or is this a private window?',
	outdated_page: 'Reload this page: it was loaded before the newer version was there.',
	offline: 'Nothing is lost; try again when the network is back.',
	timeout: 'The server did not answer in time; try again.',
	bad_answer: 'Is this the address of an e2emsg gateway?',
	other_service: 'Nothing was signed. Is it the right server?',
	no_account: 'Register here, or restore the account with its recovery code: browsers forget what is not used.',
	registration_unfinished: 'Call register() again with the same name: it finds out whether the server took it.',
	bad_id_token: 'Pass the JWT as the provider gave it: three texts in base64url with dots between.',
	account_exists: 'This browser holds an account already; another one needs another database.',
	signed_out: 'Call login() first.',
	bad_recovery_code: 'Compare it with what you kept, group by group; the letters I, L and O count as digits.',
	wrong_recovery_code: 'It is not the newest code of this account.',
	damaged_backup: 'The server gave a backup that the code opens but that is no backup. Nothing was taken from it.',
	other_backup: 'Another device may have made a new recovery code: restore the account with that one.',
	old_backup: 'A key was announced without it, or the server gave an old backup. Nothing was restored.',
	backup_not_saved: 'Try again when the server can be reached, signed in. With unsavedOk what changed here last is lost.',
	identity_replaced: 'The identity was replaced since, or the account was deleted.',
	untrusted_identity: 'Ask the other by another way, compare the safety number, then accept the change.',
	unsigned_peer: 'Send with unsignedOk if you accept this one key, or accept it for good.',
	refused_key: 'The server may have made up the key for you alone. Nothing was sealed to it.',
	key_log_problem: 'Nothing is sent until somebody has looked at it and accepted the key log.',
	own_key_changed: 'Another device may have rotated: sign in again, or restore the account. Or the server lies.',
	number_changed: 'Compare the safety number that is shown now.',
	blocked: 'Unblock the user first.',
	not_a_contact: 'Look the user up first: contact().',
	text_empty: 'Write something.',
	text_too_long: 'Split it into several messages.',
	bad_text: 'The text holds half of a surrogate pair, which no encoding has.',
	unknown_message: 'Take the id from a message of this account.',
	not_waiting: 'Only a message that waits, asks or was refused can be sent again or discarded.',
	too_many_rounds: 'The receiver keeps changing keys; the message is kept and tried again later.',
	closed: 'Call connect() again when it is wanted.',
	failed: 'This is a fault of the module, or of what it was given: "cause" says more.',
	not_a_message: 'What came before it is stored; the rest is asked for again.',
};

// code → {title, hint}, where what the server says of it is for programs.
export const SERVER_WORDS = {
	invalid_assertion: { title: 'The server does not accept the key of this account',
		hint: 'It does not know the account (any more), or has another key for it. Forget the account in this browser to begin anew.' },
	unknown_receiver: { title: 'The server does not know the receiver (any more)',
		hint: 'The account was deleted, or the server began anew.' },
};

export const isOwnCode = (code) => Object.hasOwn(HINTS, code);

export class E2emsgError extends Error {
	// more: {hint, status, username, retryAfter (seconds), current, cause}
	constructor(code, message, more = {}) {
		super(message, more.cause && { cause: more.cause });
		this.name = 'E2emsgError';
		this.code = code;
		this.hint = more.hint ?? (isOwnCode(code) ? HINTS[code] : '');
		for (const member of ['status', 'username', 'retryAfter', 'current'])
			if (more[member] !== undefined) this[member] = more[member];
	}
}

export const refuse = (code, message, more) => { throw new E2emsgError(code, message, more); };

// What an error becomes in the store, and back.
export const pack = ({ code, message, hint, status, username }) => ({ code, message, hint, status, username });
export const unpack = ({ code, message, ...more }) => new E2emsgError(code, message, more);

// No answer, or one that says "later": the same request may be made again.
export function isPassing(error) {
	if (!(error instanceof E2emsgError)) return false;
	if (error.code === 'offline' || error.code === 'timeout') return true;
	return error.status === 408 || error.status === 429 || error.status >= 500;
}

// The server's no to the request itself: not "later", and not "sign in again".
export const isRefusal = (error) =>
	error instanceof E2emsgError && error.status >= 400 && error.status !== 401 && !isPassing(error);
