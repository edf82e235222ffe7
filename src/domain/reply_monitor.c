/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Source of the formats: QEMU, qapi/net.json (RxFilterInfo), qapi/virtio.json (since 7.2, unstable: what is not there is not known). */
#include "domain/answer.h"
#include "domain/reply.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int oom(struct vmp_err *err, const char *what)
{
	return vmp_err_set(err, ENOMEM, "domain", what, "reading the answer to %s: out of memory", what);
}

/* ---- the receive filter ---------------------------------------------------------------------------------------------- */

static bool mode_of(struct json_object *object, const char *name, enum vmp_rx_mode *ret_mode)
{
	static const char *const words[] = {[VMP_RX_NORMAL] = "normal", [VMP_RX_NONE] = "none", [VMP_RX_ALL] = "all"};
	const char *text = vmp_answer_text(object, name);

	for (size_t i = 0; text && i < sizeof(words) / sizeof(*words); i++)
		if (strcmp(text, words[i]) == 0) {
			*ret_mode = (enum vmp_rx_mode)i;
			return true;
		}
	return false;
}

/* A table that is longer than is kept is no table to say "it is not in it" of. */
static int read_macs(struct json_object *info, const char *name, struct vmp_rx_filter *filter, bool multicast)
{
	struct json_object *list = vmp_answer_member(info, name, json_type_array);

	if (!list || json_object_array_length(list) > VMP_INSIDE_MACS_MAX)
		return -EINVAL;
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *item = json_object_array_get_idx(list, i);
		struct vmp_inside_mac *slot;
		struct vmp_mac mac;

		if (!json_object_is_type(item, json_type_string) || vmp_mac_parse(json_object_get_string(item), &mac) < 0)
			return -EINVAL;
		slot = multicast ? vmp_vec_add(&filter->multicast_table) : vmp_vec_add(&filter->unicast_table);
		if (!slot)
			return -ENOMEM;
		slot->mac = mac;
	}
	return 0;
}

static int read_vlans(struct json_object *info, struct vmp_rx_filter *filter)
{
	struct json_object *list = vmp_answer_member(info, "vlan-table", json_type_array);

	if (!list || json_object_array_length(list) > VMP_INSIDE_VLANS_MAX)
		return -EINVAL;
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *item = json_object_array_get_idx(list, i);
		struct vmp_inside_vlan *slot;

		if (!json_object_is_type(item, json_type_int) || json_object_get_int64(item) < 0 || json_object_get_int64(item) > 4095)
			return -EINVAL;
		slot = vmp_vec_add(&filter->vlan_table);
		if (!slot)
			return -ENOMEM;
		slot->id = (uint16_t)json_object_get_int64(item);
	}
	return 0;
}

static int read_filter(struct json_object *info, struct vmp_rx_filter *filter)
{
	const char *mac = vmp_answer_text(info, "main-mac");
	int code;

	if (!vmp_answer_flag(info, "promiscuous", &filter->promiscuous) ||
	    !vmp_answer_flag(info, "unicast-overflow", &filter->unicast_overflow) ||
	    !vmp_answer_flag(info, "multicast-overflow", &filter->multicast_overflow) || !mode_of(info, "unicast", &filter->unicast) ||
	    !mode_of(info, "multicast", &filter->multicast) || !mode_of(info, "vlan", &filter->vlan))
		return -EINVAL;
	filter->has_main_mac = mac && vmp_mac_parse(mac, &filter->main_mac) == 0;
	code = read_macs(info, "unicast-table", filter, false);
	if (code == 0)
		code = read_macs(info, "multicast-table", filter, true);
	return code < 0 ? code : read_vlans(info, filter);
}

int vmp_reply_rx_filter(const char *text, size_t len, struct vmp_driver *driver, struct vmp_err *err)
{
	static const char what[] = "query-rx-filter";
	struct vmp_rx_filter filter = {0};
	struct json_object *top, *list;
	int code = vmp_answer_open(text, len, what, json_type_array, &top, &list, err);

	if (code == 0 && json_object_array_length(list) != 1)
		code = vmp_answer_refuse(err, what, "it is not about one card");
	else if (code == 0) {
		code = read_filter(json_object_array_get_idx(list, 0), &filter);
		if (code == -EINVAL)
			vmp_answer_refuse(err, what, "a member is missing, or not of its kind");
		else if (code < 0)
			oom(err, what);
	}
	json_object_put(top);
	if (code < 0) {
		vmp_rx_filter_clear(&filter);
		return code;
	}
	vmp_rx_filter_clear(&driver->filter);
	driver->filter = filter;
	driver->has_filter = true;
	return 0;
}

/* ---- the virtio device ------------------------------------------------------------------------------------------------ */

/* QEMU 7.2 writes "VIRTIO_CONFIG_S_DRIVER_OK: Driver setup and ready": the word before the colon counts. */
static bool has_status(struct json_object *list, const char *word)
{
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *item = json_object_array_get_idx(list, i);
		const char *text = json_object_is_type(item, json_type_string) ? json_object_get_string(item) : "";
		size_t len = strcspn(text, ":"), wanted = strlen(word);

		if (len >= wanted && strncmp(text + len - wanted, word, wanted) == 0 && (len == wanted || text[len - wanted - 1] == '_'))
			return true;
	}
	return false;
}

int vmp_reply_virtio_status(const char *text, size_t len, struct vmp_driver *driver, struct vmp_err *err)
{
	static const char what[] = "x-query-virtio-status";
	struct json_object *top, *value, *list;
	int code = vmp_answer_open(text, len, what, json_type_object, &top, &value, err);

	if (code == 0) {
		list = vmp_answer_member(vmp_answer_member(value, "status", json_type_object), "statuses", json_type_array);
		if (!list) {
			code = vmp_answer_refuse(err, what, "the status is missing");
		} else {
			driver->has_status = true;
			driver->driver_ok = has_status(list, "S_DRIVER_OK");
			driver->failed = has_status(list, "S_FAILED");
			driver->needs_reset = has_status(list, "S_NEEDS_RESET");
			driver->broken = driver->vhost_started = false;
			vmp_answer_flag(value, "broken", &driver->broken);
			vmp_answer_flag(value, "vhost-started", &driver->vhost_started);
		}
	}
	json_object_put(top);
	return code;
}

int vmp_reply_virtio_queue(const char *text, size_t len, uint32_t index, bool after, struct vmp_driver *driver, struct vmp_err *err)
{
	static const char what[] = "x-query-virtio-queue-status";
	struct json_object *top, *value;
	struct vmp_inside_queue *queue;
	uint64_t taken = 0, posted = 0, size = 0;
	int code = vmp_answer_open(text, len, what, json_type_object, &top, &value, err);

	if (code == 0 && !vmp_answer_number(value, "last-avail-idx", UINT16_MAX, &taken))
		code = vmp_answer_refuse(err, what, "its index is missing");
	if (code == 0) {
		queue = vmp_inside_queue(driver, index);
		if (!queue) {
			code = oom(err, what);
		} else {
			*(after ? &queue->after_known : &queue->before_known) = true;
			*(after ? &queue->taken_after : &queue->taken_before) = (uint16_t)taken;
			queue->has_posted = vmp_answer_number(value, "shadow-avail-idx", UINT16_MAX, &posted);
			queue->posted_after = queue->has_posted ? (uint16_t)posted : 0;
			queue->size = vmp_answer_number(value, "vring-num", UINT32_MAX, &size) ? (uint32_t)size : 0;
		}
	}
	json_object_put(top);
	return code;
}
