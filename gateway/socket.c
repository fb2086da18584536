/*
 * socket.c
 *		Finding sockets by their addresses.
 */
#include "socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define WAKE_US 5000 /* for a thread to come out of poll() */

bool
socket_allow(long wanted)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return false;
	if (limit.rlim_cur >= (rlim_t) wanted)
		return true;
	limit.rlim_cur =
		limit.rlim_max < (rlim_t) wanted ? limit.rlim_max : (rlim_t) wanted;
	return setrlimit(RLIMIT_NOFILE, &limit) == 0 &&
		   limit.rlim_cur >= (rlim_t) wanted;
}

/* Debian builds CivetWeb without IPv6; other families have no port here. */
static int
port_of(const struct sockaddr_in *address)
{
	return address->sin_family == AF_INET ? ntohs(address->sin_port) : -1;
}

static int
local_port_of(int fd)
{
	struct sockaddr_in local = {.sin_family = AF_UNSPEC};
	socklen_t size = sizeof(local);

	if (getsockname(fd, (struct sockaddr *) &local, &size) != 0)
		return -1;
	return port_of(&local);
}

/* The peer of a connected socket; false for everything else. */
static bool
peer_of(int fd, struct sockaddr_in *peer)
{
	socklen_t size = sizeof(*peer);

	return getpeername(fd, (struct sockaddr *) peer, &size) == 0;
}

/* One more than the highest descriptor worth looking at. */
static int
descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 ||
		limit.rlim_cur > SOCKET_MAX_DESCRIPTORS)
		return SOCKET_MAX_DESCRIPTORS;
	return (int) limit.rlim_cur;
}

void
socket_mark(struct socket_map *map, int fd, bool is_known)
{
	if (fd >= 0 && fd < SOCKET_MAX_DESCRIPTORS)
		atomic_store(&map->is_known[fd], is_known);
}

int
socket_of_peer(const struct socket_map *map, const char *address, int port,
			   int local_port)
{
	int limit = descriptor_limit();
	struct in_addr host;

	if (inet_pton(AF_INET, address, &host) != 1)
		return -1;
	for (int fd = 3; fd < limit; fd++)
	{
		struct sockaddr_in peer;

		if (!atomic_load(&map->is_known[fd]) && peer_of(fd, &peer) &&
			port_of(&peer) == port && peer.sin_addr.s_addr == host.s_addr &&
			local_port_of(fd) == local_port)
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
 * it hung up.  The pause lets the poll() under way return: it would not wait
 * for the newcomer, only for its own time limit.
 */
static void
silence(int fd, int substitute)
{
	shutdown(fd, SHUT_RDWR);
	usleep(WAKE_US);
	dup3(substitute, fd, O_CLOEXEC);
}

int
socket_stop_listening(int port)
{
	int limit = descriptor_limit();
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		return -1;
	for (int fd = 3; fd < limit; fd++)
		if (listens_at(fd, port))
			silence(fd, ends[1]);
	close(ends[1]);
	return ends[0];
}

void
socket_end_idle(int port)
{
	int limit = descriptor_limit();

	for (int fd = 3; fd < limit; fd++)
	{
		struct sockaddr_in peer;

		if (peer_of(fd, &peer) && local_port_of(fd) == port)
			shutdown(fd, SHUT_RD);
	}
}
