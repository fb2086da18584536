-- P-256 public keys as JSON Web Keys.  The argument is json, not jsonb: only
-- the text shows a duplicate member.

CREATE FUNCTION jwk_problem(jwk json, purpose text) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION jwk_problem(json, text) IS
	'What is wrong with a public key for "encryption" or "identity", or NULL.';

CREATE FUNCTION is_p256_public_jwk(jwk json, purpose text DEFAULT 'encryption')
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION is_p256_public_jwk(json, text) IS
	'Is this a usable public key for "encryption" or "identity"?';

CREATE FUNCTION is_stored_jwk(jwk jsonb) RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION is_stored_jwk(jsonb) IS
	'Is this a valid key, reduced to the members kty, crv, x and y?';

CREATE FUNCTION jwk_reduce(jwk json, purpose text) RETURNS json
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION jwk_reduce(json, text) IS
	'The canonical text of RFC 7638: kty, crv, x and y only; refuses a bad key (ME003).';

CREATE FUNCTION jwk_thumbprint(jwk json) RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'jwk_thumbprint_sql';
COMMENT ON FUNCTION jwk_thumbprint(json) IS
	'RFC 7638 thumbprint with SHA-256, 32 bytes; refuses a bad key (ME003).';
