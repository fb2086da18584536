/*
 * proxies.c
 *		X-Forwarded-For, from right to left.
 */
#include "proxies.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "guard.h"

#define DIGITS "0123456789"

static const uint8_t ipv4_prefix[12] = {0, 0, 0, 0, 0,	 0,
										0, 0, 0, 0, 255, 255};

static bool
is_ipv4(const struct address *address)
{
	return memcmp(address->bytes, ipv4_prefix, sizeof(ipv4_prefix)) == 0;
}

static bool
is_port(const char *text, size_t size)
{
	return size >= 1 && size <= 5 && strspn(text, DIGITS) >= size;
}

/* Without the brackets and the port. */
static bool
strip(const char **text, size_t *size)
{
	const char *colon = memchr(*text, ':', *size);
	size_t rest = 0;

	if (*size > 0 && **text == '[')
	{
		const char *end = memchr(*text, ']', *size);

		if (!end)
			return false;
		rest = *size - (size_t) (end + 1 - *text);
		colon = end + 1;
		*size = (size_t) (end - ++*text);
	}
	else if (colon && memchr(*text, '.', (size_t) (colon - *text)))
	{
		rest = *size - (size_t) (colon - *text);
		*size = (size_t) (colon - *text);
	}
	return rest == 0 || (*colon == ':' && is_port(colon + 1, rest - 1));
}

/* An address alone. */
static bool
parse_plain(const char *text, size_t size, struct address *address)
{
	char copy[INET6_ADDRSTRLEN];

	if (size >= sizeof(copy))
		return false;
	memcpy(copy, text, size);
	copy[size] = '\0';
	memcpy(address->bytes, ipv4_prefix, sizeof(ipv4_prefix));
	return inet_pton(AF_INET, copy, address->bytes + 12) == 1 ||
		   inet_pton(AF_INET6, copy, address->bytes) == 1;
}

bool
address_parse(const char *text, size_t size, struct address *address)
{
	return strip(&text, &size) && parse_plain(text, size, address);
}

bool
address_is_loopback(const struct address *address)
{
	return is_ipv4(address) && address->bytes[12] == 127;
}

/* How many bits count, after the slash; all without one, -1 for no number. */
static int
read_bits(const char *text, size_t size, int most)
{
	long bits;

	if (size == 0)
		return most;
	if (size < 2 || size > 4 || strspn(text + 1, DIGITS) < size - 1)
		return -1;
	bits = strtol(text + 1, NULL, 10);
	return bits <= most ? (int) bits : -1;
}

/* Are all bits behind those that count 0? */
static bool
is_plain_network(const struct network *network)
{
	int bits = network->bits;

	for (size_t i = 0; i < sizeof(network->address.bytes); i++, bits -= 8)
	{
		int rest = bits <= 0 ? 0xff : bits >= 8 ? 0 : 0xff >> bits;

		if (network->address.bytes[i] & rest)
			return false;
	}
	return true;
}

/* What is wrong with that word, or NULL. */
static const char *
network_parse(const char *text, size_t size, struct network *network)
{
	const char *slash = memchr(text, '/', size);
	const char *end = slash ? slash : text + size;
	int most, bits;

	if (!parse_plain(text, (size_t) (end - text), &network->address))
		return "is no address, nor a network like 10.0.0.0/8";
	most = is_ipv4(&network->address) ? 32 : 128;
	bits = read_bits(end, (size_t) (text + size - end), most);
	network->bits = 128 - most + bits;
	if (bits < 0)
		return "is no address, nor a network like 10.0.0.0/8";
	if (bits == 0)
		return "is everybody, who could then say any address";
	if (!is_plain_network(network))
		return "is an address in a network, not the network itself: bits "
			   "behind its length are not 0";
	return NULL;
}

/* What is wrong with the first bad word, or NULL. */
static const char *
parse(const char *list, struct proxies *proxies, const char **word,
	  size_t *size)
{
	const char *why;

	*proxies = (struct proxies){.count = 0};
	for (*word = list + strspn(list, " "); **word;
		 *word += *size, *word += strspn(*word, " "))
	{
		*size = strcspn(*word, " ");
		if (proxies->count == PROXIES_MAX)
			return "is one too many";
		why = network_parse(*word, *size, &proxies->networks[proxies->count]);
		if (why)
			return why;
		proxies->count++;
	}
	return NULL;
}

bool
proxies_parse(const char *list, struct proxies *proxies)
{
	const char *word;
	size_t size;

	return !parse(list, proxies, &word, &size);
}

bool
proxies_problem(const char *list, char *problem, size_t problem_size)
{
	struct proxies proxies;
	const char *word, *why;
	size_t size = 0;

	why = parse(list, &proxies, &word, &size);
	if (why)
		snprintf(problem, problem_size, "trusted_proxies: \"%.*s\" %s",
				 size < 100 ? (int) size : 100, word, why);
	return why != NULL;
}

static bool
is_within(const struct network *network, const struct address *address)
{
	size_t bytes = (size_t) network->bits / 8;
	int rest = network->bits % 8;
	const uint8_t *a = network->address.bytes, *b = address->bytes;

	return memcmp(a, b, bytes) == 0 &&
		   (rest == 0 || (a[bytes] ^ b[bytes]) >> (8 - rest) == 0);
}

static bool
is_trusted(const struct proxies *proxies, const struct address *address)
{
	for (size_t i = 0; i < proxies->count; i++)
		if (is_within(&proxies->networks[i], address))
			return true;
	return false;
}

/* A way through the elements of all fields of that name, from the last. */
struct walk
{
	const struct guard_head *head;
	size_t field;			 /* fields before it are still to be read */
	const char *begin, *end; /* of what is left of a value; NULL: nothing */
};

/* On to the value before; only the very name counts, with its hyphens. */
static bool
step_back(struct walk *walk)
{
	while (walk->field > 0)
	{
		const struct guard_field *field = &walk->head->fields[--walk->field];

		if (strcasecmp(field->name, "x-forwarded-for") == 0)
		{
			walk->begin = field->value;
			walk->end = field->value + strlen(field->value);
			return true;
		}
	}
	return false;
}

/* The element before, without the spaces around it; false: there is none. */
static bool
step_left(struct walk *walk, const char **text, size_t *size)
{
	const char *begin, *end;

	if (!walk->end && !step_back(walk))
		return false;
	begin = end = walk->end;
	while (begin > walk->begin && begin[-1] != ',')
		begin--;
	walk->end = begin > walk->begin ? begin - 1 : NULL;
	while (begin < end && *begin == ' ')
		begin++;
	while (end > begin && end[-1] == ' ')
		end--;
	*text = begin;
	*size = (size_t) (end - begin);
	return true;
}

/* What is no address ends the way, too: it is as far as one can know. */
struct address
proxies_client(const struct proxies *proxies, const char *peer,
			   const struct guard_head *head, bool *ignored)
{
	struct walk walk = {.head = head, .field = head->field_count};
	struct address client = {{0}}, hop;
	const char *text;
	size_t size;

	(void) !address_parse(peer, strlen(peer), &client);
	*ignored = !is_trusted(proxies, &client) && step_back(&walk);
	while (is_trusted(proxies, &client) && step_left(&walk, &text, &size) &&
		   address_parse(text, size, &hop))
		client = hop;
	if (!is_ipv4(&client))
		memset(client.bytes + 8, 0, 8);
	return client;
}
