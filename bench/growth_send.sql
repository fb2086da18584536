\set receiver random(1000, 1199)
\set iv random(100000000000, 999999999999)
SELECT e2emsg.send_message(:sender, (:prefix || :receiver)::uuid, :ciphertext, :iv, :tag, 1, 1, 1);
