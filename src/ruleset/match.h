/* SPDX-License-Identifier: GPL-2.0-or-later */
/* May a packet of this guest come through a rule's conditions? Inside ruleset/ only. */
#ifndef VMP_RULESET_MATCH_H
#define VMP_RULESET_MATCH_H

#include "ruleset/ruleset.h"

#include <json-c/json.h>

/* For each direction the hooks at which it may, and of these the ones at which no packet but this guest's can. */
struct vmp_meeting {
	uint8_t may[VMP_DIRECTIONS], only[VMP_DIRECTIONS];
};

/* A named set or map, as it was told. */
struct vmp_named_set {
	enum vmp_filter_family family;
	struct json_object *object;     /* with "table", "name", "elem"; owned */
};

typedef VMP_VEC(struct vmp_named_set) vmp_named_sets;

/* What one rule is looked at with. All borrowed. */
struct vmp_match_context {
	const struct vmp_ruleset_way *way;
	const vmp_named_sets *sets;
	enum vmp_filter_family family;
	const char *table;
	uint8_t hooks;                  /* that packets of this way meet in this family */
};

/* The hooks of a family that packets of this way meet at all; whether they meet ingress and egress, the device tells. */
uint8_t vmp_match_hooks(const struct vmp_ruleset_way *way, enum vmp_filter_family family);

/* Whether frames of the guest in this direction are received (ingress) or sent (egress) by the device of this hop. */
bool vmp_match_device_sees(const struct vmp_hop *hop, enum vmp_filter_hook hook, enum vmp_direction direction);

/* What the conditions of a rule (its "expr") leave. What is not understood excludes nothing. */
void vmp_match_rule(const struct vmp_match_context *context, struct json_object *expr, struct vmp_meeting *ret_meeting);

/* A set or map of this family and table, or NULL. Borrowed. */
struct json_object *vmp_match_set(const vmp_named_sets *sets, enum vmp_filter_family family, const char *table, const char *name);

/* A member that is a string, or NULL. Borrowed from object. */
const char *vmp_match_string(struct json_object *object, const char *name);

#endif
