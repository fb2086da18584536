-- One round: "NAME <tab> calls a second".
WITH way (name, expression) AS (VALUES
	('sql_jwk_problem', $$coalesce(e2emsg.jwk_problem(jwk, 'encryption'), 'none')$$),
	('sql_jwk_thumbprint', $$e2emsg.jwk_thumbprint(jwk)$$),
	('sql_verify_es256',
	 $$nullif(e2emsg.verify_es256(jwk, statement, signature), false)$$))
SELECT w.name || E'\t' || bench.rate(w.expression, 'TABLE bench.example') FROM way w;
