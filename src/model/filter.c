/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/filter.h"

#include <stdlib.h>

const char *vmp_filter_family_name(enum vmp_filter_family family)
{
	static const char *const words[VMP_FILTER_FAMILIES] = {
		[VMP_FILTER_BRIDGE] = "bridge", [VMP_FILTER_INET] = "inet", [VMP_FILTER_IP] = "ip",
		[VMP_FILTER_IP6] = "ip6",       [VMP_FILTER_ARP] = "arp",   [VMP_FILTER_NETDEV] = "netdev",
	};

	return (unsigned int)family < VMP_FILTER_FAMILIES ? words[family] : "unknown";
}

const char *vmp_filter_hook_name(enum vmp_filter_hook hook)
{
	static const char *const words[VMP_FILTER_HOOKS] = {
		[VMP_FILTER_PREROUTING] = "prerouting", [VMP_FILTER_INPUT] = "input",             [VMP_FILTER_FORWARD] = "forward",
		[VMP_FILTER_OUTPUT] = "output",         [VMP_FILTER_POSTROUTING] = "postrouting", [VMP_FILTER_INGRESS] = "ingress",
		[VMP_FILTER_EGRESS] = "egress",
	};

	return (unsigned int)hook < VMP_FILTER_HOOKS ? words[hook] : "unknown";
}

void vmp_filter_rules_clear(vmp_filter_rules *rules)
{
	vmp_vec_foreach (rule, rules) {
		free(rule->table);
		free(rule->chain);
		free(rule->text);
	}
	vmp_vec_free(rules);
}
