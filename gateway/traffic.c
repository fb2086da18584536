/*
 * traffic.c
 *		Requests that were answered, counted by route and HTTP status.
 */
#include "traffic.h"

#include <stdio.h>
#include <stdlib.h>

#include "metrics.h"
#include "routes.h"

#define FIRST_STATUS 100 /* of HTTP */
#define STATUS_COUNT 500
#define LABELS_SIZE 256

static const struct histogram_scale microseconds = {
	.decimals = 6,
	.count = 14,
	.bounds = {500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000,
			   500000, 1000000, 2500000, 5000000, 10000000}};

struct route_traffic
{
	atomic_uint_fast64_t statuses[STATUS_COUNT];
	struct histogram took;
};

/* In the order of the table; the last one is for requests without a route. */
struct traffic
{
	size_t count;
	struct route_traffic routes[];
};

struct traffic *
traffic_new(void)
{
	size_t count = routes_count() + 1;
	struct traffic *traffic =
		calloc(1, sizeof(*traffic) + count * sizeof(traffic->routes[0]));

	if (traffic)
		traffic->count = count;
	return traffic;
}

void
traffic_free(struct traffic *traffic)
{
	free(traffic);
}

void
traffic_add(struct traffic *traffic, const struct route *route, int http,
			int64_t took_us)
{
	struct route_traffic *of =
		&traffic->routes[route ? routes_number(route) : traffic->count - 1];

	if (http < FIRST_STATUS || http >= FIRST_STATUS + STATUS_COUNT)
		return; /* nothing was answered */
	counter_add(&of->statuses[http - FIRST_STATUS], 1);
	histogram_add(&of->took, &microseconds,
				  took_us > 0 ? (uint64_t) took_us : 0);
}

/* method="POST",route="/messages" */
static void
label_route(struct text *labels, size_t number)
{
	const struct route *route = routes_at(number);

	metrics_label(labels, "method", route ? route->method : "-");
	metrics_label(labels, "route", route ? route->pattern : "-");
}

static void
write_statuses(const struct route_traffic *of, size_t number,
			   struct text *text)
{
	for (int i = 0; i < STATUS_COUNT; i++)
	{
		uint64_t value = counter_value(&of->statuses[i]);
		char bytes[LABELS_SIZE], digits[12];
		struct text labels = TEXT_IN(bytes);

		if (value == 0)
			continue;
		snprintf(digits, sizeof(digits), "%d", FIRST_STATUS + i);
		label_route(&labels, number);
		metrics_label(&labels, "status", digits);
		metrics_sample(text, "e2emsg_http_requests_total", &labels, value);
	}
}

static void
write_took(const struct route_traffic *of, size_t number, struct text *text)
{
	char bytes[LABELS_SIZE];
	struct text labels = TEXT_IN(bytes);

	if (histogram_count(&of->took) == 0)
		return;
	label_route(&labels, number);
	metrics_histogram(text, "e2emsg_http_request_duration_seconds", &labels,
					  &microseconds, &of->took);
}

void
traffic_write(const struct traffic *traffic, struct text *text)
{
	metrics_family(text, "e2emsg_http_requests_total", "counter",
				   "Requests that were answered, by route and HTTP status.");
	for (size_t i = 0; i < traffic->count; i++)
		write_statuses(&traffic->routes[i], i, text);
	metrics_family(text, "e2emsg_http_request_duration_seconds", "histogram",
				   "From a request's head to the end of its answer; streams "
				   "and waits as long as they last.");
	for (size_t i = 0; i < traffic->count; i++)
		write_took(&traffic->routes[i], i, text);
}
