/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON of somebody else, read strictly. Internal to this folder. */
#ifndef VMP_DOMAIN_ANSWER_H
#define VMP_DOMAIN_ANSWER_H

#include "base/err.h"

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The value of "return" of a whole answer of an agent or a monitor. what: the command, for messages; borrowed. ret_top: to be put away with
 * json_object_put() by the caller, whatever is returned; NULL when there is nothing to.
 * Errors: EINVAL, EFBIG, EOPNOTSUPP (the command is not known), EIO (it is refused).
 */
int vmp_answer_open(const char *text, size_t len, const char *what, enum json_type type, struct json_object **ret_top,
		    struct json_object **ret_value, struct vmp_err *err);

/* Record that an answer is not as it must be. Returns -EINVAL. */
int vmp_answer_refuse(struct vmp_err *err, const char *what, const char *why);

/* A member of this type, or NULL. object: may be NULL or anything else. Borrowed. */
struct json_object *vmp_answer_member(struct json_object *object, const char *name, enum json_type type);

/* The text of a member, or NULL. Borrowed. */
const char *vmp_answer_text(struct json_object *object, const char *name);

/* A boolean member into *ret_value. False when there is none. */
bool vmp_answer_flag(struct json_object *object, const char *name, bool *ret_value);

/* A whole number from 0 to most. */
bool vmp_answer_number(struct json_object *object, const char *name, uint64_t most, uint64_t *ret_value);

/* The kept part of a name that somebody else chose, cut between two characters. Owned by the caller; NULL without memory. */
char *vmp_answer_name(const char *name);

#endif
