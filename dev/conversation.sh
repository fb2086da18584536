#!/bin/bash
# One conversation through a running gateway, with two real clients, told so
# that a newcomer can follow.  Every step is checked; the first surprise ends
# it with an error.
#
# usage: conversation.sh URL CLIENT LOG     (psql must reach the database: PGHOST ...)
#
# CLIENT is the e2emsg command, LOG the gateway's log.
set -euo pipefail
# shellcheck source=dev/lib.sh
. "$(dirname "$0")/lib.sh"

URL=$1
CLIENT=$2
LOG=$3
HOMES=$(mktemp -d "${TMPDIR:-/tmp}/e2emsg-talk.XXXXXX")
trap 'rm -rf "$HOMES"' EXIT

BOLD='' DIM='' RED='' GREEN='' BLUE='' MAGENTA='' RESET=''
if [ -t 1 ]; then
	BOLD=$'\e[1m' DIM=$'\e[2m' RED=$'\e[31m' GREEN=$'\e[32m'
	BLUE=$'\e[34m' MAGENTA=$'\e[35m' RESET=$'\e[0m'
fi

# --- telling ----------------------------------------------------------------

STEP=0
heading() {
	STEP=$((STEP + 1))
	printf '\n%s%d. %s%s\n' "$BOLD" "$STEP" "$*" "$RESET"
}

tell() { printf '%s%s%s\n' "$DIM" "$*" "$RESET"; }

surprise() {
	printf '\n%sUnexpected: %s%s\n' "$RED" "$*" "$RESET" >&2
	exit 1
}

# --- doing and checking -------------------------------------------------------

OUTPUT=
# client WHO EXPECTED-STATUS ARGUMENT...: shows a command and what it says.
client() {
	local who=$1 expected=$2 colour=$BLUE status=0 argument
	shift 2
	if [ "$who" = "$BOB" ]; then colour=$MAGENTA; fi
	printf '  %s%s$%s e2emsg' "$colour" "$who" "$RESET"
	for argument; do
		if [[ $argument =~ ^[A-Za-z0-9:/._=-]+$ ]]; then
			printf ' %s' "$argument"
		else
			printf ' "%s"' "$argument"
		fi
	done
	printf '\n'
	OUTPUT=$(XDG_DATA_HOME=$HOMES/$who E2EMSG_SERVER=$URL "$CLIENT" "$@" 2>&1 </dev/null) ||
		status=$?
	printf '%s\n' "$OUTPUT" | sed 's/^/      /'
	if [ "$status" -ne "$expected" ]; then
		surprise "exit status $status in the place of $expected"
	fi
}

# The last output must say this.
must_say() {
	if [[ $OUTPUT != *"$1"* ]]; then surprise "it did not say \"$1\""; fi
}

must_not_say() {
	if [[ $OUTPUT == *"$1"* ]]; then surprise "it said \"$1\""; fi
}

# database ROLE SQL: runs it as that role.
database() {
	psql -qXAt -v ON_ERROR_STOP=1 -c "SET ROLE $1" -c "$2"
}

# What the database holds of the newest message to bob.
show_row() {
	psql -qXx -v ON_ERROR_STOP=1 <<-SQL | sed '/^$/d; s/^/      /'
		SET bytea_output = hex;
		SELECT m.seq, m.suite, m.sender_key_version, m.key_version, m.iv,
			substr(m.ciphertext, 1, 24) AS "ciphertext, first 24 bytes",
			octet_length(m.ciphertext) AS "ciphertext, bytes", m.auth_tag
		FROM e2emsg.messages m
		WHERE m.mailbox_id = e2emsg.find_user('$BOB')
		ORDER BY m.seq DESC LIMIT 1
	SQL
}

# A name that nobody has registered: NAME, NAME2, NAME3 ...
fresh_suffix() {
	database e2emsg_owner "
		SELECT CASE WHEN n > 1 THEN n::text ELSE '' END FROM generate_series(1, 1000000) n
		WHERE NOT EXISTS (SELECT FROM e2emsg.users WHERE username IN (
			'alice' || CASE WHEN n > 1 THEN n::text ELSE '' END,
			'bob' || CASE WHEN n > 1 THEN n::text ELSE '' END,
			'carol' || CASE WHEN n > 1 THEN n::text ELSE '' END))
		ORDER BY n LIMIT 1"
}

# --- the conversation ----------------------------------------------------------

SUFFIX=$(fresh_suffix)
ALICE=alice$SUFFIX
BOB=bob$SUFFIX
CAROL=carol$SUFFIX
FIRST='Hello Bob, meet me at noon.'
SECOND='Bring the blue folder.'
THIRD='Noon it is.'
FOURTH='Transfer 100 euros.'

printf '\n%sA conversation between %s and %s, end to end encrypted%s\n' \
	"$BOLD" "$ALICE" "$BOB" "$RESET"
tell "Two clients, each with its own folder of keys; a gateway on $URL;"
tell "a PostgreSQL that stores what they send and can open none of it."

heading "$ALICE and $BOB register"
tell 'Each makes two key pairs at home: one to sign, one to receive mail. The public'
tell 'halves go to the server; the private ones never leave the folder.'
client "$ALICE" 0 register "$ALICE"
client "$BOB" 0 register "$BOB"

heading "$ALICE fetches $BOB's key, checks it, seals a message and sends it"
client "$ALICE" 0 send "$BOB" "$FIRST"

heading 'What the server sees'
tell 'Numbers, versions and sealed bytes, padded to hide the length.'
show_row
if [ "$(database e2emsg_owner "SELECT count(*) FROM e2emsg.messages m
	WHERE position('$FIRST'::bytea IN m.ciphertext) > 0")" != 0 ]; then
	surprise 'the text stands in the table'
fi

heading "$BOB reads"
client "$BOB" 0 read
must_say "$FIRST"

heading 'They compare safety numbers, over the phone'
tell 'Equal numbers mean that nobody, not even the server, stands in between.'
client "$ALICE" 0 verify "$BOB"
ALICE_SEES=$(grep -oE '([0-9]{5} ?)+' <<<"$OUTPUT" | tr -dc 0-9)
client "$BOB" 0 verify "$ALICE"
BOB_SEES=$(grep -oE '([0-9]{5} ?)+' <<<"$OUTPUT" | tr -dc 0-9)
if [ ${#ALICE_SEES} -ne 60 ] || [ "$ALICE_SEES" != "$BOB_SEES" ]; then
	surprise 'the safety numbers differ'
fi

heading "$BOB takes a new key while mail to the old one is on its way"
client "$ALICE" 0 send "$BOB" "$SECOND"
client "$BOB" 0 rotate

heading "$ALICE, who does not know, seals to the old key: refused and repaired"
tell 'The server answers 409 with the new key; her client verifies the signature on'
tell 'it, seals again and sends.'
client "$ALICE" 0 send "$BOB" "$THIRD"
must_say 'rotated to key version 2'
must_say 'sealed again'
tell "The gateway's log:"
ANSWERS=$(grep 'POST /messages [0-9]' "$LOG" | tail -n 2)
printf '%s\n' "$ANSWERS" | sed 's/^/      /'
if [[ $ANSWERS != *' 409 '*$'\n'*' 201 '* ]]; then surprise 'the log has no 409 and 201'; fi

heading "$BOB reads both: one with the old key, one with the new"
client "$BOB" 0 read
must_say "$SECOND"
must_say "$THIRD"
if [ "$(database e2emsg_owner "SELECT string_agg(key_version::text, ',' ORDER BY seq)
	FROM e2emsg.messages WHERE mailbox_id = e2emsg.find_user('$BOB')")" != 1,1,2 ]; then
	surprise 'the messages are not sealed to versions 1, 1, 2'
fi

heading 'Somebody with full access to the database changes one byte'
client "$ALICE" 0 send "$BOB" "$FOURTH"
tell 'UPDATE e2emsg.messages SET ciphertext = set_byte(ciphertext, 7, ...)'
database e2emsg_owner "
	UPDATE e2emsg.messages m
	SET ciphertext = set_byte(m.ciphertext, 7, get_byte(m.ciphertext, 7) # 1)
	WHERE m.mailbox_id = e2emsg.find_user('$BOB')
		AND m.seq = (SELECT last_seq FROM e2emsg.mailboxes b WHERE b.id = m.mailbox_id)"
client "$BOB" 6 read
must_say 'tampered'
must_not_say "$FOURTH"

heading "The same somebody gives out a key of their own in the place of ${BOB}'s"
tell 'UPDATE e2emsg.public_keys SET key = ..., and so on in every table that has it.'
TRUE_KEY=$(database e2emsg_owner "SELECT key FROM e2emsg.public_keys
	WHERE user_id = e2emsg.find_user('$BOB') AND version = 2")
swap_key() {
	psql -qXAt -v ON_ERROR_STOP=1 -o /dev/null <<-SQL
		SET session_replication_role = replica;
		UPDATE e2emsg.public_keys SET key = '$1', thumbprint = e2emsg.jwk_thumbprint('$1')
		WHERE user_id = e2emsg.find_user('$BOB') AND version = 2;
		UPDATE e2emsg.key_rotation_log SET thumbprint = e2emsg.jwk_thumbprint('$1')
		WHERE user_id = e2emsg.find_user('$BOB') AND version = 2;
	SQL
}
swap_key '{"kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
	"y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}'
client "$CAROL" 0 register "$CAROL"
client "$CAROL" 5 send "$BOB" "$FOURTH"
must_say 'not usable'
tell 'And anybody can see it: the key log is public, and every entry is checked.'
client "$CAROL" 5 audit
must_say "$BOB"
swap_key "$TRUE_KEY"
tell "(${BOB}'s true key is put back.)"

printf '\n%sAll as it should be.%s\n\n' "$GREEN" "$RESET"
