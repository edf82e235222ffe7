/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/json.h"

#include "base/clock.h"
#include "report/view.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Give value to parent, or free it. */
static void put(struct vmp_json *json, struct json_object *parent, const char *key, struct json_object *value)
{
	int failed = 0;

	if (!value) {
		json->oom = true;
		return;
	}
	if (!parent) {
		json_object_put(value);
		return;
	}
	failed = key ? json_object_object_add(parent, key, value) : json_object_array_add(parent, value);
	if (failed) {
		json->oom = true;
		json_object_put(value);
	}
}

struct json_object *vmp_json_object(struct vmp_json *json, struct json_object *parent, const char *key)
{
	struct json_object *object = parent ? json_object_new_object() : NULL;

	put(json, parent, key, object);
	return json->oom ? NULL : object;
}

struct json_object *vmp_json_array(struct vmp_json *json, struct json_object *parent, const char *key)
{
	struct json_object *array = parent ? json_object_new_array() : NULL;

	put(json, parent, key, array);
	return json->oom ? NULL : array;
}

void vmp_json_text(struct vmp_json *json, struct json_object *parent, const char *key, const char *text)
{
	if (text)
		put(json, parent, key, json_object_new_string(text));
}

void vmp_json_count(struct vmp_json *json, struct json_object *parent, const char *key, uint64_t value)
{
	put(json, parent, key, json_object_new_uint64(value));
}

void vmp_json_bool(struct vmp_json *json, struct json_object *parent, const char *key, bool value)
{
	put(json, parent, key, json_object_new_boolean(value));
}

void vmp_json_mac(struct vmp_json *json, struct json_object *parent, const char *key, const struct vmp_mac *mac)
{
	char text[VMP_MAC_STRLEN];

	vmp_json_text(json, parent, key, vmp_mac_format(mac, text));
}

void vmp_json_ip(struct vmp_json *json, struct json_object *parent, const char *key, const struct vmp_ip *ip)
{
	char text[VMP_IP_STRLEN];

	if (ip->family)
		vmp_json_text(json, parent, key, vmp_ip_format(ip, text));
}

void vmp_json_time(struct vmp_json *json, struct json_object *parent, const char *key, uint64_t realtime_ns)
{
	char text[VMP_RFC3339_STRLEN];

	if (realtime_ns)
		vmp_json_text(json, parent, key, vmp_clock_rfc3339(realtime_ns, text));
}

void vmp_json_decimal(struct vmp_json *json, struct json_object *parent, const char *key, uint64_t value,
		      unsigned int digits)
{
	uint64_t scale = 1;
	char text[48];
	size_t len;

	for (unsigned int i = 0; i < digits; i++)
		scale *= 10;
	snprintf(text, sizeof(text), "%" PRIu64 ".%0*" PRIu64, value / scale, (int)digits, value % scale);
	for (len = strlen(text); text[len - 1] == '0' && text[len - 2] != '.'; len--)
		text[len - 1] = '\0';
	put(json, parent, key, json_object_new_double_s((double)value / (double)scale, text));
}

void vmp_json_begin(struct vmp_json *json, const char *schema, const char *host_name)
{
	struct json_object *tool;

	memset(json, 0, sizeof(*json));
	json->top = json_object_new_object();
	json->oom = !json->top;
	vmp_json_text(json, json->top, "schema", schema);
	tool = vmp_json_object(json, json->top, "tool");
	vmp_json_text(json, tool, "name", PACKAGE_NAME);
	vmp_json_text(json, tool, "version", PACKAGE_VERSION);
	vmp_json_text(json, json->top, "host", host_name);
}

/*
 * Copy JSON text to out so that it is valid UTF-8 and safe on a terminal, whatever bytes a guest or an XML file put
 * into its strings: json-c passes bytes from 0x7f on as they are. Outside of strings JSON is ASCII, so an escape is
 * right everywhere.
 */
static void add_clean(struct vmp_buf *out, const char *text)
{
	const char *from = text, *p = text;

	while (*p) {
		uint32_t code = 0;
		size_t len = vmp_utf8_decode(p, &code);

		if (len > 0 && (code < 0x20 || !vmp_utf8_is_unsafe(code))) {
			p += len;
			continue;
		}
		vmp_buf_add(out, from, (size_t)(p - from));
		vmp_buf_printf(out, "\\u%04x", len > 0 ? (unsigned int)code : 0xfffdU);
		p += len > 0 ? len : 1;
		from = p;
	}
	vmp_buf_add(out, from, (size_t)(p - from));
}

int vmp_json_finish(struct vmp_json *json, struct vmp_buf *out)
{
	const int style = JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE;
	const char *text = NULL;

	if (!json->oom)
		text = json_object_to_json_string_ext(json->top, style);
	if (text) {
		add_clean(out, text);
		vmp_buf_add(out, "\n", 1);
	}
	json_object_put(json->top);
	json->top = NULL;
	return text && !out->oom ? 0 : -ENOMEM;
}

void vmp_json_real(struct vmp_json *json, struct json_object *parent, const char *key, double value)
{
	char text[64];

	snprintf(text, sizeof(text), "%.9f", value);
	put(json, parent, key, json_object_new_double_s(value, text));
}
