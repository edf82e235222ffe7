/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pieces the JSON documents are made of. Internal to this folder. */
#ifndef VMP_REPORT_JSON_H
#define VMP_REPORT_JSON_H

#include "report/report.h"

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * A document under construction. oom stays set after the first failure and is looked at once, by vmp_json_finish(); all
 * functions take a parent that is NULL and then do nothing. A parent is an object (key names the member) or an array
 * (key is NULL). What is not known is not added: text NULL leaves the member out.
 */
struct vmp_json {
	struct json_object *top;
	bool oom;
};

/* Begin a document: schema, tool and host. host_name: may be NULL. */
void vmp_json_begin(struct vmp_json *json, const char *schema, const char *host_name);

/* Append the document to out as text and free it. Returns 0 or -ENOMEM. */
int vmp_json_finish(struct vmp_json *json, struct vmp_buf *out);

/* A new object or array below parent; NULL without memory. Owned by parent. */
struct json_object *vmp_json_object(struct vmp_json *json, struct json_object *parent, const char *key);
struct json_object *vmp_json_array(struct vmp_json *json, struct json_object *parent, const char *key);

/* One member, of the type its name says. */
void vmp_json_text(struct vmp_json *json, struct json_object *parent, const char *key, const char *text);
void vmp_json_count(struct vmp_json *json, struct json_object *parent, const char *key, uint64_t value);
void vmp_json_bool(struct vmp_json *json, struct json_object *parent, const char *key, bool value);
void vmp_json_mac(struct vmp_json *json, struct json_object *parent, const char *key, const struct vmp_mac *mac);

/* Nothing is added for an address of no family. */
void vmp_json_ip(struct vmp_json *json, struct json_object *parent, const char *key, const struct vmp_ip *ip);

/* RFC 3339 text; nothing is added for 0. */
void vmp_json_time(struct vmp_json *json, struct json_object *parent, const char *key, uint64_t realtime_ns);

/* A measured value, in nine digits. */
void vmp_json_real(struct vmp_json *json, struct json_object *parent, const char *key, double value);

/* A fraction, value / 10^digits, exact and the same in every locale. */
void vmp_json_decimal(struct vmp_json *json, struct json_object *parent, const char *key, uint64_t value,
		      unsigned int digits);

/* The records that several documents hold. path: names the places of findings. */
void vmp_json_guest(struct vmp_json *json, struct json_object *parent, const char *key, const struct vmp_guest *guest);
void vmp_json_nic(struct vmp_json *json, struct json_object *parent, const char *key, const struct vmp_nic *nic);
void vmp_json_findings(struct vmp_json *json, struct json_object *parent, const vmp_findings *findings,
		       const struct vmp_path *path);
void vmp_json_place(struct vmp_json *json, struct json_object *parent, const struct vmp_path *path,
		    enum vmp_direction direction, int from, int to);

/* Name, kind, observation and settings of a hop. why: NULL for none. Returns the new object, to be filled further. */
struct json_object *vmp_json_hop(struct vmp_json *json, struct json_object *parent, const struct vmp_hop *hop,
				 const char *why);

/* The documents: see struct vmp_format. */
int vmp_json_trace(const struct vmp_run *run, const struct vmp_report_style *style, struct vmp_buf *out);
int vmp_json_path(const struct vmp_listing *listing, const struct vmp_report_style *style, struct vmp_buf *out);
int vmp_json_list(const struct vmp_listing *listing, const struct vmp_report_style *style, struct vmp_buf *out);
int vmp_json_doctor(const struct vmp_checkup *checkup, const struct vmp_report_style *style, struct vmp_buf *out);
int vmp_json_explain(const struct vmp_explanation *explanation, const struct vmp_report_style *style, struct vmp_buf *out);

/* What agent and monitor said, members "agent" and "driver" of the document; each only when it was asked. */
void vmp_json_inside(struct vmp_json *json, const struct vmp_inside *inside);

#endif
