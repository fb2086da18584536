/*
 * proxies.h
 *		Which address does a request come from, when proxies pass it on?
 *
 * Each proxy adds the address of its own peer to the end of X-Forwarded-For.
 * So the field is read from the right, and only as far as trusted proxies
 * wrote it: the first address that is none of theirs is the client's.  What
 * an untrusted peer sends there is ignored, as is Forwarded (RFC 7239).
 */
#ifndef E2EMSG_PROXIES_H
#define E2EMSG_PROXIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct guard_head;

#define PROXIES_MAX 64

/* An IPv6 address, or an IPv4 one as ::ffff:a.b.c.d. */
struct address
{
	uint8_t bytes[16];
};

struct network
{
	struct address address;
	int bits; /* of it that count, of 128 */
};

struct proxies
{
	struct network networks[PROXIES_MAX];
	size_t count;
};

/*
 * An address, IPv4 or IPv6, as it stands in X-Forwarded-For: alone, in
 * brackets, or with a port.  False for anything else.
 */
extern bool address_parse(const char *text, size_t size,
						  struct address *address)
	__attribute__((warn_unused_result));

extern bool address_is_loopback(const struct address *address);

/*
 * Networks like 10.0.0.0/8, or addresses, parted by spaces.  Bits behind a
 * network's length are 0, and the length is not.
 */
extern bool proxies_parse(const char *list, struct proxies *proxies)
	__attribute__((warn_unused_result));

/*
 * What is wrong with such a list, as a sentence in "problem" that names the
 * word; false when nothing is.
 */
extern bool proxies_problem(const char *list, char *problem, size_t size);

/*
 * The address that a request of this peer comes from, and of an IPv6 one in
 * X-Forwarded-For its /64, which is what a customer has.  *ignored: there is
 * an X-Forwarded-For that counts for nothing, as the peer is no trusted proxy.
 */
extern struct address proxies_client(const struct proxies *proxies,
									 const char *peer,
									 const struct guard_head *head,
									 bool *ignored);

#endif /* E2EMSG_PROXIES_H */
