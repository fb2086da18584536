# shellcheck shell=bash
# Purging beside sending; sourced by run.sh.

# In every mailbox 300 messages that are read, all of which purge() may take.
store_read_mail() {
	script postgres fill.sql -v prefix="$ID_PREFIX" -v sender="$SENDER" \
		-v reader="$SENDER" -v mailboxes=1000 -v per=300 -v age='30 days'
	query postgres 'UPDATE e2emsg.mailboxes SET acked_seq = last_seq'
	query postgres CHECKPOINT
}

# Batch after batch, with the pauses of docs/operations.md.
purge_on() {
	exec pgbench -n -M prepared -c 1 \
		-T $((RUN_SECONDS + 10)) -f "$BENCH/purge.sql" postgres >"$WORK/purge.log" 2>&1
}

# Sends while read mail goes; what is sent meanwhile is unread, and stays.
send_while_purging() {
	local before after
	before=$(query postgres 'SELECT sum(purged_seq) FROM e2emsg.mailboxes')
	purge_on &
	PID[purge]=$!
	send 'purge on' 64 1000
	stop_program purge
	after=$(query postgres 'SELECT sum(purged_seq) FROM e2emsg.mailboxes')
	record 'purged' $(((after - before) / RUN_SECONDS))
	if [ "$after" -eq "$before" ]; then INVALID+='purge: nothing was purged. '; fi
	if [ "$after" -eq 300000 ]; then INVALID+='purge: it ended before the run did. '; fi
}

part_purge() {
	local round
	start_gateway main postgres 300
	for ((round = 0; round < ROUNDS; round++)); do
		store_read_mail
		send 'purge off' 64 1000
		send_while_purging
	done
	stop_program main
	ratio 'send, 64 connections, beside purge()' 'purge on' /s 'purge off' 'without purge()'
	ratio 'send, 64, beside purge(): p99' 'purge on p99' ms 'purge off p99' 'without purge()' '< 2'
	value 'purged meanwhile' purged /s
}
