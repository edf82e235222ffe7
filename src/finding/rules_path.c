/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the path's facts mean to an operator: how bad each is, in one sentence, where, and what to do. */
#include "finding/finding.h"

#include "base/addr.h"
#include "base/str.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Where frames suffer from a fact. */
enum place {
	PLACE_NONE,
	PLACE_INTO_BACKEND,     /* towards the guest, between the uplink side and the backend */
	PLACE_INTO_GUEST,       /* towards the guest, at the backend */
	PLACE_BY_HOP,           /* at the backend: into it. At an uplink: from the network into it */
	PLACE_LARGE,            /* at the backend: into it. Elsewhere: from the guest's backend to that device */
};

/*
 * In the texts %H is the fact's device, %G the guest, %T the interface's device in the XML, %X the bridge in the XML,
 * %B the bridge in the kernel, %M the guest's MAC. Worst first; the order has no other meaning.
 */
static const struct path_rule {
	const char *code;
	enum vmp_severity severity;
	enum place place;
	const char *sentence;
	const char *remedy;     /* NULL: nothing to do */
} path_rules[] = {
	{"guest-link-down", VMP_SEVERITY_CRITICAL, PLACE_INTO_GUEST,
	 "the interface is set link down: QEMU throws away what the host gives it, and the host looks healthy",
	 "virsh domif-setlink %G %T up"},
	{"backend-missing", VMP_SEVERITY_CRITICAL, PLACE_NONE, "the guest's interface has no device on this host",
	 "virsh domiflist %G; ip -br link"},
	{"no-master", VMP_SEVERITY_CRITICAL, PLACE_INTO_BACKEND, "%H is plugged into no bridge",
	 "ip link set dev %H master %X"},
	{"wrong-master", VMP_SEVERITY_CRITICAL, PLACE_INTO_BACKEND, "%H is plugged into another bridge than the domain XML says",
	 "virsh domiflist %G; ip link show dev %H; ip link set dev %H master %X"},
	{"port-not-forwarding", VMP_SEVERITY_CRITICAL, PLACE_BY_HOP, "the bridge port %H does not forward",
	 "bridge -d link show dev %H; bridge link set dev %H state 3"},
	{"port-isolated", VMP_SEVERITY_CRITICAL, PLACE_INTO_BACKEND,
	 "the guest's port and the uplink port are both isolated: the bridge passes nothing between them",
	 "bridge -d link show dev %H; bridge link set dev %H isolated off"},
	{"bridge-down", VMP_SEVERITY_CRITICAL, PLACE_INTO_BACKEND, "the bridge %H is down", "ip link set dev %H up"},
	{"backend-down", VMP_SEVERITY_CRITICAL, PLACE_INTO_BACKEND, "the guest's device %H is down", "ip link set dev %H up"},
	{"uplink-down", VMP_SEVERITY_CRITICAL, PLACE_BY_HOP, "%H, the way to the network, is down", "ip link set dev %H up"},
	{"mac-local", VMP_SEVERITY_CRITICAL, PLACE_INTO_BACKEND,
	 "the host takes frames to the guest's MAC for its own", "bridge fdb show | grep -i %M; ip -br link | grep -i %M"},
	{"guest-vlan-missing", VMP_SEVERITY_CRITICAL, PLACE_INTO_BACKEND,
	 "the guest's port and the uplink port have no VLAN in common", "bridge vlan show"},
	{"flood-off", VMP_SEVERITY_WARNING, PLACE_INTO_BACKEND, "the bridge does not know where the guest is and may not flood to it",
	 "bridge fdb add %M dev %H master static"},
	{"port-locked", VMP_SEVERITY_WARNING, PLACE_NONE, "the guest's port is locked and its MAC not let through",
	 "bridge fdb add %M dev %H master static"},
	{"broadcast-off", VMP_SEVERITY_WARNING, PLACE_INTO_BACKEND, "broadcasts do not reach the guest",
	 "bridge link set dev %H bcast_flood on"},
	{"multicast-off", VMP_SEVERITY_INFO, PLACE_INTO_BACKEND, "multicast that nobody asked for does not reach the guest",
	 "bridge link set dev %H mcast_flood on"},
	{"neigh-suppress", VMP_SEVERITY_INFO, PLACE_NONE, "the bridge answers ARP and neighbour solicitations itself",
	 "bridge -d link show; ip neigh show"},
	{"mac-on-other-port", VMP_SEVERITY_WARNING, PLACE_INTO_BACKEND,
	 "the bridge sends frames for the guest to another port", "bridge fdb show br %B | grep -i %M"},
	{"duplicate-mac", VMP_SEVERITY_WARNING, PLACE_NONE, "two interfaces in one network have the same MAC",
	 "give one of them another MAC: virsh edit %G"},
	{"macvtap-mac-differs", VMP_SEVERITY_WARNING, PLACE_INTO_BACKEND, "the macvtap device takes frames for another MAC than the guest's",
	 "ip link show dev %H; virsh domiflist %G"},
	{"mtu-smaller", VMP_SEVERITY_WARNING, PLACE_LARGE, "the MTU of %H is smaller than its neighbour's: large frames vanish there",
	 "ip link show dev %H; ip link set dev %H mtu SIZE"},
	{"no-carrier", VMP_SEVERITY_WARNING, PLACE_BY_HOP, "%H has no carrier", "ip -d link show dev %H"},
	{"no-uplink", VMP_SEVERITY_WARNING, PLACE_NONE, "nothing connects the guest's switch with the network",
	 "bridge link show; ip link set dev NIC master %B"},
	{"ip-forward-off", VMP_SEVERITY_WARNING, PLACE_NONE, "the guest's packets have to be routed by this host, and routing is off",
	 "sysctl -w net.ipv4.ip_forward=1"},
	{"route-elsewhere", VMP_SEVERITY_WARNING, PLACE_NONE, "this host has a route that leads packets for the guest elsewhere",
	 "ip route get ADDRESS; ip route show; ip rule show"},
	{"one-uplink-down", VMP_SEVERITY_WARNING, PLACE_NONE, "one of several uplinks, %H, is down", "ip link set dev %H up"},
	{"one-uplink-no-carrier", VMP_SEVERITY_WARNING, PLACE_NONE, "one of several uplinks, %H, has no carrier",
	 "ip -d link show dev %H; ethtool %H"},
	{"dump-incomplete", VMP_SEVERITY_INFO, PLACE_NONE, "what is known of this host may be incomplete", "run vmpath again"},
	{"other-ports-not-observed", VMP_SEVERITY_INFO, PLACE_NONE, "not every port of the guest's switch is observed", NULL},
	{"guest-not-running", VMP_SEVERITY_INFO, PLACE_NONE, "the guest does not run", "virsh start %G"},
	{"guest-job", VMP_SEVERITY_INFO, PLACE_NONE, "a migration or save of the guest is under way: results across a migration are not comparable",
	 "virsh domjobinfo %G"},
	{"no-host-device", VMP_SEVERITY_INFO, PLACE_NONE, "this type of interface has no device on this host to observe", NULL},
	{"no-default-route", VMP_SEVERITY_INFO, PLACE_NONE, "this host routes for the guest and has no default route",
	 "ip route show table all; ip rule show"},
	{"isolated-network", VMP_SEVERITY_INFO, PLACE_NONE, "the guest's network is meant to stay on this host", NULL},
	{"port-isolated-alone", VMP_SEVERITY_INFO, PLACE_NONE, "the guest's port is isolated from other isolated ports",
	 "bridge -d link show dev %H"},
	{"uplink-port-blocked", VMP_SEVERITY_INFO, PLACE_NONE, "one of several uplink ports, %H, is kept out of use",
	 "bridge -d link show dev %H"},
	{"inactive-slave", VMP_SEVERITY_INFO, PLACE_NONE, "%H is a spare of its bond", NULL},
	{"xdp-attached", VMP_SEVERITY_INFO, PLACE_NONE, "an XDP program on %H may drop frames before any capture sees them",
	 "ip -d link show dev %H; bpftool net show dev %H"},
	{"bridge-nf-on", VMP_SEVERITY_INFO, PLACE_NONE, "bridged frames pass the host's own packet filter",
	 "nft list ruleset; sysctl net.bridge.bridge-nf-call-iptables"},
};

struct context {
	const struct vmp_path *path;
	const struct vmp_guest *guest;
	const struct vmp_nic *nic;
};

static const char *hop_name(const struct vmp_path *path, int hop, const char *otherwise)
{
	return hop >= 0 && (size_t)hop < path->hops.n && path->hops.v[hop].name ? path->hops.v[hop].name : otherwise;
}

static const char *word(const struct context *context, const struct vmp_path_fact *fact, char letter, char mac[VMP_MAC_STRLEN])
{
	const struct vmp_nic *nic = context->nic;

	switch (letter) {
	case 'H':
		return hop_name(context->path, fact->hop, nic->target ? nic->target : "the device");
	case 'G':
		return context->guest->name ? context->guest->name : "GUEST";
	case 'T':
		return nic->target ? nic->target : "DEVICE";
	case 'X':
		return nic->bridge ? nic->bridge : nic->type == VMP_NIC_BRIDGE && nic->source ? nic->source : "BRIDGE";
	case 'B':
		return hop_name(context->path, context->path->switch_hop, "BRIDGE");
	default:
		return nic->has_mac ? vmp_mac_format(&nic->mac, mac) : "MAC";
	}
}

static char *expand(const struct context *context, const struct vmp_path_fact *fact, const char *text)
{
	struct vmp_buf buf = {0};

	for (const char *p = text; *p; p++) {
		char mac[VMP_MAC_STRLEN];
		const char *name;

		if (*p != '%' || !p[1]) {
			vmp_buf_add(&buf, p, 1);
			continue;
		}
		name = word(context, fact, *++p, mac);
		vmp_buf_add(&buf, name, strlen(name));
	}
	return vmp_buf_take(&buf);
}

/* The hop that feeds the switch: of the uplink side the one nearest to the guest, in use if possible; -1: none. */
static int feeding_hop(const struct vmp_path *path)
{
	int best = -1;

	for (size_t i = 0; i < path->hops.n; i++) {
		const struct vmp_hop *hop = &path->hops.v[i];

		if (hop->role != VMP_ROLE_UPLINK && hop->role != VMP_ROLE_TRANSIT)
			continue;
		if (best < 0 || hop->rank > path->hops.v[best].rank)
			best = (int)i;
	}
	if (best < 0 && path->mode == VMP_PATH_ROUTED)
		best = path->switch_hop;
	return best;
}

static int end_hop(const struct vmp_path *path, enum vmp_role role)
{
	for (size_t i = 0; i < path->hops.n; i++)
		if (path->hops.v[i].role == role)
			return (int)i;
	return -1;
}

static void put(struct vmp_finding *finding, enum vmp_direction direction, int from, int to)
{
	if (from >= 0 && to >= 0 && from != to)
		vmp_finding_place(finding, direction, from, to);
}

static void set_place(const struct vmp_path *path, enum place place, int hop, struct vmp_finding *finding)
{
	bool at_backend = hop >= 0 && hop == path->backend;

	if (place == PLACE_INTO_GUEST || (place == PLACE_BY_HOP && at_backend && strcmp(finding->code, "no-carrier") == 0))
		put(finding, VMP_TO_GUEST, path->backend, end_hop(path, VMP_ROLE_GUEST));
	else if (place == PLACE_INTO_BACKEND || (place != PLACE_NONE && at_backend))
		put(finding, VMP_TO_GUEST, feeding_hop(path), path->backend);
	else if (place == PLACE_LARGE)
		put(finding, VMP_FROM_GUEST, path->backend, hop);
	else if (place == PLACE_BY_HOP)
		put(finding, VMP_TO_GUEST, end_hop(path, VMP_ROLE_NETWORK), hop);
}

static const struct path_rule *find_rule(const char *code)
{
	for (size_t i = 0; i < sizeof(path_rules) / sizeof(*path_rules); i++)
		if (strcmp(path_rules[i].code, code) == 0)
			return &path_rules[i];
	return NULL;
}

static int add(const struct context *context, const struct vmp_path_fact *fact, vmp_findings *findings)
{
	const struct path_rule *rule = find_rule(fact->code);
	char *sentence = rule ? expand(context, fact, rule->sentence) : NULL;
	struct vmp_finding *finding;

	if (rule && !sentence)
		return -ENOMEM;
	/* A fact without a rule is told as it is: never swallowed. */
	finding = vmp_finding_add(findings, fact->code, rule ? rule->severity : VMP_SEVERITY_INFO, VMP_CONFIDENCE_CERTAIN, "%s",
				  sentence ? sentence : fact->detail ? fact->detail : fact->code);
	free(sentence);
	if (!finding)
		return -ENOMEM;
	if (fact->detail)
		vmp_finding_evidence(finding, "%s", fact->detail);
	if (!rule)
		return 0;
	set_place(context->path, rule->place, fact->hop, finding);
	if (rule->remedy) {
		char *remedy = expand(context, fact, rule->remedy);

		if (!remedy)
			return -ENOMEM;
		vmp_finding_remedy(finding, "%s", remedy);
		free(remedy);
	}
	return 0;
}

int vmp_finding_from_path(const struct vmp_path *path, const struct vmp_guest *guest, const struct vmp_nic *nic,
			  vmp_findings *findings)
{
	struct context context = {.path = path, .guest = guest, .nic = nic};

	vmp_vec_foreach (fact, &path->facts)
		if (add(&context, fact, findings) < 0)
			return -ENOMEM;
	return 0;
}
