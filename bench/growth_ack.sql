\set reader random(1000, 1199)
SELECT e2emsg.acknowledge((:prefix || :reader)::uuid, :after);
