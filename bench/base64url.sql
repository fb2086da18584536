-- One round: "NAME <tab> GB of decoded bytes a second" for each way.  decode()
-- gets its text without line feeds, which suits it best.
WITH size (name, bytes) AS (VALUES ('1k', 1024), ('64k', 65536)),
way (name, expression) AS (VALUES
	('decode_ours', $$e2emsg.base64url_decode(url)$$),
	('decode_pg', $$decode(plain, 'base64')$$),
	('decode_idiom', $$decode(translate(url, '-_', '+/')
		|| repeat('=', (4 - length(url) % 4) % 4), 'base64')$$),
	('encode_ours', $$e2emsg.base64url_encode(bytes)$$),
	('encode_pg', $$encode(bytes, 'base64')$$),
	('encode_idiom', $$translate(encode(bytes, 'base64'), E'+/=\n', '-_')$$))
SELECT w.name || '_' || s.name || E'\t' || s.bytes / 1e9 * bench.rate(w.expression,
	format($$
		SELECT bytes, e2emsg.base64url_encode(bytes) AS url,
			translate(encode(bytes, 'base64'), E'\n', '') AS plain
		FROM (SELECT string_agg(sha256(n::text::bytea), '') AS bytes
			  FROM generate_series(1, %s) n) b$$, s.bytes / 32))
FROM size s, way w;
