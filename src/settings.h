/*
 * settings.h
 *		Settings that C code reads; module.c defines them.
 */
#ifndef E2EMSG_SETTINGS_H
#define E2EMSG_SETTINGS_H

/* Unacknowledged mail of a mailbox: messages, and kB of ciphertext; 0: any. */
extern int mailbox_quota_messages;
extern int mailbox_quota_kb;

/* How much of these one sender may have there; 0, 100: all of it. */
extern int sender_quota_percent;

#endif /* E2EMSG_SETTINGS_H */
