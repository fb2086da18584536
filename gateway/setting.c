/*
 * setting.c
 *		The settings, their defaults and bounds, and --help.
 */
#include "setting.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "limit.h"

#define AT(member) offsetof(struct config, member)
#define PER_MINUTE(name, def) \
	NUMBER, AT(name##_per_minute), def, 0, LIMIT_PER_MINUTE_MAX, NULL, true

static const struct setting settings[] = {
	{"database", TEXT, AT(database), "dbname=postgres", 0, 0, NULL, false,
	 "libpq connection string or URI"},
	{"address", TEXT, AT(address), "127.0.0.1", 0, 0, NULL, false,
	 "IPv4 address that serves the API"},
	{"port", NUMBER, AT(port), "8080", 0, 65535, NULL, false,
	 "port of the API; 0 takes a free one"},
	{"admin_port", NUMBER, AT(admin_port), "8081", 0, 65535, NULL, false,
	 "port of /live, /ready and /metrics on 127.0.0.1; 0 takes a free one"},
	{"port_file", TEXT, AT(port_file), "", 0, 0, NULL, false,
	 "file to write \"PORT ADMIN_PORT\" into once both listen"},
	{"threads", NUMBER, AT(threads), "256", 4, 10000, NULL, false,
	 "worker threads; each open connection holds one"},
	{"streams", NUMBER, AT(streams), "0", 0, 8750, NULL, false,
	 "streams and waiting requests at a time; 0: 3/4 of threads, less than 7/8"},
	{"streams_per_user", NUMBER, AT(streams_per_user), "8", 1, 8750, NULL,
	 false, "of these, how many of one user"},
	{"recheck_s", NUMBER, AT(recheck_s), "30", 1, 3600, NULL, false,
	 "how often a stream looks for mail that nobody told it of"},
	{"hints", CHOICE, AT(hints), "on", 0, 0, "on|off", false,
	 "whether gateways tell each other of mail, over one connection more"},
	{"hint_database", TEXT, AT(hint_database), "", 0, 0, NULL, false,
	 "direct connection for that, when database goes through a pooler"},
	{"db_connections", NUMBER, AT(db_connections), "4", 1, 100, NULL, false,
	 "database connections for all calls but sending and streams"},
	{"body_limit", NUMBER, AT(body_limit), "98304", 1024, 8388608, NULL, false,
	 "largest request body in bytes"},
	{"body_timeout_ms", NUMBER, AT(body_timeout_ms), "10000", 100, 600000,
	 NULL, false, "time for a whole request to arrive"},
	{"keep_alive_timeout_ms", NUMBER, AT(keep_alive_timeout_ms), "10000", 100,
	 600000, NULL, false, "time that an idle connection stays open"},
	{"secret_file", TEXT, AT(secret_file), "/var/lib/e2emsg/secret", 0, 0,
	 NULL, false, "secret of tokens and nonces; made at the first start"},
	{"log_signer", TEXT, AT(log_signer), "", 0, 0, NULL, false,
	 "key that signs the key log, made at the first start; on one gateway"},
	{"registration", CHOICE, AT(registration), "open", 0, 0, "open|closed",
	 true, "whether anyone may register over REST"},
	{"idp_issuer", TEXT, AT(idp_issuer), "", 0, 0, NULL, false,
	 "identity provider (iss) whose token a registration needs"},
	{"idp_audience", TEXT, AT(idp_audience), "", 0, 0, NULL, false,
	 "what its tokens call this service (aud)"},
	{"idp_jwks_file", TEXT, AT(idp_jwks_file), "", 0, 0, NULL, false,
	 "its public keys, a JWK Set; SIGHUP reads the file again"},
	{"idp_username_claim", TEXT, AT(idp_username_claim), "preferred_username",
	 0, 0, NULL, false, "claim of its tokens that is the username"},
	{"allowed_origins", TEXT, AT(allowed_origins), "", 0, 0, NULL, true,
	 "origins, parted by spaces, of other sites' pages that may call"},
	{"log_level", CHOICE, AT(log_level), "info", 0, 0, "error|warn|info|debug",
	 true, "how much is logged on stderr"},
	{"log_format", CHOICE, AT(log_format), "text", 0, 0, "text|json", true,
	 "how lines are written: for people, or a JSON object each"},
	{"register_per_minute", PER_MINUTE(register, "30"),
	 "registrations by an address, new keys by a user; 0: no limit"},
	{"session_per_minute", PER_MINUTE(session, "600"),
	 "calls for a session by an address or user; 0: no limit"},
	{"send_per_minute", PER_MINUTE(send, "600"),
	 "messages by a user; 0: no limit"},
	{"read_per_minute", PER_MINUTE(read, "3000"),
	 "times that a user reads mail or acknowledges; 0: no limit"},
	{"lookup_per_minute", PER_MINUTE(lookup, "600"),
	 "look-ups of keys by a user; 0: no limit"},
	{"block_per_minute", PER_MINUTE(block, "600"),
	 "blocks that a user sets, takes back or lists; 0: no limit"},
	{"backup_per_minute", PER_MINUTE(backup, "60"),
	 "backups that a user writes or reads; 0: no limit"},
	{"restore_per_minute", PER_MINUTE(restore, "30"),
	 "restores of backups by an address; 0: no limit"},
	{"limit_loopback", CHOICE, AT(limit_loopback), "on", 0, 0, "on|off", false,
	 "whether calls that come from this machine are limited, too"},
	{"trusted_proxies", TEXT, AT(trusted_proxies), "", 0, 0, NULL, false,
	 "proxies, addresses or networks, whose X-Forwarded-For counts"},
	{"web", CHOICE, AT(web), "on", 0, 0, "on|off", false,
	 "whether the browser client and its pages are served"},
	{"demo", CHOICE, AT(demo), "off", 0, 0, "off|on", false,
	 "for demonstrations, with dev/evil.sql: shows rows to anyone and lets "
	 "anyone tamper with mail"},
	{"queue_limit", NUMBER, AT(queue_limit), "1000", 1, 100000, NULL, false,
	 "envelopes that may wait to be stored"},
	{"lock_timeout_ms", NUMBER, AT(lock_timeout_ms), "2000", 10, 60000, NULL,
	 false, "how long to wait for a mailbox that an application locks"},
	{"statement_timeout_ms", NUMBER, AT(statement_timeout_ms), "10000", 100,
	 600000, NULL, false, "time that one database call may take"},
	{"drain_timeout_ms", NUMBER, AT(drain_timeout_ms), "15000", 0, 600000,
	 NULL, false, "how long to finish requests after SIGTERM"},
};

#define SETTING_COUNT (sizeof(settings) / sizeof(settings[0]))

const struct setting *
setting_at(size_t index)
{
	return index < SETTING_COUNT ? &settings[index] : NULL;
}

const struct setting *
setting_find(const char *name)
{
	for (size_t i = 0; i < SETTING_COUNT; i++)
		if (strcmp(settings[i].name, name) == 0)
			return &settings[i];
	return NULL;
}

static char *
text_at(struct config *config, const struct setting *setting)
{
	return (char *) config + setting->offset;
}

static long *
number_at(struct config *config, const struct setting *setting)
{
	return (long *) (void *) ((char *) config + setting->offset);
}

/* Plain decimal digits within the setting's bounds. */
static bool
read_number(const struct setting *setting, const char *text, long *number)
{
	char *end;

	if (!isdigit((unsigned char) text[0]))
		return false;
	errno = 0;
	*number = strtol(text, &end, 10);
	return errno == 0 && *end == '\0' && *number >= setting->min &&
		   *number <= setting->max;
}

static bool
read_choice(const struct setting *setting, const char *text, long *number)
{
	const char *word = setting->choices;

	for (*number = 0; word; (*number)++)
	{
		size_t length = strcspn(word, "|");

		if (strlen(text) == length && memcmp(word, text, length) == 0)
			return true;
		word = word[length] ? word + length + 1 : NULL;
	}
	return false;
}

bool
setting_take(struct config *config, const struct setting *setting,
			 const char *text, const char *where,
			 char problem[CONFIG_PROBLEM_SIZE])
{
	switch (setting->kind)
	{
		case TEXT:
			if (strlen(text) < CONFIG_TEXT_SIZE)
			{
				/* whole, so that config_reload() can compare the bytes */
				memset(text_at(config, setting), 0, CONFIG_TEXT_SIZE);
				memcpy(text_at(config, setting), text, strlen(text));
				return true;
			}
			snprintf(problem, CONFIG_PROBLEM_SIZE,
					 "%s: %s is longer than %d bytes", where, setting->name,
					 CONFIG_TEXT_SIZE - 1);
			return false;
		case NUMBER:
			if (read_number(setting, text, number_at(config, setting)))
				return true;
			snprintf(problem, CONFIG_PROBLEM_SIZE,
					 "%s: %s must be a number from %ld to %ld", where,
					 setting->name, setting->min, setting->max);
			return false;
		default:
			if (read_choice(setting, text, number_at(config, setting)))
				return true;
			snprintf(problem, CONFIG_PROBLEM_SIZE, "%s: %s must be one of %s",
					 where, setting->name, setting->choices);
			return false;
	}
}

void
setting_help(FILE *out)
{
	fprintf(out,
			"Usage: e2emsg-gateway [--config=FILE] [--SETTING=VALUE ...]\n"
			"       e2emsg-gateway --help | --version | --check-config |\n"
			"                      --print-errors | --print-routes\n"
			"       e2emsg-gateway --new-log-origin [...]\n\n"
			"A setting is read from FILE (lines \"name = value\"), then from\n"
			"the environment (E2EMSG_NAME), then from the flags; the last\n"
			"one counts.  SIGHUP reads all again; settings marked * change\n"
			"at once, the others at the next start.\n\n"
			"--new-log-origin, after a restore of the database: the key log "
			"goes on\nunder a new key that the old one vouches for; clients "
			"ask their users.\n\n");
	for (size_t i = 0; i < SETTING_COUNT; i++)
	{
		const struct setting *s = &settings[i];

		fprintf(out, " %c%-22s %s\n%25s", s->live ? '*' : ' ', s->name,
				s->help, "");
		if (s->kind == NUMBER)
			fprintf(out, "%ld to %ld, ", s->min, s->max);
		else if (s->kind == CHOICE)
			fprintf(out, "%s, ", s->choices);
		fprintf(out, "default %s\n", s->def[0] ? s->def : "none");
	}
}
