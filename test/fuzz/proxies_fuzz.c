/*
 * proxies_fuzz.c
 *		proxies.c: trusted_proxies, and X-Forwarded-For.
 *
 * The input is lines: the setting, the peer, and a field each.  All hops are
 * listed first and then looked at from the last one, bit by bit; addresses
 * are what regular expressions and inet_pton() take.
 */
#include <arpa/inet.h>
#include <regex.h>

#include "fuzz.h"
#include "guard.h"
#include "proxies.h"

#define MAX_FIELDS 8
#define MAX_HOPS 600

/* ---- addresses ---- */

/* The forms are few, and each is compiled once. */
static bool
matches(const char *form, const char *text, regmatch_t found[2])
{
	static struct
	{
		const char *form;
		regex_t regex;
	} known[8];
	size_t i = 0;

	while (known[i].form && strcmp(known[i].form, form) != 0)
		i++;
	must(known[i].form || regcomp(&known[i].regex, form, REG_EXTENDED) == 0);
	known[i].form = form;
	return regexec(&known[i].regex, text, 2, found, 0) == 0;
}

static bool
slow_plain(const char *text, struct address *address)
{
	struct in_addr ipv4;

	if (inet_pton(AF_INET6, text, address->bytes) == 1)
		return true;
	if (inet_pton(AF_INET, text, &ipv4) != 1)
		return false;
	memset(address->bytes, 0, 10);
	memset(address->bytes + 10, 0xff, 2);
	memcpy(address->bytes + 12, &ipv4, 4);
	return true;
}

static bool
slow_address(const char *text, struct address *address)
{
	regmatch_t found[2] = {{0, (regoff_t) strlen(text)},
						   {0, (regoff_t) strlen(text)}};
	char *plain;
	bool good;

	if (text[0] == '[' && !matches("^\\[([^]]*)](:[0-9]{1,5})?$", text, found))
		return false;
	if (text[0] != '[' && matches("^[^:]*\\.[^:]*:", text, found) &&
		!matches("^([^:]*):[0-9]{1,5}$", text, found))
		return false;
	if (text[0] != '[' &&
		!matches("^([^:]*\\.[^:]*):[0-9]{1,5}$", text, found))
		found[1] = (regmatch_t){0, (regoff_t) strlen(text)};
	plain = text_of((const uint8_t *) text + found[1].rm_so,
					(size_t) (found[1].rm_eo - found[1].rm_so));
	good = slow_plain(plain, address);
	free(plain);
	return good;
}

/* ---- networks ---- */

static bool
bit(const struct address *address, int i)
{
	return address->bytes[i / 8] >> (7 - i % 8) & 1;
}

static bool
slow_is_mapped(const struct address *address)
{
	for (int i = 0; i < 96; i++)
		if (bit(address, i) != (i >= 80))
			return false;
	return true;
}

/* Is the address in a network of the list?  *good: is it a list at all? */
static bool
slow_trusted(const char *list, const struct address *address, bool *good)
{
	char *copy = strdup(list), *at = copy, *word;
	bool trusted = false;
	int count = 0;

	*good = true;
	while ((word = strsep(&at, " ")) != NULL)
	{
		char *slash = strchr(word, '/');
		struct address network;
		regmatch_t unused[2];
		bool same = true;
		int bits, most;

		if (*word == '\0')
			continue;
		if (slash)
			*slash = '\0';
		*good = *good && ++count <= PROXIES_MAX && slow_plain(word, &network);
		if (!*good)
			break;
		most = slow_is_mapped(&network) ? 32 : 128;
		bits = slash ? atoi(slash + 1) : most;
		*good = bits > 0 && bits <= most &&
				(!slash || matches("^[0-9]{1,3}$", slash + 1, unused));
		for (int i = 128 - most + bits; *good && i < 128; i++)
			*good = !bit(&network, i);
		for (int i = 0; *good && i < 128 - most + bits; i++)
			same = same && bit(&network, i) == bit(address, i);
		trusted = trusted || (*good && same);
	}
	free(copy);
	return *good && trusted;
}

/* ---- hops ---- */

static char *
trim(char *text)
{
	text += strspn(text, " ");
	for (size_t end = strlen(text); end > 0 && text[end - 1] == ' ';)
		text[--end] = '\0';
	return text;
}

static struct address
slow_client(const char *list, const char *peer, char *values[], size_t count)
{
	struct address client, hop;
	char *hops[MAX_HOPS];
	size_t hop_count = 0;
	bool good;

	must(slow_address(peer, &client));
	for (size_t i = 0; i < count; i++)
	{
		char *at = values[i], *word;

		while (hop_count < MAX_HOPS && (word = strsep(&at, ",")) != NULL)
			hops[hop_count++] = trim(word);
	}
	while (hop_count > 0 && slow_trusted(list, &client, &good) &&
		   slow_address(hops[--hop_count], &hop))
		client = hop;
	if (!slow_is_mapped(&client))
		memset(client.bytes + 8, 0, 8);
	return client;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct guard_field fields[MAX_FIELDS];
	struct guard_head head = {.fields = fields};
	struct address client, wanted = {{0}};
	struct proxies proxies;
	char *text = text_of(data, size), *at = text, *values[MAX_FIELDS], *value;
	const char *list = strsep(&at, "\n"), *peer = at ? strsep(&at, "\n") : "";
	char problem[300];
	bool good, ignored, is_peer;

	while (head.field_count < MAX_FIELDS && (value = strsep(&at, "\n")))
	{
		values[head.field_count] = strdup(value);
		fields[head.field_count++] =
			(struct guard_field){"X-Forwarded-For", value};
	}
	is_peer = slow_address(peer, &wanted);
	must(address_parse(peer, strlen(peer), &client) == is_peer);
	slow_trusted(list, &wanted, &good);
	must(proxies_parse(list, &proxies) == good);
	must(proxies_problem(list, problem, sizeof(problem)) == !good);
	if (good && is_peer)
	{
		client = proxies_client(&proxies, peer, &head, &ignored);
		wanted = slow_client(list, peer, values, head.field_count);
		must(memcmp(&client, &wanted, sizeof(client)) == 0);
	}
	for (size_t i = 0; i < head.field_count; i++)
		free(values[i]);
	free(text);
	return 0;
}
