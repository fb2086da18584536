/*
 * settings.h
 *		Settings that C code reads; module.c defines them.
 */
#ifndef E2EMSG_SETTINGS_H
#define E2EMSG_SETTINGS_H

/* Unacknowledged mail of a mailbox: messages, and kB of ciphertext; 0: any. */
extern int mailbox_quota_messages;
extern int mailbox_quota_kb;

#endif /* E2EMSG_SETTINGS_H */
