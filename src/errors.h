/*
 * errors.h
 *		The private SQLSTATEs, class ME, that C code raises.
 *
 * src/error.sql has the whole table with status, title and hint.
 */
#ifndef E2EMSG_ERRORS_H
#define E2EMSG_ERRORS_H

#define ERRCODE_INVALID_REQUEST MAKE_SQLSTATE('M', 'E', '0', '0', '1')
#define ERRCODE_INVALID_KEY MAKE_SQLSTATE('M', 'E', '0', '0', '3')
#define ERRCODE_INVALID_BASE64URL MAKE_SQLSTATE('M', 'E', '0', '0', '6')
#define ERRCODE_BAD_JSON MAKE_SQLSTATE('M', 'E', '0', '0', '7')

#endif /* E2EMSG_ERRORS_H */
