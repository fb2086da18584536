/*
 * gateway.h
 *		What the parts of one running gateway share.
 */
#ifndef E2EMSG_GATEWAY_H
#define E2EMSG_GATEWAY_H

#include <stdatomic.h>
#include <stdbool.h>

#include "config.h"
#include "log.h"
#include "secret.h"

struct cors;
struct crowd;
struct db;
struct deadlines;
struct hints;
struct inbox;
struct rate_limits;
struct outbox;
struct provider;
struct sequencer;
struct socket_map;
struct traffic;
struct wakeups;

struct gateway
{
	struct config config; /* fixed once serving began */
	struct log log;
	struct secret secret;
	struct cors *cors;
	struct db *db;
	struct outbox *outbox;
	struct inbox *inbox;
	struct sequencer *sequencer;
	struct deadlines *deadlines;
	struct crowd *crowd;
	struct socket_map *sockets;
	struct traffic *traffic;
	struct wakeups *wakeups;
	struct hints *hints; /* NULL: off */
	struct rate_limits *limits;
	struct provider *provider;	   /* of identities; NULL: none */
	atomic_bool registration_open; /* SIGHUP can change it */
	atomic_bool serving;		   /* both ports listen */
	atomic_bool draining;		   /* SIGTERM came */
	atomic_int in_flight;		   /* requests being answered */
	atomic_int streams, waits;	   /* of these, those that wait for mail */
};

#endif /* E2EMSG_GATEWAY_H */
