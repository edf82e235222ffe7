/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Chains are named by who makes them. */
#include "finding/filter.h"

#include <stdio.h>
#include <string.h>

/* What stands before the device's name. */
static const char *const nwfilter_prefixes[] = {
	"libvirt-I-", "libvirt-O-", "libvirt-J-", "libvirt-P-", "FI-", "FO-", "HI-", "FJ-", "FP-", "HJ-", "I-", "O-", "J-", "P-",
};

bool vmp_filter_is_nwfilter(const struct vmp_filter_rule *rule, char *ret_device)
{
	bool bridge = rule->family == VMP_FILTER_BRIDGE && strcmp(rule->table, "nat") == 0;
	bool ip = (rule->family == VMP_FILTER_IP || rule->family == VMP_FILTER_IP6) && strcmp(rule->table, "filter") == 0;

	if (rule->policy || (!bridge && !ip))
		return false;
	for (size_t i = 0; i < sizeof(nwfilter_prefixes) / sizeof(*nwfilter_prefixes); i++) {
		size_t len = strlen(nwfilter_prefixes[i]), name;

		if (strncmp(rule->chain, nwfilter_prefixes[i], len) != 0)
			continue;
		/* "I-vnet0-ipv4-ip": a device's name may have dashes, but libvirt's own have none. */
		name = strcspn(rule->chain + len, "-");
		if (name == 0 || name >= VMP_IFNAMSIZ)
			return false;
		memcpy(ret_device, rule->chain + len, name);
		ret_device[name] = '\0';
		return true;
	}
	return false;
}

static const struct {
	const char *begins, *maker;
} makers[] = {
	{"LIBVIRT_", "libvirt's network"}, {"libvirt_", "libvirt's network"}, {"DOCKER", "Docker's"},         {"KUBE-", "Kubernetes'"},
	{"cali-", "Calico's"},             {"CNI-", "CNI's"},                 {"ufw-", "ufw's"},              {"ufw6-", "ufw's"},
	{"neutron-", "Neutron's"},         {"neutronMAC-", "Neutron's"},      {"neutronARP-", "Neutron's"},   {"PVEFW-", "Proxmox's firewall"},
	{"tap", "Proxmox's firewall"},     {"CILIUM_", "Cilium's"},           {"firewalld", "firewalld's"},
};

const char *vmp_filter_maker(const struct vmp_filter_rule *rule)
{
	for (size_t i = 0; i < sizeof(makers) / sizeof(*makers); i++) {
		size_t len = strlen(makers[i].begins);

		if (strncmp(rule->chain, makers[i].begins, len) == 0 || strncmp(rule->table, makers[i].begins, len) == 0)
			return makers[i].maker;
	}
	return NULL;
}

/* Words that a shell takes as they are; others an operator must quote himself. */
static bool is_plain(const char *word)
{
	return *word && strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") == strlen(word) && *word != '-';
}

/* Tables and hooks that iptables and ebtables made their own, in capitals as they write them. */
static const struct {
	enum vmp_filter_family family;
	const char *tool;
} tools[] = {
	{VMP_FILTER_IP, "iptables"}, {VMP_FILTER_IP6, "ip6tables"}, {VMP_FILTER_BRIDGE, "ebtables"},
};

static const char *tool_of(const struct vmp_filter_rule *rule)
{
	static const char *const tables[] = {"filter", "nat", "mangle", "raw", "security"};

	if (rule->chain[0] < 'A' || rule->chain[0] > 'Z')
		return NULL;
	for (size_t i = 0; i < sizeof(tools) / sizeof(*tools); i++)
		for (size_t t = 0; t < sizeof(tables) / sizeof(*tables); t++)
			if (tools[i].family == rule->family && strcmp(rule->table, tables[t]) == 0)
				return tools[i].tool;
	return NULL;
}

const char *vmp_filter_command(const struct vmp_filter_rule *rule, char *buf, size_t size)
{
	const char *tool = tool_of(rule);

	if (!is_plain(rule->table) || !is_plain(rule->chain))
		snprintf(buf, size, "nft -a list ruleset %s", vmp_filter_family_name(rule->family));
	else if (tool && rule->family == VMP_FILTER_BRIDGE)
		snprintf(buf, size, "%s -t %s -L %s --Lc --Ln", tool, rule->table, rule->chain);
	else if (tool)
		snprintf(buf, size, "%s -t %s -L %s -nv --line-numbers", tool, rule->table, rule->chain);
	else
		snprintf(buf, size, "nft -a list chain %s %s %s", vmp_filter_family_name(rule->family), rule->table, rule->chain);
	return buf;
}
