/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which hooks of the packet filter lie between two hops: kernel, net/bridge/br_forward.c, br_input.c, br_netfilter_hooks.c,
 * net/ipv4/ip_forward.c, net/core/dev.c. A packet is seen at a device after XDP and before ingress, and after egress and queueing.
 */
#include "finding/filter.h"

#include <string.h>

#define AT(hook) VMP_FILTER_AT(VMP_FILTER_##hook)

static const uint8_t through = AT(PREROUTING) | AT(FORWARD) | AT(POSTROUTING);

/* The ends of a segment as the guest sees them. */
struct ends {
	int outer, inner;
};

static struct ends ends_of(const struct vmp_segment *segment)
{
	return segment->direction == VMP_TO_GUEST ? (struct ends){segment->from, segment->to} : (struct ends){segment->to, segment->from};
}

/* The host's own end of the bridge: what it sends into it, and takes from it. */
static uint8_t local_hooks(enum vmp_direction direction)
{
	return direction == VMP_TO_GUEST ? AT(OUTPUT) | AT(POSTROUTING) : AT(PREROUTING) | AT(INPUT);
}

static uint8_t bridge_hooks(const struct vmp_path *path, const struct vmp_segment *segment)
{
	struct ends ends = ends_of(segment);

	if (ends.inner != path->backend || ends.outer < 0 || path->switch_hop < 0 ||
	    (path->mode != VMP_PATH_BRIDGED && path->mode != VMP_PATH_ROUTED))
		return 0;
	if (ends.outer == path->switch_hop || path->hops.v[ends.outer].routed)
		return local_hooks(segment->direction);
	return through;
}

/* Does the bridge hand its frames to the rules of IP (br_netfilter)? */
static bool hands_on(const struct vmp_path *path)
{
	vmp_vec_foreach (fact, &path->facts)
		if (strcmp(fact->code, "bridge-nf-on") == 0)
			return true;
	return false;
}

static uint8_t ip_hooks(const struct vmp_path *path, const struct vmp_segment *segment)
{
	struct ends ends = ends_of(segment);
	uint8_t hooks = 0;

	if (ends.outer < 0 || ends.inner < 0)
		return 0;
	if (path->mode == VMP_PATH_ROUTED && path->hops.v[ends.outer].routed && !path->hops.v[ends.inner].routed)
		hooks |= through;
	if (path->mode == VMP_PATH_BRIDGED && ends.inner == path->backend && ends.outer != path->switch_hop && hands_on(path))
		hooks |= through;
	if (path->hops.v[ends.outer].has_tunnel && !path->hops.v[ends.inner].has_tunnel)
		hooks |= segment->direction == VMP_TO_GUEST ? AT(PREROUTING) | AT(INPUT) : AT(OUTPUT) | AT(POSTROUTING);
	return hooks;
}

static bool is_between(const struct vmp_path *path, const struct vmp_segment *segment, int hop)
{
	int a = path->hops.v[segment->from].rank, b = path->hops.v[segment->to].rank, rank = path->hops.v[hop].rank;

	return rank > (a < b ? a : b) && rank < (a < b ? b : a);
}

/* What the device receives is dropped after it was seen there, what it sends before. */
static bool device_hook_is_between(const struct vmp_path *path, const struct vmp_segment *segment, const struct vmp_filter_rule *rule,
				   uint8_t hooks)
{
	int hop = vmp_path_find(path, rule->ifindex);

	if (hop < 0)
		return false;
	if (is_between(path, segment, hop))
		return hooks & (AT(INGRESS) | AT(EGRESS));
	return (hop == segment->from && (hooks & AT(INGRESS))) || (hop == segment->to && (hooks & AT(EGRESS)));
}

uint8_t vmp_filter_hooks_between(const struct vmp_path *path, const struct vmp_segment *segment, const struct vmp_filter_rule *rule)
{
	uint8_t met = segment->direction == VMP_TO_GUEST ? rule->to_guest : rule->from_guest;

	if (rule->ifindex)
		return device_hook_is_between(path, segment, rule, met) ? met & (AT(INGRESS) | AT(EGRESS)) : 0;
	return met & (rule->family == VMP_FILTER_BRIDGE ? bridge_hooks(path, segment) : ip_hooks(path, segment));
}

/* ---- what the kernel's own events say ------------------------------------------------------------------------------- */

/* The function that calls a hook tells which one; kernel, the files above. */
static const struct {
	const char *caller;
	enum vmp_filter_layer layer;
	enum vmp_filter_hook hook;
} callers[] = {
	{"__netif_receive_skb_core", VMP_LAYER_DEVICE, VMP_FILTER_INGRESS},
	{"__dev_queue_xmit", VMP_LAYER_DEVICE, VMP_FILTER_EGRESS},
	{"br_handle_frame", VMP_LAYER_BRIDGE, VMP_FILTER_PREROUTING},
	{"__br_forward", VMP_LAYER_BRIDGE, VMP_FILTER_FORWARD},
	{"br_forward_finish", VMP_LAYER_BRIDGE, VMP_FILTER_POSTROUTING},
	{"br_pass_frame_up", VMP_LAYER_BRIDGE, VMP_FILTER_INPUT},
	{"br_dev_xmit", VMP_LAYER_BRIDGE, VMP_FILTER_OUTPUT},
	{"br_nf_pre_routing", VMP_LAYER_IP, VMP_FILTER_PREROUTING},
	{"br_nf_pre_routing_ipv6", VMP_LAYER_IP, VMP_FILTER_PREROUTING},
	{"br_nf_forward_ip", VMP_LAYER_IP, VMP_FILTER_FORWARD},
	{"br_nf_post_routing", VMP_LAYER_IP, VMP_FILTER_POSTROUTING},
	{"ip_rcv", VMP_LAYER_IP, VMP_FILTER_PREROUTING},
	{"ipv6_rcv", VMP_LAYER_IP, VMP_FILTER_PREROUTING},
	{"ip_forward", VMP_LAYER_IP, VMP_FILTER_FORWARD},
	{"ip6_forward", VMP_LAYER_IP, VMP_FILTER_FORWARD},
	{"ip_output", VMP_LAYER_IP, VMP_FILTER_POSTROUTING},
	{"ip6_output", VMP_LAYER_IP, VMP_FILTER_POSTROUTING},
	{"ip_local_deliver", VMP_LAYER_IP, VMP_FILTER_INPUT},
	{"ip6_input", VMP_LAYER_IP, VMP_FILTER_INPUT},
	{"__ip_local_out", VMP_LAYER_IP, VMP_FILTER_OUTPUT},
	{"__ip6_local_out", VMP_LAYER_IP, VMP_FILTER_OUTPUT},
};

/* Is it this function, as it is or as the compiler cut it ("br_nf_forward_ip.part.0")? */
static bool is_function(const char *symbol, const char *name)
{
	size_t len = strlen(name);

	return strncmp(symbol, name, len) == 0 && (symbol[len] == '\0' || symbol[len] == '.' || symbol[len] == '+');
}

static bool is_of_rules(const char *symbol)
{
	return strncmp(symbol, "nft_do_chain", 12) == 0;
}

bool vmp_filter_cause_place(const struct vmp_cause *cause, struct vmp_filter_place *ret_place)
{
	bool says_filter = strcmp(cause->reason, "NETFILTER_DROP") == 0, hooks = is_function(cause->symbol, "nf_hook_slow");

	if (!is_of_rules(cause->symbol) && !hooks && !says_filter)
		return false;
	ret_place->packets = cause->packets;
	ret_place->by_rules = is_of_rules(cause->symbol);
	for (size_t i = 0; i < sizeof(callers) / sizeof(*callers); i++)
		if (is_function(cause->caller, callers[i].caller)) {
			ret_place->layer = callers[i].layer;
			ret_place->hooks = VMP_FILTER_AT(callers[i].hook);
			return true;
		}
	return false;
}

enum vmp_filter_layer vmp_filter_layer_of(const struct vmp_filter_rule *rule)
{
	if (rule->ifindex || rule->family == VMP_FILTER_NETDEV)
		return VMP_LAYER_DEVICE;
	return rule->family == VMP_FILTER_BRIDGE ? VMP_LAYER_BRIDGE : VMP_LAYER_IP;
}
