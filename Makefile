# e2emsg: the extension.  The gateway and the client have Makefiles of their
# own, which this one calls.  "make help" lists the targets.

EXTENSION  = e2emsg
EXTVERSION = $(shell sed -n "s/^default_version = '\(.*\)'/\1/p" e2emsg.control)

# The install script is these parts, one after the other: read them in this
# order, too.
PARTS = \
	src/prologue.sql \
	src/error.sql \
	src/base64url.sql \
	src/jwk.sql \
	src/signature.sql \
	src/envelope.sql \
	src/account.sql \
	src/key_log.sql \
	src/checkpoint.sql \
	src/key.sql \
	src/rotation.sql \
	src/identity.sql \
	src/session.sql \
	src/message.sql \
	src/mailbox.sql \
	src/restore.sql \
	src/block.sql \
	src/deletion.sql \
	src/purge.sql \
	src/backup.sql \
	src/monitor.sql \
	src/rest.sql \
	src/rest_key_log.sql \
	src/rest_backup.sql \
	src/rest_block.sql \
	src/upgrade.sql \
	src/install.sql \
	src/privilege.sql

DATA_built  = e2emsg--$(EXTVERSION).sql

# Pure C first, then what needs PostgreSQL's headers.
MODULE_big  = e2emsg
OBJS = \
	src/base64url.o \
	src/bucket.o \
	src/jwk.o \
	src/signature.o \
	src/endorsement.o \
	src/envelope.o \
	src/log_entry.o \
	src/merkle.o \
	src/tile.o \
	src/module.o \
	src/pg_base64url.o \
	src/pg_bucket.o \
	src/pg_envelope.o \
	src/pg_jwk.o \
	src/pg_key_log.o \
	src/pg_log_entry.o \
	src/pg_merkle.o \
	src/pg_message.o \
	src/pg_message_json.o \
	src/pg_request.o \
	src/pg_send_quota.o \
	src/pg_send_rules.o \
	src/pg_send_tables.o \
	src/pg_signature.o \
	src/pg_time.o
PG_CFLAGS   = -Wextra -Wno-unused-parameter -Wno-sign-compare
SHLIB_LINK  = -lcrypto -Wl,-Bsymbolic

# In this order: each finds what the ones before it made.
REGRESS        = install error base64url jwk signature envelope account rotation \
	identity key_log checkpoint session message mailbox restore quota block purge backup rest \
	monitor privilege deletion
ISOLATION      = $(patsubst test/specs/%.spec,%,$(sort $(wildcard test/specs/*.spec)))
ISOLATION_OPTS = --inputdir=test

# These tests have no gateway that signs the key log; key_log.sql turns it on.
installcheck: export PGOPTIONS = -c e2emsg.key_log=off

# No bitcode: Debian's server was built with LLVM, the builder may lack clang.
override with_llvm = no

PG_CONFIG ?= pg_config
PGXS      := $(wildcard $(shell $(PG_CONFIG) --pgxs 2>/dev/null))

.PHONY: all install installcheck gateway client deps run demo check fuzz \
	smith engines valgrind faults bench format format-check tidy help

all:

# PGXS has a "check" of its own, which only says no; and before "make deps"
# there may be no PGXS.
ifneq (,$(filter check,$(MAKECMDGOALS)))
check:
	@dev/check.sh
else ifneq (,$(PGXS))
include $(PGXS)
else
all install installcheck clean:
	@echo "PostgreSQL's server headers are missing; run 'make deps' first." >&2
	@false
endif

e2emsg--$(EXTVERSION).sql: $(PARTS) e2emsg.control
	cat $(PARTS) > $@

$(OBJS): $(wildcard src/*.h)

gateway client:
	$(MAKE) -C $@

deps:
	@dev/deps.sh check

run:
	@dev/run.sh run

demo:
	@dev/run.sh demo

# SECONDS (for each target) goes along by itself.
fuzz:
	@$(MAKE) -C test/fuzz fuzz

smith:
	@SMITH_SECONDS="$(or $(SECONDS),120)" dev/tap.pl test/t/225_sqlsmith.t

# Of the browser's tests those that ask nothing of it but what Firefox has, too.
IN_FIREFOX = $(wildcard $(patsubst %,test/browser/%_*.mjs,041 042 045 050 060 080))

engines:
	@dev/deps.sh engines
	@$(MAKE) -s all gateway client
	@E2EMSG_ENGINE=firefox env -u E2EMSG_GATEWAY -u E2EMSG_CLIENT -u E2EMSG_INSTALL \
		dev/tap.pl test/engines/*.mjs $(IN_FIREFOX)

valgrind:
	@dev/valgrind.sh

# Of the gateway as it is built for use, whatever the environment names.
faults: all gateway
	@CYCLES="$(CYCLES)" env -u E2EMSG_GATEWAY -u E2EMSG_INSTALL perl -Itest/lib test/faults/cycles.t

# SECONDS is bash's own name, and PARTS above another list.
bench:
	@RUN_SECONDS="$(SECONDS)" ROUNDS="$(ROUNDS)" \
		PARTS="$(if $(findstring command,$(origin PARTS)),$(PARTS))" bench/run.sh

C_FILES = $(wildcard src/*.[ch] gateway/*.[ch] client/*.[ch] bench/*.[ch] test/*.h \
	test/*/*.[ch])

format:
	clang-format-14 -i $(C_FILES)

format-check:
	@for file in $(C_FILES); do clang-format-14 "$$file" | cmp -s - "$$file" || \
		{ echo "make format would change $$file"; bad=1; }; done; exit $${bad:-0}

tidy: clean
	$(MAKE) -C gateway clean
	$(MAKE) -C client clean
	$(MAKE) -C test/unit clean
	$(MAKE) -C test/fuzz clean

help:
	@echo "make                build the extension (needs PostgreSQL's server headers)"
	@echo "make install        install it into the server that PG_CONFIG names"
	@echo "make gateway client build the REST gateway and the command-line client"
	@echo "make deps           install what building and testing need (Debian 12)"
	@echo "make run [PORT=]    everything from nothing: build, a private server, the gateway,"
	@echo "                    a conversation; serves until Ctrl-C.  FRESH=1 forgets old"
	@echo "                    data, RUN_DIR= keeps them elsewhere than in .run/"
	@echo "make demo [PORT=]   the same with fresh data; ends after the conversation"
	@echo "make check          every test; ends with 'N passed, M failed'"
	@echo "make fuzz           hunt for bugs in what takes hostile input apart, with random"
	@echo "                    inputs; SECONDS= for each target (120)"
	@echo "make smith          the same in SQL, with sqlsmith; SECONDS= for all of it (120)"
	@echo "make engines        the web pages in Firefox and in WebKit, beside Chromium (minutes)"
	@echo "make valgrind       the SQL tests with the server under valgrind"
	@echo "make faults         kills, cuts and full disks under load, and what was lost:"
	@echo "                    CYCLES= faults (each kind once); full disks need root"
	@echo "make bench          the benchmark, in a table; PARTS=, SECONDS= (a run), ROUNDS="
	@echo "make format         clang-format on every C file; format-check only looks"
	@echo "make tidy           remove everything that was built"
