/*
 * socket.c
 *		Finding sockets by their addresses.
 */
#include "socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_DESCRIPTORS 4096

union address
{
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_storage storage;
};

static int
port_of(const union address *address)
{
	if (address->any.sa_family == AF_INET)
		return ntohs(address->v4.sin_port);
	if (address->any.sa_family == AF_INET6)
		return ntohs(address->v6.sin6_port);
	return -1;
}

static bool
is_host(const union address *address, const char *text)
{
	char own[INET6_ADDRSTRLEN];
	const void *bytes = address->any.sa_family == AF_INET
							? (const void *) &address->v4.sin_addr
							: (const void *) &address->v6.sin6_addr;

	return inet_ntop(address->any.sa_family, bytes, own, sizeof(own)) &&
		   strcmp(own, text) == 0;
}

static int
local_port_of(int fd)
{
	union address local;
	socklen_t size = sizeof(local);

	return getsockname(fd, &local.any, &size) == 0 ? port_of(&local) : -1;
}

/* One more than the highest descriptor worth looking at. */
static int
descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 ||
		limit.rlim_cur > MAX_DESCRIPTORS)
		return MAX_DESCRIPTORS;
	return (int) limit.rlim_cur;
}

int
socket_of_peer(const char *address, int port, int local_port)
{
	int limit = descriptor_limit();

	for (int fd = 3; fd < limit; fd++)
	{
		union address peer;
		socklen_t size = sizeof(peer);

		if (getpeername(fd, &peer.any, &size) == 0 && port_of(&peer) == port &&
			is_host(&peer, address) && local_port_of(fd) == local_port)
			return fd;
	}
	return -1;
}

/* Is this a listening socket of the port? */
static bool
listens_at(int fd, int port)
{
	int listens = 0;
	socklen_t size = sizeof(listens);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 &&
		   listens && local_port_of(fd) == port;
}

/*
 * CivetWeb goes on polling its descriptor.  shutdown() wakes it; then one end
 * of a pair takes the place, because the old socket would say for ever that
 * it hung up.
 */
int
socket_stop_listening(int port)
{
	int limit = descriptor_limit();
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		return -1;
	for (int fd = 3; fd < limit; fd++)
		if (listens_at(fd, port))
		{
			shutdown(fd, SHUT_RDWR);
			dup3(ends[1], fd, O_CLOEXEC);
		}
	close(ends[1]);
	return ends[0];
}

void
socket_end_idle(int port)
{
	int limit = descriptor_limit();

	for (int fd = 3; fd < limit; fd++)
	{
		union address peer;
		socklen_t size = sizeof(peer);

		if (getpeername(fd, &peer.any, &size) == 0 &&
			local_port_of(fd) == port)
			shutdown(fd, SHUT_RD);
	}
}

size_t
socket_readable(int fd)
{
	int bytes = 0;

	return ioctl(fd, FIONREAD, &bytes) == 0 && bytes > 0 ? (size_t) bytes : 0;
}

bool
socket_wait(int fd, int64_t ms)
{
	struct pollfd poller = {.fd = fd, .events = POLLIN};

	return ms > 0 && poll(&poller, 1, (int) ms) == 1;
}
