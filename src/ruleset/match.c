/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Only conditions on devices, MACs and addresses are understood, for these tell whose packets they are about. All others (ports, states,
 * extensions of iptables that nft does not show) a packet of the guest may meet or not.
 */
#include "ruleset/match.h"

#include <stdlib.h>
#include <string.h>

enum { NAMES_MAX = 512, VALUES_MAX = 1 << 16 };

enum operand { OTHER, IIF, OIF, BRIDGE_NAME, MAC_SRC, MAC_DST, IP_SRC, IP_DST };

/* How the values of a condition lie to what a packet of this guest can have there. */
struct overlap {
	bool known;     /* all values are */
	bool some;      /* one of them it can have */
	bool all;       /* it has one of them for sure */
	bool own;       /* none but this guest's packets have one of them */
};

const char *vmp_match_string(struct json_object *object, const char *name)
{
	struct json_object *member;

	return json_object_object_get_ex(object, name, &member) && json_object_is_type(member, json_type_string)
		       ? json_object_get_string(member)
		       : NULL;
}

struct json_object *vmp_match_set(const vmp_named_sets *sets, enum vmp_filter_family family, const char *table, const char *name)
{
	vmp_vec_foreach (set, sets) {
		const char *set_table = vmp_match_string(set->object, "table"), *set_name = vmp_match_string(set->object, "name");

		if (set->family == family && set_table && set_name && strcmp(set_table, table) == 0 && strcmp(set_name, name) == 0)
			return set->object;
	}
	return NULL;
}

/* ---- where packets of this way come by ----------------------------------------------------------------------------- */

static bool has_tunnel(const struct vmp_path *path)
{
	vmp_vec_foreach (hop, &path->hops)
		if (hop->has_tunnel)
			return true;
	return false;
}

uint8_t vmp_match_hooks(const struct vmp_ruleset_way *way, enum vmp_filter_family family)
{
	static const uint8_t through = VMP_FILTER_AT(VMP_FILTER_PREROUTING) | VMP_FILTER_AT(VMP_FILTER_FORWARD) |
				       VMP_FILTER_AT(VMP_FILTER_POSTROUTING);
	static const uint8_t local = VMP_FILTER_AT(VMP_FILTER_INPUT) | VMP_FILTER_AT(VMP_FILTER_OUTPUT);
	static const uint8_t device = VMP_FILTER_AT(VMP_FILTER_INGRESS) | VMP_FILTER_AT(VMP_FILTER_EGRESS);
	const struct vmp_path *path = way->path;
	bool bridged = path->mode == VMP_PATH_BRIDGED, routed = path->mode == VMP_PATH_ROUTED;
	bool ip = family == VMP_FILTER_IP && way->bridged_ip, ip6 = family == VMP_FILTER_IP6 && way->bridged_ip6;
	bool inet = family == VMP_FILTER_INET && (way->bridged_ip || way->bridged_ip6);

	if (family == VMP_FILTER_ARP)
		return 0;
	if (family == VMP_FILTER_NETDEV)
		return device;
	if (family == VMP_FILTER_BRIDGE)
		return bridged || (routed && path->switch_hop >= 0) ? through | local : 0;
	if (has_tunnel(path))
		return through | local | device;
	return (routed || (bridged && (ip || ip6 || inet)) ? through : 0) | device;
}

bool vmp_match_device_sees(const struct vmp_hop *hop, enum vmp_filter_hook hook, enum vmp_direction direction)
{
	enum vmp_devdir to_guest = hop->role == VMP_ROLE_SWITCH ? VMP_DEV_OUT : hop->to_guest;

	if (to_guest == VMP_DEV_UNKNOWN)
		return true;
	return ((to_guest == VMP_DEV_IN) == (direction == VMP_TO_GUEST)) == (hook == VMP_FILTER_INGRESS);
}

static bool is_port(const struct vmp_hop *hop)
{
	return !hop->routed && (hop->role == VMP_ROLE_UPLINK || hop->role == VMP_ROLE_TRANSIT || hop->role == VMP_ROLE_PEER);
}

static bool is_outer(const struct vmp_hop *hop)
{
	return hop->routed && hop->ifindex != 0;
}

static size_t add_names(const struct vmp_path *path, bool (*wanted)(const struct vmp_hop *hop), const char **names)
{
	size_t n = 0;

	vmp_vec_foreach (hop, &path->hops)
		if (wanted(hop) && n < NAMES_MAX)
			names[n++] = hop->name;
	return n;
}

static size_t add_hop(const struct vmp_path *path, int hop, const char **names)
{
	names[0] = hop >= 0 ? path->hops.v[hop].name : "";
	return 1;
}

/* Has a packet at this hook a device it came by, or will leave by? */
static bool has_device(enum vmp_filter_hook hook, bool in)
{
	return in ? hook != VMP_FILTER_OUTPUT && hook != VMP_FILTER_POSTROUTING : hook != VMP_FILTER_PREROUTING && hook != VMP_FILTER_INPUT;
}

/*
 * The devices that a packet of this guest can have come by (in), or be about to leave by. Without one its name is "" there (kernel,
 * net/netfilter/nft_meta.c). The rules of ip see a bridged frame at the bridge, not at its ports (net/bridge/br_netfilter_hooks.c).
 * Returns how many, 0: not known.
 */
static size_t find_devices(const struct vmp_match_context *context, enum vmp_filter_hook hook, enum vmp_direction direction, bool in,
			   const char **names)
{
	const struct vmp_path *path = context->way->path;
	bool guest_side = in == (direction == VMP_FROM_GUEST);

	if (hook == VMP_FILTER_INGRESS || hook == VMP_FILTER_EGRESS)
		return 0;
	if (context->family != VMP_FILTER_BRIDGE && has_tunnel(path))
		return 0;
	if (!has_device(hook, in))
		return add_hop(path, -1, names);
	if (context->family == VMP_FILTER_BRIDGE)
		return guest_side ? add_hop(path, path->backend, names) : add_names(path, is_port, names);
	if (path->mode == VMP_PATH_BRIDGED)
		return add_hop(path, path->switch_hop, names);
	if (guest_side)
		return add_hop(path, path->switch_hop >= 0 ? path->switch_hop : path->backend, names);
	return add_names(path, is_outer, names);
}

/* ---- values --------------------------------------------------------------------------------------------------------- */

typedef void take_value(const char *text, int prefix_len, void *arg);

/* Hand over each value of the right side; prefix_len -1: a single one. False when there are some that are not understood. */
static bool each_value(const struct vmp_match_context *context, struct json_object *right, int depth, take_value *take, void *arg)
{
	struct json_object *inner;
	const char *text, *addr;
	bool known = true;

	if (depth > 4)
		return false;
	if (json_object_is_type(right, json_type_string)) {
		text = json_object_get_string(right);
		if (text[0] != '@') {
			take(text, -1, arg);
			return true;
		}
		inner = vmp_match_set(context->sets, context->family, context->table, text + 1);
		return inner && (!json_object_object_get_ex(inner, "elem", &inner) || each_value(context, inner, depth + 1, take, arg));
	}
	if (json_object_is_type(right, json_type_array)) {
		size_t n = json_object_array_length(right);

		for (size_t i = 0; known && i < n; i++)
			known = i < VALUES_MAX && each_value(context, json_object_array_get_idx(right, i), depth + 1, take, arg);
		return known;
	}
	if (json_object_object_get_ex(right, "set", &inner))
		return each_value(context, inner, depth + 1, take, arg);
	if (json_object_object_get_ex(right, "elem", &inner) && json_object_object_get_ex(inner, "val", &inner))
		return each_value(context, inner, depth + 1, take, arg);
	if (json_object_object_get_ex(right, "prefix", &inner) && (addr = vmp_match_string(inner, "addr"))) {
		struct json_object *len;

		if (!json_object_object_get_ex(inner, "len", &len))
			return false;
		take(addr, json_object_get_int(len), arg);
		return true;
	}
	return false;
}

struct names {
	const char *const *names;
	size_t n;
	const char *own;        /* a name that only this guest's packets have */
	bool hit[NAMES_MAX];
	bool other;             /* a value that is not that name */
	bool any;
};

/* "eth*" is the beginning of a name. */
static bool name_is(const char *name, const char *pattern)
{
	size_t len = strlen(pattern);

	return len && pattern[len - 1] == '*' ? strncmp(name, pattern, len - 1) == 0 : strcmp(name, pattern) == 0;
}

static void take_name(const char *text, int prefix_len, void *arg)
{
	struct names *names = arg;

	(void)prefix_len;
	names->any = true;
	names->other = names->other || !names->own || strcmp(text, names->own) != 0;
	for (size_t i = 0; i < names->n; i++)
		names->hit[i] = names->hit[i] || name_is(names->names[i], text);
}

static struct overlap overlap_names(const struct vmp_match_context *context, struct json_object *right, const char *const *candidates,
				    size_t n, const char *own)
{
	struct names names = {.names = candidates, .n = n, .own = own};
	struct overlap overlap = {.all = true};

	overlap.known = n > 0 && each_value(context, right, 0, take_name, &names);
	for (size_t i = 0; i < n; i++) {
		overlap.some = overlap.some || names.hit[i];
		overlap.all = overlap.all && names.hit[i];
	}
	overlap.own = names.any && !names.other;
	return overlap;
}

struct macs {
	struct vmp_mac guest;
	bool guests, others, groups;
};

static void take_mac(const char *text, int prefix_len, void *arg)
{
	struct macs *macs = arg;
	struct vmp_mac mac;

	(void)prefix_len;
	if (vmp_mac_parse(text, &mac) < 0)
		macs->others = macs->groups = true; /* whatever that is */
	else if (vmp_mac_equal(&mac, &macs->guest))
		macs->guests = true;
	else if (mac.b[0] & 1)
		macs->groups = true;
	else
		macs->others = true;
}

/* own: the guest's side. At the other side stands anybody but the guest. */
static struct overlap overlap_macs(const struct vmp_match_context *context, struct json_object *right, bool own)
{
	struct macs macs = {.guest = context->way->path->guest_mac};
	struct overlap overlap = {0};

	overlap.known = context->way->path->has_guest_mac && each_value(context, right, 0, take_mac, &macs);
	overlap.some = own ? macs.guests || macs.groups : macs.others || macs.groups;
	overlap.all = own && macs.guests;
	overlap.own = own && macs.guests && !macs.others && !macs.groups;
	return overlap;
}

struct addresses {
	const struct vmp_nic *nic;
	bool guests, others, groups;
};

static void take_address(const char *text, int prefix_len, void *arg)
{
	static const uint8_t all[4] = {255, 255, 255, 255};
	struct addresses *addresses = arg;
	struct vmp_ip ip;
	bool single, guests = false;
	int bits;

	if (vmp_ip_parse(text, &ip) < 0) {
		addresses->others = addresses->groups = true;
		return;
	}
	bits = ip.family == 4 ? 32 : 128;
	single = prefix_len < 0 || prefix_len >= bits;
	vmp_vec_foreach (address, &addresses->nic->addresses)
		guests = guests || vmp_ip_in_prefix(&address->ip, &ip, (unsigned int)(single ? bits : prefix_len));
	addresses->guests = addresses->guests || guests;
	addresses->others = addresses->others || !guests || !single;
	addresses->groups = addresses->groups || vmp_ip_is_group(&ip) || (ip.family == 4 && memcmp(ip.b, all, 4) == 0);
}

static bool knows_addresses(const struct vmp_nic *nic, int family)
{
	vmp_vec_foreach (address, &nic->addresses)
		if (address->ip.family == family)
			return true;
	return false;
}

/* Where this host may not yet, or not any more, have the guest's own address in the packet. */
static bool may_be_translated(const struct vmp_match_context *context, enum vmp_filter_hook hook)
{
	const struct vmp_path *path = context->way->path;

	return has_tunnel(path) || (path->mode == VMP_PATH_ROUTED && context->family != VMP_FILTER_BRIDGE && hook != VMP_FILTER_FORWARD);
}

static struct overlap overlap_addresses(const struct vmp_match_context *context, struct json_object *right, int family, bool own)
{
	struct addresses addresses = {.nic = context->way->nic};
	struct overlap overlap = {0};

	/* A guest may have more addresses than are known, so that it has another one is never sure. */
	overlap.known = knows_addresses(context->way->nic, family) && each_value(context, right, 0, take_address, &addresses);
	overlap.some = own ? addresses.guests || addresses.groups : addresses.others || addresses.groups || !addresses.guests;
	overlap.own = own && addresses.guests && !addresses.others && !addresses.groups;
	return overlap;
}

/* ---- conditions ----------------------------------------------------------------------------------------------------- */

static const struct {
	const char *protocol, *field;
	enum operand operand;
	int family;
} payloads[] = {
	{"ether", "saddr", MAC_SRC, 0}, {"ether", "daddr", MAC_DST, 0}, {"ip", "saddr", IP_SRC, 4},
	{"ip", "daddr", IP_DST, 4},     {"ip6", "saddr", IP_SRC, 6},    {"ip6", "daddr", IP_DST, 6},
};

static const struct {
	const char *key;
	enum operand operand;
} metas[] = {
	{"iifname", IIF}, {"iif", IIF}, {"oifname", OIF}, {"oif", OIF},
	{"ibrname", BRIDGE_NAME}, {"obrname", BRIDGE_NAME}, {"ibriport", OTHER},
};

static enum operand read_operand(struct json_object *left, int *ret_family)
{
	struct json_object *inner;
	const char *key, *protocol, *field;

	if (json_object_object_get_ex(left, "meta", &inner) && (key = vmp_match_string(inner, "key")))
		for (size_t i = 0; i < sizeof(metas) / sizeof(*metas); i++)
			if (strcmp(key, metas[i].key) == 0)
				return metas[i].operand;
	if (!json_object_object_get_ex(left, "payload", &inner))
		return OTHER;
	protocol = vmp_match_string(inner, "protocol");
	field = vmp_match_string(inner, "field");
	for (size_t i = 0; protocol && field && i < sizeof(payloads) / sizeof(*payloads); i++)
		if (strcmp(protocol, payloads[i].protocol) == 0 && strcmp(field, payloads[i].field) == 0) {
			*ret_family = payloads[i].family;
			return payloads[i].operand;
		}
	return OTHER;
}

static struct overlap overlap_devices(const struct vmp_match_context *context, struct json_object *right, enum vmp_filter_hook hook,
				      enum vmp_direction direction, bool in)
{
	const struct vmp_path *path = context->way->path;
	const char *names[NAMES_MAX];
	size_t n = find_devices(context, hook, direction, in, names);
	bool guest_side = in == (direction == VMP_FROM_GUEST);
	const char *own = guest_side && n == 1 && path->backend >= 0 && strcmp(names[0], path->hops.v[path->backend].name) == 0 ? names[0]
																  : NULL;

	return overlap_names(context, right, names, n, own);
}

static struct overlap overlap_of(const struct vmp_match_context *context, struct json_object *left, struct json_object *right,
				 enum vmp_filter_hook hook, enum vmp_direction direction)
{
	const struct vmp_path *path = context->way->path;
	int family = 0;
	enum operand operand = read_operand(left, &family);
	bool source = operand == MAC_SRC || operand == IP_SRC, own = source == (direction == VMP_FROM_GUEST);
	struct overlap overlap = {0};
	const char *name;

	switch (operand) {
	case IIF:
	case OIF:
		return overlap_devices(context, right, hook, direction, operand == IIF);
	case BRIDGE_NAME:
		name = path->switch_hop >= 0 ? path->hops.v[path->switch_hop].name : "";
		return path->switch_hop >= 0 && context->family == VMP_FILTER_BRIDGE ? overlap_names(context, right, &name, 1, NULL) : overlap;
	case MAC_SRC:
	case MAC_DST:
		/* On routed devices, and around a tunnel's packets, other MACs stand in the frames. */
		if (context->family != VMP_FILTER_BRIDGE && (path->mode == VMP_PATH_ROUTED || has_tunnel(path)))
			return overlap;
		return overlap_macs(context, right, own);
	case IP_SRC:
	case IP_DST:
		return may_be_translated(context, hook) ? overlap : overlap_addresses(context, right, family, own);
	case OTHER:
		break;
	}
	return overlap;
}

static void apply(const struct vmp_match_context *context, struct json_object *match, struct vmp_meeting *meeting)
{
	struct json_object *left, *right;
	const char *op = vmp_match_string(match, "op");
	bool is = op && strcmp(op, "==") == 0, is_not = op && strcmp(op, "!=") == 0;

	if ((!is && !is_not) || !json_object_object_get_ex(match, "left", &left) || !json_object_object_get_ex(match, "right", &right))
		return;
	for (enum vmp_direction direction = VMP_TO_GUEST; direction < VMP_DIRECTIONS; direction++)
		for (enum vmp_filter_hook hook = VMP_FILTER_PREROUTING; hook < VMP_FILTER_HOOKS; hook++) {
			struct overlap overlap;

			if (!(meeting->may[direction] & VMP_FILTER_AT(hook)))
				continue;
			overlap = overlap_of(context, left, right, hook, direction);
			if (overlap.known && (is ? !overlap.some : overlap.all))
				meeting->may[direction] &= (uint8_t)~VMP_FILTER_AT(hook);
			if (overlap.known && is && overlap.own)
				meeting->only[direction] |= VMP_FILTER_AT(hook);
		}
}

void vmp_match_rule(const struct vmp_match_context *context, struct json_object *expr, struct vmp_meeting *ret_meeting)
{
	struct vmp_meeting meeting = {{0}, {0}};
	size_t n = json_object_is_type(expr, json_type_array) ? json_object_array_length(expr) : 0;

	for (int direction = 0; direction < VMP_DIRECTIONS; direction++)
		meeting.may[direction] = context->hooks;
	for (size_t i = 0; i < n; i++) {
		struct json_object *match;

		if (json_object_object_get_ex(json_object_array_get_idx(expr, i), "match", &match))
			apply(context, match, &meeting);
	}
	for (int direction = 0; direction < VMP_DIRECTIONS; direction++)
		meeting.only[direction] &= meeting.may[direction];
	*ret_meeting = meeting;
}
