/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words of the records: stable, since scripts read them. */
#include "model/direction.h"
#include "model/exchange.h"
#include "model/fate.h"
#include "model/finding.h"
#include "model/guest.h"
#include "model/host.h"
#include "model/path.h"

#define WORD(table, index) ((size_t)(index) < sizeof(table) / sizeof(*(table)) && (table)[index] ? (table)[index] : "unknown")

const char *vmp_direction_name(enum vmp_direction direction)
{
	static const char *const words[] = {[VMP_TO_GUEST] = "to_guest", [VMP_FROM_GUEST] = "from_guest"};

	return WORD(words, direction);
}

const char *vmp_guest_state_name(enum vmp_guest_state state)
{
	static const char *const words[] = {
		[VMP_GUEST_STATE_UNKNOWN] = "unknown", [VMP_GUEST_RUNNING] = "running",   [VMP_GUEST_BLOCKED] = "blocked",
		[VMP_GUEST_PAUSED] = "paused",         [VMP_GUEST_SHUTDOWN] = "in shutdown", [VMP_GUEST_SHUTOFF] = "shut off",
		[VMP_GUEST_CRASHED] = "crashed",       [VMP_GUEST_PMSUSPENDED] = "pmsuspended",
	};

	return WORD(words, state);
}

const char *vmp_link_kind_name(enum vmp_link_kind kind)
{
	static const char *const words[] = {
		[VMP_LINK_OTHER] = "other",     [VMP_LINK_NIC] = "nic",         [VMP_LINK_LOOPBACK] = "loopback",
		[VMP_LINK_BRIDGE] = "bridge",   [VMP_LINK_TAP] = "tap",         [VMP_LINK_TUN] = "tun",
		[VMP_LINK_MACVTAP] = "macvtap", [VMP_LINK_MACVLAN] = "macvlan", [VMP_LINK_VETH] = "veth",
		[VMP_LINK_VLAN] = "vlan",       [VMP_LINK_BOND] = "bond",       [VMP_LINK_TEAM] = "team",
		[VMP_LINK_VXLAN] = "vxlan",     [VMP_LINK_OVS] = "ovs",         [VMP_LINK_VIF] = "vif",
	};

	return WORD(words, kind);
}

const char *vmp_port_state_name(enum vmp_port_state state)
{
	static const char *const words[] = {
		[VMP_PORT_DISABLED] = "disabled",     [VMP_PORT_LISTENING] = "listening", [VMP_PORT_LEARNING] = "learning",
		[VMP_PORT_FORWARDING] = "forwarding", [VMP_PORT_BLOCKING] = "blocking",
	};

	return WORD(words, state);
}

const char *vmp_hop_kind_name(enum vmp_hop_kind kind)
{
	static const char *const words[] = {
		[VMP_HOP_NETWORK] = "network", [VMP_HOP_NIC] = "nic",         [VMP_HOP_BOND] = "bond",   [VMP_HOP_VLAN] = "vlan",
		[VMP_HOP_VXLAN] = "vxlan",     [VMP_HOP_VETH] = "veth",       [VMP_HOP_HOST] = "host",   [VMP_HOP_BRIDGE] = "bridge",
		[VMP_HOP_OVS] = "ovs",         [VMP_HOP_TAP] = "tap",         [VMP_HOP_MACVTAP] = "macvtap", [VMP_HOP_VIF] = "vif",
		[VMP_HOP_OTHER] = "other",     [VMP_HOP_GUEST] = "guest",
	};

	return WORD(words, kind);
}

const char *vmp_observed_name(enum vmp_observed observed)
{
	static const char *const words[] = {
		[VMP_OBSERVED_NO] = "no", [VMP_OBSERVED_PARTLY] = "partly", [VMP_OBSERVED_YES] = "yes"};

	return WORD(words, observed);
}

const char *vmp_unsure_name(enum vmp_unsure why)
{
	static const char *const words[] = {
		[VMP_UNSURE_WINDOW] = "too near the end of the run",
		[VMP_UNSURE_CAPTURE_LOSS] = "the capture itself lost frames",
		[VMP_UNSURE_VANISHED] = "a device went away",
		[VMP_UNSURE_SEGMENTED] = "segmented or merged between the hops",
		[VMP_UNSURE_UNOBSERVED] = "may have left where nobody looked",
		[VMP_UNSURE_IDENTITY] = "not told from other packets",
		[VMP_UNSURE_ACCOUNTING] = "the device's counters do not tell them from other traffic",
		[VMP_UNSURE_CLOCK] = "the clock was stepped",
		[VMP_UNSURE_NEIGHBOUR] = "waits for a next hop that does not answer",
		[VMP_UNSURE_UNCOVERED] = "not covered by the capture file of the next hop",
		[VMP_UNSURE_FRAGMENTS] = "fragments of packets that did not come whole",
	};

	return WORD(words, why);
}

const char *vmp_exchange_kind_name(enum vmp_exchange_kind kind)
{
	static const char *const words[] = {
		[VMP_EXCHANGE_ARP] = "arp",
		[VMP_EXCHANGE_ND] = "nd",
		[VMP_EXCHANGE_ICMP_ECHO] = "icmp-echo",
		[VMP_EXCHANGE_TCP_HANDSHAKE] = "tcp-handshake",
	};

	return WORD(words, kind);
}

const char *vmp_severity_name(enum vmp_severity severity)
{
	static const char *const words[] = {
		[VMP_SEVERITY_INFO] = "info", [VMP_SEVERITY_WARNING] = "warning", [VMP_SEVERITY_CRITICAL] = "critical"};

	return WORD(words, severity);
}

const char *vmp_confidence_name(enum vmp_confidence confidence)
{
	static const char *const words[] = {
		[VMP_CONFIDENCE_WEAK] = "weak", [VMP_CONFIDENCE_LIKELY] = "likely", [VMP_CONFIDENCE_CERTAIN] = "certain"};

	return WORD(words, confidence);
}

const char *vmp_state_name(enum vmp_state state)
{
	static const char *const words[] = {
		[VMP_STATE_OK] = "ok", [VMP_STATE_LOSS] = "loss", [VMP_STATE_INCONCLUSIVE] = "inconclusive"};

	return WORD(words, state);
}
