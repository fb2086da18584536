SELECT e2emsg.find_user(:prefix || 1000)::text;
