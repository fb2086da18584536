/*
 * e2emsg.h
 *		libe2emsg-client: the client's side of e2emsg.
 *
 * These headers are the manual.  docs/protocol.md fixes every byte.
 *
 * Pure parts, bytes in and bytes out: suite.h seals and opens, frame.h is the
 * plaintext, keypair.h the keys, safety.h the number that two people compare,
 * assertion.h how a user signs in, contact.h the rules of trust, key_object.h
 * what the server says of a key, key_proof.h that a key is in the key log,
 * log_pin.h the rules for that log.
 *
 * Parts with a folder and a server: registration.h makes an account,
 * session.h opens one, rotation.h gives it a new key, outbox.h sends, inbox.h
 * receives, peer.h knows the others, log_check.h checks all of it against the
 * key log.
 *
 * No global state; no function prints, but for remarks to session.notices.
 * Functions that can fail return a result, which is the exit code too, and
 * explain it in a struct fault.  Call curl_global_init() first.
 */
#ifndef E2EMSG_CLIENT_H
#define E2EMSG_CLIENT_H

#include "assertion.h"
#include "contact.h"
#include "frame.h"
#include "home.h"
#include "inbox.h"
#include "key_object.h"
#include "key_proof.h"
#include "keypair.h"
#include "log_check.h"
#include "log_pin.h"
#include "outbox.h"
#include "peer.h"
#include "registration.h"
#include "rotation.h"
#include "safety.h"
#include "session.h"
#include "suite.h"

#endif /* E2EMSG_CLIENT_H */
