/*
 * futex.h
 *		Sleeping until a word changes (futex(2)).
 *
 * One word wakes any number of threads without a mutex that they would then
 * take one after the other.
 */
#ifndef E2EMSG_FUTEX_H
#define E2EMSG_FUTEX_H

#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Returns when *word is no longer "old". */
static inline void
futex_wait(atomic_uint *word, unsigned old)
{
	while (atomic_load_explicit(word, memory_order_acquire) == old)
		syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, old, NULL, NULL, 0);
}

/* Wakes all that wait for it; *word need not be there any more. */
static inline void
futex_wake(atomic_uint *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

/* Sets *word and wakes all that wait for it. */
static inline void
futex_set(atomic_uint *word, unsigned value)
{
	atomic_store_explicit(word, value, memory_order_release);
	futex_wake(word);
}

#endif /* E2EMSG_FUTEX_H */
