/*
 * files_fuzz.c
 *		The files of an account: account.c, contacts.c, log_file.c over
 *		document.c and store.c.
 *
 * The input is put into each of them.  What is read is written, and what is
 * read then is written alike.
 */
#include <fcntl.h>
#include <unistd.h>

#include "account.h"
#include "contacts.h"
#include "fuzz.h"
#include "log_file.h"
#include "store.h"

static struct store store = {.folder = -1, .lock = -1};

static void
discard(void)
{
	char home[PATH_MAX], *slash;

	memcpy(home, store.path, sizeof(home));
	store_discard(&store);
	slash = strrchr(home, '/');
	if (slash)
		*slash = '\0';
	rmdir(home);
}

/* A folder in memory, if there is one, for as long as the program runs. */
static void
open_store(void)
{
	char home[] = "/dev/shm/files_fuzz.XXXXXX";
	char other[] = "/tmp/files_fuzz.XXXXXX";
	const char *made = mkdtemp(home) ? home : mkdtemp(other);
	struct fault fault;

	must(made != NULL);
	must(store_open(made, "alice", true, &store, &fault) == RESULT_OK);
	atexit(discard);
}

static void
put(const char *name, const void *bytes, size_t size)
{
	int fd = openat(store.folder, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	must(fd >= 0 && write(fd, bytes, size) == (ssize_t) size);
	close(fd);
}

/* The file as it stands there; the caller releases it. */
static struct store_text
get(const char *name)
{
	struct store_text text;
	struct fault fault;

	must(store_read(&store, name, &text, &fault) == RESULT_OK &&
		 text.bytes != NULL);
	return text;
}

/* Reads a file and writes what it read.  False when it is damaged. */
typedef bool copier(void);

static bool
copy_account(void)
{
	struct account account;
	struct fault fault;
	bool good = account_load(&store, &account, &fault) == RESULT_OK;

	if (!good)
		return false;
	must(account.version <= INT32_MAX && account.shown >= 0 &&
		 account.acknowledged >= 0);
	must(account_through(&account, account.version) >= -1);
	must(account_save(&store, &account, &fault) == RESULT_OK);
	account_free(&account);
	return true;
}

static bool
copy_contacts(void)
{
	struct contacts contacts;
	struct fault fault;

	if (contacts_load(&store, &contacts, &fault) != RESULT_OK)
		return false;
	for (size_t i = 0; i < contacts.count; i++)
	{
		const struct contact *one = &contacts.list[i];

		must(one->key_count <= CONTACT_KEYS_MAX && one->met >= 1);
		must(contacts_by_name(&contacts, one->username) != NULL);
		for (size_t k = 0; k < one->key_count; k++)
			must(jwk_on_curve(&one->keys[k].key));
	}
	must(contacts_save(&store, &contacts, &fault) == RESULT_OK);
	contacts_free(&contacts);
	return true;
}

static bool
copy_log(void)
{
	struct log_pin pin;
	struct fault fault;

	if (log_file_load(&store, &pin, &fault) != RESULT_OK)
		return false;
	must(!pin.changed && !pin.broken);
	must(pin.former_count <= LOG_FORMER_MAX);
	pin.changed = true;
	must(log_file_save(&store, &pin, &fault) == RESULT_OK);
	return true;
}

static void
check_file(const char *name, copier *copy, const uint8_t *data, size_t size)
{
	struct store_text once, twice;

	put(name, data, size);
	if (!copy())
		return;
	once = get(name);
	must(copy());
	twice = get(name);
	must(same_bytes(once.bytes, once.size, twice.bytes, twice.size));
	store_release(&once);
	store_release(&twice);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (store.folder < 0)
		open_store();
	check_file("account.json", copy_account, data, size);
	check_file("contacts.json", copy_contacts, data, size);
	check_file(LOG_FILE_NAME, copy_log, data, size);
	return 0;
}
