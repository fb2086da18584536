/*
 * plural.h
 *		What follows a number: "1 entry", "2 entries".
 */
#ifndef E2EMSG_PLURAL_H
#define E2EMSG_PLURAL_H

#define PLURAL(number, one, many) ((number) == 1 ? (one) : (many))

#endif /* E2EMSG_PLURAL_H */
