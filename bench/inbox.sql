SELECT body::text FROM e2emsg.rest_inbox(:sender, NULL, NULL);
