SELECT * FROM e2emsg.purge(100);
\sleep 10 ms
