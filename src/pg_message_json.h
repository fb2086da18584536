/*
 * pg_message_json.h
 *		A message as REST gives it to its receiver.
 */
#ifndef E2EMSG_PG_MESSAGE_JSON_H
#define E2EMSG_PG_MESSAGE_JSON_H

#include "pg_send.h"

/*
 * A stored message as JSON, without white space; palloc'd.  Ids, numbers,
 * bytes and times need no escaping.
 */
extern text *message_json_of(const struct envelope *envelope);

#endif /* E2EMSG_PG_MESSAGE_JSON_H */
