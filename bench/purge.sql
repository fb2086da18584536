SELECT * FROM e2emsg.purge(1000);
\sleep 100 ms
