/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/answer.h"

#include "domain/reply.h"

#include <errno.h>
#include <string.h>

enum { DEPTH_MAX = 12, ERROR_SHOWN = 160 };

int vmp_answer_refuse(struct vmp_err *err, const char *what, const char *why)
{
	return vmp_err_set(err, EINVAL, "domain", what, "reading the answer to %s: %s", what, why);
}

/* The document, or NULL: not one JSON value, too deep, not UTF-8, or something after it. */
static struct json_object *parse(const char *text, size_t len)
{
	struct json_tokener *tokener = json_tokener_new_ex(DEPTH_MAX);
	struct json_object *top;

	if (!tokener)
		return NULL;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	top = json_tokener_parse_ex(tokener, text, (int)len);
	if (top && (json_tokener_get_error(tokener) != json_tokener_success || json_tokener_get_parse_end(tokener) != len)) {
		json_object_put(top);
		top = NULL;
	}
	json_tokener_free(tokener);
	return top;
}

struct json_object *vmp_answer_member(struct json_object *object, const char *name, enum json_type type)
{
	struct json_object *value;

	return json_object_is_type(object, json_type_object) && json_object_object_get_ex(object, name, &value) &&
			       json_object_is_type(value, type)
		       ? value
		       : NULL;
}

const char *vmp_answer_text(struct json_object *object, const char *name)
{
	struct json_object *value = vmp_answer_member(object, name, json_type_string);

	return value ? json_object_get_string(value) : NULL;
}

bool vmp_answer_flag(struct json_object *object, const char *name, bool *ret_value)
{
	struct json_object *value = vmp_answer_member(object, name, json_type_boolean);

	if (value)
		*ret_value = json_object_get_boolean(value);
	return value != NULL;
}

bool vmp_answer_number(struct json_object *object, const char *name, uint64_t most, uint64_t *ret_value)
{
	struct json_object *value = vmp_answer_member(object, name, json_type_int);
	uint64_t number;

	/* What is negative is told by the signed view; what is above it only by the other. */
	if (!value || (json_object_get_int64(value) < 0))
		return false;
	number = json_object_get_uint64(value);
	if (number > most)
		return false;
	*ret_value = number;
	return true;
}

char *vmp_answer_name(const char *name)
{
	size_t len = strnlen(name, VMP_INSIDE_NAME_MAX + 1);

	if (len > VMP_INSIDE_NAME_MAX) {
		len = VMP_INSIDE_NAME_MAX;
		while (len > 0 && ((unsigned char)name[len] & 0xc0) == 0x80)
			len--;
	}
	return strndup(name, len);
}

/* How much of an error's words is told: the first line, not too long. */
static int shown(const char *words)
{
	size_t len = words ? strcspn(words, "\r\n") : ERROR_SHOWN;

	return len > ERROR_SHOWN ? ERROR_SHOWN : (int)len;
}

int vmp_answer_open(const char *text, size_t len, const char *what, enum json_type type, struct json_object **ret_top,
		    struct json_object **ret_value, struct vmp_err *err)
{
	struct json_object *error, *top;
	const char *words;

	*ret_top = NULL;
	if (len > VMP_REPLY_MAX)
		return vmp_err_set(err, EFBIG, "domain", what, "reading the answer to %s: it is longer than %u bytes", what, VMP_REPLY_MAX);
	*ret_top = top = parse(text, len);
	if (!top)
		return vmp_answer_refuse(err, what, "it is not JSON");
	*ret_value = vmp_answer_member(top, "return", type);
	if (*ret_value)
		return 0;
	error = vmp_answer_member(top, "error", json_type_object);
	if (!error)
		return vmp_answer_refuse(err, what, "it is not of the kind that was asked for");
	words = vmp_answer_text(error, "class");
	if (words && strcmp(words, "CommandNotFound") == 0)
		return vmp_err_set(err, EOPNOTSUPP, "domain", what, "%s is not known to it", what);
	words = vmp_answer_text(error, "desc");
	return vmp_err_set(err, EIO, "domain", what, "%s is refused: %.*s", what, shown(words), words ? words : "it does not say why");
}
