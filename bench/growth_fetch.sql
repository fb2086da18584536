\set reader random(1000, 1199)
SELECT body::text FROM e2emsg.rest_inbox((:prefix || :reader)::uuid, :after, NULL);
