-- Signatures, and the statements that identity keys sign (docs/protocol.md).

CREATE FUNCTION verify_es256(jwk json, message bytea, signature bytea)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION verify_es256(json, bytea, bytea) IS
	'Is this an ES256 signature (64 bytes, r and s) of the message by that key?';

CREATE FUNCTION service_name() RETURNS text
LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION service_name() IS
	'The setting e2emsg.service_name, which every signature binds.';

CREATE FUNCTION endorsement_statement(service text, username text, version integer,
									  thumbprint bytea, previous_thumbprint bytea)
RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'endorsement_statement_sql';
COMMENT ON FUNCTION endorsement_statement(text, text, integer, bytea, bytea) IS
	'The 164 bytes by which an identity key endorses an encryption key.';

CREATE FUNCTION identity_change_statement(service text, username text,
										  new_thumbprint bytea, old_thumbprint bytea)
RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'identity_change_statement_sql';
COMMENT ON FUNCTION identity_change_statement(text, text, bytea, bytea) IS
	'The 160 bytes by which an identity key names its successor.';

-- 32 zero bytes stand for "no key before this one".
CREATE FUNCTION no_thumbprint() RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT pg_catalog.decode(pg_catalog.repeat('00', 32), 'hex') $$;
COMMENT ON FUNCTION no_thumbprint() IS '32 zero bytes: no key before this one.';

-- Refuses a signature that does not endorse the key.
CREATE FUNCTION require_endorsement(identity_key json, signature bytea, username text,
									version integer, thumbprint bytea,
									previous_thumbprint bytea)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF signature IS NULL THEN
		PERFORM e2emsg.refuse('bad_signature', 'a user with an identity key must sign');
	ELSIF e2emsg.verify_es256(
		identity_key,
		e2emsg.endorsement_statement(
			e2emsg.service_name(), username, version, thumbprint,
			coalesce(previous_thumbprint, e2emsg.no_thumbprint())),
		signature) IS NOT TRUE THEN
		PERFORM e2emsg.refuse('bad_signature');
	END IF;
END
$$;
COMMENT ON FUNCTION require_endorsement(json, bytea, text, integer, bytea, bytea) IS
	'Refuses a signature that does not endorse the key (ME004).';
