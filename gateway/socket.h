/*
 * socket.h
 *		The sockets that CivetWeb keeps to itself.
 *
 * Its API gives no file descriptor, but a deadline for a whole body needs
 * one, and so does refusing new connections while the old ones finish.  Both
 * are found among the descriptors of this process by their addresses.
 */
#ifndef E2EMSG_SOCKET_H
#define E2EMSG_SOCKET_H

#include <stdbool.h>

/* The connected socket of this peer at this local port, or -1. */
extern int socket_of_peer(const char *address, int port, int local_port);

/* Stops listening at the port; open connections stay. */
extern void socket_stop_listening(int port);

/* Bytes that can be read at once, without blocking; 0 when unknown. */
extern long socket_readable(int fd);

/* Waits until something can be read.  False at the deadline or on error. */
extern bool socket_wait(int fd, long ms);

#endif /* E2EMSG_SOCKET_H */
