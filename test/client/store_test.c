/*
 * store_test.c
 *		Modes, owners, links, crashes: what a folder of keys must withstand.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "document.h"
#include "home.h"
#include "keyring.h"
#include "store.h"
#include "tap.h"

/* A home of its own, and the account "alice" in it. */
struct scene
{
	struct tap *tap;
	char home[PATH_MAX];
	struct store store;
	struct fault fault;
};

/* The path of a file of alice's. */
static const char *
path_of(const struct scene *scene, const char *name, char out[PATH_MAX])
{
	snprintf(out, PATH_MAX, "%.3000s/alice/%s", scene->home, name);
	return out;
}

static mode_t
mode_of(const char *path)
{
	struct stat about;

	return stat(path, &about) == 0 ? about.st_mode & 07777 : 0;
}

static void
check_result(struct scene *scene, enum result got, enum result expected,
			 const char *name)
{
	if (got != expected)
		printf("# got %d: %s\n", (int) got, scene->fault.message);
	tap_ok(scene->tap, got == expected, name);
}

/* Nothing is readable for others, whatever the umask; nothing is lost. */
static void
check_creation(struct scene *scene, mode_t mask)
{
	struct keypair pair = {0};
	char path[PATH_MAX];
	mode_t before = umask(mask);
	char deep[PATH_MAX], out[PATH_MAX];

	snprintf(deep, sizeof(deep), "%.3000s/%o/deep", scene->home, mask);
	check_result(scene, home_path(deep, true, out, &scene->fault), RESULT_OK,
				 "the home and what is above it are made");
	tap_ok(scene->tap, mode_of(out) == 0700, "with mode 0700");
	check_result(scene,
				 store_open(out, "alice", true, &scene->store, &scene->fault),
				 RESULT_OK, "the folder is made");
	check_result(scene, keyring_make(&scene->store, 1, &pair, &scene->fault),
				 RESULT_OK, "a key is stored");
	check_result(
		scene,
		store_append(&scene->store, "mail.jsonl", "{}\n", 3, &scene->fault),
		RESULT_OK, "a line is added");
	snprintf(path, sizeof(path), "%.3000s/alice/key-1.pem", out);
	tap_ok(scene->tap, mode_of(path) == 0600, "the key has mode 0600");
	snprintf(path, sizeof(path), "%.3000s/alice/mail.jsonl", out);
	tap_ok(scene->tap, mode_of(path) == 0600, "the mail has mode 0600");
	snprintf(path, sizeof(path), "%.3000s/alice", out);
	tap_ok(scene->tap, mode_of(path) == 0700, "the folder has mode 0700");
	keypair_free(&pair);
	store_close(&scene->store);
	umask(before);
}

/* A file with a looser mode is refused, and the hint is the cure. */
static void
check_loose_file(struct scene *scene, mode_t mode)
{
	struct keypair pair = {0};
	char path[PATH_MAX];
	char name[80];

	path_of(scene, "key-1.pem", path);
	chmod(path, mode);
	snprintf(name, sizeof(name), "a key of mode %03o is refused", mode);
	check_result(scene, keyring_load(&scene->store, 1, &pair, &scene->fault),
				 RESULT_REFUSED, name);
	tap_ok(scene->tap,
		   strstr(scene->fault.hint, "chmod 600") != NULL &&
			   strstr(scene->fault.hint, "key-1.pem") != NULL,
		   "with the chmod command as hint");
	chmod(path, 0600);
	check_result(scene, keyring_load(&scene->store, 1, &pair, &scene->fault),
				 RESULT_OK, "after the chmod it is taken");
	keypair_free(&pair);
}

static void
check_loose_folder(struct scene *scene)
{
	char path[PATH_MAX];
	struct store other;

	store_close(&scene->store);
	path_of(scene, "", path);
	chmod(path, 0750);
	check_result(
		scene, store_open(scene->home, "alice", false, &other, &scene->fault),
		RESULT_REFUSED, "a folder of mode 750 is refused");
	tap_ok(scene->tap, strstr(scene->fault.hint, "chmod 700") != NULL,
		   "with the chmod command as hint");
	chmod(path, 0700);
	check_result(
		scene,
		store_open(scene->home, "alice", false, &scene->store, &scene->fault),
		RESULT_OK, "after the chmod it opens");
}

static void
check_links(struct scene *scene)
{
	struct store_text text;
	struct keypair pair = {0};
	char path[PATH_MAX], target[PATH_MAX];

	path_of(scene, "key-9.pem", path);
	path_of(scene, "key-1.pem", target);
	tap_ok(scene->tap, symlink(target, path) == 0, "a link is made");
	check_result(scene, keyring_load(&scene->store, 9, &pair, &scene->fault),
				 RESULT_REFUSED, "a link in place of a key is not followed");
	check_result(
		scene,
		store_write(&scene->store, "key-9.pem", "new", 3, &scene->fault),
		RESULT_OK, "writing replaces the link");
	check_result(scene,
				 store_read(&scene->store, "key-1.pem", &text, &scene->fault),
				 RESULT_OK, "and what it led to");
	tap_ok(scene->tap, text.size > 3, "is as it was");
	store_release(&text);
}

/* As root, a file can be given away; others skip this. */
static void
check_foreign(struct scene *scene)
{
	struct keypair pair = {0};
	char path[PATH_MAX];

	path_of(scene, "key-1.pem", path);
	if (geteuid() != 0 || chown(path, 65534, 65534) != 0)
		return;
	check_result(scene, keyring_load(&scene->store, 1, &pair, &scene->fault),
				 RESULT_REFUSED, "a key of another owner is refused");
	tap_ok(scene->tap, chown(path, 0, 0) == 0, "and given back");
}

/* What a crash may leave: a half-written copy, a torn line. */
static void
check_crashes(struct scene *scene)
{
	struct store_text text;
	char path[PATH_MAX];
	int file;

	check_result(scene,
				 store_write(&scene->store, "one", "old", 3, &scene->fault),
				 RESULT_OK, "a file is written");
	path_of(scene, ".one.new", path);
	file = open(path, O_WRONLY | O_CREAT, 0644);
	tap_ok(scene->tap, file >= 0 && close(file) == 0,
		   "a crash left its new copy behind");
	check_result(scene, store_read(&scene->store, "one", &text, &scene->fault),
				 RESULT_OK, "the old one is read");
	tap_ok(scene->tap, text.size == 3 && memcmp(text.bytes, "old", 3) == 0,
		   "whole");
	store_release(&text);
	check_result(scene,
				 store_write(&scene->store, "one", "newer", 5, &scene->fault),
				 RESULT_OK, "and can be replaced");
	check_result(
		scene,
		store_append(&scene->store, "lines", "{\"torn", 6, &scene->fault),
		RESULT_OK, "a line is torn");
	check_result(
		scene, store_append(&scene->store, "lines", "{}\n", 3, &scene->fault),
		RESULT_OK, "the next one is added");
	check_result(scene,
				 store_read(&scene->store, "lines", &text, &scene->fault),
				 RESULT_OK, "and read");
	tap_ok(scene->tap,
		   text.bytes != NULL && strcmp(text.bytes, "{\"torn\n{}\n") == 0,
		   "the torn line harms no other");
	store_release(&text);
}

/* A second process waits until the first one has closed the folder. */
static void
check_lock(struct scene *scene)
{
	int status = -1;
	pid_t child = fork();

	if (child == 0)
	{
		struct store other;
		struct fault fault;
		enum result result;

		store_close(&scene->store); /* the copy that fork() made */
		result = store_open(scene->home, "alice", false, &other, &fault);

		_exit(result == RESULT_OK ? 0 : 1);
	}
	usleep(200000);
	tap_ok(scene->tap, waitpid(child, &status, WNOHANG) == 0,
		   "a second process waits for the lock");
	store_close(&scene->store);
	waitpid(child, &status, 0);
	tap_ok(scene->tap, WIFEXITED(status) && WEXITSTATUS(status) == 0,
		   "and gets it when the first is done");
}

static void
check_homes(struct scene *scene)
{
	char name[USERNAME_TEXT_SIZE], out[PATH_MAX];

	check_result(scene, home_only_account(scene->home, name, &scene->fault),
				 RESULT_OK, "the only account is found");
	tap_ok(scene->tap, strcmp(name, "alice") == 0, "by its name");
	snprintf(out, sizeof(out), "%.3000s/bob", scene->home);
	check_result(scene, home_make_folder(out, &scene->fault), RESULT_OK,
				 "with a second one");
	check_result(scene, home_only_account(scene->home, name, &scene->fault),
				 RESULT_USAGE, "the user must say which");
	setenv("XDG_DATA_HOME", scene->home, 1);
	check_result(scene, home_path(NULL, false, out, &scene->fault), RESULT_OK,
				 "XDG_DATA_HOME");
	tap_ok(scene->tap,
		   strncmp(out, scene->home, strlen(scene->home)) == 0 &&
			   strcmp(out + strlen(scene->home), "/e2emsg") == 0,
		   "holds the accounts");
	setenv("XDG_DATA_HOME", "relative", 1);
	setenv("HOME", "/nowhere", 1);
	check_result(scene, home_path(NULL, false, out, &scene->fault), RESULT_OK,
				 "a relative one is ignored");
	tap_ok(scene->tap, strcmp(out, "/nowhere/.local/share/e2emsg") == 0,
		   "as its specification says");
}

/* The options of a command to copy, for homes that no account is in. */
static void
check_home_options(struct scene *scene)
{
	static const struct
	{
		const char *home, *options, *name;
	} cases[] = {
		{"/nowhere/.local/share/e2emsg", "", "the default home goes without"},
		{"/srv/keys_2.d", " --home /srv/keys_2.d", "another one is named"},
		{"a b", " --home 'a b'", "a space is quoted"},
		{"$(x);`y`", " --home '$(x);`y`'", "so is what a shell would run"},
		{"~", " --home '~'", "and what it would expand"},
		{"it's", " --home 'it'\\''s'", "and a quote itself"},
	};
	char out[HOME_OPTIONS_SIZE], longest[PATH_MAX];

	setenv("XDG_DATA_HOME", "relative", 1);
	setenv("HOME", "/nowhere", 1);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
	{
		home_options(cases[i].home, NULL, out);
		tap_ok(scene->tap, strcmp(out, cases[i].options) == 0, cases[i].name);
	}
	memset(longest, '\'', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	home_options(longest, "alice", out);
	tap_ok(scene->tap,
		   strlen(out) == strlen(" --home ''") + 4 * (sizeof(longest) - 1),
		   "the longest one has room");
	home_options(scene->home, "carol", out);
	tap_ok(scene->tap, strncmp(out, " --as carol --home /", 20) == 0,
		   "where there are others, the account is named");
}

/* Removes the scene's folder. */
static void
clean_up(const struct scene *scene)
{
	char command[PATH_MAX + 16];

	snprintf(command, sizeof(command), "rm -rf '%s'", scene->home);
	if (system(command) != 0)
		printf("# %s is left\n", scene->home);
}

int
main(void)
{
	struct tap tap = {0};
	struct scene scene = {.tap = &tap, .store = STORE_CLOSED};
	const char *folder = getenv("TMPDIR");
	struct keypair pair = {0};

	snprintf(scene.home, sizeof(scene.home), "%.3000s/e2emsg-store.XXXXXX",
			 folder ? folder : "/tmp");
	if (mkdtemp(scene.home) == NULL)
		return EXIT_FAILURE;
	check_creation(&scene, 0);
	check_creation(&scene, 022);
	check_creation(&scene, 0777);
	check_result(
		&scene,
		store_open(scene.home, "alice", true, &scene.store, &scene.fault),
		RESULT_OK, "alice's folder is made");
	check_result(&scene, keyring_make(&scene.store, 1, &pair, &scene.fault),
				 RESULT_OK, "and her key");
	keypair_free(&pair);
	check_loose_file(&scene, 0640);
	check_loose_file(&scene, 0604);
	check_loose_file(&scene, 0610);
	check_loose_folder(&scene);
	check_links(&scene);
	check_foreign(&scene);
	check_crashes(&scene);
	check_lock(&scene);
	check_homes(&scene);
	check_home_options(&scene);
	clean_up(&scene);
	return tap_end(&tap);
}
