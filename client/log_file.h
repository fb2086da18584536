/*
 * log_file.h
 *		What is remembered of the key log, kept in log.json.
 */
#ifndef E2EMSG_LOG_FILE_H
#define E2EMSG_LOG_FILE_H

#include "log_pin.h"
#include "result.h"
#include "store.h"

#define LOG_FILE_NAME "log.json"

/* Reads log.json; nothing is pinned when there is none. */
extern CHECKED enum result log_file_load(const struct store *store,
										 struct log_pin *out,
										 struct fault *fault);

/*
 * Writes log.json if the pin changed, or removes it when nothing is pinned
 * any more, nor was left, nor is wrong.
 */
extern CHECKED enum result log_file_save(const struct store *store,
										 struct log_pin *pin,
										 struct fault *fault);

#endif /* E2EMSG_LOG_FILE_H */
