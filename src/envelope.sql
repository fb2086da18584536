-- What a sealed envelope must look like from outside.

CREATE FUNCTION envelope_problem(suite integer, sender_key_version integer,
								 key_version integer, iv bytea, ciphertext bytea,
								 auth_tag bytea)
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION envelope_problem(integer, integer, integer, bytea, bytea, bytea) IS
	'What is wrong with an envelope, or NULL: iv 12 bytes, auth tag 16, ciphertext 0 to 65536, positive versions.';

CREATE FUNCTION message_id(mailbox_id uuid, sender_id uuid, iv bytea) RETURNS uuid
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION message_id(uuid, uuid, bytea) IS
	'A message''s name: 16 bytes of SHA-256 over mailbox, sender and iv, as a version 8 UUID.';
