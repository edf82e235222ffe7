/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules stand in one table by role and device direction; each answers for one place on the path. Where the kernel
 * makes a frame visible is told in net/core/dev.c (packet taps) and net/bridge (what is flooded, passed up, forwarded).
 */
#include "match/classify.h"
#include "match/crossing.h"

#include <string.h>

struct view {
	const struct vmp_class_context *context;
	const struct vmp_packet *packet;
	int hop;
	const struct vmp_hop *at;
	bool from_guest_mac, to_guest_mac, group, broadcast;
};

static bool is_way(const struct vmp_hop *hop)
{
	return hop->role == VMP_ROLE_UPLINK || hop->role == VMP_ROLE_TRANSIT;
}

static bool is_watched(const struct vmp_hop *hop)
{
	return hop->observed == VMP_OBSERVED_YES && (hop->ifindex > 0 || hop->is_file);
}

/* The observed hop a frame to the guest meets next: the nearest of the next higher rank that leads on to the guest. */
static int next_to_guest(const struct vmp_path *path, int hop)
{
	int best = VMP_EXPECT_NOWHERE, rank = path->hops.v[hop].rank;

	if (path->hops.v[hop].routed && path->switch_hop >= 0 && is_watched(&path->hops.v[path->switch_hop]))
		return path->switch_hop;
	for (size_t i = 0; i < path->hops.n; i++) {
		const struct vmp_hop *other = &path->hops.v[i];

		if (other->rank <= rank || !is_watched(other) || (other->role != VMP_ROLE_TRANSIT && other->role != VMP_ROLE_BACKEND))
			continue;
		if (best < 0 || other->rank < path->hops.v[best].rank ||
		    (other->rank == path->hops.v[best].rank && best < hop && (int)i > hop))
			best = (int)i;
	}
	return best;
}

/* The observed hop on the way to the network that a frame of the guest meets next; an uplink has none. */
static int next_from_guest(const struct vmp_path *path, int hop)
{
	int best = VMP_EXPECT_NOWHERE, rank = path->hops.v[hop].rank;

	if (path->hops.v[hop].role == VMP_ROLE_UPLINK)
		return VMP_EXPECT_NOWHERE;
	for (size_t i = 0; i < path->hops.n; i++) {
		const struct vmp_hop *other = &path->hops.v[i];

		if (other->rank >= rank || !is_watched(other) || !is_way(other))
			continue;
		if (best < 0 || other->rank > path->hops.v[best].rank ||
		    (other->rank == path->hops.v[best].rank &&
		     (path->hops.v[best].inactive || ((int)i < hop && !other->inactive))))
			best = (int)i;
	}
	return best;
}

static bool has_wrong_tag(const struct view *view, uint16_t *ret_tag)
{
	const struct vmp_packet *packet = view->packet;

	*ret_tag = packet->vlan_count ? packet->vlan[0] : 0;
	return view->at->has_tag && (packet->vlan_count == 0 || packet->vlan[0] != view->at->tag);
}

enum meant { MEANT_FOR_ALL, MEANT_PERHAPS, MEANT_FOR_GUEST };

static enum meant is_guest_address(const struct vmp_class_context *context, const struct vmp_ip *ip)
{
	for (size_t i = 0; i < context->n_addresses; i++)
		if (vmp_ip_equal(&context->addresses[i], ip))
			return context->proven[i] ? MEANT_FOR_GUEST : MEANT_PERHAPS;
	return context->perhaps && vmp_ip_equal(context->perhaps, ip) ? MEANT_PERHAPS : MEANT_FOR_ALL;
}

/*
 * A group frame that this guest in particular must get: somebody asks for its address, or answers its DHCP request. The
 * question by ARP goes to all, whoever has the address; that by ND only to those that have it, where the switch snoops.
 */
static enum meant is_meant_for_guest(const struct view *view)
{
	const struct vmp_packet *packet = view->packet;
	enum meant meant = MEANT_FOR_ALL;

	if ((packet->flags & VMP_PKT_DHCP) && view->broadcast &&
	    vmp_mac_equal(&packet->dhcp_mac, &view->context->path->guest_mac))
		return MEANT_FOR_GUEST;
	if (view->context->switch_answers)
		return MEANT_FOR_ALL;
	if ((packet->flags & VMP_PKT_ARP) && view->broadcast)
		meant = is_guest_address(view->context, &packet->dst) != MEANT_FOR_ALL ? MEANT_FOR_GUEST : MEANT_FOR_ALL;
	else if ((packet->flags & VMP_PKT_ND) && packet->icmp_type == 135)
		meant = is_guest_address(view->context, &packet->nd_target);
	return meant;
}

/* A router passes on nothing whose time to live is over. Who looks for the way sends such. */
static bool ends_at_router(const struct view *view)
{
	return view->at->routed && (view->packet->flags & (VMP_PKT_IP4 | VMP_PKT_IP6)) && view->packet->ttl <= 1;
}

static void set_to_guest(const struct view *view, struct vmp_class *class)
{
	/* The guest's MAC and addresses may be another's in a VLAN that is not this path's. */
	bool other_vlan = view->packet->vlan_count > 0 && view->packet->vlan[0] != 0 && !view->at->has_tag;
	enum meant meant;

	class->sort = VMP_SORT_ON_PATH;
	class->direction = VMP_TO_GUEST;
	class->next = class->expect = next_to_guest(view->context->path, view->hop);
	class->wrong_tag = has_wrong_tag(view, &class->tag);
	if (ends_at_router(view)) {
		class->next = class->expect = VMP_EXPECT_NOWHERE;
		return;
	}
	if (!class->group) {
		class->owed = true;
		return;
	}
	if (class->wrong_tag || other_vlan)
		return;
	meant = is_meant_for_guest(view);
	class->owed = meant == MEANT_FOR_GUEST;
	class->unobserved = meant == MEANT_PERHAPS;
}

static void on_way_in(const struct view *view, struct vmp_class *class)
{
	if (view->from_guest_mac) {
		/* macvlan hands a frame for a neighbour of the same lower device back as if it had been received. */
		if (view->context->path->mode == VMP_PATH_MACVTAP) {
			class->sort = VMP_SORT_ON_PATH;
			class->direction = VMP_FROM_GUEST;
			return;
		}
		class->reflected = true;
		return;
	}
	if (!view->to_guest_mac && !view->group)
		return;
	/* The switch floods group frames to every slave of a bond; all but the active one's copy are dropped by design. */
	if (view->at->inactive && view->group)
		return;
	set_to_guest(view, class);
}

static void on_way_out(const struct view *view, struct vmp_class *class)
{
	if (view->from_guest_mac) {
		class->sort = VMP_SORT_ON_PATH;
		class->direction = VMP_FROM_GUEST;
		class->next = next_from_guest(view->context->path, view->hop);
		class->expect = class->next >= 0 ? VMP_EXPECT_ANY : VMP_EXPECT_NOWHERE;
		class->owed = true;
	} else if (view->to_guest_mac) {
		class->sort = VMP_SORT_ELSEWHERE;
		class->direction = VMP_TO_GUEST;
	}
}

static void on_peer_in(const struct view *view, struct vmp_class *class)
{
	if (!view->from_guest_mac && (view->to_guest_mac || view->group))
		set_to_guest(view, class);
}

static void on_peer_out(const struct view *view, struct vmp_class *class)
{
	if (view->from_guest_mac) {
		class->sort = view->group ? VMP_SORT_COPY : VMP_SORT_ON_PATH;
		class->direction = VMP_FROM_GUEST;
	} else if (view->to_guest_mac) {
		class->sort = VMP_SORT_ELSEWHERE;
		class->direction = VMP_TO_GUEST;
	}
}

/* The switch's own device transmits what the host itself sends. */
static void on_switch_out(const struct view *view, struct vmp_class *class)
{
	if (!view->from_guest_mac && (view->to_guest_mac || view->group))
		set_to_guest(view, class);
}

/* What the guest hands to this host for others goes on to an uplink, as this host's routes say. */
static void expect_outside(const struct view *view, struct vmp_class *class)
{
	const struct vmp_path *path = view->context->path;
	int hop = -1;
	enum vmp_owed_outside owed = vmp_crossing_must_leave(path, view->packet, &hop);

	if (owed == VMP_STAYS_HERE || !is_watched(&path->hops.v[hop]))
		return;
	class->expect = VMP_EXPECT_ANY;
	class->next = hop;
	class->owed = owed == VMP_MUST_LEAVE;
	class->unobserved = owed == VMP_MAY_LEAVE;
}

static void on_switch_in(const struct view *view, struct vmp_class *class)
{
	bool promisc = view->at->observed == VMP_OBSERVED_YES && view->context->path->mode != VMP_PATH_ROUTED;

	if (view->from_guest_mac) {
		bool for_host = vmp_homes_is_host(view->context->homes, &view->packet->dst_mac);

		class->sort = for_host ? VMP_SORT_ON_PATH : VMP_SORT_COPY;
		class->direction = VMP_FROM_GUEST;
		if (for_host && !view->group)
			expect_outside(view, class);
	} else if (view->to_guest_mac) {
		/* Without promiscuous mode the host takes only what it believes to be its own. */
		class->sort = promisc ? VMP_SORT_COPY : VMP_SORT_ELSEWHERE;
		class->direction = VMP_TO_GUEST;
	}
}

static void on_backend_to_guest(const struct view *view, struct vmp_class *class)
{
	if (view->from_guest_mac)
		return;
	if (!view->to_guest_mac && !view->group) {
		class->misaddressed = true;
		return;
	}
	class->sort = VMP_SORT_ON_PATH;
	class->direction = VMP_TO_GUEST;
}

/* Where a frame of the guest must go: to its destination's home, or for all to see to the network. */
static void on_backend_from_guest(const struct view *view, struct vmp_class *class)
{
	const struct vmp_class_context *context = view->context;
	const struct vmp_path *path = context->path;
	int home = vmp_homes_find(context->homes, &view->packet->dst_mac, context->now_ns);
	int uplink = next_from_guest(path, view->hop);

	class->sort = VMP_SORT_ON_PATH;
	class->direction = VMP_FROM_GUEST;
	class->foreign_source = !view->from_guest_mac;
	if (class->foreign_source)
		return; /* the other points watch the guest's MAC only */
	if (!view->group && vmp_homes_is_host(context->homes, &view->packet->dst_mac)) {
		int host = path->switch_hop;
		bool seen = host >= 0 && path->hops.v[host].observed != VMP_OBSERVED_NO && path->hops.v[host].ifindex > 0;

		class->expect = class->next = seen ? host : VMP_EXPECT_NOWHERE;
		class->owed = true;
		return;
	}
	if (!view->group && home == view->hop)
		return; /* behind the guest itself: a switch sends nothing back where it came from */
	if (!view->group && home >= 0 && !is_way(&path->hops.v[home])) {
		class->expect = class->next = is_watched(&path->hops.v[home]) ? home : VMP_EXPECT_NOWHERE;
		class->owed = true;
		return;
	}
	if ((!view->group && home == VMP_HOME_UNOBSERVED) || uplink < 0)
		return;
	class->expect = VMP_EXPECT_ANY;
	class->next = home >= 0 && !view->group && is_watched(&path->hops.v[home]) ? home : uplink;
	if (view->group) {
		/* Multicast goes where snooping says; Open vSwitch may answer a broadcast itself. */
		bool asks = view->packet->flags & VMP_PKT_ARP;

		class->owed = view->broadcast && path->mode != VMP_PATH_OVS && !(asks && context->switch_answers);
	} else {
		class->owed = home >= 0 || (path->mode != VMP_PATH_OVS && !context->ports_unobserved);
		class->unobserved = !class->owed;
	}
}

typedef void rule(const struct view *view, struct vmp_class *class);

/* By role; first as frames to the guest pass the device, then the other way. Roles without rules are no devices. */
static const struct {
	rule *to_guest, *from_guest;
	bool by_role;           /* the device direction of frames to the guest follows from the role ... */
	enum vmp_devdir toward; /* ... and is this; else the hop's own */
} rules[] = {
	[VMP_ROLE_UPLINK] = {on_way_in, on_way_out, false, VMP_DEV_IN},
	[VMP_ROLE_TRANSIT] = {on_way_in, on_way_out, false, VMP_DEV_IN},
	[VMP_ROLE_SWITCH] = {on_switch_out, on_switch_in, true, VMP_DEV_OUT},
	[VMP_ROLE_PEER] = {on_peer_in, on_peer_out, true, VMP_DEV_IN},
	[VMP_ROLE_BACKEND] = {on_backend_to_guest, on_backend_from_guest, false, VMP_DEV_OUT},
};

struct vmp_class vmp_classify(const struct vmp_class_context *context, int hop, enum vmp_devdir devdir,
			      const struct vmp_packet *packet)
{
	const struct vmp_mac *guest = &context->path->guest_mac;
	struct view view = {.context = context, .packet = packet, .hop = hop, .at = &context->path->hops.v[hop]};
	struct vmp_class class = {.sort = VMP_SORT_STRAY, .expect = VMP_EXPECT_NOWHERE, .next = -1};
	size_t role = view.at->role;
	enum vmp_devdir toward;

	if (!(packet->flags & VMP_PKT_ETH) || role >= sizeof(rules) / sizeof(*rules) || !rules[role].to_guest)
		return class;
	/* Beyond this host's routing the guest's packets are those that were found to be: what is said to all there ends there. */
	if (view.at->routed && !(packet->flags & VMP_PKT_TRANSLATED))
		return class;
	view.from_guest_mac = context->path->has_guest_mac && vmp_mac_equal(&packet->src_mac, guest);
	view.to_guest_mac = context->path->has_guest_mac && vmp_mac_equal(&packet->dst_mac, guest);
	view.group = vmp_mac_is_group(&packet->dst_mac);
	view.broadcast = vmp_mac_is_broadcast(&packet->dst_mac);
	class.group = view.group;
	toward = rules[role].by_role ? rules[role].toward : view.at->to_guest;
	if (devdir == VMP_DEV_UNKNOWN ? !view.from_guest_mac : devdir == toward)
		rules[role].to_guest(&view, &class);
	else
		rules[role].from_guest(&view, &class);
	return class;
}
