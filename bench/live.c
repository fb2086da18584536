/*
 * live.c
 *		Time from a sender's 201 to the receiver's event.
 *
 * usage: live SEND_PORT STREAM_PORT STREAMS RECEIVERS RATE SECONDS CONNECTIONS
 *
 * Reads lines "TOKEN ID" of users.  The first STREAMS of them open a stream
 * each; then messages go to the first RECEIVERS, picked at random, RATE a
 * second (0: as many as CONNECTIONS can), from any user.  One thread does
 * all, so that both ends are measured by one clock and one loop.
 *
 * Prints "figures RATE P50 P99 WHOLE_P50 WHOLE_P99 MISSING FAILED", times in
 *ms: from the 201 to the event, which has taken no time when it is there
 *first, and from sending the request to the event.  With SECONDS 0 it prints
 *"ready" and holds the streams until it is killed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "program.h"

#define MAX_USERS 4096
#define TOKEN_SIZE 512
#define ID_SIZE 37
#define MAX_MESSAGES (1 << 22) /* a power of two; half of it may be used */
#define LAST_EVENTS_MS 2000	   /* after the last message */
#define EVENTS 256

struct user
{
	char token[TOKEN_SIZE], id[ID_SIZE];
};

struct peer
{
	int fd;
	bool streams; /* or sends */
	bool busy;
	int64_t sent_us; /* the request that is on its way */
	char *bytes;	 /* what came and was not yet understood */
	size_t size, room;
};

/* A message that one of the ends knows of. */
struct message
{
	uint64_t key; /* of its id; 0: free */
	int64_t sent_us, answered_us, came_us;
};

struct bench
{
	int send_port, stream_port, streams, receivers, rate, seconds, connections;
	struct user *users;
	int user_count;
	struct peer *peers;
	int peer_count;
	int epoll;
	struct message *messages;
	uint64_t iv, random;
	long sent, stored, failed;
	char ciphertext[343];
};

/* xorshift64* */
static uint64_t
random_number(struct bench *bench)
{
	bench->random ^= bench->random >> 12;
	bench->random ^= bench->random << 25;
	bench->random ^= bench->random >> 27;
	return bench->random * 0x2545f4914f6cdd1du;
}

static struct message *
message_of(struct bench *bench, uint64_t key)
{
	size_t i = (key * 0x9e3779b97f4a7c15u) & (MAX_MESSAGES - 1);

	while (bench->messages[i].key != 0 && bench->messages[i].key != key)
		i = (i + 1) & (MAX_MESSAGES - 1);
	bench->messages[i].key = key;
	return &bench->messages[i];
}

/* The first 16 digits of "messageId" in a text; 0 without one. */
static uint64_t
find_id(const char *text, size_t size)
{
	static const char name[] = "\"messageId\"";
	const char *at = memmem(text, size, name, sizeof(name) - 1), *end;
	uint64_t key = 0;
	int digits = 0;

	if (!at)
		return 0;
	end = text + size;
	for (at += sizeof(name) - 1; at < end && digits < 16; at++)
		if (strchr("0123456789abcdef", *at) && *at)
		{
			key = key << 4 |
				  (uint64_t) (*at <= '9' ? *at - '0' : *at - 'a' + 10);
			digits++;
		}
	return digits == 16 ? key : 0;
}

static struct peer *
connect_peer(struct bench *bench, int port, bool streams)
{
	struct peer *peer = &bench->peers[bench->peer_count++];
	struct sockaddr_in address = {.sin_family = AF_INET,
								  .sin_port = htons((uint16_t) port)};
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = peer};
	int on = 1;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	peer->streams = streams;
	peer->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (peer->fd < 0 ||
		connect(peer->fd, (struct sockaddr *) &address, sizeof(address)) != 0)
		die("connect");
	setsockopt(peer->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	fcntl(peer->fd, F_SETFL, O_NONBLOCK);
	peer->room = 1024;
	peer->bytes = malloc(peer->room);
	if (!peer->bytes ||
		epoll_ctl(bench->epoll, EPOLL_CTL_ADD, peer->fd, &event) != 0)
		die("a connection");
	return peer;
}

/* Takes out of the front what was understood. */
static void
drop(struct peer *peer, size_t size)
{
	peer->size -= size;
	memmove(peer->bytes, peer->bytes + size, peer->size);
}

/* Reads what is there; false at the end. */
static bool
fill(struct peer *peer)
{
	ssize_t got;

	for (;;)
	{
		if (peer->size == peer->room)
		{
			peer->room *= 2;
			peer->bytes = realloc(peer->bytes, peer->room);
			if (!peer->bytes)
				die("memory");
		}
		got =
			read(peer->fd, peer->bytes + peer->size, peer->room - peer->size);
		if (got <= 0)
			return got < 0 && errno == EAGAIN;
		peer->size += (size_t) got;
	}
}

static void
take_events(struct bench *bench, struct peer *peer, int64_t now)
{
	char *end;

	while ((end = memmem(peer->bytes, peer->size, "\n\n", 2)) != NULL)
	{
		size_t size = (size_t) (end - peer->bytes) + 2;
		uint64_t key = find_id(peer->bytes, size);

		if (key)
			message_of(bench, key)->came_us = now;
		drop(peer, size);
	}
}

/* The answer to a message; false while it is not whole. */
static bool
take_answer(struct bench *bench, struct peer *peer, int64_t now)
{
	static const char name[] = "Content-Length: ";
	char *head_end = memmem(peer->bytes, peer->size, "\r\n\r\n", 4), *length;
	size_t size;
	uint64_t key;

	if (!head_end)
		return false;
	length = memmem(peer->bytes, peer->size, name, sizeof(name) - 1);
	size = (size_t) (head_end - peer->bytes) + 4;
	size += length ? strtoul(length + sizeof(name) - 1, NULL, 10) : 0;
	if (peer->size < size)
		return false;
	key = find_id(peer->bytes, size);
	if (key && memcmp(peer->bytes, "HTTP/1.1 201", 12) == 0)
	{
		message_of(bench, key)->sent_us = peer->sent_us;
		message_of(bench, key)->answered_us = now;
		bench->stored++;
	}
	else
		bench->failed++;
	drop(peer, size);
	peer->busy = false;
	return true;
}

static void
write_all(struct peer *peer, const char *text, size_t size)
{
	if (write(peer->fd, text, size) != (ssize_t) size)
		die("write");
}

static void
send_message(struct bench *bench, struct peer *peer)
{
	const struct user *from =
		&bench->users[random_number(bench) % (uint64_t) bench->user_count];
	const struct user *to =
		&bench->users[random_number(bench) % (uint64_t) bench->receivers];
	char body[1024], text[2048];
	int size = snprintf(body, sizeof(body),
						"{\"receiverId\":\"%s\",\"iv\":\"%016llx\","
						"\"ciphertext\":\"%s\",\"authTag\":\"%.21sA\","
						"\"keyVersion\":1,\"senderKeyVersion\":1,\"suite\":1}",
						to->id, (unsigned long long) bench->iv++,
						bench->ciphertext, bench->ciphertext);

	size = snprintf(text, sizeof(text),
					"POST /messages HTTP/1.1\r\nHost: 127.0.0.1\r\n"
					"Authorization: Bearer %s\r\n"
					"Content-Type: application/json\r\n"
					"Content-Length: %d\r\n\r\n%s",
					from->token, size, body);
	peer->sent_us = now_us();
	write_all(peer, text, (size_t) size);
	peer->busy = true;
	bench->sent++;
}

/*
 * Takes what comes within so many microseconds.  It sleeps meanwhile: a loop
 * that spins would take one of the cores that it measures.
 */
static void
poll_peers(struct bench *bench, int64_t us)
{
	struct epoll_event events[EVENTS];
	struct timespec wait = {.tv_sec = us / 1000000,
							.tv_nsec = us % 1000000 * 1000};
	int count = epoll_pwait2(bench->epoll, events, EVENTS, &wait, NULL);

	for (int i = 0; i < count; i++)
	{
		struct peer *peer = events[i].data.ptr;
		bool open = fill(peer);
		int64_t now = now_us();

		if (peer->streams)
			take_events(bench, peer, now);
		else
			take_answer(bench, peer, now);
		if (!open)
			die("the gateway closed a connection");
	}
}

/* Opens the streams; each is there when its first lines are. */
static void
open_streams(struct bench *bench)
{
	char text[1024];

	for (int i = 0; i < bench->streams; i++)
	{
		struct peer *peer = connect_peer(bench, bench->stream_port, true);
		char *lines;
		int size = snprintf(text, sizeof(text),
							"GET /messages/stream HTTP/1.1\r\n"
							"Host: 127.0.0.1\r\nAuthorization: Bearer %s\r\n"
							"\r\n",
							bench->users[i].token);

		write_all(peer, text, (size_t) size);
		do
			if (!fill(peer))
				die("a stream was refused");
		while (!(lines = memmem(peer->bytes, peer->size, "\nretry:", 7)));
		if (memcmp(peer->bytes, "HTTP/1.1 200", 12) != 0)
			die("a stream was refused");
		drop(peer, (size_t) (lines - peer->bytes));
	}
}

/* Sends for so long, and waits for what is on its way. */
static void
run(struct bench *bench)
{
	struct peer *senders = &bench->peers[bench->peer_count];
	int64_t began = now_us(), end = began + bench->seconds * 1000000ll, now;

	for (int i = 0; i < bench->connections; i++)
		connect_peer(bench, bench->send_port, false);
	for (now = began; now < end; now = now_us())
	{
		long due = bench->rate > 0 ? (now - began) * bench->rate / 1000000 + 1
								   : bench->sent + bench->connections;
		int64_t next =
			bench->rate > 0 ? began + due * 1000000 / bench->rate - now : 1000;

		for (int i = 0; i < bench->connections && bench->sent < due; i++)
			if (!senders[i].busy)
				send_message(bench, &senders[i]);
		poll_peers(bench, next > 0 ? next : 0);
		if (bench->sent > MAX_MESSAGES / 2)
			break;
	}
	for (now = now_us(), end = now + LAST_EVENTS_MS * 1000; now < end;
		 now = now_us())
		poll_peers(bench, 10000);
}

static int
compare(const void *left, const void *right)
{
	const int64_t *a = left, *b = right;

	return *a < *b ? -1 : *a > *b;
}

/* In ms; sorts the times. */
static double
percentile(int64_t *times, size_t count, size_t percent)
{
	qsort(times, count, sizeof(*times), compare);
	return count > 0 ? (double) times[count * percent / 100] / 1000 : 0;
}

/* Messages to receivers without a stream have no event. */
static void
report(struct bench *bench)
{
	size_t room = (size_t) bench->stored + 1, events = 0;
	int64_t *times = malloc(sizeof(*times) * room);
	int64_t *whole = malloc(sizeof(*whole) * room);
	long expected;

	if (!times || !whole)
		die("memory");
	for (size_t i = 0; i < MAX_MESSAGES; i++)
	{
		const struct message *message = &bench->messages[i];

		if (message->came_us == 0 || message->answered_us == 0)
			continue;
		times[events] = message->came_us > message->answered_us
							? message->came_us - message->answered_us
							: 0;
		whole[events++] = message->came_us - message->sent_us;
	}
	expected =
		bench->streams >= bench->receivers ? bench->stored : (long) events;
	printf("figures %.1f %.3f %.3f %.3f %.3f %ld %ld\n",
		   (double) bench->stored / bench->seconds,
		   percentile(times, events, 50), percentile(times, events, 99),
		   percentile(whole, events, 50), percentile(whole, events, 99),
		   expected - (long) events, bench->failed);
}

static void
read_users(struct bench *bench)
{
	bench->users = calloc(MAX_USERS, sizeof(*bench->users));
	while (bench->users && bench->user_count < MAX_USERS &&
		   scanf("%511s %36s", bench->users[bench->user_count].token,
				 bench->users[bench->user_count].id) == 2)
		bench->user_count++;
	if (bench->user_count < bench->streams ||
		bench->user_count < bench->receivers || bench->user_count == 0)
		die("too few users");
}

static void
prepare(struct bench *bench)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	bench->epoll = epoll_create1(EPOLL_CLOEXEC);
	bench->peers = calloc((size_t) (bench->streams + bench->connections),
						  sizeof(*bench->peers));
	bench->messages = calloc(MAX_MESSAGES, sizeof(*bench->messages));
	if (bench->epoll < 0 || !bench->peers || !bench->messages)
		die("memory");
	bench->random = (uint64_t) now_us() | 1;
	bench->iv = (uint64_t) now_us() << 24;
	memset(bench->ciphertext, 'A', sizeof(bench->ciphertext) - 1);
}

int
main(int argc, char **argv)
{
	struct bench bench = {0};
	int *const numbers[] = {&bench.send_port,  &bench.stream_port,
							&bench.streams,	   &bench.receivers,
							&bench.rate,	   &bench.seconds,
							&bench.connections};

	if (argc != 8)
		return 2;
	for (int i = 0; i < 7; i++)
		*numbers[i] = (int) strtol(argv[i + 1], NULL, 10);
	prepare(&bench);
	read_users(&bench);
	open_streams(&bench);
	if (bench.seconds == 0)
	{
		puts("ready");
		fflush(stdout);
		for (;;)
			poll_peers(&bench, 1000000);
	}
	run(&bench);
	report(&bench);
	return bench.failed == 0 ? 0 : 1;
}
