/*
 * test_status.c
 *		The error table.
 */
#include <string.h>

#include "status.h"
#include "tap.h"

static bool
every_row_is_whole(void)
{
	for (int i = STATUS_OK + 1; i < STATUS_COUNT; i++)
	{
		const struct status_row *row = status_row((enum status) i);

		if (!row->code || !row->title || !row->hint || row->http < 400 ||
			row->http > 599 || status_of_code(row->code) != (enum status) i)
			return false;
		if (row->sqlstate &&
			status_of_sqlstate(row->sqlstate) != (enum status) i)
			return false;
	}
	return true;
}

int
main(void)
{
	static const struct
	{
		const char *sqlstate;
		enum status status;
	} samples[] = {{"22P02", STATUS_BAD_JSON},
				   {"22021", STATUS_BAD_JSON},
				   {"22P05", STATUS_BAD_JSON},
				   {"54001", STATUS_BAD_JSON},
				   {"55P03", STATUS_MAILBOX_BUSY},
				   {"08006", STATUS_DATABASE_UNAVAILABLE},
				   {"57P01", STATUS_DATABASE_UNAVAILABLE},
				   {"57014", STATUS_OVERLOADED},
				   {"42501", STATUS_INTERNAL_ERROR},
				   {"ME999", STATUS_INTERNAL_ERROR}};
	struct tap tap = {0};

	tap_ok(&tap, every_row_is_whole(), "every row is whole and found again");
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
		tap_ok(&tap,
			   status_of_sqlstate(samples[i].sqlstate) == samples[i].status,
			   samples[i].sqlstate);
	tap_ok(&tap, status_of_code("no such code") == STATUS_INTERNAL_ERROR,
		   "an unknown code is an internal error");
	tap_ok(&tap, status_of_http(413) == STATUS_HEADERS_TOO_LARGE,
		   "CivetWeb's 413 is about the head");
	tap_ok(&tap, status_of_http(400) == STATUS_BAD_REQUEST_FRAMING,
		   "CivetWeb's 400 is about the framing");
	tap_ok(&tap, status_of_http(505) == STATUS_BAD_REQUEST_FRAMING,
		   "so is its 505");
	tap_ok(&tap, status_of_http(500) == STATUS_INTERNAL_ERROR,
		   "its 500 is a 500");
	return tap_end(&tap);
}
