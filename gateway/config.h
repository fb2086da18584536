/*
 * config.h
 *		The settings as they were read: from the file, the environment, the
 *		flags.
 *
 * A flag beats the environment, the environment beats the file, the file
 * beats the default.  An unknown name or a bad value is an error that names
 * the setting and the place.
 */
#ifndef E2EMSG_CONFIG_H
#define E2EMSG_CONFIG_H

#include <stdbool.h>

#define CONFIG_TEXT_SIZE 512
#define CONFIG_PROBLEM_SIZE 1024
#define CONFIG_STRAY_SIZE 64

struct config
{
	char database[CONFIG_TEXT_SIZE]; /* libpq connection string or URI */
	char address[CONFIG_TEXT_SIZE];
	long port;
	long admin_port;
	char port_file[CONFIG_TEXT_SIZE];
	long threads;
	long streams; /* 0 was replaced by three quarters of threads */
	long streams_per_user;
	long recheck_s;
	long hints;							  /* enum hints_setting */
	char hint_database[CONFIG_TEXT_SIZE]; /* empty: as database */
	long db_connections;
	long body_limit; /* bytes */
	long body_timeout_ms;
	long keep_alive_timeout_ms;
	char secret_file[CONFIG_TEXT_SIZE];
	char log_signer[CONFIG_TEXT_SIZE]; /* path of a key; empty: not the signer
										*/
	char allowed_origins[CONFIG_TEXT_SIZE]; /* of other sites' pages */
	long registration;						/* enum registration */
	char idp_issuer[CONFIG_TEXT_SIZE];		/* empty: no identity provider */
	char idp_audience[CONFIG_TEXT_SIZE];
	char idp_jwks_file[CONFIG_TEXT_SIZE];
	char idp_username_claim[CONFIG_TEXT_SIZE];
	long log_level;			  /* enum log_level */
	long log_format;		  /* enum log_format */
	long register_per_minute; /* these: 0 for no limit */
	long session_per_minute;
	long send_per_minute;
	long read_per_minute;
	long lookup_per_minute;
	long block_per_minute;
	long backup_per_minute;
	long restore_per_minute;
	long limit_loopback; /* enum limit_loopback */
	char trusted_proxies[CONFIG_TEXT_SIZE];
	long web;  /* enum web */
	long demo; /* enum demo */
	long queue_limit;
	long lock_timeout_ms;
	long statement_timeout_ms;
	long drain_timeout_ms;
};

enum registration
{
	REGISTRATION_OPEN,
	REGISTRATION_CLOSED
};

enum hints_setting
{
	HINTS_ON,
	HINTS_OFF
};

enum limit_loopback
{
	LIMIT_LOOPBACK_ON,
	LIMIT_LOOPBACK_OFF
};

enum web
{
	WEB_ON,
	WEB_OFF
};

enum demo
{
	DEMO_OFF,
	DEMO_ON
};

/* What the command line asks for. */
enum config_action
{
	CONFIG_RUN,
	CONFIG_CHECK,	/* --check-config */
	CONFIG_HELP,	/* --help */
	CONFIG_VERSION, /* --version */
	CONFIG_ERRORS,	/* --print-errors */
	CONFIG_ROUTES,	/* --print-routes */
	CONFIG_ORIGIN	/* --new-log-origin */
};

/*
 * Fills *config.  Returns false and says why in problem, one sentence, at
 * the first setting that can't be used.
 */
extern bool config_load(struct config *config, enum config_action *action,
						int argc, char *const *argv, char *const *env,
						char problem[CONFIG_PROBLEM_SIZE])
	__attribute__((warn_unused_result));

/*
 * Calls "told" with the name, cut at CONFIG_STRAY_SIZE, of each variable
 * E2EMSG_... of the environment that is no setting and no other program's.
 */
extern void config_find_strays(char *const *env,
							   void (*told)(void *context, const char *name),
							   void *context);

/*
 * Takes over what can change while the gateway runs.  Calls "told" with the
 * name of each setting that changed and whether it needs a restart.
 */
extern void config_reload(struct config *running, const struct config *fresh,
						  void (*told)(void *context, const char *name,
									   bool needs_restart),
						  void *context);

#endif /* E2EMSG_CONFIG_H */
