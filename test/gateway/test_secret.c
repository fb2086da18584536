/*
 * test_secret.c
 *		The secret file and the keys derived from it.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "secret.h"
#include "tap.h"

/* What two secrets have in common when they are the same. */
struct print
{
	uint8_t token_mac[32], nonce_mac[32];
	char kid[SECRET_KID_SIZE];
};

/* Takes the print of a secret and wipes it. */
static struct print
print_of(struct secret *secret)
{
	struct print print = {.kid = ""};

	if (!secret_hmac(secret->token_key, "print", 5, print.token_mac) ||
		!secret_hmac(secret->nonce_key, "print", 5, print.nonce_mac))
		exit(EXIT_FAILURE);
	memcpy(print.kid, secret->kid, sizeof(print.kid));
	secret_wipe(secret);
	return print;
}

static bool
same_print(struct print a, struct print b)
{
	return memcmp(&a, &b, sizeof(a)) == 0;
}

/* The print's HMAC under a key in hexadecimal, by OpenSSL alone. */
static bool
mac_is_of(const uint8_t mac[32], const char *hex)
{
	uint8_t key[SECRET_SIZE], expected[32];

	for (size_t i = 0; i < SECRET_SIZE; i++)
	{
		unsigned value = 0;

		sscanf(hex + 2 * i, "%2x", &value);
		key[i] = (uint8_t) value;
	}
	return HMAC(EVP_sha256(), key, sizeof(key), (const uint8_t *) "print", 5,
				expected, NULL) &&
		   memcmp(mac, expected, sizeof(expected)) == 0;
}

/* Fixed for ever: all gateways of a database must derive the same. */
static void
test_keys(struct tap *tap)
{
	uint8_t bytes[SECRET_SIZE];
	struct secret secret;
	struct print print;

	for (size_t i = 0; i < SECRET_SIZE; i++)
		bytes[i] = (uint8_t) i;
	tap_ok(tap, secret_derive(&secret, bytes), "keys are derived");
	print = print_of(&secret);
	tap_ok(
		tap,
		mac_is_of(
			print.token_mac,
			"55de15e61d5d06a4567ddce7c51df4659694be57eeda360c0b09dfc32a873ed2"),
		"the token key");
	tap_ok(
		tap,
		mac_is_of(
			print.nonce_mac,
			"a33426a5fedbda4ec545e48565cf9b1a11858ca82f8a5c8245c71aa64a102885"),
		"the nonce key");
	tap_ok(tap, strcmp(print.kid, "xIAs9cTKKr8") == 0, "the kid");
}

static bool
refused(const char *path, const char *why)
{
	struct secret secret;
	char problem[600] = "";

	return !secret_load(&secret, path, problem, sizeof(problem)) &&
		   strstr(problem, why) != NULL;
}

static void
write_file(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, text, strlen(text)) < 0 || fchmod(fd, mode) != 0)
		exit(EXIT_FAILURE);
	close(fd);
}

static void
test_file(struct tap *tap, const char *folder)
{
	static const char good[] = "00112233445566778899aabbccddeeff"
							   "00112233445566778899aabbccddeeff\n";
	char path[300], link_path[300], problem[600];
	struct secret first, second;
	struct stat st;

	snprintf(path, sizeof(path), "%s/secret", folder);
	snprintf(link_path, sizeof(link_path), "%s/link", folder);
	tap_ok(tap, secret_load(&first, path, problem, sizeof(problem)),
		   "the file is made");
	tap_ok(tap, stat(path, &st) == 0 && (st.st_mode & 07777) == 0600,
		   "with mode 0600");
	tap_ok(tap,
		   secret_load(&second, path, problem, sizeof(problem)) &&
			   same_print(print_of(&first), print_of(&second)),
		   "and gives the same keys again");
	chmod(path, 0640);
	tap_ok(tap, refused(path, "chmod 600"), "refused when a group reads it");
	chmod(path, 0604);
	tap_ok(tap, refused(path, "chmod 600"), "refused when others read it");
	write_file(path, "00\n", 0600);
	tap_ok(tap, refused(path, "64 hexadecimal"), "refused when too short");
	write_file(path, good, 0600);
	tap_ok(tap, secret_load(&first, path, problem, sizeof(problem)),
		   "a file written by hand");
	secret_wipe(&first);
	if (symlink(path, link_path) != 0)
		exit(EXIT_FAILURE);
	tap_ok(tap, refused(link_path, "secret_file"), "no symbolic link");
	tap_ok(tap, refused(folder, "not a regular file"), "no folder");
	snprintf(path, sizeof(path), "%s/none/secret", folder);
	tap_ok(tap, refused(path, "No such file"), "no missing folder");
	unlink(link_path);
}

/* Several gateways that start at once end with the same secret. */
static void
test_race(struct tap *tap, const char *folder)
{
	char path[300], problem[600];
	struct secret secret;
	struct print mine, theirs;
	int ends[2];
	bool same = true;

	snprintf(path, sizeof(path), "%s/raced", folder);
	if (pipe(ends) != 0)
		exit(EXIT_FAILURE);
	fflush(stdout);
	for (int i = 0; i < 8; i++)
		if (fork() == 0)
		{
			if (!secret_load(&secret, path, problem, sizeof(problem)))
				_exit(1);
			mine = print_of(&secret);
			_exit(write(ends[1], &mine, sizeof(mine)) != sizeof(mine));
		}
	for (int i = 0; i < 8; i++)
	{
		int status = 1;

		wait(&status);
		same = same && status == 0;
	}
	same = same && secret_load(&secret, path, problem, sizeof(problem));
	if (same)
		mine = print_of(&secret);
	for (int i = 0; same && i < 8; i++)
		same = read(ends[0], &theirs, sizeof(theirs)) == sizeof(theirs) &&
			   same_print(mine, theirs);
	tap_ok(tap, same, "eight that start at once share one secret");
	unlink(path);
}

int
main(void)
{
	char folder[] = "/tmp/e2emsg-secret-XXXXXX";
	char path[300];
	struct tap tap = {0};

	if (!mkdtemp(folder))
		return EXIT_FAILURE;
	test_keys(&tap);
	test_file(&tap, folder);
	test_race(&tap, folder);
	snprintf(path, sizeof(path), "%s/secret", folder);
	unlink(path);
	tap_ok(&tap, rmdir(folder) == 0, "no draft is left behind");
	return tap_end(&tap);
}
