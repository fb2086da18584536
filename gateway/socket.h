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

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The connected socket of this peer at this local port, or -1. */
extern int socket_of_peer(const char *address, int port, int local_port);

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

/* Bytes that can be read without blocking; 0 for a bad socket, too. */
extern size_t socket_readable(int fd);

/* Waits until something can be read.  False when "ms" pass or on error. */
extern bool socket_wait(int fd, int64_t ms);

#endif /* E2EMSG_SOCKET_H */
