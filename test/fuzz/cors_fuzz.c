/*
 * cors_fuzz.c
 *		cors.c: the setting allowed_origins, and the field Origin.
 *
 * The input is a list, LF, and what a request says.  An origin is what a
 * regular expression takes.
 */
#include <regex.h>

#include "config.h"
#include "cors.h"
#include "fuzz.h"
#include "guard.h"

static const char form[] =
	"^[a-z][a-z0-9+.-]*://([a-z0-9._-]+|\\[[0-9a-f:.]+])(:[1-9][0-9]{0,4})?$";

static bool
is_origin(const char *text)
{
	static regex_t origin;
	static bool compiled;
	const char *host = strstr(text, "://");
	const char *port = host ? strrchr(host + 3, ':') : NULL;

	compiled =
		compiled || regcomp(&origin, form, REG_EXTENDED | REG_NOSUB) == 0;
	must(compiled);
	if (strlen(text) >= CORS_ORIGIN_SIZE ||
		regexec(&origin, text, 0, NULL, 0) != 0)
		return false;
	if (!port || strchr(port, ']'))
		return true;
	return atol(port + 1) <= 65535 &&
		   (strncmp(text, "http://", 7) != 0 || strcmp(port, ":80") != 0) &&
		   (strncmp(text, "https://", 8) != 0 || strcmp(port, ":443") != 0);
}

/* Are all words origins, and is the one in question among them? */
static bool
check_words(const char *list, const char *wanted, bool *found)
{
	char *copy = strdup(list), *at = copy, *word;
	bool good = true;

	*found = false;
	while ((word = strsep(&at, " ")) != NULL)
	{
		if (*word == '\0')
			continue;
		good = good && is_origin(word);
		*found = *found || strcmp(word, wanted) == 0;
	}
	free(copy);
	return good;
}

/* What a request of that origin gets. */
static void
check_request(const char *list, const char *said, bool is_listed)
{
	struct guard_field fields[] = {{"Host", "a"},
								   {"Origin", said},
								   {"Access-Control-Request-Method", "PUT"}};
	struct guard_head head = {
		.method = "OPTIONS", .fields = fields, .field_count = 3};
	struct cors *cors = cors_new(list);
	struct cors_origin origin;

	must(cors != NULL);
	cors_look(cors, &head, &origin);
	must(origin.varies == (list[0] != '\0'));
	must(origin.is_listed == is_listed);
	must(cors_is_preflight(&head, &origin) == (origin.text[0] != '\0'));
	must(!is_listed || strcmp(origin.text, said) == 0);
	cors_free(cors);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *list = text_of(data, size), *end = strchr(list, '\n');
	char *said = end ? end + 1 : list + size;
	char problem[CONFIG_PROBLEM_SIZE];
	bool found, good;

	if (end)
		*end = '\0';
	said[strcspn(said, " \n")] = '\0'; /* guard_value() cuts white space */
	good = check_words(list, said, &found);
	must(good == !cors_problem(list, problem, sizeof(problem)));
	if (strlen(list) < CONFIG_TEXT_SIZE && good)
		check_request(list, said, found);
	free(list);
	return 0;
}
