/*
 * test_checkpoint.c
 *		checkpoint.c against published checkpoints, and hostile ones.
 */
#include <inttypes.h>
#include <string.h>

#include <openssl/evp.h>

#include "checkpoint.h"
#include "support.h"
#include "tap.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/*
 * A log with checkpoints of sizes 1, 3 and 5: the witness tests of
 * FiloSottile/torchwood (and sunlight).  test_merkle.c has its proofs.
 */
#define LOG_ORIGIN        \
	"sigsum.org/v1/tree/" \
	"4d6d8825a6bb689d459628312889dfbb0bcd41b5211d9e1ce768b0ff0309e562"
#define LOG_KEY \
	"ffdc2d4d98e4124d3feaf788c0c2f9abfd796083d1f0495437f302ec79cf100f"
#define LOG_START "\n\n\u2014 " LOG_ORIGIN " "
#define LOG_1                                                                \
	LOG_ORIGIN "\n1\nKgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" LOG_START \
			   "UgIom7fPZTqpxWWhyjWduBvTvGVqsokMbqTArsQilegKoFBJQjUFAmQ0+"   \
			   "YeSPM3wfUQMFSzVnnNuWRTYrajXpNUbIQY=\n"
#define LOG_3                                                                \
	LOG_ORIGIN "\n3\nRcCI1Nk56ZcSmIEfIn0SleqtV7uvrlXNccFx595Iwl0=" LOG_START \
			   "UgIom2VbtIcdFbwFAy1n7s6IkAxIY6J/GQOTuZF2ORV39d75cbAj2aQYw"   \
			   "yJre36kezNobZs4SUUdrcawfAB8WVrx6go=\n"
#define LOG_3_FORGED                                                         \
	LOG_ORIGIN "\n3\nRcCI1Nk56ZcSmIEfIn0SleqtV7uvrlXNccFx595Iwl0=" LOG_START \
			   "UgIom2VbtIcdFbwFAy1n7s6IkAxIY6J/GQOTuZF2ORV39d75cbAj2aQYw"   \
			   "yJre36kezNobZs4SUUdrcawfAB8WVrx6gx=\n"
#define LOG_5                                                                \
	LOG_ORIGIN "\n5\nQrtXrQZCCvpIgsSmOsah7HdICzMLLyDfxToMql9WTjY=" LOG_START \
			   "UgIomw/EOJmWi0i1FQsOj+etB7F8IccFam/jgd6wzRns4QPVmyEZtdvl1"   \
			   "U2KEmLOZ/ASRcWJi0tW90dJWAShei7sDww=\n"

/*
 * Go's checksum database.  The example in C2SP tlog-checkpoint is this one
 * with another name; the first is in transparency-dev/witness, too.
 */
#define GO \
	"sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
#define GO_ORIGIN "go.sum database tree"
#define GO_15081221                                                           \
	GO_ORIGIN "\n15081221\nBoMMe1wd25Tco0mYGROkyqxHZWx+hcSCtMV315Lu6Lg=\n\n"  \
			  "\u2014 sum.golang.org Az3grilD7vQqTrv66jRgKM84Y80KTprrSt4bKmi" \
			  "OPxgmS5ZVBTeCl6dUvjYnN13R+C8j0jGY1WnUADGMkok3U0m2Zgo=\n"
#define GO_20852163                                                           \
	GO_ORIGIN "\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"  \
			  "\u2014 sum.golang.org Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJur" \
			  "mRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"

static bool
opens_as(const char *note, const struct note_verifier *verifier, uint64_t size,
		 const char *root)
{
	struct checkpoint checkpoint;
	uint8_t wanted[CHECKPOINT_ROOT_SIZE];

	from_hex(root, wanted);
	return checkpoint_open(note, strlen(note), verifier, &checkpoint) ==
			   NOTE_FINE &&
		   strcmp(checkpoint.origin, verifier->name) == 0 &&
		   checkpoint.size == size && checkpoint.extensions_length == 0 &&
		   memcmp(checkpoint.root, wanted, sizeof wanted) == 0;
}

static void
test_published_checkpoints(struct tap *tap)
{
	struct note_verifier verifier;
	struct checkpoint checkpoint;
	uint8_t key[NOTE_PUBLIC_KEY_SIZE];

	from_hex(LOG_KEY, key);
	tap_ok(tap, note_verifier_make(LOG_ORIGIN, key, &verifier),
		   "the witness tests' log");
	tap_ok(tap,
		   opens_as(LOG_1, &verifier, 1,
					"2a0000000000000000000000000000000000000000000000000000000"
					"0000000") &&
			   opens_as(LOG_3, &verifier, 3,
						"45c088d4d939e9971298811f227d1295eaad57bbafae55cd71c17"
						"1e7de48c25d") &&
			   opens_as(LOG_5, &verifier, 5,
						"42bb57ad06420afa4882c4a63ac6a1ec77480b330b2f20dfc53a0"
						"caa5f564e36"),
		   "its checkpoints of sizes 1, 3 and 5");
	/* published with spare bits in its base64, too */
	tap_ok(tap,
		   checkpoint_open(LOG_3_FORGED, strlen(LOG_3_FORGED), &verifier,
						   &checkpoint) == NOTE_MALFORMED,
		   "its invalid signature");
	tap_ok(tap,
		   note_verifier_make("another", key, &verifier) &&
			   checkpoint_open(LOG_3, strlen(LOG_3), &verifier, &checkpoint) ==
				   NOTE_UNSIGNED,
		   "to another it is not signed");
}

static void
test_other_notes(struct tap *tap)
{
	const uint8_t seed[NOTE_SEED_SIZE] = {1};
	uint8_t key[NOTE_PUBLIC_KEY_SIZE];
	struct note_verifier verifier;
	struct checkpoint checkpoint;
	char note[NOTE_MAX_SIZE];
	size_t length;

	tap_ok(tap,
		   note_public_key(seed, key) &&
			   note_verifier_make("log/1", key, &verifier) &&
			   note_sign("log/1", seed, "log/1\n1\n", 8, note, sizeof note,
						 &length) &&
			   note_open(note, length, &verifier, &(size_t){0}, NULL) ==
				   NOTE_FINE &&
			   checkpoint_open(note, length, &verifier, &checkpoint) ==
				   NOTE_MALFORMED,
		   "a well signed note that is no checkpoint");
}

static bool
go_opens(const char *note, uint64_t size)
{
	struct note_verifier verifier;
	struct checkpoint checkpoint;
	size_t text_length;

	return note_verifier_parse(GO, &verifier) &&
		   note_open(note, strlen(note), &verifier, &text_length, NULL) ==
			   NOTE_FINE &&
		   checkpoint_parse(note, text_length, &checkpoint) &&
		   strcmp(checkpoint.origin, GO_ORIGIN) == 0 &&
		   checkpoint.size == size &&
		   checkpoint_open(note, strlen(note), &verifier, &checkpoint) ==
			   NOTE_OTHER_ORIGIN;
}

static void
test_go_checkpoints(struct tap *tap)
{
	tap_ok(tap, go_opens(GO_15081221, 15081221),
		   "Go's checkpoint of size 15081221; its origin is not its key's");
	tap_ok(tap, go_opens(GO_20852163, 20852163),
		   "Go's checkpoint of size 20852163");
}

/* Signs as the log "log/1" and opens again. */
static bool
goes_around(uint64_t size, const char *extensions)
{
	uint8_t seed[NOTE_SEED_SIZE] = {9, 8, 7}, key[NOTE_PUBLIC_KEY_SIZE];
	uint8_t root[CHECKPOINT_ROOT_SIZE];
	struct note_verifier verifier;
	struct checkpoint checkpoint;
	const char *wanted = extensions != NULL ? extensions : "";
	char note[NOTE_MAX_SIZE], joined[NOTE_MAX_SIZE];
	size_t length, joined_length;

	memset(root, 0xfb, sizeof root); /* + and / in base64 */
	return note_public_key(seed, key) &&
		   note_verifier_make("log/1", key, &verifier) &&
		   checkpoint_sign("log/1", seed, size, root, extensions, note,
						   sizeof note, &length) &&
		   checkpoint_open(note, length, &verifier, &checkpoint) ==
			   NOTE_FINE &&
		   strcmp(checkpoint.origin, "log/1") == 0 &&
		   checkpoint.size == size &&
		   memcmp(checkpoint.root, root, sizeof root) == 0 &&
		   checkpoint.extensions_length == strlen(wanted) &&
		   memcmp(checkpoint.extensions, wanted, strlen(wanted)) == 0 &&
		   checkpoint_join(&verifier, size, root, checkpoint.signature, joined,
						   sizeof joined, &joined_length) &&
		   (joined_length == length && memcmp(joined, note, length) == 0) ==
			   (wanted[0] == '\0') &&
		   !checkpoint_join(&verifier, size, root, checkpoint.signature,
							joined, joined_length - 1, &joined_length);
}

static void
test_own_checkpoints(struct tap *tap)
{
	char extensions[NOTE_MAX_SIZE];

	tap_ok(tap,
		   goes_around(0, NULL) && goes_around(1, "") &&
			   goes_around(10, "one\n") &&
			   goes_around(INT64_MAX, "one\ntw\u00f6\n\u2014 x AAAAAAA=\n"),
		   "own checkpoints, with and without extensions");
	tap_ok(tap,
		   !goes_around((uint64_t) INT64_MAX + 1, NULL) &&
			   !goes_around(UINT64_MAX, NULL) && !goes_around(1, "one") &&
			   !goes_around(1, "\n") && !goes_around(1, "one\n\ntwo\n") &&
			   !goes_around(1, "\none\n") && !goes_around(1, "one\ttwo\n") &&
			   !goes_around(1, "\xff\n"),
		   "no checkpoint of a wrong size or with wrong extensions");
	memset(extensions, 'e', sizeof extensions);
	extensions[sizeof extensions - 2] = '\n';
	extensions[sizeof extensions - 1] = '\0';
	tap_ok(tap, !goes_around(1, extensions), "nor with too long ones");
}

#define ROOT_TEXT "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
#define NAME_50 "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"

static void
test_bodies(struct tap *tap)
{
	static const char *const right[] = {
		"o\n0\n" ROOT_TEXT "\n",
		"o p+q \n1\n" ROOT_TEXT "\n",
		"o\n9223372036854775807\n" ROOT_TEXT "\n",
		"o\n10\n" ROOT_TEXT "\nextension\n",
		NAME_50 NAME_50 "\n10\n" ROOT_TEXT "\n",
	};
	static const char *const wrong[] = {
		"",
		"\n",
		"o",
		"o\n",
		"o\n1\n",
		"o\n1\n" ROOT_TEXT,
		"\n1\n" ROOT_TEXT "\n",
		"o\n\n" ROOT_TEXT "\n",
		"o\n1\n\n",
		"o\n00\n" ROOT_TEXT "\n",
		"o\n01\n" ROOT_TEXT "\n",
		"o\n+1\n" ROOT_TEXT "\n",
		"o\n-1\n" ROOT_TEXT "\n",
		"o\n 1\n" ROOT_TEXT "\n",
		"o\n1 \n" ROOT_TEXT "\n",
		"o\n1a\n" ROOT_TEXT "\n",
		"o\n0x1\n" ROOT_TEXT "\n",
		"o\n9223372036854775808\n" ROOT_TEXT "\n",
		"o\n18446744073709551616\n" ROOT_TEXT "\n",
		"o\n18446744073709551617\n" ROOT_TEXT "\n",
		"o\n99999999999999999999999\n" ROOT_TEXT "\n",
		"o\n1\n" ROOT_TEXT " \n",
		"o\n1\n" ROOT_TEXT "=\n",
		"o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I\n",
		"o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n",
		"o\n1\nCsUYapGGPo4dkMgIAUqom_Xajj7h2fB2MPA3j2jxq2I=\n",
		"o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxqw==\n",
		"o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2IA\n",
		"o\n1\nAAAA\n",
		"o\n1\n" ROOT_TEXT "\n\n",
		"o\n1\n" ROOT_TEXT "\nextension",
		"o\n1\n" ROOT_TEXT "\nextension\n\nmore\n",
		"o\r\n1\n" ROOT_TEXT "\n",
		"\xff\n1\n" ROOT_TEXT "\n",
		NAME_50 NAME_50 "n\n10\n" ROOT_TEXT "\n",
	};
	struct checkpoint checkpoint;
	bool good = true;

	for (size_t i = 0; i < COUNT_OF(right); i++)
		good =
			good && checkpoint_parse(right[i], strlen(right[i]), &checkpoint);
	tap_ok(tap, good, "right texts of checkpoints");
	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		if (checkpoint_parse(wrong[i], strlen(wrong[i]), &checkpoint))
		{
			printf("# accepted: wrong text %d\n", (int) i);
			good = false;
		}
	tap_ok(tap, good, "wrong texts of checkpoints");
	tap_ok(tap, !checkpoint_parse("o\0p\n1\n" ROOT_TEXT "\n", 51, &checkpoint),
		   "a NUL in the origin");
}

/* Hostile bytes. */

/* What is accepted must be what its fields are written as. */
static bool
only_canonical(const char *text, size_t length, int *accepted)
{
	struct checkpoint checkpoint;
	char *copy = malloc(length > 0 ? length : 1);
	char encoded[45], again[1024];
	int written;
	bool good = true;

	memcpy(copy, text, length);
	if (checkpoint_parse(copy, length, &checkpoint))
	{
		EVP_EncodeBlock((uint8_t *) encoded, checkpoint.root, 32);
		written = snprintf(again, sizeof again, "%s\n%" PRIu64 "\n%s\n%.*s",
						   checkpoint.origin, checkpoint.size, encoded,
						   (int) checkpoint.extensions_length,
						   checkpoint.extensions);
		good = written == (int) length && memcmp(again, text, length) == 0;
		(*accepted)++;
	}
	free(copy);
	return good;
}

static void
test_hostile_bodies(struct tap *tap)
{
	const char *body = "example.com/log\n20852163\n" ROOT_TEXT "\next\n";
	uint64_t state = 67;
	int accepted = 0;
	bool good = true;

	for (int i = 0; i < 40000; i++)
	{
		char text[256];
		size_t length = strlen(body);

		memcpy(text, body, length);
		length = mutate(text, length, sizeof text, &state);
		good = good && only_canonical(text, length, &accepted);
	}
	tap_ok(tap, good && accepted > 1000 && accepted < 39000,
		   "40,000 bent texts of checkpoints");
}

int
main(void)
{
	struct tap tap = {0};

	test_published_checkpoints(&tap);
	test_other_notes(&tap);
	test_go_checkpoints(&tap);
	test_own_checkpoints(&tap);
	test_bodies(&tap);
	test_hostile_bodies(&tap);
	return tap_end(&tap);
}
