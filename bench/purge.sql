SELECT * FROM e2emsg.purge(1000);
