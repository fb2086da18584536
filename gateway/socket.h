/*
 * socket.h
 *		The sockets that CivetWeb keeps to itself.
 *
 * Its API gives no file descriptor, but a deadline for a whole body needs
 * one, and so does an end without loss.  They are found among the
 * descriptors of this process by their addresses.
 */
#ifndef E2EMSG_SOCKET_H
#define E2EMSG_SOCKET_H

#include <stdatomic.h>
#include <stdbool.h>

/* Allows this process so many descriptors, or as many as it may have. */
extern bool socket_allow(long wanted) __attribute__((warn_unused_result));

/*
 * Descriptors that are known to be something else, so that the search does
 * not ask the system about each of thousands of them.
 */
#define SOCKET_MAX_DESCRIPTORS 32768
struct socket_map
{
	atomic_bool is_known[SOCKET_MAX_DESCRIPTORS];
};

/* Before it is closed a descriptor must be made unknown again. */
extern void socket_mark(struct socket_map *map, int fd, bool is_known);

/* The connected socket of this peer at this local port, or -1. */
extern int socket_of_peer(const struct socket_map *map, const char *address,
						  int port, int local_port);

/*
 * Stops listening at the port; open connections stay.  Returns a descriptor:
 * closing it wakes the thread that waits for connections.  -1 when the
 * system has no more.
 */
extern int socket_stop_listening(int port);

/*
 * Reads nothing more from connections to the local port, so that whoever
 * waits for their next request sees their end at once.
 */
extern void socket_end_idle(int port);

#endif /* E2EMSG_SOCKET_H */
