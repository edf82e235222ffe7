/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "evidence/record.h"

#include "base/addr.h"
#include "base/vec.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 12, STRING_MAX = 1 << 16, PLACE_MAX = 160 };

/* What every VMP_VEC looks like. */
struct any_vec {
	void *v;
	size_t n, cap;
};

/* ---- writing ------------------------------------------------------------------------------------------------------ */

static struct json_object *write_record(const struct vmp_record *record, const void *data);

static struct json_object *write_text(const char *text)
{
	return text ? json_object_new_string(text) : NULL;
}

static struct json_object *write_list(const struct vmp_member *member, const struct any_vec *list)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; array && i < list->n; i++) {
		const char *item = (const char *)list->v + i * member->size;
		struct json_object *value = member->type == VMP_MEMBER_STRINGS ? write_text(*(char *const *)item)
									       : write_record(member->record, item);

		if (!value || json_object_array_add(array, value) != 0) {
			json_object_put(value);
			json_object_put(array);
			return NULL;
		}
	}
	return array;
}

/* A member's value; NULL is JSON's null, or no memory (only strings and addresses may be null). */
static struct json_object *write_value(const struct vmp_member *member, const void *at)
{
	char text[VMP_IP_STRLEN > VMP_MAC_STRLEN ? VMP_IP_STRLEN : VMP_MAC_STRLEN];

	switch (member->type) {
	case VMP_MEMBER_BOOL: return json_object_new_boolean(*(const bool *)at);
	case VMP_MEMBER_U8: return json_object_new_int(*(const uint8_t *)at);
	case VMP_MEMBER_U16: return json_object_new_int(*(const uint16_t *)at);
	case VMP_MEMBER_U32: return json_object_new_int64(*(const uint32_t *)at);
	case VMP_MEMBER_U64: return json_object_new_uint64(*(const uint64_t *)at);
	case VMP_MEMBER_SIZE: return json_object_new_uint64(*(const size_t *)at);
	case VMP_MEMBER_INT:
	case VMP_MEMBER_ENUM: return json_object_new_int(*(const int *)at);
	case VMP_MEMBER_STRING: return write_text(*(char *const *)at);
	case VMP_MEMBER_CHARS: return write_text(at);
	case VMP_MEMBER_MAC: return write_text(vmp_mac_format(at, text));
	case VMP_MEMBER_IP: return ((const struct vmp_ip *)at)->family ? write_text(vmp_ip_format(at, text)) : NULL;
	case VMP_MEMBER_RECORD: return write_record(member->record, at);
	case VMP_MEMBER_LIST:
	case VMP_MEMBER_STRINGS: return write_list(member, at);
	}
	return NULL;
}

static bool may_be_null(const struct vmp_member *member, const void *at)
{
	return (member->type == VMP_MEMBER_STRING && !*(char *const *)at) ||
	       (member->type == VMP_MEMBER_IP && !((const struct vmp_ip *)at)->family);
}

static struct json_object *write_record(const struct vmp_record *record, const void *data)
{
	struct json_object *object = json_object_new_object();

	for (size_t i = 0; object && i < record->n; i++) {
		const struct vmp_member *member = &record->members[i];
		const void *at = (const char *)data + member->offset;
		struct json_object *value = write_value(member, at);

		if ((!value && !may_be_null(member, at)) || json_object_object_add(object, member->name, value) != 0) {
			json_object_put(value);
			json_object_put(object);
			return NULL;
		}
	}
	return object;
}

int vmp_record_write(const struct vmp_record *record, const void *data, const char *schema, struct vmp_buf *out)
{
	struct json_object *top = json_object_new_object(), *body = write_record(record, data), *word;
	const char *text = NULL;

	word = json_object_new_string(schema);
	if (top && word && json_object_object_add(top, "schema", word) == 0)
		word = NULL;
	if (top && body && !word && json_object_object_add(top, "run", body) == 0) {
		body = NULL;
		text = json_object_to_json_string_ext(top, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE);
	}
	if (text)
		vmp_buf_printf(out, "%s\n", text);
	json_object_put(word);
	json_object_put(body);
	json_object_put(top);
	return text && !out->oom ? 0 : -ENOMEM;
}

/* ---- reading ------------------------------------------------------------------------------------------------------ */

/* Where in the document the reader is: "path.hops[3].rank". */
struct place {
	const char *file;
	char text[PLACE_MAX];
	size_t len;
	struct vmp_err *err;
};

static size_t enter(struct place *place, const char *name, size_t index, bool is_index)
{
	size_t before = place->len;
	int n = is_index ? snprintf(place->text + before, sizeof(place->text) - before, "[%zu]", index)
			 : snprintf(place->text + before, sizeof(place->text) - before, "%s%s", before ? "." : "", name);

	if (n > 0)
		place->len = before + (size_t)n < sizeof(place->text) ? before + (size_t)n : sizeof(place->text) - 1;
	return before;
}

static void leave(struct place *place, size_t before)
{
	place->len = before;
	place->text[before] = '\0';
}

static int refuse(const struct place *place, const char *what)
{
	return vmp_err_set(place->err, EINVAL, "evidence", place->file, "reading %s: %s %s; this is not as vmpath wrote it",
			   place->file, place->text, what);
}

static int read_record(struct place *place, const struct vmp_record *record, struct json_object *object, void *data, int depth);

static int read_number(const struct place *place, struct json_object *value, uint64_t most, uint64_t *ret_number)
{
	if (!json_object_is_type(value, json_type_int))
		return refuse(place, "is not a whole number");
	/* A negative one comes back as 0 from the unsigned reader. */
	if (json_object_get_int64(value) < 0 || json_object_get_uint64(value) > most)
		return refuse(place, "is out of range");
	*ret_number = json_object_get_uint64(value);
	return 0;
}

static int read_int(const struct place *place, struct json_object *value, int *ret_number)
{
	int64_t number;

	if (!json_object_is_type(value, json_type_int))
		return refuse(place, "is not a whole number");
	number = json_object_get_int64(value);
	if (number < INT32_MIN || number > INT32_MAX)
		return refuse(place, "is out of range");
	*ret_number = (int)number;
	return 0;
}

/* The text of a string without NUL inside, of at most so many bytes. */
static int read_text(const struct place *place, struct json_object *value, size_t most, const char **ret_text)
{
	size_t len;

	if (!json_object_is_type(value, json_type_string))
		return refuse(place, "is not a text");
	len = (size_t)json_object_get_string_len(value);
	*ret_text = json_object_get_string(value);
	if (len > most || strlen(*ret_text) != len)
		return refuse(place, "is too long a text, or has a NUL in it");
	return 0;
}

static int read_string(const struct place *place, struct json_object *value, char **ret_text)
{
	const char *text;
	int code;

	if (!value)
		return 0;
	code = read_text(place, value, STRING_MAX, &text);
	if (code < 0)
		return code;
	*ret_text = strdup(text);
	return *ret_text ? 0 : vmp_err_set(place->err, ENOMEM, "evidence", place->file, "reading %s: out of memory", place->file);
}

static int read_address(const struct place *place, const struct vmp_member *member, struct json_object *value, void *at)
{
	const char *text;
	int code;

	if (!value && member->type == VMP_MEMBER_IP)
		return 0;
	code = read_text(place, value, VMP_IP_STRLEN, &text);
	if (code < 0)
		return code;
	code = member->type == VMP_MEMBER_IP ? vmp_ip_parse(text, at) : vmp_mac_parse(text, at);
	return code < 0 ? refuse(place, "is not an address") : 0;
}

static int read_list(struct place *place, const struct vmp_member *member, struct json_object *value, struct any_vec *list, int depth)
{
	size_t n;

	if (!json_object_is_type(value, json_type_array))
		return refuse(place, "is not a list");
	n = json_object_array_length(value);
	if (n > member->most)
		return refuse(place, "is too long a list");
	for (size_t i = 0; i < n; i++) {
		struct json_object *item = json_object_array_get_idx(value, i);
		void *data = vmp_vec_grow(&list->v, &list->n, &list->cap, member->size);
		size_t before = enter(place, NULL, i, true);
		int code;

		if (!data)
			return vmp_err_set(place->err, ENOMEM, "evidence", place->file, "reading %s: out of memory", place->file);
		if (member->type == VMP_MEMBER_STRINGS)
			code = item ? read_string(place, item, data) : refuse(place, "is null");
		else
			code = read_record(place, member->record, item, data, depth + 1);
		if (code < 0)
			return code;
		leave(place, before);
	}
	return 0;
}

static int read_value(struct place *place, const struct vmp_member *member, struct json_object *value, void *at, int depth)
{
	static const uint64_t most[] = {[VMP_MEMBER_U8] = UINT8_MAX, [VMP_MEMBER_U16] = UINT16_MAX, [VMP_MEMBER_U32] = UINT32_MAX,
					[VMP_MEMBER_U64] = UINT64_MAX, [VMP_MEMBER_SIZE] = SIZE_MAX};
	const char *text;
	uint64_t number = 0;
	int code;

	switch (member->type) {
	case VMP_MEMBER_BOOL:
		if (!json_object_is_type(value, json_type_boolean))
			return refuse(place, "is neither true nor false");
		*(bool *)at = json_object_get_boolean(value);
		return 0;
	case VMP_MEMBER_U8:
	case VMP_MEMBER_U16:
	case VMP_MEMBER_U32:
	case VMP_MEMBER_U64:
	case VMP_MEMBER_SIZE:
		code = read_number(place, value, most[member->type], &number);
		if (code < 0)
			return code;
		if (member->type == VMP_MEMBER_U8)
			*(uint8_t *)at = (uint8_t)number;
		else if (member->type == VMP_MEMBER_U16)
			*(uint16_t *)at = (uint16_t)number;
		else if (member->type == VMP_MEMBER_U32)
			*(uint32_t *)at = (uint32_t)number;
		else if (member->type == VMP_MEMBER_U64)
			*(uint64_t *)at = number;
		else
			*(size_t *)at = (size_t)number;
		return 0;
	case VMP_MEMBER_INT: return read_int(place, value, at);
	case VMP_MEMBER_ENUM:
		code = read_number(place, value, member->most, &number);
		if (code == 0)
			*(int *)at = (int)number;
		return code;
	case VMP_MEMBER_STRING: return read_string(place, value, at);
	case VMP_MEMBER_CHARS:
		code = read_text(place, value, member->size - 1, &text);
		if (code == 0)
			memcpy(at, text, strlen(text) + 1);
		return code;
	case VMP_MEMBER_MAC:
	case VMP_MEMBER_IP: return read_address(place, member, value, at);
	case VMP_MEMBER_RECORD: return read_record(place, member->record, value, at, depth + 1);
	case VMP_MEMBER_LIST:
	case VMP_MEMBER_STRINGS: return read_list(place, member, value, at, depth);
	}
	return refuse(place, "is of no known type");
}

static int read_record(struct place *place, const struct vmp_record *record, struct json_object *object, void *data, int depth)
{
	if (!json_object_is_type(object, json_type_object))
		return refuse(place, "is not an object");
	if (depth > DEPTH_MAX)
		return refuse(place, "is nested too deeply");
	for (size_t i = 0; i < record->n; i++) {
		const struct vmp_member *member = &record->members[i];
		size_t before = enter(place, member->name, 0, false);
		struct json_object *value;
		int code;

		if (!json_object_object_get_ex(object, member->name, &value)) {
			if (!member->later)
				return refuse(place, "is missing");
			leave(place, before);
			continue;
		}
		code = read_value(place, member, value, (char *)data + member->offset, depth);
		if (code < 0)
			return code;
		leave(place, before);
	}
	return 0;
}

static struct json_object *parse(const char *text, size_t len)
{
	struct json_tokener *tokener = json_tokener_new_ex(2 * DEPTH_MAX);
	struct json_object *top = NULL;

	if (!tokener)
		return NULL;
	if (len <= INT32_MAX)
		top = json_tokener_parse_ex(tokener, text, (int)len);
	if (top && json_tokener_get_error(tokener) != json_tokener_success) {
		json_object_put(top);
		top = NULL;
	}
	json_tokener_free(tokener);
	return top;
}

int vmp_record_read(const struct vmp_record *record, const char *text, size_t len, const char *schema, const char *name,
		    void *data, struct vmp_err *err)
{
	struct json_object *top = parse(text, len), *word = NULL, *body = NULL;
	struct place place = {.file = name, .err = err};
	const char *found;
	int code;

	if (!top)
		return vmp_err_set(err, EINVAL, "evidence", name, "reading %s: it is not JSON", name);
	json_object_object_get_ex(top, "schema", &word);
	json_object_object_get_ex(top, "run", &body);
	found = word && json_object_is_type(word, json_type_string) ? json_object_get_string(word) : "";
	if (strcmp(found, schema) != 0)
		code = vmp_err_set(err, EPROTONOSUPPORT, "evidence", name,
				   "reading %s: its schema is \"%.40s\", this version of vmpath reads \"%s\"", name, found, schema);
	else
		code = read_record(&place, record, body, data, 0);
	json_object_put(top);
	return code;
}
