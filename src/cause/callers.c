/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cause/callers.h"

#include <string.h>

/* Each is where the kernel calls a hook, a queue or a driver: below it on the stack is only how. */
static const char *const places[] = {
	/* a device takes a frame in, or gives one out */
	"__netif_receive_skb_core", "__dev_queue_xmit", "do_xdp_generic", "enqueue_to_backlog",
	/* bridge */
	"br_handle_frame", "br_handle_frame_finish", "__br_forward", "br_forward", "br_forward_finish", "br_flood", "br_multicast_flood",
	"br_pass_frame_up", "br_dev_xmit", "br_dev_queue_push_xmit",
	/* the IP filter on bridged frames (net/bridge/br_netfilter_hooks.c) */
	"br_nf_pre_routing", "br_nf_pre_routing_ipv6", "br_nf_pre_routing_finish", "br_nf_forward_ip", "br_nf_forward", "br_nf_forward_arp",
	"br_nf_forward_finish", "br_nf_post_routing", "br_nf_dev_queue_xmit",
	/* IP */
	"ip_rcv", "ip_rcv_finish", "ip_local_deliver", "ip_forward", "ip_forward_finish", "ip_output", "ip_mc_output", "__ip_local_out",
	"ip_finish_output2", "ipv6_rcv", "ip6_input", "ip6_forward", "ip6_output", "__ip6_local_out", "ip6_finish_output2", "arp_rcv",
	"neigh_timer_handler", "neigh_invalidate", "__neigh_event_send",
	/* devices */
	"tun_net_xmit", "tun_get_user", "tun_do_read", "tap_handle_frame", "tap_get_user", "macvlan_start_xmit", "macvlan_handle_frame",
	"veth_xmit", "vxlan_rcv", "vxlan_xmit", "tcf_mirred_to_dev", "tcf_mirred_act", "ovs_vport_receive", "ovs_dp_process_packet",
	/* a capture's own copy, or a socket's */
	"tpacket_rcv", "packet_rcv", "packet_release",
};

const char *vmp_callers_place(const char *const *names, size_t n, const char *symbol)
{
	size_t first = 0;

	/* Above the function itself are the tracing's own frames. */
	for (size_t i = 0; i < n; i++)
		if (names[i] && strcmp(names[i], symbol) == 0)
			first = i + 1;
	for (size_t i = first; i < n; i++)
		for (size_t k = 0; names[i] && k < sizeof(places) / sizeof(*places); k++)
			if (strcmp(names[i], places[k]) == 0)
				return places[k];
	return "";
}
