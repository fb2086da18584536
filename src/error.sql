-- Errors: one table of codes for SQL (SQLSTATE class ME) and REST.

CREATE FUNCTION error_codes(OUT sqlstate text, OUT code text, OUT status integer,
							OUT title text, OUT hint text)
RETURNS SETOF record
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
	VALUES
	-- what was sent
	('ME001', 'invalid_request', 400, 'The request is not what this call takes',
		'Compare the members and their types with the documentation.'),
	('ME002', 'invalid_username', 422, 'The username is not allowed',
		'Use 3 to 32 characters of a-z 0-9 . _ - beginning with a letter; not a UUID.'),
	('ME003', 'invalid_key', 422, 'The public key is not usable',
		'Send a P-256 public key as a JWK with the members kty, crv, x and y.'),
	('ME004', 'bad_signature', 422, 'The signature does not verify',
		'Sign the statement of docs/protocol.md with the identity key; send r and s as 64 bytes.'),
	('ME005', 'invalid_envelope', 422, 'The envelope is malformed',
		'iv has 12 bytes, authTag 16, ciphertext up to 65536; versions are positive.'),
	('ME006', 'invalid_base64url', 422, 'The text is not canonical base64url',
		'Use the alphabet A-Z a-z 0-9 - _ without padding.'),
	('ME007', 'bad_json', 400, 'The body is not JSON',
		'Send one JSON object in UTF-8.'),
	-- what it met
	('ME010', 'username_taken', 409, 'The username is taken',
		'Choose another; usernames are never given twice.'),
	('ME011', 'unknown_user', 404, 'No such user',
		'Look at the id or the username.'),
	('ME012', 'unknown_receiver', 404, 'No such receiver',
		'receiverId is the id of a user, not the username.'),
	('ME013', 'unknown_key_version', 404, 'No such key version',
		'Versions begin with 1.'),
	('ME014', 'not_in_log', 404, 'The key log has no such thing',
		'GET /key-log/checkpoint says how large the signed key log is.'),
	('ME015', 'no_backup', 404, 'No backup lies there',
		'Look at the username and the recovery code.'),
	('ME020', 'version_conflict', 409, 'Another version is current',
		'Fetch what is current; the new version is the current one plus 1.'),
	('ME021', 'stale_key_version', 409, 'The envelope is sealed to an old key',
		'Verify the current key, seal again to it and send that.'),
	('ME022', 'iv_reused', 409, 'The iv was used for another envelope',
		'Take 12 new random bytes for each envelope.'),
	('ME023', 'key_reused', 422, 'The key was used before',
		'Make a new key pair.'),
	('ME024', 'ahead_of_mailbox', 409, 'The mailbox has not given that number yet',
		'Acknowledge up to a seq that you have read.'),
	('ME025', 'mailbox_full', 409, 'The mailbox is full',
		'Try again when the receiver has read mail.'),
	('ME026', 'not_accepted', 403, 'The receiver takes no mail from you',
		'The message was not stored; only the receiver can change that.'),
	('ME027', 'too_many_blocks', 409, 'A mailbox has 1000 blocks at most',
		'Unblock somebody first.'),
	-- who sent it
	('ME030', 'invalid_assertion', 401, 'The assertion is not accepted',
		'Take a new challenge and sign it with the identity key.'),
	('ME031', 'forbidden', 403, 'Not yours',
		'Only the user can do this.'),
	-- when it came
	('ME032', 'mailbox_busy', 503, 'The mailbox is locked',
		'Try again; the same envelope is stored only once.'),
	('ME033', 'not_logged', 503, 'The key log does not hold it yet',
		'Try again; rows come into the key log within a moment of their commit.'),
	-- how the database is set
	('ME034', 'key_log_off', 404, 'This service keeps no key log',
		'The database''s owner turned it off with the setting e2emsg.key_log.')
$$;
COMMENT ON FUNCTION error_codes() IS
	'All errors of this extension: SQLSTATE, code, HTTP status, title, hint.';

-- Raises the error of that code; detail says what it was this time.
CREATE FUNCTION refuse(code text, detail text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	error record;
BEGIN
	SELECT * INTO STRICT error FROM e2emsg.error_codes() e WHERE e.code = refuse.code;
	RAISE EXCEPTION USING
		ERRCODE = error.sqlstate,
		MESSAGE = coalesce(detail, lower(left(error.title, 1)) || substr(error.title, 2)),
		HINT = error.hint;
END
$$;
COMMENT ON FUNCTION refuse(text, text) IS 'Raises the error of that code.';
