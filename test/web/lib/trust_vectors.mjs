// The verdicts of trust.json, which the terminal client gives, too.
import { equal, uuidText } from '../../../gateway/web/crypto/bytes.js';
import * as trust from '../../../gateway/web/client/trust.js';

const filled = (number, size = 32) => new Uint8Array(size).fill(number);
const idOf = (number) => filled(number, 16);

// What crypto/key_object.js would read.
const objectOf = ({ version, user = 1, identity = 1, key = version, previous = version - 1 }) => ({
	userId: idOf(user), username: 'bob', version, jwk: {}, thumbprint: filled(key), previousThumbprint: filled(previous),
	identity: identity > 0 ? {} : null, identityThumbprint: filled(identity) });

function begin({ restored, met: [first, ...later] }) {
	if (restored === undefined) return [trust.begin(objectOf(first), 'accepted'), later];
	const contact = trust.remembered({ username: 'bob', userId: uuidText(idOf(1)), identityKey: {},
		identityThumbprint: filled(1), keyVersion: restored, verified: false });
	return [contact, first ? [first, ...later] : []];
}

function remembered(vector) {
	const [contact, later] = begin(vector);
	return later.map(objectOf).reduce(trust.learn, contact);
}

// The contact after the user's yes, or null when that heals nothing.
function accept(contact, seen) {
	try {
		return trust.accept(contact, seen);
	} catch (error) {
		if (error.code !== 'refused_key') throw error;
		return null;
	}
}

// What the user said of one identity, on one device.
const known = ({ identity = 1, verified, differs, untold = false }) => ({ ...trust.remembered({ username: 'bob', userId: uuidText(idOf(1)), identityKey: {},
	identityThumbprint: filled(identity), keyVersion: 1, verified, differs }), untold });

function checkDevices(ok, devices) {
	for (const { comment, here, there, after, standing } of devices) {
		const merged = trust.merged(known(here), known(there));
		ok(merged.verified === after.verified && merged.differs === after.differs && trust.standing(merged) === standing,
			`two devices: ${comment}`);
	}
	const both = known({ verified: true, differs: 1 });
	ok(!both.verified && !trust.accept({ ...both, keys: [] }, objectOf({ version: 1 })).verified, 'two devices: whose number differs is not verified, nor after a yes');
	const most = trust.turned(known({ verified: false, differs: 2 ** 31 - 2 }), true);
	ok(most.differs === 2 ** 31 - 1 && trust.turned(most, false).differs === 2 ** 31 - 2, 'two devices: the count stays one that a backup holds');
	const old = { ...known({ verified: false }), differs: true }; // as a browser has it that said so before there was a count
	ok(trust.isDiffering(old) && trust.turned(old, false).differs === 2 && trust.turns(trust.turned(old, true)) === 1, 'two devices: one that did not count');
}

export function checkTrust(ok, { verdicts, devices }) {
	checkDevices(ok, devices);
	for (const vector of verdicts) {
		const contact = remembered(vector);
		const seen = objectOf(vector.seen);
		const healed = accept(contact, seen);
		ok(trust.judge(contact, seen) === vector.verdict && (healed !== null) === vector.heals &&
			(!healed || equal(trust.newestKey(healed).thumbprint, seen.thumbprint)), `trust: ${vector.comment}`);
	}
}
