-- base64url without padding, strict (RFC 4648 section 5).

CREATE FUNCTION base64url_encode(bytea) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION base64url_encode(bytea) IS
	'The bytes in base64url without padding (RFC 4648 section 5).';

CREATE FUNCTION base64url_decode(text) RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION base64url_decode(text) IS
	'The bytes of a canonical base64url text; anything else is refused (ME006).';

CREATE FUNCTION is_base64url(text) RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION is_base64url(text) IS
	'Does encoding the decoded text give the same text?';
