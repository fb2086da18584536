// What the auditor takes as explained by a user's deletion, and what not.
// Needs the built client (E2EMSG_CLIENT), no database.
//
//	node test/client/audit_deleted.mjs
import { AuditScene, endorse, makeIdentity } from './lib/audit.mjs';
import { expect as expectAt } from './lib/scene.mjs';
import { done } from './lib/tap.mjs';

const scene = await new AuditScene().open();
const audit = (home) => scene.audit(home);
const begin = () => scene.begin();
const newHome = () => scene.newHome();
const expect = (result, code, name, pattern) => expectAt(result, code, name, 'out', pattern);

const DAY = 86_400_000;

// Takes away what goes with a deleted user.
const removeKeys = ({ log }, name) => {
	for (const row of log.rows) if (row.fields?.username === name) row.identityKey = undefined;
};

// Alice lives for a while and is deleted, so many days ago.
function deleteAlice(world, days) {
	const { log, alice } = world;
	alice.rotate();
	alice.setIdentity('identity_replaced', makeIdentity());
	alice.setIdentity('identity_reset', makeIdentity());
	alice.rotate();
	alice.add('deleted', { time: Date.now() - days * DAY });
	log.publish();
}

{
	const world = begin();
	deleteAlice(world, 8);
	expect(await audit(world.home), 0, 'a deleted user whose keys are there', /9 entries audited/);
	removeKeys(world, 'alice');
	expect(await audit(world.home), 0, 'gone later, they are not asked for', /0 of them new/);
	expect(await audit(newHome()), 0, 'to a newcomer the deletion explains it', /9 entries audited, 9 of them new.*alarms: 0/);
	world.log.rows[0].gone = true;
	expect(await audit(newHome()), 5, 'it explains no entry that is withheld', /leaf 0: the entry is withheld/);
}
{
	const world = begin();
	deleteAlice(world, 6);
	removeKeys(world, 'alice');
	expect(await audit(world.home), 5, 'a deletion that is days old explains nothing', /leaf 0, alice: the identity key that it names is withheld/);
	expect(await audit(world.home), 5, 'which is said once', /alarms: 1$/m);
}
{
	const world = begin();
	const forged = endorse(makeIdentity(), { ...world.alice.state(), keyVersion: 2 });
	world.alice.rotate({ signature: forged }, null);
	world.log.publish();
	expect(await audit(world.home), 5, 'the key of a living user is gone', /leaf 3, alice: the identity key that it names is withheld/);
	world.alice.add('deleted', { time: Date.now() - 8 * DAY });
	world.log.publish();
	expect(await audit(world.home), 5, 'who is deleted too late for whoever looked', /leaf 3, alice[^]*alarms: 1$/m);
	world.bob.setIdentity('identity_added', makeIdentity());
	world.log.publish();
	removeKeys(world, 'bob');
	expect(await audit(newHome()), 5, 'a deletion explains nothing of others', /leaf 7, bob: the identity key that it names is withheld/);
}

scene.close();
done();
