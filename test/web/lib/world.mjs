// A key log in memory with users whose keys are made by the modules under
// test, and the answers of a server that can be told to lie.
import { fixed, toBase64url, uuidBytes } from '../../../gateway/web/crypto/bytes.js';
import { checkOwn } from '../../../gateway/web/crypto/log_check.js';
import { emptyPin } from '../../../gateway/web/crypto/log_pin.js';
import { generate, thumbprint } from '../../../gateway/web/crypto/key.js';
import { read } from '../../../gateway/web/crypto/key_object.js';
import { endorsement, sign } from '../../../gateway/web/crypto/statement.js';
import { KeyLog } from '../../client/lib/key_log.mjs';

export const SERVICE = 'msg.test';

const print = async (jwk) => toBase64url(await thumbprint(jwk));

// Whose keys stand in a log.
export class User {
	constructor(world, username, number) {
		this.world = world;
		this.username = username;
		this.id = `0000${String(number).padStart(4, '0')}-0000-8000-8000-000000000000`;
		this.keys = []; // { jwk, thumbprint, signature }
		this.pin = emptyPin();
	}

	// Makes a key and its signature, without telling anybody.
	async makeKey() {
		const { jwk } = await generate('encryption');
		const previous = this.keys.at(-1)?.thumbprint ?? null;
		const key = { jwk, thumbprint: await print(jwk), previousThumbprint: previous };
		if (this.identity) {
			const statement = await endorsement(SERVICE, this.username, this.keys.length + 1, fixed(key.thumbprint, 32),
				previous && fixed(previous, 32));
			key.signature = toBase64url(await sign(this.identity.privateKey, statement));
		}
		this.keys.push(key);
	}

	// What the log says of a version.
	async fields(keyVersion = this.keys.length, event = keyVersion === 1 ? 'registered' : 'rotated') {
		const { thumbprint: ofKey, previousThumbprint, signature } = this.keys[keyVersion - 1];
		return { username: this.username, userId: this.id, event, keyVersion, thumbprint: ofKey, previousThumbprint, signature,
			...(this.identity && { identityThumbprint: await print(this.identity.jwk) }) };
	}

	async rotate() {
		await this.makeKey();
		this.world.log.add(await this.fields());
		this.world.log.publish();
	}

	// The key object that the server hands out.
	object(keyVersion = this.keys.length) {
		const { jwk, thumbprint: ofKey, previousThumbprint, signature } = this.keys[keyVersion - 1];
		return { userId: this.id, username: this.username, publicKey: jwk, keyVersion, thumbprint: ofKey, previousThumbprint,
			...(this.identity && { identityKey: this.identity.jwk, signature }),
			createdAt: new Date().toISOString(), log: this.world.log.member(this.world.log.rowOf(this.id, keyVersion)) };
	}

	// As log_history.js wants it.
	async own(more = {}) {
		return { service: SERVICE, username: this.username, userId: uuidBytes(this.id), keyVersion: this.keys.length,
			identityThumbprint: this.identity ? await thumbprint(this.identity.jwk) : null,
			thumbprints: new Map(this.keys.map((key, i) => [i + 1, fixed(key.thumbprint, 32)])), ...more };
	}

	key(object = this.object()) { return read(object, SERVICE); }

	// Checks the own history, and remembers what came of it.
	async signIn(server = this.world.serverOf(this)) {
		const verdict = await checkOwn(this.pin, await this.own(), server);
		this.pin = verdict.pin;
		return verdict;
	}
}

export class World {
	constructor() {
		this.log = new KeyLog(SERVICE); // undefined: the server keeps none
		this.asked = []; // names of what was asked for
		this.users = 0;
		this.lies = {}; // answers in place of the honest ones, by name
	}

	async user(username, { unsigned = false } = {}) {
		const user = new User(this, username, ++this.users);
		if (!unsigned) user.identity = await generate('identity');
		await user.rotate();
		return user;
	}

	// Tells the lie, if there is one for this question.
	answer(name, honest, ...args) {
		this.asked.push(name);
		const lie = this.lies[name];
		return lie ? lie(honest(), ...args) : honest();
	}

	serverOf(user) {
		return {
			view: async () => this.answer('view', () => this.log?.view() ?? null),
			consistency: async (from, to) => this.answer('consistency', () => {
				const { status, body } = this.log.consistency(from, to);
				return status === 200 ? body : null;
			}, from, to),
			history: async (from) => this.answer('history', () => (this.log ? this.log.rotations(user.id, from) : { rotations: [] }), from),
		};
	}
}
