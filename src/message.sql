-- Messages: sending.

-- One row for each envelope, in the order given.  code is NULL for a message
-- that was stored now and 'repeated' for one that was stored before; all other
-- codes stand in error_codes().  With wait false, an envelope to a mailbox that
-- somebody else holds comes back as 'mailbox_busy', without any waiting.
-- The rules stand in src/pg_send_rules.c.
CREATE FUNCTION send_messages(sender_ids uuid[], receiver_ids uuid[], suites smallint[],
							  sender_key_versions integer[], key_versions integer[],
							  ivs bytea[], ciphertexts bytea[], auth_tags bytea[],
							  wait boolean DEFAULT true,
							  OUT ordinal integer, OUT code text, OUT detail text,
							  OUT message_id uuid, OUT sent_at timestamptz)
RETURNS SETOF record
LANGUAGE c VOLATILE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
-- plans go by the indexes, whatever the statistics said when they were made
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_bitmapscan = off
SET jit = off
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION send_messages(uuid[], uuid[], smallint[], integer[], integer[],
								  bytea[], bytea[], bytea[], boolean) IS
	'Stores sealed envelopes; a row for each with what became of it.';

CREATE FUNCTION send_message(sender_id uuid, receiver_id uuid, ciphertext bytea, iv bytea,
							 auth_tag bytea, key_version integer,
							 sender_key_version integer DEFAULT NULL,
							 suite integer DEFAULT 0,
							 OUT message_id uuid, OUT sent_at timestamptz)
LANGUAGE plpgsql VOLATILE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	problem text := e2emsg.envelope_problem(suite, sender_key_version, key_version, iv,
											ciphertext, auth_tag);
	result record;
BEGIN
	IF problem IS NOT NULL THEN
		PERFORM e2emsg.refuse('invalid_envelope', problem);
	END IF;
	SELECT * INTO STRICT result
	FROM e2emsg.send_messages(ARRAY[sender_id], ARRAY[receiver_id],
		ARRAY[suite]::smallint[], ARRAY[sender_key_version], ARRAY[key_version],
		ARRAY[iv], ARRAY[ciphertext], ARRAY[auth_tag]);
	IF result.code <> 'repeated' THEN
		PERFORM e2emsg.refuse(result.code, result.detail);
	END IF;
	message_id := result.message_id;
	sent_at := result.sent_at;
END
$$;
COMMENT ON FUNCTION send_message(uuid, uuid, bytea, bytea, bytea, integer, integer, integer) IS
	'Stores one sealed envelope; the same envelope again gives the first answer.';
