/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stacks as Linux 6.18 shows them. */
#include "cause/callers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

static const struct {
	const char *what, *symbol, *place;
	const char *stack[12];
} cases[] = {
	{"bridge filter, forward", "nft_do_chain", "__br_forward",
	 {"bpf_prog_6d", "bpf_trampoline_1", "sk_skb_reason_drop", "nft_do_chain", "nft_do_chain_bridge", "nf_hook_slow", "__br_forward",
	  "br_handle_frame_finish", "br_handle_frame", "__netif_receive_skb_core"}},
	{"IP filter on bridged frames", "nft_do_chain", "br_nf_forward_ip",
	 {"sk_skb_reason_drop", "nft_do_chain", "nft_do_chain_ipv4", "nf_hook_slow", "br_nf_forward_ip", "nf_hook_slow", "__br_forward"}},
	{"netdev egress", "nft_do_chain", "__dev_queue_xmit",
	 {"nft_do_chain", "nft_do_chain_netdev", "nf_hook_slow", "__dev_queue_xmit", "br_dev_queue_push_xmit"}},
	{"conntrack", "nf_hook_slow", "br_nf_pre_routing", {"nf_hook_slow", "br_nf_pre_routing", "br_handle_frame"}},
	{"the place itself is no caller of itself", "br_handle_frame_finish", "br_handle_frame",
	 {"kfree_skb", "br_handle_frame_finish", "br_handle_frame", "__netif_receive_skb_core"}},
	{"without the function itself", "nft_do_chain", "ip_forward", {NULL, "", "nf_hook_slow", "ip_forward"}},
	{"a capture's copy", "packet_rcv", "", {"packet_rcv"}},
	{"no name at all", "", "", {NULL, "", NULL}},
	{"nothing known", "kfree_skb", "", {"kfree_skb", "some_driver_poll", "net_rx_action"}},
};

static void places(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		print_message("# %s\n", cases[i].what);
		assert_string_equal(vmp_callers_place(cases[i].stack, 12, cases[i].symbol), cases[i].place);
	}
	assert_string_equal(vmp_callers_place(NULL, 0, "x"), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places),
	};

	return cmocka_run_group_tests_name("callers", tests, NULL, NULL);
}
