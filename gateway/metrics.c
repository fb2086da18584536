/*
 * metrics.c
 *		Counters and histograms, and how Prometheus reads them.
 */
#include "metrics.h"

const struct text metrics_no_labels = {.bytes = ""};

void
histogram_add(struct histogram *histogram, const struct histogram_scale *scale,
			  uint64_t value)
{
	size_t i = 0;

	while (i < scale->count && value > scale->bounds[i])
		i++;
	counter_add(&histogram->buckets[i], 1);
	counter_add(&histogram->sum, value);
}

uint64_t
histogram_count(const struct histogram *histogram)
{
	uint64_t count = 0;

	for (size_t i = 0; i <= HISTOGRAM_MAX; i++)
		count += counter_value(&histogram->buckets[i]);
	return count;
}

/* --- the text format --- */

/* With a backslash before what would end it; quotes only end a label. */
static void
add_escaped(struct text *text, const char *value, bool in_quotes)
{
	for (; *value; value++)
		if (*value == '\n')
			text_add(text, "\\n");
		else
		{
			if (*value == '\\' || (*value == '"' && in_quotes))
				text_add(text, "\\");
			text_add_bytes(text, value, 1);
		}
}

void
metrics_family(struct text *text, const char *name, const char *type,
			   const char *help)
{
	text_add(text, "# HELP ");
	text_add(text, name);
	text_add(text, " ");
	add_escaped(text, help, false);
	text_add(text, "\n# TYPE ");
	text_add(text, name);
	text_add(text, " ");
	text_add(text, type);
	text_add(text, "\n");
}

void
metrics_label(struct text *labels, const char *name, const char *value)
{
	if (labels->size > 0)
		text_add(labels, ",");
	text_add(labels, name);
	text_add(labels, "=\"");
	add_escaped(labels, value, true);
	text_add(labels, "\"");
}

/* The value as a decimal fraction, without zeros at its end. */
static void
add_scaled(struct text *text, uint64_t value, int decimals)
{
	uint64_t unit = 1;

	for (int i = 0; i < decimals; i++)
		unit *= 10;
	text_add_number(text, (int64_t) (value / unit));
	value %= unit;
	if (value > 0)
		text_add(text, ".");
	while (value > 0)
	{
		unit /= 10;
		text_add_number(text, (int64_t) (value / unit));
		value %= unit;
	}
}

/* NAMEsuffix{labels}; two parts, of which either may be empty. */
static void
add_name(struct text *text, const char *name, const char *suffix,
		 const struct text *labels, const struct text *more)
{
	text_add(text, name);
	text_add(text, suffix);
	if (labels->size + more->size > 0)
	{
		text_add(text, "{");
		text_add_bytes(text, labels->bytes, labels->size);
		text_add(text, labels->size > 0 && more->size > 0 ? "," : "");
		text_add_bytes(text, more->bytes, more->size);
		text_add(text, "}");
	}
	text_add(text, " ");
}

void
metrics_sample(struct text *text, const char *name, const struct text *labels,
			   uint64_t value)
{
	add_name(text, name, "", labels, &metrics_no_labels);
	text_add_number(text, (int64_t) value);
	text_add(text, "\n");
}

static void
write_bucket(struct text *text, const char *name, const struct text *labels,
			 const struct text *bound, uint64_t count)
{
	char bytes[48];
	struct text le = TEXT_IN(bytes);

	text_add(&le, "le=\"");
	text_add_bytes(&le, bound->bytes, bound->size);
	text_add(&le, "\"");
	add_name(text, name, "_bucket", labels, &le);
	text_add_number(text, (int64_t) count);
	text_add(text, "\n");
}

void
metrics_histogram(struct text *text, const char *name,
				  const struct text *labels,
				  const struct histogram_scale *scale,
				  const struct histogram *histogram)
{
	uint64_t count = 0;

	for (size_t i = 0; i <= scale->count; i++)
	{
		char bytes[32];
		struct text bound = TEXT_IN(bytes);

		if (i < scale->count)
			add_scaled(&bound, scale->bounds[i], scale->decimals);
		else
			text_add(&bound, "+Inf");
		count += counter_value(&histogram->buckets[i]);
		write_bucket(text, name, labels, &bound, count);
	}
	add_name(text, name, "_sum", labels, &metrics_no_labels);
	add_scaled(text, counter_value(&histogram->sum), scale->decimals);
	text_add(text, "\n");
	add_name(text, name, "_count", labels, &metrics_no_labels);
	text_add_number(text, (int64_t) count);
	text_add(text, "\n");
}

void
metrics_number(struct text *text, const char *name, const char *type,
			   const char *help, uint64_t value)
{
	metrics_family(text, name, type, help);
	metrics_sample(text, name, &metrics_no_labels, value);
}
