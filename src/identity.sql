-- Identity keys: added once by an unsigned user, replaced by the old key's
-- signature, reset by an operator.

-- Puts the key in place and logs it.  The signature is the new identity key's
-- over the user's current encryption key.
CREATE FUNCTION store_identity_key(of_user uuid, new_key json, new_signature bytea,
								   event text, endorsement bytea)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	reduced jsonb := e2emsg.jwk_reduce(new_key, 'identity')::jsonb;
	current_key record;
BEGIN
	PERFORM e2emsg.require_new_key(of_user, e2emsg.jwk_thumbprint(new_key));
	SELECT * INTO STRICT current_key FROM e2emsg.public_key(of_user::text);
	PERFORM e2emsg.require_endorsement(new_key, new_signature, current_key.username,
		current_key.key_version, current_key.thumbprint, current_key.previous_thumbprint);

	UPDATE e2emsg.users SET identity_key = reduced WHERE id = of_user;
	PERFORM e2emsg.log_key_event(of_user, current_key.username, event,
		current_key.key_version, current_key.thumbprint, current_key.previous_thumbprint,
		reduced, new_signature, endorsement);
END
$$;
COMMENT ON FUNCTION store_identity_key(uuid, json, bytea, text, bytea) IS
	'Puts a checked identity key in place and logs it.';

CREATE FUNCTION set_identity_key(user_id uuid, identity_key json, signature bytea,
								 endorsement bytea DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql VOLATILE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	old e2emsg.users;
BEGIN
	PERFORM e2emsg.lock_mailbox(user_id);
	SELECT u.* INTO STRICT old FROM e2emsg.users u WHERE u.id = user_id;
	IF old.identity_key IS NULL THEN
		PERFORM e2emsg.store_identity_key(user_id, identity_key, signature,
										  'identity_added', NULL);
		RETURN;
	END IF;
	IF e2emsg.jwk_thumbprint(identity_key)
		= e2emsg.jwk_thumbprint(old.identity_key::text::json) THEN
		RETURN; -- a retry
	END IF;
	PERFORM e2emsg.require_new_key(user_id, e2emsg.jwk_thumbprint(identity_key));
	IF e2emsg.verify_es256(
			old.identity_key::text::json,
			e2emsg.identity_change_statement(
				e2emsg.service_name(), old.username,
				e2emsg.jwk_thumbprint(identity_key),
				e2emsg.jwk_thumbprint(old.identity_key::text::json)),
			endorsement) IS NOT TRUE THEN
		PERFORM e2emsg.refuse('bad_signature',
			'the old identity key must endorse the new one');
	END IF;
	PERFORM e2emsg.store_identity_key(user_id, identity_key, signature,
									  'identity_replaced', endorsement);
END
$$;
COMMENT ON FUNCTION set_identity_key(uuid, json, bytea, bytea) IS
	'Adds an identity key, or replaces it with the old one''s endorsement.';

CREATE FUNCTION reset_identity_key(user_id uuid, identity_key json, signature bytea)
RETURNS void
LANGUAGE plpgsql VOLATILE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM e2emsg.lock_mailbox(user_id);
	PERFORM e2emsg.store_identity_key(user_id, identity_key, signature,
									  'identity_reset', NULL);
END
$$;
COMMENT ON FUNCTION reset_identity_key(uuid, json, bytea) IS
	'For operators: replaces a lost identity key without its endorsement, and logs that.';
