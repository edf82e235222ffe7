/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading everything at once, each table whole or marked as torn; and one device's counters. */
#include "host/host.h"

#include "base/clock.h"
#include "host/parse.h"
#include "host/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TRIES = 5 };

#define VLAN_TABLE RTEXT_FILTER_BRVLAN_COMPRESSED

static const struct ifinfomsg ask_links = {.ifi_family = AF_UNSPEC};
static const struct ifinfomsg ask_ports = {.ifi_family = AF_BRIDGE};
static const struct ndmsg ask_fdb = {.ndm_family = AF_BRIDGE};
static const struct ndmsg ask_neighbours = {.ndm_family = AF_UNSPEC};
static const struct ifaddrmsg ask_addresses = {.ifa_family = AF_UNSPEC};
static const struct rtmsg ask_routes = {.rtm_family = AF_UNSPEC};
static const struct fib_rule_hdr ask_rules = {.family = AF_UNSPEC};

static void forget_links(struct vmp_host *host)
{
	vmp_vec_foreach (link, &host->links)
		vmp_vec_free(&link->vlans);
	host->links.n = 0;
}

/* Ports overwrite what they find in their links. */
static void forget_ports(struct vmp_host *host)
{
	(void)host;
}

static void forget_fdb(struct vmp_host *host)
{
	host->fdb.n = 0;
}

static void forget_neighbours(struct vmp_host *host)
{
	host->neighbours.n = 0;
}

static void forget_addresses(struct vmp_host *host)
{
	host->addresses.n = 0;
}

static void forget_rules(struct vmp_host *host)
{
	host->has_rules = false;
}

static void forget_routes(struct vmp_host *host)
{
	host->routes.n = 0;
}

#define ALL(type_, header_, ext_mask_) \
	{.type = (type_), .header = &(header_), .header_len = sizeof(header_), .ext_mask = (ext_mask_), .dump = true}

/* In this order: ports are put into the links read before. */
static const struct table {
	const char *what;
	struct vmp_host_question question;
	vmp_host_parser *parse;
	void (*forget)(struct vmp_host *host);
	size_t torn;            /* offset of the flag in struct vmp_host */
} tables[] = {
	{"devices", ALL(RTM_GETLINK, ask_links, 0), vmp_host_parse_link, forget_links,
	 offsetof(struct vmp_host, links_torn)},
	{"bridge ports", ALL(RTM_GETLINK, ask_ports, VLAN_TABLE), vmp_host_parse_port, forget_ports,
	 offsetof(struct vmp_host, links_torn)},
	{"forwarding tables", ALL(RTM_GETNEIGH, ask_fdb, 0), vmp_host_parse_fdb, forget_fdb,
	 offsetof(struct vmp_host, fdb_torn)},
	{"neighbours", ALL(RTM_GETNEIGH, ask_neighbours, 0), vmp_host_parse_neighbour,
	 forget_neighbours, offsetof(struct vmp_host, neighbours_torn)},
	{"addresses", ALL(RTM_GETADDR, ask_addresses, 0), vmp_host_parse_address,
	 forget_addresses, offsetof(struct vmp_host, addresses_torn)},
	{"routes", ALL(RTM_GETROUTE, ask_routes, 0), vmp_host_parse_route, forget_routes,
	 offsetof(struct vmp_host, routes_torn)},
	{"routing rules", ALL(RTM_GETRULE, ask_rules, 0), vmp_host_parse_rule, forget_rules,
	 offsetof(struct vmp_host, routes_torn)},
};

struct target {
	vmp_host_parser *parse;
	struct vmp_host *host;
};

static int parse_into(const struct nlmsghdr *msg, void *arg)
{
	const struct target *target = arg;

	return target->parse(msg, target->host);
}

static int read_table(struct vmp_host_reader *reader, const struct table *table, struct vmp_host *host)
{
	struct target target = {.parse = table->parse, .host = host};
	bool *torn_flag = (bool *)((char *)host + table->torn);

	for (int tries = 0; tries < TRIES; tries++) {
		bool torn = false;
		int err;

		table->forget(host);
		err = vmp_host_ask(reader, &table->question, parse_into, &target, &torn);
		if (err == -EOVERFLOW) {
			/* Too large to keep, and no smaller the next time. */
			break;
		}
		if (err < 0)
			return err;
		if (!torn)
			return 0;
	}
	*torn_flag = true;
	return 0;
}

/* A number out of /proc/sys/net, which shows the reader's own network namespace (/sys need not). -1: there is none. */
static int read_sysctl(const char *path)
{
	char text[16];
	ssize_t len;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (len <= 0)
		return -1;
	text[len] = '\0';
	return atoi(text);
}

static void read_sysctls(struct vmp_host *host)
{
	int nf4 = read_sysctl("/proc/sys/net/bridge/bridge-nf-call-iptables");
	int nf6 = read_sysctl("/proc/sys/net/bridge/bridge-nf-call-ip6tables");

	host->ip_forward = read_sysctl("/proc/sys/net/ipv4/ip_forward") > 0;
	host->bridge_nf_iptables = nf4 < 0 ? VMP_UNKNOWN : nf4 > 0 ? VMP_YES : VMP_NO;
	/* br_netfilter filters a bridge when either its own switch or the global one is on (br_netfilter_hooks.c). */
	vmp_vec_foreach (link, &host->links) {
		if (link->kind != VMP_LINK_BRIDGE)
			continue;
		link->nf_call_iptables = link->nf_call_iptables || nf4 > 0;
		link->nf_call_ip6tables = link->nf_call_ip6tables || nf6 > 0;
	}
}

int vmp_host_read(struct vmp_host_reader *reader, struct vmp_host *ret_host, struct vmp_err *err)
{
	struct vmp_host host = {0};
	char name[256] = "";

	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++) {
		int code = read_table(reader, &tables[i], &host);

		if (code < 0) {
			vmp_host_clear(&host);
			return vmp_err_set(err, -code, "host", NULL, "reading the host's %s over netlink: %s", tables[i].what,
					   strerror(-code));
		}
	}
	read_sysctls(&host);
	gethostname(name, sizeof(name) - 1);
	host.name = strdup(name);
	if (!host.name) {
		vmp_host_clear(&host);
		return vmp_err_set(err, ENOMEM, "host", NULL, "reading the host's name: out of memory");
	}
	host.read_ns = vmp_clock_realtime_ns();
	*ret_host = host;
	return 0;
}

static int take_stats(const struct nlmsghdr *msg, void *arg)
{
	return vmp_host_parse_stats(msg, arg);
}

int vmp_host_read_stats(struct vmp_host_reader *reader, int ifindex, struct vmp_link_stats *ret_stats,
			struct vmp_err *err)
{
	struct ifinfomsg header = {.ifi_family = AF_UNSPEC, .ifi_index = ifindex};
	struct vmp_host_question question = {.type = RTM_GETLINK, .header = &header, .header_len = sizeof(header)};
	int code;

	/* The kernel takes index 0 for "the one with this name", and there is no name. */
	code = ifindex > 0 ? vmp_host_ask(reader, &question, take_stats, ret_stats, NULL) : -ENODEV;
	if (code < 0)
		return vmp_err_set(err, -code, "host", NULL, "reading the counters of device %d: %s", ifindex,
				   code == -ENODEV ? "it is gone" : strerror(-code));
	return 0;
}
