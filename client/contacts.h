/*
 * contacts.h
 *		All peers that an account has met, kept in contacts.json.
 */
#ifndef E2EMSG_CONTACTS_H
#define E2EMSG_CONTACTS_H

#include <stddef.h>

#include "contact.h"
#include "store.h"

/* Start with {0}; pointers to contacts hold until the next contacts_add(). */
struct contacts
{
	struct contact *list;
	size_t count;
};

extern CHECKED enum result contacts_load(const struct store *store,
										 struct contacts *out,
										 struct fault *fault);
extern CHECKED enum result contacts_save(const struct store *store,
										 const struct contacts *contacts,
										 struct fault *fault);
extern void contacts_free(struct contacts *contacts);

/* The contact, or NULL. */
extern struct contact *contacts_by_name(const struct contacts *contacts,
										const char *username);
extern struct contact *contacts_by_id(const struct contacts *contacts,
									  const struct uuid *id);

/* A place for one more, cleared; NULL when memory is out. */
extern struct contact *contacts_add(struct contacts *contacts);

/*
 * Takes over what was found out elsewhere of the identities remembered here;
 * no contact moves.  Was there anything?
 */
extern bool contacts_hear(struct contacts *contacts,
						  const struct contacts *others);

/*
 * The same, and adds peers that were not met here.  *changed: was there
 * anything?  False when memory is out.
 */
extern CHECKED bool contacts_merge(struct contacts *contacts,
								   const struct contacts *others,
								   bool *changed);

#endif /* E2EMSG_CONTACTS_H */
