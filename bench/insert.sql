-- The same bytes as parameters, bytea in its hex format.  12 decimal digits are
-- a 12-byte iv in bytea's escape format.
\set receiver random(1000, 1999)
\set iv random(100000000000, 999999999999)
\set n :n + 1
\set seq :n * 256 + :client_id
INSERT INTO bench.messages VALUES ((:prefix || :receiver)::uuid, :seq, :sender, 1, 1, 1, :iv, :ciphertext, :tag, clock_timestamp());
