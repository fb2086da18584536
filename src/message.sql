-- Messages: sending.

-- One row for each envelope, in the order given.  code is NULL for a message
-- that was stored now and 'repeated' for one that was stored before; all other
-- codes stand in error_codes().  With wait false, an envelope to a mailbox that
-- somebody else holds comes back as 'mailbox_busy', without any waiting.
--
-- Locking and looking are two statements: the second one's snapshot is taken
-- after the locks, so that it sees what the holders before us committed.
CREATE FUNCTION send_messages(sender_ids uuid[], receiver_ids uuid[], suites smallint[],
							  sender_key_versions integer[], key_versions integer[],
							  ivs bytea[], ciphertexts bytea[], auth_tags bytea[],
							  wait boolean DEFAULT true,
							  OUT ordinal integer, OUT code text, OUT detail text,
							  OUT message_id uuid, OUT sent_at timestamptz)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
-- the plan is made once, and goes by the indexes whatever the statistics say
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
	locked uuid[];
	versions integer[];
	numbers bigint[];
	now_sent timestamptz;
BEGIN
	IF ARRAY[cardinality(sender_ids), cardinality(suites), cardinality(sender_key_versions),
			 cardinality(key_versions), cardinality(ivs), cardinality(ciphertexts),
			 cardinality(auth_tags)]
		IS DISTINCT FROM array_fill(cardinality(receiver_ids), ARRAY[7]) THEN
		PERFORM e2emsg.refuse('invalid_request', 'the arrays differ in length');
	END IF;
	IF wait THEN
		SELECT array_agg(m.id), array_agg(m.key_version), array_agg(m.last_seq)
		INTO locked, versions, numbers
		FROM (SELECT id, key_version, last_seq FROM e2emsg.mailboxes
			  WHERE id = ANY (receiver_ids) ORDER BY id FOR NO KEY UPDATE) m;
	ELSE
		SELECT array_agg(m.id), array_agg(m.key_version), array_agg(m.last_seq)
		INTO locked, versions, numbers
		FROM (SELECT id, key_version, last_seq FROM e2emsg.mailboxes
			  WHERE id = ANY (receiver_ids) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED) m;
	END IF;
	now_sent := clock_timestamp();

	RETURN QUERY
	WITH envelope AS (
		SELECT e.*, m.key_version AS current_version, m.last_seq,
			   e2emsg.envelope_problem(e.suite, e.sender_key_version, e.key_version,
									   e.iv, e.ciphertext, e.auth_tag) AS problem
		FROM unnest(sender_ids, receiver_ids, suites, sender_key_versions, key_versions,
					ivs, ciphertexts, auth_tags) WITH ORDINALITY
			AS e (sender_id, mailbox_id, suite, sender_key_version, key_version, iv,
				  ciphertext, auth_tag, ordinal)
		LEFT JOIN unnest(locked, versions, numbers) AS m (id, key_version, last_seq)
			ON m.id = e.mailbox_id
	), judged AS (
		-- a retry is looked up before every other rule
		SELECT e.*, known.sent_at AS known_sent_at,
			CASE
				WHEN e.problem IS NOT NULL OR e.sender_id IS NULL
					THEN 'invalid_envelope'
				WHEN e.current_version IS NULL
					THEN CASE WHEN EXISTS (SELECT FROM e2emsg.mailboxes m
										   WHERE m.id = e.mailbox_id)
							  THEN 'mailbox_busy' ELSE 'unknown_receiver' END
				WHEN known.seq IS NOT NULL
					THEN CASE WHEN known.ciphertext = e.ciphertext
								  AND known.auth_tag = e.auth_tag
								  AND known.key_version = e.key_version
								  AND known.suite = e.suite
								  AND known.sender_key_version
									  IS NOT DISTINCT FROM
									  coalesce(e.sender_key_version,
											   known.sender_key_version)
							  THEN 'repeated' ELSE 'iv_reused' END
				WHEN e.key_version <> e.current_version THEN 'stale_key_version'
			END AS verdict
		FROM envelope e
		LEFT JOIN e2emsg.messages known
			ON known.mailbox_id = e.mailbox_id AND known.sender_id = e.sender_id
				AND known.iv = e.iv AND e.current_version IS NOT NULL
	), fresh AS (
		-- of equal envelopes in one call the first is stored
		SELECT DISTINCT ON (j.mailbox_id, j.sender_id, j.iv) j.*
		FROM judged j WHERE j.verdict IS NULL
		ORDER BY j.mailbox_id, j.sender_id, j.iv, j.ordinal
	), inserted AS (
		INSERT INTO e2emsg.messages (mailbox_id, seq, sender_id, suite,
			sender_key_version, key_version, iv, ciphertext, auth_tag, sent_at)
		SELECT f.mailbox_id,
			   f.last_seq + row_number() OVER (PARTITION BY f.mailbox_id
											   ORDER BY f.ordinal),
			   f.sender_id, f.suite, f.sender_key_version, f.key_version, f.iv,
			   f.ciphertext, f.auth_tag, now_sent
		FROM fresh f
	), counted AS (
		UPDATE e2emsg.mailboxes m SET last_seq = m.last_seq + f.count
		FROM (SELECT f.mailbox_id, count(*) AS count FROM fresh f
			  GROUP BY f.mailbox_id) f
		WHERE m.id = f.mailbox_id
	), answered AS (
		SELECT j.ordinal, j.problem, j.mailbox_id, j.sender_id, j.iv,
			   coalesce(j.known_sent_at, now_sent) AS sent_at,
			   CASE
				   WHEN j.verdict IS NOT NULL THEN j.verdict
				   WHEN j.ordinal = f.ordinal THEN NULL
				   WHEN (j.ciphertext, j.auth_tag, j.key_version, j.suite)
						= (f.ciphertext, f.auth_tag, f.key_version, f.suite)
					   AND f.sender_key_version IS NOT DISTINCT FROM
						   coalesce(j.sender_key_version, f.sender_key_version)
					   THEN 'repeated'
				   ELSE 'iv_reused'
			   END AS verdict
		FROM judged j
		LEFT JOIN fresh f ON j.verdict IS NULL AND f.mailbox_id = j.mailbox_id
			AND f.sender_id = j.sender_id AND f.iv = j.iv
	)
	SELECT a.ordinal::integer, a.verdict, a.problem,
		   CASE WHEN a.verdict IS NULL OR a.verdict = 'repeated'
				THEN e2emsg.message_id(a.mailbox_id, a.sender_id, a.iv) END,
		   CASE WHEN a.verdict IS NULL OR a.verdict = 'repeated' THEN a.sent_at END
	FROM answered a
	ORDER BY a.ordinal;
END
$$;
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
