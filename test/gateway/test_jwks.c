/*
 * test_jwks.c
 *		Sets of keys that are taken, left out and refused.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "jwks.h"
#include "tap.h"

#define POINT                                                \
	"\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":"                \
	"\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":" \
	"\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\""
#define EC "{" POINT ",\"kid\":\"ec\"}"
#define OKP \
	"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AA\",\"kid\":\"okp\"}"

struct attempt
{
	const char *keys; /* the elements of the array */
	const char *why;  /* NULL: taken */
};

/* Says whether the set comes out as expected; count 0: it is refused. */
static bool
comes_out(const char *text, size_t size, size_t count, const char *why)
{
	char problem[JWKS_PROBLEM_SIZE] = "";
	struct jwks *set = jwks_parse(text, size, problem);
	bool good = set ? jwks_count(set) == count
					: count == 0 && strstr(problem, why) != NULL;

	if (!good)
		printf("# %s\n", set ? "taken" : problem);
	jwks_free(set);
	return good;
}

static void
test_sets(struct tap *tap)
{
	static const struct attempt attempts[] = {
		{EC, NULL},
		{"{" POINT "}", NULL},
		{"{" POINT
		 ",\"use\":\"sig\",\"alg\":\"ES256\",\"key_ops\":[\"verify\"]"
		 ",\"x5c\":[\"AA\"],\"x5t\":\"A\",\"more\":{\"a\":[1]}}",
		 NULL},
		{OKP "," EC, NULL},
		{EC ",{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"AA\",\"y\":\"AA\"}",
		 NULL},
		{EC ",{" POINT ",\"use\":\"enc\"}", NULL},
		{EC ",{" POINT ",\"alg\":\"ES384\"}", NULL},
		{EC ",{" POINT ",\"alg\":\"RS256\"}", NULL},
		{EC ",{" POINT ",\"key_ops\":[\"deriveBits\"]}", NULL},
		{EC ",{" POINT ",\"key_ops\":[\"verify\",\"sign\"]}", NULL},
		{EC ",{\"kty\":\"RSA\",\"alg\":\"PS256\",\"n\":\"AQ\",\"e\":\"Aw\"}",
		 NULL},
		{EC ",{\"kty\":\"RSA\",\"use\":\"enc\",\"n\":\"AQ\",\"e\":\"Aw\"}",
		 NULL},
		{EC ",{\"kty\":\"unheard of\"}", NULL},
		{"", "no key"},
		{OKP, "no key"},
		{"{" POINT ",\"use\":\"enc\"}", "no key"},
		{EC "," EC, "key 2: its kid"},
		{OKP "," EC ",{" POINT ",\"kid\":\"okp\"}", "key 3: its kid"},
		{EC ","
			"{\"kty\":\"OKP\",\"kid\":\"e\\u0063\"}",
		 "key 2: its kid"},
		{"{" POINT ",\"d\":\"AA\"}", "private"},
		{"{" POINT ",\"d\":null}", "private"},
		{EC ",{\"kty\":\"oct\",\"k\":\"AA\"}", "key 2: it is private"},
		{EC ",{\"kty\":\"oct\"}", "private"},
		{EC ",{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"d\":\"AA\"}", "private"},
		{EC ",{\"kty\":\"RSA\",\"use\":\"enc\",\"p\":\"AA\"}", "private"},
		{EC ",{\"kty\":\"RSA\",\"oth\":[]}", "private"},
		{"{" POINT ",\"d\":\"AA\",\"d\":\"AA\"}", "no JSON"},
		{"{" POINT "," POINT "}", "no JSON"},
		{"1", "not an object"},
		{"null", "not an object"},
		{"[]", "not an object"},
		{"{}", "kty"},
		{"{\"kty\":[\"EC\"]}", "kty"},
		{"{" POINT ",\"kid\":7}", "strings"},
		{"{" POINT ",\"kid\":null}", "strings"},
		{"{" POINT ",\"kid\":\"\"}", "kid must have"},
		{"{" POINT ",\"use\":[\"sig\"]}", "strings"},
		{"{" POINT ",\"alg\":{}}", "strings"},
		{"{" POINT ",\"key_ops\":\"verify\"}", "key_ops"},
		{"{" POINT ",\"key_ops\":[\"verify\",1]}", "key_ops"},
		{"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":"
		 "\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\"}",
		 "needed"},
		{"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":"
		 "\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":"
		 "\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5aE\"}",
		 "curve"},
		{"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":"
		 "\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU=\",\"y\":\"AA\"}",
		 "32 bytes"},
		{"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":1,\"y\":2}", "strings"},
		{"{\"kty\":\"RSA\",\"e\":\"AQAB\"}", "n must"},
		{"{\"kty\":\"RSA\",\"n\":\"AQ\",\"e\":\"AQAB\"}", "n must"},
		{"{\"kty\":\"RSA\",\"n\":{},\"e\":\"AQAB\"}", "n must"},
		{"{\"kty\":\"RSA\",\"n\":\"\",\"e\":\"AQAB\"}", "n must"},
	};
	char text[4096];

	for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++)
	{
		int size =
			snprintf(text, sizeof(text), "{\"keys\":[%s]}", attempts[i].keys);

		tap_ok(tap,
			   comes_out(text, (size_t) size, attempts[i].why ? 0 : 1,
						 attempts[i].why ? attempts[i].why : ""),
			   attempts[i].keys);
	}
}

/*
 * An RSA key with a modulus of so many characters of base64url, the first and
 * the last of which are given, in between ones.
 */
static bool
rsa_comes_out(int chars, char first, char last, const char *e, const char *why)
{
	char n[1400], text[2000];
	int size;

	memset(n, '_', sizeof(n));
	n[0] = first;
	n[chars - 1] = last;
	size =
		snprintf(text, sizeof(text),
				 "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"%.*s\",\"e\":\"%s\"}]}",
				 chars, n, e);
	return comes_out(text, (size_t) size, why ? 0 : 1, why ? why : "");
}

/* 256 bytes are 342 characters, 1024 bytes 1366; the last one holds 4 bits. */
static void
test_rsa(struct tap *tap)
{
	tap_ok(tap, rsa_comes_out(342, '_', 'w', "AQAB", NULL), "2048 bits");
	tap_ok(tap, rsa_comes_out(342, 'f', 'w', "AQAB", "n must"), "2047 bits");
	tap_ok(tap, rsa_comes_out(342, 'A', 'w', "AQAB", "n must"),
		   "fewer, with zeros before");
	tap_ok(tap, rsa_comes_out(1366, '_', 'w', "AQAB", NULL), "8192 bits");
	tap_ok(tap, rsa_comes_out(1367, 'A', '8', "AQAB", "n must"),
		   "8192 bits with zeros before");
	tap_ok(tap, rsa_comes_out(1368, '_', '_', "AQAB", "n must"), "8208 bits");
	tap_ok(tap, rsa_comes_out(342, '_', 'g', "AQAB", "n must"),
		   "an even modulus");
	tap_ok(tap, rsa_comes_out(342, '_', 'x', "AQAB", "n must"),
		   "base64url with spare bits");
	tap_ok(tap, rsa_comes_out(342, '_', '=', "AQAB", "n must"), "padding");
	tap_ok(tap, rsa_comes_out(342, '_', 'w', "AQ", "e must"), "exponent 1");
	tap_ok(tap, rsa_comes_out(342, '_', 'w', "Aw", "e must"), "exponent 3");
	tap_ok(tap, rsa_comes_out(342, '_', 'w', "AQAA", "e must"),
		   "an even exponent");
	tap_ok(tap, rsa_comes_out(342, '_', 'w', "AAEAAQ", "e must"),
		   "an exponent with zeros before");
	tap_ok(tap, rsa_comes_out(342, '_', 'w', "_____w", NULL),
		   "an exponent of 32 bits");
	tap_ok(tap, rsa_comes_out(342, '_', 'w', "AQAAAAE", "e must"),
		   "an exponent of 33 bits");
	tap_ok(tap, rsa_comes_out(342, '_', 'w', "", "e must"), "no exponent");
}

static void
test_texts(struct tap *tap)
{
	static const char good[] = "{\"keys\":[" EC "," OKP "]}";
	static const char *const bad[] = {"",
									  "[]",
									  "{}",
									  "{\"keys\":{}}",
									  "{\"keys\":null}",
									  "null",
									  "{\"keys\":[" EC "],\"keys\":[]}",
									  "\xef\xbb\xbf{\"keys\":[" EC "]}",
									  "{\"keys\":[" EC "]} x",
									  "{\"keys\":[{" POINT
									  ",\"kid\":\"\xff\"}]}"};
	char *huge = malloc(JWKS_MAX_SIZE + 2);
	bool refused = true;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		tap_ok(tap, comes_out(bad[i], strlen(bad[i]), 0, "no JSON"), bad[i]);
	for (size_t i = 0; i < sizeof(good) - 1; i++)
	{
		char *copy = malloc(i + 1);

		memcpy(copy, good, i);
		refused = refused && comes_out(copy, i, 0, "no JSON");
		free(copy);
	}
	tap_ok(tap, refused, "a file cut at each byte");
	memset(huge, ' ', JWKS_MAX_SIZE + 1);
	memcpy(huge, good, sizeof(good) - 1);
	tap_ok(tap, comes_out(huge, JWKS_MAX_SIZE, 1, ""), "64 kB");
	tap_ok(tap, comes_out(huge, JWKS_MAX_SIZE + 1, 0, "larger"),
		   "a byte more");
	free(huge);
}

static void
test_numbers(struct tap *tap)
{
	char text[16384] = "{\"keys\":[" EC;
	char problem[JWKS_PROBLEM_SIZE];
	struct jwks *set;
	size_t size;

	for (int i = 1; i < JWKS_MAX_KEYS; i++)
	{
		size = strlen(text);
		snprintf(text + size, sizeof(text) - size,
				 ",{" POINT ",\"kid\":\"%d\"}", i);
	}
	size = strlen(text);
	snprintf(text + size, sizeof(text) - size, "]}");
	tap_ok(tap, comes_out(text, strlen(text), JWKS_MAX_KEYS, ""), "32 keys");
	set = jwks_parse(text, strlen(text), problem);
	tap_ok(tap,
		   set && jwks_find(set, "ES256", "31") &&
			   !jwks_find(set, "ES256", "32") &&
			   !jwks_find(set, "RS256", "31") && !jwks_find(set, "ES256", ""),
		   "are found by kid and alg");
	tap_ok(tap, set && !jwks_find(set, "ES256", NULL),
		   "but not without a kid");
	jwks_free(set);
	snprintf(text + size, sizeof(text) - size, "," OKP "]}");
	tap_ok(tap, comes_out(text, strlen(text), 0, "more than 32"), "33 keys");
}

/* Is the file refused for this reason? */
static bool
file_refused(const char *path, const char *why)
{
	char problem[JWKS_PROBLEM_SIZE] = "";
	struct jwks *set = jwks_load(path, problem);
	bool refused = !set && strstr(problem, why) && strstr(problem, path);

	jwks_free(set);
	return refused;
}

static void
test_files(struct tap *tap)
{
	char folder[] = "/tmp/e2emsg-jwks.XXXXXX", path[64], fifo[64];
	char problem[JWKS_PROBLEM_SIZE];
	struct jwks *set;
	FILE *file;

	if (!mkdtemp(folder))
		exit(EXIT_FAILURE);
	snprintf(path, sizeof(path), "%s/keys", folder);
	snprintf(fifo, sizeof(fifo), "%s/fifo", folder);
	tap_ok(tap, file_refused(path, "No such file"), "no file");
	file = fopen(path, "w");
	fputs("{\"keys\":[" EC "]}", file);
	fclose(file);
	chmod(path, 0644);
	set = jwks_load(path, problem);
	tap_ok(tap, set && jwks_count(set) == 1, "a file");
	jwks_free(set);
	chmod(path, 0664);
	tap_ok(tap, file_refused(path, "write to it"), "the group may write it");
	chmod(path, 0646);
	tap_ok(tap, file_refused(path, "write to it"), "anybody may write it");
	chmod(path, 0644);
	if (truncate(path, 30) != 0)
		exit(EXIT_FAILURE);
	tap_ok(tap, file_refused(path, "no JSON"), "half of it");
	if (truncate(path, JWKS_MAX_SIZE + 1) != 0)
		exit(EXIT_FAILURE);
	tap_ok(tap, file_refused(path, "larger"), "a large one");
	tap_ok(tap, file_refused(folder, "not a regular file"), "a folder");
	if (mkfifo(fifo, 0600) != 0)
		exit(EXIT_FAILURE);
	tap_ok(tap, file_refused(fifo, "not a regular file"), "a pipe");
	unlink(fifo);
	unlink(path);
	rmdir(folder);
}

int
main(void)
{
	struct tap tap = {0};

	test_sets(&tap);
	test_rsa(&tap);
	test_texts(&tap);
	test_numbers(&tap);
	test_files(&tap);
	return tap_end(&tap);
}
