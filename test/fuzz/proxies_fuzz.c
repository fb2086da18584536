/*
 * proxies_fuzz.c
 *		proxies.c: the setting trusted_proxies, and X-Forwarded-For.
 *
 * The input is a list, LF, a peer, and after each further LF what a field
 * says.  A second reading joins the fields, takes words off the end and knows
 * an address by a regular expression.
 */
#include <arpa/inet.h>
#include <regex.h>

#include "fuzz.h"
#include "guard.h"
#include "proxies.h"

enum form
{
	IPV4,
	WITH_PORT,
	IN_BRACKETS,
	BITS,
	FORMS
};

static bool
fits(const char *text, enum form form)
{
	static const char *const forms[FORMS] = {
		[IPV4] = "^[0-9.]{1,15}$",
		[WITH_PORT] = "^[0-9.]+:[0-9]{1,5}$",
		[IN_BRACKETS] = "^\\[[0-9a-fA-F:.]+\\](:[0-9]{1,5})?$",
		[BITS] = "^/[0-9]{1,3}$",
	};
	static regex_t compiled[FORMS];
	static bool is_compiled[FORMS];

	is_compiled[form] =
		is_compiled[form] ||
		regcomp(&compiled[form], forms[form], REG_EXTENDED | REG_NOSUB) == 0;
	must(is_compiled[form]);
	return regexec(&compiled[form], text, 0, NULL, 0) == 0;
}

static bool
read_plain(const char *text, struct address *address)
{
	char mapped[80];

	if (fits(text, IPV4))
	{
		snprintf(mapped, sizeof(mapped), "::ffff:%s", text);
		return inet_pton(AF_INET, text, address->bytes) == 1 &&
			   inet_pton(AF_INET6, mapped, address->bytes) == 1;
	}
	return inet_pton(AF_INET6, text, address->bytes) == 1;
}

/* An address, in brackets or with a port, which are cut off the text. */
static bool
read_word(char *text, struct address *address)
{
	if (fits(text, IN_BRACKETS))
		*strchr(text++, ']') = '\0';
	else if (fits(text, WITH_PORT))
		*strchr(text, ':') = '\0';
	return read_plain(text, address);
}

static bool
same_start(const struct address *a, const struct address *b, long bits)
{
	for (long i = 0; i < bits; i++)
		if (((a->bytes[i / 8] ^ b->bytes[i / 8]) >> (7 - i % 8)) & 1)
			return false;
	return true;
}

/*
 * Is the address in a network of the list?  Without an address: is the list
 * one of networks?
 */
static bool
look_through(const char *list, const struct address *address)
{
	char *copy = strdup(list), *at = copy, *word;
	size_t count = 0;
	bool good = true, found = false;

	while ((word = strsep(&at, " ")) != NULL)
	{
		char *slash = strchr(word, '/');
		struct address network;
		long bits, most;

		if (*word == '\0')
			continue;
		count++;
		good = good && (!slash || fits(slash, BITS));
		if (slash)
			*slash = '\0';
		good = good && read_plain(word, &network);
		most = good && memcmp(network.bytes, "\0\0\0\0\0\0\0\0\0\0\xff\xff",
							  12) == 0
				   ? 32
				   : 128;
		bits = slash ? atol(slash + 1) : most;
		good = good && bits <= most;
		found = found || (good && address &&
						  same_start(&network, address, 128 - most + bits));
	}
	free(copy);
	return address ? found : good && count <= PROXIES_MAX;
}

/* The second reading; "fields" are parted by LF. */
static struct address
find_client(const char *list, const char *peer, const char *fields)
{
	char *rest = strdup(fields), *copy = strdup(peer);
	struct address client = {{0}}, next;
	bool more = read_word(copy, &client) && look_through(list, &client);

	free(copy);
	for (char *c = rest; *c; c++)
		if (*c == '\n')
			*c = ',';
	while (more)
	{
		char *comma = strrchr(rest, ','), *word = comma ? comma + 1 : rest;
		size_t size;

		word += strspn(word, " ");
		for (size = strlen(word); size > 0 && word[size - 1] == ' '; size--)
			word[size - 1] = '\0';
		more = read_word(word, &next);
		if (more)
			client = next;
		more = more && comma && look_through(list, &client);
		if (comma)
			*comma = '\0';
	}
	free(rest);
	if (memcmp(client.bytes, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12) != 0)
		memset(client.bytes + 8, 0, 8);
	return client;
}

/* Both readings of the fields' values, which are parted by LF. */
static void
check_client(const struct proxies *proxies, const char *list, const char *peer,
			 char *values)
{
	char *copy = strdup(values);
	struct guard_field fields[GUARD_MAX_FIELDS];
	struct guard_head head = {.fields = fields};
	struct address wanted = find_client(list, peer, copy), found;
	char *value;
	bool ignored;

	free(copy);
	while ((value = strsep(&values, "\n")) != NULL)
		fields[head.field_count++] =
			(struct guard_field){"x-Forwarded-For", value};
	found = proxies_client(proxies, peer, &head, &ignored);
	must(memcmp(&found, &wanted, sizeof(found)) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *list = text_of(data, size), *rest = list, *peer;
	struct proxies proxies;
	struct address address;
	size_t fields = 1;
	bool good;

	strsep(&rest, "\n");
	peer = strsep(&rest, "\n");
	good = proxies_parse(list, &proxies);
	must(good == look_through(list, NULL));
	for (const char *c = rest; c && *c; c++)
		fields += *c == '\n';
	if (good && rest && fields <= GUARD_MAX_FIELDS &&
		address_parse(peer, strlen(peer), &address))
		check_client(&proxies, list, peer, rest);
	free(list);
	return 0;
}
