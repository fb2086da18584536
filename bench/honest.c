/*
 * honest.c
 *		What honest clients see, quiet or beside an attack.
 *
 * usage: honest PORT SOURCE CA SECONDS
 *
 * Reads lines "TOKEN ID" of users.  CLIENTS threads ask 127.0.0.1:PORT from
 * the address SOURCE, over TLS for "localhost" unless CA is "-": each RATE
 * times a second, half of them on a connection that they keep, half on a new
 * one each time; in turn they send a message and read their mailbox.  A
 * request's time begins when it was due, so that waiting behind a slow one
 * counts.
 *
 * A kept connection that ended without an answer is tried again once on a new
 * one, as HTTP clients do.  Whatever else is not a 2xx within TIMEOUT_S is an
 * error.
 *
 * Prints "figures REQUESTS P50 P99 WORST ERRORS AGAIN", times in ms.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "program.h"

#define CLIENTS 32
#define RATE 5 /* requests of a client a second */
#define TIMEOUT_S 10
#define MAX_USERS 64
#define ANSWER_SIZE (1 << 18)

struct user
{
	char token[512], id[37];
};

struct bench
{
	int port, seconds, user_count;
	struct in_addr source;
	SSL_CTX *tls; /* NULL: plain */
	struct user users[MAX_USERS];
	int64_t began_us;
};

struct client
{
	struct bench *bench;
	int number, fd;
	SSL *tls;
	bool keeps, fresh; /* fresh: no answer came on this connection yet */
	uint64_t iv;
	int64_t *times;
	int count, errors, again;
	char answer[ANSWER_SIZE + 1];
	pthread_t thread;
};

static void
wait_until_us(int64_t due)
{
	struct timespec at = {.tv_sec = due / 1000000,
						  .tv_nsec = due % 1000000 * 1000};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
		;
}

static void
hang_up(struct client *client)
{
	if (client->tls)
		SSL_free(client->tls);
	if (client->fd >= 0)
		close(client->fd);
	client->tls = NULL;
	client->fd = -1;
}

static bool
begin_tls(struct client *client)
{
	static const unsigned char http[] = "\x08http/1.1";

	if (!client->bench->tls)
		return true;
	client->tls = SSL_new(client->bench->tls);
	return client->tls && SSL_set_fd(client->tls, client->fd) == 1 &&
		   SSL_set_tlsext_host_name(client->tls, "localhost") == 1 &&
		   SSL_set1_host(client->tls, "localhost") == 1 &&
		   SSL_set_alpn_protos(client->tls, http, sizeof(http) - 1) == 0 &&
		   SSL_connect(client->tls) == 1;
}

static bool
dial(struct client *client)
{
	const struct bench *bench = client->bench;
	struct sockaddr_in from = {.sin_family = AF_INET,
							   .sin_addr = bench->source};
	struct sockaddr_in to = {.sin_family = AF_INET,
							 .sin_port = htons((uint16_t) bench->port)};
	struct timeval timeout = {.tv_sec = TIMEOUT_S};
	int on = 1;

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	client->fresh = true;
	return client->fd >= 0 &&
		   setsockopt(client->fd, SOL_SOCKET, SO_RCVTIMEO, &timeout,
					  sizeof(timeout)) == 0 &&
		   setsockopt(client->fd, SOL_SOCKET, SO_SNDTIMEO, &timeout,
					  sizeof(timeout)) == 0 &&
		   setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) ==
			   0 &&
		   bind(client->fd, (struct sockaddr *) &from, sizeof(from)) == 0 &&
		   connect(client->fd, (struct sockaddr *) &to, sizeof(to)) == 0 &&
		   begin_tls(client);
}

static bool
put(struct client *client, const char *text, size_t size)
{
	return client->tls ? SSL_write(client->tls, text, (int) size) == (int) size
					   : write(client->fd, text, size) == (ssize_t) size;
}

static long
get(struct client *client, char *to, size_t room)
{
	return client->tls ? SSL_read(client->tls, to, (int) room)
					   : read(client->fd, to, room);
}

/* Bytes of the whole answer, or 0 while its head is not there. */
static size_t
answer_size(const char *answer)
{
	const char *end = strstr(answer, "\r\n\r\n");
	const char *length = end ? strcasestr(answer, "\ncontent-length:") : NULL;

	if (!end)
		return 0;
	return (size_t) (end - answer) + 4 +
		   (length && length < end ? strtoul(length + 16, NULL, 10) : 0);
}

/* The status of one answer; 0 when there is none. */
static int
read_answer(struct client *client)
{
	size_t size = 0, whole = 0;
	int status = 0;

	while (whole == 0 || size < whole)
	{
		long got = get(client, client->answer + size, ANSWER_SIZE - size);

		if (got <= 0)
			break;
		size += (size_t) got;
		client->answer[size] = '\0';
		whole = answer_size(client->answer);
	}
	if (whole == 0 || size < whole ||
		sscanf(client->answer, "HTTP/1.1 %d", &status) != 1)
		return 0;
	client->fresh = false;
	if (!client->keeps || strcasestr(client->answer, "\nconnection: close"))
		hang_up(client);
	return status;
}

static size_t
make_request(struct client *client, char *text, size_t room)
{
	const struct bench *bench = client->bench;
	const struct user *me = &bench->users[client->number % bench->user_count];
	char body[1024], ciphertext[343] = "";

	if (client->count % 2)
		return (size_t) snprintf(text, room,
								 "GET /messages?limit=10 HTTP/1.1\r\n"
								 "Host: localhost\r\n"
								 "Authorization: Bearer %s\r\n\r\n",
								 me->token);
	memset(ciphertext, 'A', sizeof(ciphertext) - 1);
	snprintf(body, sizeof(body),
			 "{\"receiverId\":\"%s\",\"iv\":\"%016llx\",\"ciphertext\":\"%s\","
			 "\"authTag\":\"%.22s\",\"keyVersion\":1,\"suite\":1,"
			 "\"senderKeyVersion\":1}",
			 me->id, (unsigned long long) client->iv++, ciphertext,
			 ciphertext);
	return (size_t) snprintf(text, room,
							 "POST /messages HTTP/1.1\r\nHost: localhost\r\n"
							 "Authorization: Bearer %s\r\n"
							 "Content-Type: application/json\r\n"
							 "Content-Length: %zu\r\n\r\n%s",
							 me->token, strlen(body), body);
}

static int
exchange(struct client *client, const char *text, size_t size)
{
	if (client->fd < 0 && !dial(client))
		return 0;
	return put(client, text, size) ? read_answer(client) : 0;
}

static void
ask(struct client *client)
{
	char text[2048];
	size_t size = make_request(client, text, sizeof(text));
	int status = exchange(client, text, size);

	if (status == 0)
	{
		bool again = client->fd >= 0 && !client->fresh;

		hang_up(client);
		client->again += again;
		if (again)
			status = exchange(client, text, size);
	}
	if (status / 100 == 2)
		return;
	fprintf(stderr, "honest: %s connection: status %d, %s\n",
			client->keeps ? "kept" : "new", status, strerror(errno));
	client->errors++;
	hang_up(client);
}

static void *
run(void *context)
{
	struct client *client = context;
	int64_t step = 1000000 / RATE;
	int64_t first = client->bench->began_us + step * client->number / CLIENTS;

	for (; client->count < client->bench->seconds * RATE; client->count++)
	{
		int64_t due = first + step * client->count;

		wait_until_us(due);
		ask(client);
		client->times[client->count] = now_us() - due;
	}
	hang_up(client);
	return NULL;
}

static int
compare(const void *left, const void *right)
{
	const int64_t *a = left, *b = right;

	return *a < *b ? -1 : *a > *b;
}

static void
report(const struct bench *bench, struct client *clients)
{
	int each = bench->seconds * RATE, count = each * CLIENTS, errors = 0,
		again = 0;
	int64_t *times = malloc(sizeof(*times) * (size_t) count);

	if (!times)
		die("memory");
	for (int i = 0; i < CLIENTS; i++)
	{
		memcpy(times + i * each, clients[i].times,
			   sizeof(*times) * (size_t) each);
		errors += clients[i].errors;
		again += clients[i].again;
	}
	qsort(times, (size_t) count, sizeof(*times), compare);
	printf("figures %d %.3f %.3f %.3f %d %d\n", count,
		   (double) times[count / 2] / 1000,
		   (double) times[(size_t) count * 99 / 100] / 1000,
		   (double) times[count - 1] / 1000, errors, again);
}

static void
prepare(struct bench *bench, char **argv)
{
	bench->port = (int) strtol(argv[1], NULL, 10);
	bench->seconds = (int) strtol(argv[4], NULL, 10);
	if (inet_pton(AF_INET, argv[2], &bench->source) != 1)
		die("the source");
	if (strcmp(argv[3], "-") != 0)
	{
		bench->tls = SSL_CTX_new(TLS_client_method());
		if (!bench->tls ||
			SSL_CTX_load_verify_locations(bench->tls, argv[3], NULL) != 1)
			die("the CA");
		SSL_CTX_set_verify(bench->tls, SSL_VERIFY_PEER, NULL);
	}
	while (bench->user_count < MAX_USERS &&
		   scanf("%511s %36s", bench->users[bench->user_count].token,
				 bench->users[bench->user_count].id) == 2)
		bench->user_count++;
	if (bench->user_count == 0)
		die("no users");
}

int
main(int argc, char **argv)
{
	static struct bench bench;
	struct client *clients = calloc(CLIENTS, sizeof(*clients));

	if (argc != 5 || !clients)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	prepare(&bench, argv);
	bench.began_us = now_us() + 100000;
	for (int i = 0; i < CLIENTS; i++)
	{
		clients[i].bench = &bench;
		clients[i].number = i;
		clients[i].fd = -1;
		clients[i].keeps = i % 2 == 0;
		clients[i].iv = (uint64_t) now_us() << 16 | (uint64_t) i << 8;
		clients[i].times =
			calloc((size_t) (bench.seconds * RATE), sizeof(int64_t));
		if (!clients[i].times ||
			pthread_create(&clients[i].thread, NULL, run, &clients[i]) != 0)
			die("a client");
	}
	for (int i = 0; i < CLIENTS; i++)
		pthread_join(clients[i].thread, NULL);
	report(&bench, clients);
	return 0;
}
