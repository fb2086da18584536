/*
 * empty.c
 *		CivetWeb with the gateway's options and a handler that does nothing.
 *
 * usage: empty PORT THREADS
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <civetweb.h>

static int
answer(struct mg_connection *connection)
{
	static const char reply[] = "HTTP/1.1 200 OK\r\n"
								"Content-Type: application/json\r\n"
								"Content-Length: 2\r\n\r\n{}";

	mg_write(connection, reply, sizeof(reply) - 1);
	return 200;
}

int
main(int argc, char **argv)
{
	const struct mg_callbacks callbacks = {.begin_request = answer};
	char listen[64];
	const char *options[] = {"listening_ports",
							 listen,
							 "num_threads",
							 argc == 3 ? argv[2] : "",
							 "request_timeout_ms",
							 "10000",
							 "keep_alive_timeout_ms",
							 "60000",
							 "enable_keep_alive",
							 "yes",
							 "tcp_nodelay",
							 "1",
							 "max_request_size",
							 "16384",
							 "decode_url",
							 "no",
							 "enable_directory_listing",
							 "no",
							 "access_control_allow_methods",
							 "",
							 "access_control_allow_origin",
							 "",
							 NULL};

	if (argc != 3)
		return 2;
	snprintf(listen, sizeof(listen), "127.0.0.1:%s", argv[1]);
	mg_init_library(MG_FEATURES_DEFAULT);
	if (!mg_start(&callbacks, NULL, options))
		return 1;
	pause(); /* until SIGTERM */
	return 0;
}
