SELECT body::text, etag, immutable FROM e2emsg.rest_public_key(:prefix || 1000, NULL);
