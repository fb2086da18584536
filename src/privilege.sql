-- Every GRANT and REVOKE on one page.

-- What an application calls.  EXECUTE on these means acting as any user.
CREATE FUNCTION grant_app(role regrole) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	EXECUTE format('GRANT USAGE ON SCHEMA e2emsg TO %s', role);
	EXECUTE format('GRANT EXECUTE ON ROUTINE
		e2emsg.base64url_encode(bytea), e2emsg.base64url_decode(text),
		e2emsg.is_base64url(text), e2emsg.jwk_problem(json, text),
		e2emsg.is_p256_public_jwk(json, text), e2emsg.jwk_thumbprint(json),
		e2emsg.verify_es256(json, bytea, bytea), e2emsg.service_name(),
		e2emsg.endorsement_statement(text, text, integer, bytea, bytea),
		e2emsg.identity_change_statement(text, text, bytea, bytea),
		e2emsg.no_thumbprint(),
		e2emsg.envelope_problem(integer, integer, integer, bytea, bytea, bytea),
		e2emsg.message_id(uuid, uuid, bytea), e2emsg.bucket_of(text),
		e2emsg.is_username(text), e2emsg.error_codes(), e2emsg.find_user(text, boolean),
		e2emsg.register_user(text, json, json, bytea), e2emsg.delete_user(uuid),
		e2emsg.public_key(text, integer),
		e2emsg.rotate_encryption_key(uuid, json, integer, bytea),
		e2emsg.rotate_key(uuid, json, integer, bytea, bigint),
		e2emsg.through_seq(uuid, integer), e2emsg.key_rotations(text),
		e2emsg.key_log_is_on(),
		e2emsg.set_identity_key(uuid, json, bytea, bytea),
		e2emsg.send_message(uuid, uuid, bytea, bytea, bytea, integer, integer, integer),
		e2emsg.send_messages(uuid[], uuid[], smallint[], integer[], integer[], bytea[],
							 bytea[], bytea[], boolean),
		e2emsg.inbox(uuid, bigint, integer), e2emsg.acknowledge(uuid, bigint),
		e2emsg.block_sender(uuid, uuid), e2emsg.unblock_sender(uuid, uuid),
		e2emsg.blocked_senders(uuid),
		e2emsg.put_backup(uuid, integer, bytea, bytea), e2emsg.backup(uuid),
		e2emsg.restore_backup(text, bytea)
		TO %s', role);
END
$$;
COMMENT ON FUNCTION grant_app(regrole) IS
	'Lets a role call what applications call, and nothing else; it can act as any user.';

-- What the gateway calls.
CREATE FUNCTION grant_gateway(role regrole) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	EXECUTE format('GRANT USAGE ON SCHEMA e2emsg TO %s', role);
	EXECUTE format('GRANT EXECUTE ON ROUTINE
		e2emsg.service_name(), e2emsg.find_user(text, boolean),
		e2emsg.rest_register(text), e2emsg.rest_public_key(text, text),
		e2emsg.rest_rotate_key(uuid, text, text), e2emsg.rest_rotated(uuid, integer),
		e2emsg.rest_identity_key(uuid, text, text), e2emsg.rest_key_rotations(text, text),
		e2emsg.rest_key_log(), e2emsg.rest_checkpoint(), e2emsg.rest_tile(text),
		e2emsg.rest_inclusion_proof(text, text), e2emsg.rest_consistency_proof(text, text),
		e2emsg.rest_log_entries(text, text), e2emsg.key_log_state(),
		e2emsg.sequence_key_log(integer), e2emsg.consistency_proof(bigint, bigint),
		e2emsg.publish_checkpoint(text, bigint, bytea, text),
		e2emsg.begin_origin(text, text, bigint, bigint, bytea, text),
		e2emsg.open_session(text, bytea, bytea, bytea, timestamptz),
		e2emsg.rest_send_messages(uuid[], uuid[], smallint[], integer[], integer[],
								  bytea[], bytea[], bytea[], boolean[]),
		e2emsg.rest_inbox(uuid, text, text), e2emsg.rest_streams(uuid[], bigint[]),
		e2emsg.rest_acknowledge(uuid, text),
		e2emsg.rest_blocks(uuid), e2emsg.rest_block(uuid, text),
		e2emsg.rest_unblock(uuid, text),
		e2emsg.rest_put_backup(uuid, text), e2emsg.rest_backup(uuid),
		e2emsg.rest_restore(text), e2emsg.metrics()
		TO %s', role);
END
$$;
COMMENT ON FUNCTION grant_gateway(regrole) IS
	'Lets a role call what the gateway calls, and nothing else.';

-- Nobody gets anything by default.  All functions belong to e2emsg_owner: a
-- dump does not carry their owner, so that a restore runs this again.  The
-- owner comes first, or a dump would name whoever installed.
-- The schema outlives the extension: what an earlier one's grants left on it
-- would now count as the extension's own, which no dump carries.
SELECT e2emsg.revoke_from_all('SCHEMA e2emsg', n.nspacl, pg_catalog.pg_get_userbyid(n.nspowner))
FROM pg_catalog.pg_namespace n WHERE n.nspname = 'e2emsg';
GRANT USAGE ON SCHEMA e2emsg TO e2emsg_owner;
SET LOCAL search_path = pg_catalog, pg_temp;
DO $$
DECLARE
	routine regprocedure;
BEGIN
	FOR routine IN
		SELECT p.oid
		FROM pg_depend d
		JOIN pg_extension e ON e.oid = d.refobjid
		JOIN pg_proc p ON p.oid = d.objid
		WHERE e.extname = 'e2emsg' AND d.deptype = 'e'
			AND d.classid = 'pg_proc'::regclass
			AND d.refclassid = 'pg_extension'::regclass
	LOOP
		EXECUTE format('ALTER ROUTINE %s OWNER TO e2emsg_owner', routine);
		EXECUTE format('REVOKE ALL ON ROUTINE %s FROM PUBLIC', routine);
		PERFORM e2emsg.revoke_from_all(format('ROUTINE %s', routine), p.proacl)
		FROM pg_proc p WHERE p.oid = routine;
	END LOOP;
END
$$;

-- But who watches the server may watch this, too; install() grants the views.
GRANT USAGE ON SCHEMA e2emsg TO pg_monitor;
GRANT EXECUTE ON FUNCTION e2emsg.health(), e2emsg.metrics() TO pg_monitor;
