// A user's encryption key as the server hands it out (docs/protocol.md, "Key
// object").  The server is not believed: the thumbprint is computed again, and
// the identity key's signature is verified.
import { equal } from './bytes.js';
import { Malformed, need } from './errors.js';
import * as field from './field.js';
import { NO_KEY, samePoint, thumbprint } from './key.js';
import { endorsement, verify } from './statement.js';

const NO_SIGNATURE = new Uint8Array(64);

/**
 * @typedef {object} KeyObject
 * @property {Uint8Array} userId 16 bytes
 * @property {string} username
 * @property {number} version
 * @property {object} jwk the encryption key
 * @property {Uint8Array} thumbprint 32 bytes
 * @property {Uint8Array} previousThumbprint 32 bytes; zeros in version 1
 * @property {object|null} identity the identity key; null: unsigned
 * @property {Uint8Array} identityThumbprint 32 bytes; zeros when unsigned
 * @property {Uint8Array} signature 64 bytes; zeros when unsigned
 */

// Null in version 1, and only there.
function readPrevious(object, version) {
	if (version > 1) return field.bytes(object, 'previousThumbprint', 32);
	need(!field.present(object, 'previousThumbprint'), 'the first version has a previous one');
	return NO_KEY;
}

function readMembers(object) {
	const version = field.version(object, 'keyVersion');
	return {
		userId: field.uuid(object, 'userId'),
		username: field.username(object, 'username'),
		version,
		jwk: field.key(object, 'publicKey', 'encryption'),
		thumbprint: field.bytes(object, 'thumbprint', 32),
		previousThumbprint: readPrevious(object, version),
		identity: null,
		identityThumbprint: NO_KEY,
		signature: NO_SIGNATURE,
	};
}

// Did the identity key sign this key, name, version and history?
async function readIdentity(object, service, key) {
	const identity = field.key(object, 'identityKey', 'identity');
	need(!samePoint(identity, key.jwk), 'its identity key is its encryption key');
	const signature = field.bytes(object, 'signature', 64);
	const statement = await endorsement(service, key.username, key.version, key.thumbprint, key.previousThumbprint);
	need(await verify(identity, statement, signature), 'the identity key did not sign it');
	return { ...key, identity, identityThumbprint: await thumbprint(identity), signature };
}

/**
 * Reads and verifies a key object of the service: all rules but the first,
 * for which the caller knows whose key it asked for, and the last, for which
 * there is log_check.js.  Throws Malformed when it contradicts itself.
 *
 * @param {object} object
 * @param {string} service the pinned service name
 * @returns {Promise<KeyObject>}
 */
export async function read(object, service) {
	const key = readMembers(object);
	if (!equal(key.thumbprint, await thumbprint(key.jwk)))
		throw new Malformed('its thumbprint is not that of the key');
	return field.present(object, 'identityKey') ? readIdentity(object, service, key) : key;
}
