/*
 * metrics.h
 *		Counters and histograms, and how Prometheus reads them.
 *
 * Counting is a relaxed addition: it never locks and never allocates.  What is
 * counted while somebody reads may be in it or not; the count of a histogram
 * is always that of its last bucket.
 */
#ifndef E2EMSG_METRICS_H
#define E2EMSG_METRICS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "text.h"

/* --- counters and histograms --- */

static inline void
counter_add(atomic_uint_fast64_t *counter, uint64_t amount)
{
	atomic_fetch_add_explicit(counter, amount, memory_order_relaxed);
}

static inline uint64_t
counter_value(const atomic_uint_fast64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

#define HISTOGRAM_MAX 16

/* Upper bounds, rising, in units of 10^-decimals of what is shown. */
struct histogram_scale
{
	int decimals;
	size_t count;
	uint64_t bounds[HISTOGRAM_MAX];
};

/* Zero is an empty one.  The last bucket in use takes what is above. */
struct histogram
{
	atomic_uint_fast64_t buckets[HISTOGRAM_MAX + 1];
	atomic_uint_fast64_t sum;
};

extern void histogram_add(struct histogram *histogram,
						  const struct histogram_scale *scale, uint64_t value);

/* How many values were added. */
extern uint64_t histogram_count(const struct histogram *histogram);

/* --- the text format, version 0.0.4 --- */

/* Begins a family: counter, gauge or histogram. */
extern void metrics_family(struct text *text, const char *name,
						   const char *type, const char *help);

/* A sample; its labels are made by metrics_label(). */
extern void metrics_sample(struct text *text, const char *name,
						   const struct text *labels, uint64_t value);

extern const struct text metrics_no_labels;

/* Appends name="value" to labels. */
extern void metrics_label(struct text *labels, const char *name,
						  const char *value);

/* The buckets, sum and count of a family's histogram. */
extern void metrics_histogram(struct text *text, const char *name,
							  const struct text *labels,
							  const struct histogram_scale *scale,
							  const struct histogram *histogram);

/* A family of one sample without labels. */
extern void metrics_number(struct text *text, const char *name,
						   const char *type, const char *help, uint64_t value);

#endif /* E2EMSG_METRICS_H */
