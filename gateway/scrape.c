/*
 * scrape.c
 *		GET /metrics: what the gateway and the database say of themselves.
 */
#include "scrape.h"

#include "crowd.h"
#include "db.h"
#include "gateway.h"
#include "hints.h"
#include "inbox.h"
#include "metrics.h"
#include "outbox.h"
#include "rounds.h"
#include "sequencer.h"
#include "text.h"
#include "traffic.h"

static uint64_t
count_of(const atomic_int *counter)
{
	int count = atomic_load(counter);

	return count > 0 ? (uint64_t) count : 0;
}

static void
write_build(struct text *text)
{
	char bytes[64];
	struct text labels = TEXT_IN(bytes);

	metrics_label(&labels, "version", E2EMSG_VERSION);
	metrics_family(text, "e2emsg_build_info", "gauge",
				   "The gateway's version; always 1.");
	metrics_sample(text, "e2emsg_build_info", &labels, 1);
}

static void
write_connections(struct gateway *gateway, struct text *text)
{
	struct crowd_figures crowd;

	crowd_figures(gateway->crowd, &crowd);
	metrics_number(text, "e2emsg_connections", "gauge",
				   "Open connections of the API; each holds a thread.",
				   crowd.size);
	metrics_number(text, "e2emsg_connections_cut_total", "counter",
				   "Connections cut off because their peers were silent or "
				   "slow while threads ran short.",
				   crowd.cut);
	metrics_number(text, "e2emsg_requests_in_flight", "gauge",
				   "Requests being answered, streams and waits among them.",
				   count_of(&gateway->in_flight));
	metrics_number(text, "e2emsg_streams", "gauge", "Open streams.",
				   count_of(&gateway->streams));
	metrics_number(text, "e2emsg_waits", "gauge",
				   "Requests that wait for mail, without streams.",
				   count_of(&gateway->waits));
	metrics_number(text, "e2emsg_stream_looks_total", "counter",
				   "Looks into mailboxes for streams; mail that is stored "
				   "through this gateway mostly needs none.",
				   inbox_looks(gateway->inbox));
}

static void
write_hints(struct gateway *gateway, struct text *text)
{
	struct hint_figures hints;

	hints_figures(gateway->hints, &hints);
	metrics_number(text, "e2emsg_hints_sent_total", "counter",
				   "Hints of new mail told to other gateways.", hints.sent);
	metrics_number(text, "e2emsg_hints_received_total", "counter",
				   "Hints heard from other gateways.", hints.received);
	metrics_number(text, "e2emsg_hints_dropped_total", "counter",
				   "Hints that were not told.", hints.dropped);
}

static void
write_key_log(struct gateway *gateway, struct text *text)
{
	struct round_figures figures;

	sequencer_figures(gateway->sequencer, &figures);
	metrics_number(text, "e2emsg_key_log_size", "gauge",
				   "Leaves of the key log.", figures.size);
	metrics_number(text, "e2emsg_key_log_signed_size", "gauge",
				   "Leaves that a signed checkpoint covers.",
				   figures.signed_size);
	metrics_number(text, "e2emsg_key_log_rounds_total", "counter",
				   "Rounds that this gateway made.", figures.rounds);
	metrics_number(
		text, "e2emsg_key_log_refused", "gauge",
		"1 while the signer refuses to sign what the database holds.",
		figures.refused);
}

/* A row: name, type, help, and the value as a number in text. */
static void
write_row(const struct db_answer *answer, int row, struct text *text)
{
	const char *name = db_answer_field(answer, row, 0, NULL);
	const char *type = db_answer_field(answer, row, 1, NULL);
	const char *help = db_answer_field(answer, row, 2, NULL);
	const char *value = db_answer_field(answer, row, 3, NULL);

	if (!name || !type || !help || !value)
		return; /* not known now */
	metrics_family(text, name, type, help);
	text_add(text, name);
	text_add(text, " ");
	text_add(text, value);
	text_add(text, "\n");
}

static void
write_database(struct gateway *gateway, struct text *text)
{
	struct db_figures figures;
	struct db_answer answer;
	enum status status = db_ask(
		gateway->db, "SELECT name, type, help, value FROM e2emsg.metrics()",
		&answer);

	db_figures(gateway->db, &figures);
	metrics_number(text, "e2emsg_database_up", "gauge",
				   "1 when the database answered this scrape.",
				   status == STATUS_OK);
	metrics_number(text, "e2emsg_database_reconnects_total", "counter",
				   "Connections made again after a loss.", figures.reconnects);
	metrics_number(text, "e2emsg_database_connect_failures_total", "counter",
				   "Attempts to connect that failed.", figures.failures);
	for (int row = 0; status == STATUS_OK && row < db_answer_rows(&answer);
		 row++)
		write_row(&answer, row, text);
	db_answer_free(&answer);
}

void
scrape_write(struct gateway *gateway, struct text *text)
{
	write_build(text);
	traffic_write(gateway->traffic, text);
	write_connections(gateway, text);
	outbox_write_metrics(gateway->outbox, text);
	write_hints(gateway, text);
	write_key_log(gateway, text);
	write_database(gateway, text);
}
