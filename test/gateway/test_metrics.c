/*
 * test_metrics.c
 *		Prometheus' text format, to the byte.
 */
#include "metrics.h"

#include <pthread.h>

#include "tap.h"

static const struct histogram_scale milliseconds = {
	.decimals = 6, .count = 3, .bounds = {500, 1000, 10000000}};
static const struct histogram_scale plain = {.count = 2, .bounds = {1, 10}};

static bool
is(struct text *text, const char *expected)
{
	bool same = !text->failed && text->size == strlen(expected) &&
				memcmp(text->bytes, expected, text->size) == 0;

	if (!same)
		printf("# got: %.*s\n", (int) text->size,
			   text->bytes ? text->bytes : "");
	text_free(text);
	return same;
}

static void
test_numbers(struct tap *tap)
{
	struct text text = {0};

	metrics_number(&text, "a_total", "counter", "How many.", 0);
	tap_ok(tap,
		   is(&text, "# HELP a_total How many.\n# TYPE a_total counter\n"
					 "a_total 0\n"),
		   "a family of one number");
	metrics_number(&text, "a", "gauge", "back\\slash \"quoted\"\nline",
				   INT64_MAX);
	tap_ok(tap,
		   is(&text, "# HELP a back\\\\slash \"quoted\"\\nline\n"
					 "# TYPE a gauge\na 9223372036854775807\n"),
		   "a help text is escaped, but for quotes");
}

static void
test_labels(struct tap *tap)
{
	char bytes[64];
	struct text labels = TEXT_IN(bytes), text = {0};

	metrics_label(&labels, "route", "/users/{who}");
	metrics_label(&labels, "odd", "a\\b\"c\nd");
	metrics_sample(&text, "a", &labels, 7);
	tap_ok(tap,
		   is(&text, "a{route=\"/users/{who}\",odd=\"a\\\\b\\\"c\\nd\"} 7\n"),
		   "label values are escaped");
	metrics_label(&labels, "long", "0123456789012345678901234567890123456789");
	tap_ok(tap, labels.failed, "labels without room fail");
}

static void
test_histogram(struct tap *tap)
{
	static const uint64_t values[] = {0,	500,	 501,	   1000,
									  1001, 9999999, 10000000, 10000001};
	struct histogram histogram = {.sum = 0};
	char bytes[64];
	struct text labels = TEXT_IN(bytes), text = {0};

	metrics_histogram(&text, "empty", &metrics_no_labels, &plain, &histogram);
	tap_ok(tap,
		   is(&text, "empty_bucket{le=\"1\"} 0\nempty_bucket{le=\"10\"} 0\n"
					 "empty_bucket{le=\"+Inf\"} 0\nempty_sum 0\n"
					 "empty_count 0\n"),
		   "an empty histogram");
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		histogram_add(&histogram, &milliseconds, values[i]);
	metrics_label(&labels, "of", "it");
	metrics_histogram(&text, "t_seconds", &labels, &milliseconds, &histogram);
	tap_ok(tap,
		   is(&text, "t_seconds_bucket{of=\"it\",le=\"0.0005\"} 2\n"
					 "t_seconds_bucket{of=\"it\",le=\"0.001\"} 4\n"
					 "t_seconds_bucket{of=\"it\",le=\"10\"} 7\n"
					 "t_seconds_bucket{of=\"it\",le=\"+Inf\"} 8\n"
					 "t_seconds_sum{of=\"it\"} 30.003002\n"
					 "t_seconds_count{of=\"it\"} 8\n"),
		   "buckets are cumulative, a bound belongs to its bucket, the last "
		   "one is the count");
	tap_ok(tap, histogram_count(&histogram) == 8, "histogram_count()");
}

/* --- from several threads --- */

#define THREADS 4
#define ROUNDS 20000

static void *
add_many(void *context)
{
	for (uint64_t i = 0; i < ROUNDS; i++)
		histogram_add(context, &plain, i % 20);
	return NULL;
}

static void
test_threads(struct tap *tap)
{
	struct histogram histogram = {.sum = 0};
	pthread_t threads[THREADS];
	int started = 0;

	while (started < THREADS &&
		   pthread_create(&threads[started], NULL, add_many, &histogram) == 0)
		started++;
	for (int i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	tap_ok(tap,
		   started == THREADS &&
			   histogram_count(&histogram) == THREADS * ROUNDS &&
			   counter_value(&histogram.sum) == THREADS * ROUNDS / 20 * 190 &&
			   counter_value(&histogram.buckets[0]) == THREADS * ROUNDS / 10,
		   "nothing is lost between threads");
}

int
main(void)
{
	struct tap tap = {0};

	test_numbers(&tap);
	test_labels(&tap);
	test_histogram(&tap);
	test_threads(&tap);
	return tap_end(&tap);
}
