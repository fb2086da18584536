/*
 * log_pin_test.c
 *		The rules for the pinned key log: checkpoints, proofs, heads, and
 *		hand-overs to another log.
 */
#include "log_pin.h"
#include "log_succession.h"
#include "tap.h"
#include "tree.h"

/* A log, a fork of it from leaf 5 on, and two keys. */
struct scene
{
	struct tap *tap;
	struct tree tree, fork;
	struct signer key, other;
	struct log_pin pin; /* at 7 leaves */
	char note[NOTE_MAX_SIZE + 1];
};

static void
begin(struct scene *scene, struct tap *tap)
{
	*scene = (struct scene){.tap = tap,
							.key = signer_make("msg.test/log", 1),
							.other = signer_make("msg.test/log", 2)};
	tree_fill(&scene->tree, 0, 'a');
	tree_fill(&scene->fork, 0, 'a');
	for (int i = 5; i < TREE_MAX; i++)
		scene->fork.leaves[i][0] ^= 1;
	tree_sign(&scene->tree, 7, &scene->key, scene->note);
	tap_ok(tap,
		   log_pin_begin(&scene->pin, scene->key.text, scene->note) &&
			   log_is_pinned(&scene->pin) && scene->pin.size == 7 &&
			   scene->pin.changed,
		   "a log is pinned");
}

static void
check_begin(struct scene *scene)
{
	struct log_pin none = {0};
	char long_note[NOTE_MAX_SIZE + 1];

	memset(long_note, 'x', NOTE_MAX_SIZE);
	long_note[NOTE_MAX_SIZE] = '\0';
	tap_ok(scene->tap,
		   !log_pin_begin(&none, scene->other.text, scene->note) &&
			   !log_pin_begin(&none, "msg.test/log", scene->note) &&
			   !log_pin_begin(&none, "", scene->note) &&
			   !log_pin_begin(&none, scene->key.text, "") &&
			   !log_pin_begin(&none, scene->key.text, long_note),
		   "not one of another key, or that is none");
	tap_ok(scene->tap, !log_is_pinned(&none) && !none.changed,
		   "which leaves nothing behind");
}

/* Does a checkpoint of the tree look like this? */
static void
check_sight(struct scene *scene, struct tree *tree, uint64_t size,
			const struct signer *signer, enum log_sight expected,
			const char *name)
{
	struct checkpoint seen;
	char note[NOTE_MAX_SIZE + 1];

	tree_sign(tree, size, signer, note);
	tap_ok(scene->tap, log_pin_judge(&scene->pin, note, &seen) == expected,
		   name);
}

static void
check_checkpoints(struct scene *scene)
{
	struct signer renamed = signer_make("other.test/log", 1);
	struct checkpoint seen;
	char *digit = strchr(scene->note, '7');

	check_sight(scene, &scene->tree, 7, &scene->key, LOG_SAME, "the same");
	check_sight(scene, &scene->tree, 8, &scene->key, LOG_NEWER, "a newer one");
	check_sight(scene, &scene->tree, 6, &scene->key, LOG_OLDER, "an older");
	check_sight(scene, &scene->tree, 0, &scene->key, LOG_OLDER, "an empty");
	check_sight(scene, &scene->fork, 7, &scene->key, LOG_FORKED, "a fork");
	check_sight(scene, &scene->tree, 7, &scene->other, LOG_FOREIGN,
				"one of another key");
	check_sight(scene, &scene->tree, 7, &renamed, LOG_FOREIGN,
				"one of the same key under another name");
	*digit = '9';
	tap_ok(scene->tap,
		   log_pin_judge(&scene->pin, scene->note, &seen) == LOG_UNFIT,
		   "one that was altered");
	*digit = '7';
	tap_ok(scene->tap, log_pin_judge(&scene->pin, "", &seen) == LOG_UNFIT,
		   "one that is none");
}

/* Does the tree's own proof lead from one size to the other? */
static bool
proves(const struct scene *scene, struct tree *tree, uint64_t size,
	   uint8_t spoil)
{
	uint64_t pinned = scene->pin.size;
	uint8_t root[MERKLE_HASH_SIZE];
	tree_proof proof;
	size_t count;

	tree_need(merkle_consistency_proof(
		tree_node, tree, size < pinned ? size : pinned,
		size < pinned ? pinned : size, proof, &count));
	tree_root(tree, size, root);
	proof[0][0] ^= spoil;
	return log_pin_proves(&scene->pin, size, root, proof, count);
}

static void
check_proofs(struct scene *scene)
{
	bool all = true, none = false;

	for (uint64_t size = 0; size <= TREE_MAX; size++)
	{
		all &= proves(scene, &scene->tree, size, 0);
		none |= size > 5 && proves(scene, &scene->fork, size, 0);
		none |= size > 0 && size != 7 && proves(scene, &scene->tree, size, 1);
	}
	tap_ok(scene->tap, all, "every size of the log is proved");
	tap_ok(scene->tap, !none, "no size of a fork, and none by a wrong proof");
}

static void
check_moves(struct scene *scene)
{
	struct checkpoint seen;
	char note[NOTE_MAX_SIZE + 1];

	tree_sign(&scene->tree, 9, &scene->key, note);
	scene->pin.changed = false;
	if (log_pin_judge(&scene->pin, note, &seen) == LOG_NEWER)
		log_pin_move(&scene->pin, note, &seen);
	tap_ok(scene->tap,
		   scene->pin.size == 9 && scene->pin.changed &&
			   strcmp(scene->pin.note, note) == 0 &&
			   log_pin_judge(&scene->pin, note, &seen) == LOG_SAME,
		   "the pin moves forward");
	check_sight(scene, &scene->tree, 7, &scene->key, LOG_OLDER,
				"and what was pinned is older then");
}

static enum log_sight
judge_head(const struct scene *scene, const struct log_pin *peer)
{
	uint8_t head[FRAME_HEAD_SIZE];
	struct checkpoint seen;

	tree_need(log_pin_write_head(peer, head));
	return log_pin_judge_head(&scene->pin, head, &seen);
}

/* What a peer with that log says. */
static enum log_sight
head_of(const struct scene *scene, struct tree *tree, uint64_t size,
		const struct signer *signer)
{
	struct log_pin peer = {0};
	char note[NOTE_MAX_SIZE + 1];

	tree_sign(tree, size, signer, note);
	tree_need(log_pin_begin(&peer, signer->text, note));
	return judge_head(scene, &peer);
}

static void
check_heads(struct scene *scene)
{
	tap_ok(scene->tap,
		   head_of(scene, &scene->tree, 9, &scene->key) == LOG_SAME &&
			   head_of(scene, &scene->tree, 8, &scene->key) == LOG_OLDER &&
			   head_of(scene, &scene->tree, 10, &scene->key) == LOG_NEWER &&
			   head_of(scene, &scene->fork, 9, &scene->key) == LOG_FORKED &&
			   head_of(scene, &scene->tree, 9, &scene->other) == LOG_FOREIGN,
		   "heads: the same, an older, a newer, a fork, another key");
}

/* Is no byte of a head after the key id free to be another one? */
static void
check_made_up_heads(struct scene *scene)
{
	uint8_t head[FRAME_HEAD_SIZE], other[FRAME_HEAD_SIZE];
	struct log_pin peer = {0};
	struct checkpoint seen;
	char note[NOTE_MAX_SIZE + 1];
	bool all = true;

	tree_need(log_pin_write_head(&scene->pin, head));
	for (size_t i = NOTE_KEY_ID_SIZE; i < sizeof(head); i++)
	{
		head[i] ^= 1;
		all &= log_pin_judge_head(&scene->pin, head, &seen) == LOG_UNFIT;
		head[i] ^= 1;
	}
	tap_ok(scene->tap, all, "a head of which one byte is another");
	tree_sign(&scene->tree, 8, &scene->key, note);
	tree_need(log_pin_begin(&peer, scene->key.text, note) &&
			  log_pin_write_head(&peer, other));
	memcpy(other + 4, head + 4, 8);
	tap_ok(scene->tap,
		   log_pin_judge_head(&scene->pin, other, &seen) == LOG_UNFIT,
		   "one with the size of another");
	memcpy(other, head, 44);
	tap_ok(scene->tap,
		   log_pin_judge_head(&scene->pin, other, &seen) == LOG_UNFIT,
		   "one with the signature of another");
	memset(head + 4, 0xff, 8);
	tap_ok(scene->tap,
		   log_pin_judge_head(&scene->pin, head, &seen) == LOG_UNFIT,
		   "one of 2^64 - 1 entries");
}

static void
check_no_head(struct scene *scene)
{
	struct log_pin pin = {0};
	uint8_t head[FRAME_HEAD_SIZE];

	tap_ok(scene->tap, !log_pin_write_head(&pin, head), "no log, no head");
}

/* Is a checkpoint like this taken, also where nothing is pinned yet? */
static bool
is_taken(struct scene *scene, uint64_t size, const char *extensions)
{
	struct log_pin pin = {0};
	struct checkpoint seen;
	char note[NOTE_MAX_SIZE + 1];
	size_t length;
	bool begins;

	tree_need(checkpoint_sign(scene->key.name, scene->key.seed, size,
							  scene->pin.root, extensions, note, NOTE_MAX_SIZE,
							  &length));
	note[length] = '\0';
	begins = log_pin_begin(&pin, scene->key.text, note);
	tree_need(begins ==
			  (log_pin_judge(&scene->pin, note, &seen) != LOG_UNFIT));
	return begins;
}

static void
check_incomparable(struct scene *scene)
{
	tap_ok(scene->tap,
		   is_taken(scene, 9, "") && !is_taken(scene, 9, "an extension\n"),
		   "a checkpoint with extensions, which has no head");
	tap_ok(scene->tap,
		   is_taken(scene, LOG_SIZE_MAX, "") &&
			   !is_taken(scene, LOG_SIZE_MAX + 1, "") &&
			   !is_taken(scene, INT64_MAX, ""),
		   "one of more entries than a browser can count");
}

static void
check_replacement(struct scene *scene)
{
	char note[NOTE_MAX_SIZE + 1];

	tree_sign(&scene->fork, 3, &scene->other, note);
	scene->pin.number = 4;
	tap_ok(scene->tap,
		   !log_pin_replace(&scene->pin, scene->key.text, note) &&
			   scene->pin.number == 4 && scene->pin.size == 9,
		   "a log that is not signed replaces none");
	tap_ok(scene->tap,
		   log_pin_replace(&scene->pin, scene->other.text, note) &&
			   scene->pin.number == 0 && scene->pin.size == 3 &&
			   scene->pin.former_count == 1,
		   "another one does, and the old one is left");
	tap_ok(scene->tap,
		   head_of(scene, &scene->tree, 9, &scene->key) == LOG_SAME,
		   "whose heads say nothing any more");
	memcpy(scene->pin.former[1], scene->other.verifier.key_id,
		   NOTE_KEY_ID_SIZE);
	scene->pin.former_count = 2;
	tap_ok(scene->tap,
		   head_of(scene, &scene->tree, 3, &scene->other) == LOG_SAME &&
			   head_of(scene, &scene->fork, 6, &scene->other) == LOG_NEWER,
		   "those of a log to which one came back do");
	scene->pin.former_count = 1;
	tap_ok(scene->tap,
		   log_pin_replace(&scene->pin, scene->other.text, note) &&
			   scene->pin.former_count == 1,
		   "the same log again leaves none");
	for (char seed = 10; seed < 10 + 2 * LOG_FORMER_MAX; seed++)
	{
		struct signer next = signer_make("msg.test/log", seed);

		tree_sign(&scene->tree, 3, &next, note);
		tree_need(log_pin_replace(&scene->pin, next.text, note));
	}
	tap_ok(scene->tap, scene->pin.former_count == LOG_FORMER_MAX,
		   "no more than 32 are remembered");
}

static void
check_leaving(struct scene *scene)
{
	struct log_pin pin = scene->pin, none = {0};
	uint8_t head[FRAME_HEAD_SIZE], zeros[FRAME_HEAD_SIZE] = {0};
	struct checkpoint seen;

	tree_need(log_pin_write_head(&pin, head));
	log_pin_break(&pin, "a problem");
	pin.changed = false;
	log_pin_leave(&pin);
	tap_ok(scene->tap,
		   !log_is_pinned(&pin) && pin.problem[0] == '\0' && !pin.broken &&
			   pin.changed && pin.number == 0 && pin.former_count == 1 &&
			   !log_pin_write_head(&pin, zeros),
		   "a log is left for none");
	tap_ok(scene->tap,
		   log_pin_judge_head(&pin, head, &seen) == LOG_SAME &&
			   log_pin_judge_head(&none, head, &seen) == LOG_FOREIGN &&
			   log_pin_judge_head(&pin, zeros, &seen) == LOG_FOREIGN,
		   "whose heads say nothing any more");
	log_pin_leave(&pin);
	log_pin_leave(&none);
	tap_ok(scene->tap, pin.former_count == 1 && none.former_count == 0,
		   "and where there is none, none is left");
}

static void
check_problems(struct scene *scene)
{
	char long_text[2 * LOG_PROBLEM_SIZE];

	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	log_pin_break(&scene->pin, long_text);
	tap_ok(scene->tap, strlen(scene->pin.problem) == LOG_PROBLEM_SIZE - 1,
		   "a problem is cut to fit");
	log_pin_break(&scene->pin, "another one");
	tap_ok(scene->tap, scene->pin.problem[0] == 'x' && scene->pin.broken,
		   "and the first one stays");
}

/* A note by which one key hands over to another; its last line may differ. */
static json_t *
hand_over(const struct signer *from, const struct signer *to,
		  const char *title, const char *last)
{
	static const char root[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
	char text[1024], note[NOTE_MAX_SIZE];
	size_t length;
	int size = snprintf(text, sizeof(text), "%s\n%s\n12 %s\n10 %s\n%s", title,
						to->text, root, root, last);

	tree_need(note_sign(from->name, from->seed, text, (size_t) size, note,
						sizeof(note), &length));
	return json_stringn(note, length);
}

static void
check_successions(struct tap *tap)
{
	static const char title[] = "e2emsg key log succession v1";
	struct signer a = signer_make("a.test", 1), b = signer_make("b.test", 2),
				  c = signer_make("c.test", 3);
	json_t *chain = json_pack("[o, i, o]", hand_over(&a, &b, title, ""), 7,
							  hand_over(&b, &c, title, ""));
	json_t *wrong = json_pack("[o, o, o, s, s]", hand_over(&c, &b, title, ""),
							  hand_over(&a, &b, "another title", ""),
							  hand_over(&a, &b, title, "more\n"), "", "\n\n");
	json_t *twice = json_pack("[o, o]", hand_over(&a, &b, title, ""),
							  hand_over(&a, &c, title, ""));
	struct log_succession said;

	tap_ok(tap,
		   log_succession_find(chain, &a.verifier, &b.verifier, &said) &&
			   said.old_size == 12 && said.new_size == 10,
		   "a log hands over to the next");
	tap_ok(tap,
		   log_succession_find(chain, &a.verifier, &c.verifier, &said) &&
			   log_succession_same_key(&said.next, &b.verifier),
		   "and that to a third");
	tap_ok(tap, !log_succession_find(chain, &b.verifier, &a.verifier, &said),
		   "but not backwards");
	tap_ok(tap, log_succession_find(twice, &a.verifier, &c.verifier, &said),
		   "a log that handed over twice leads to the second, too");
	tap_ok(tap, !log_succession_find(wrong, &a.verifier, &b.verifier, &said),
		   "others' signatures, other titles and more lines do not count");
	tap_ok(tap, !log_succession_find(NULL, &a.verifier, &b.verifier, &said),
		   "nor does nothing");
	json_decref(chain);
	json_decref(wrong);
	json_decref(twice);
}

int
main(void)
{
	struct tap tap = {0};
	struct scene scene;

	begin(&scene, &tap);
	check_begin(&scene);
	check_checkpoints(&scene);
	check_proofs(&scene);
	check_moves(&scene);
	check_heads(&scene);
	check_made_up_heads(&scene);
	check_no_head(&scene);
	check_incomparable(&scene);
	check_leaving(&scene);
	check_replacement(&scene);
	check_problems(&scene);
	check_successions(&tap);
	return tap_end(&tap);
}
