/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What libnftables says of the packet filter, and the kernel of its chains: names, comments and numbers in it are anybody's. The first byte tells
 * how the guest is connected, and whether the rest is such a document or its text; then both are read as they would be. Checked beside memory:
 * errors are those promised, what is kept lies in a chain and can be met, and each counter that is ended was begun.
 */
#include "fuzz.h"

#include "ruleset/ruleset.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static void promise(bool kept)
{
	if (!kept)
		abort();
}

static void add_hop(struct vmp_path *path, const char *name, enum vmp_role role, int ifindex, enum vmp_devdir to_guest)
{
	struct vmp_hop *hop = vmp_vec_add(&path->hops);

	promise(hop && vmp_str_set(&hop->name, name) == 0);
	hop->role = role;
	hop->ifindex = ifindex;
	hop->to_guest = to_guest;
	hop->routed = role == VMP_ROLE_UPLINK && path->mode == VMP_PATH_ROUTED;
}

static void begin(struct vmp_run *run, uint8_t flags)
{
	struct vmp_nic *nic = vmp_vec_add(&run->guest.nics);
	struct vmp_nic_address *address;

	promise(nic != NULL);
	address = vmp_vec_add(&nic->addresses);
	promise(address && vmp_ip_parse("192.0.2.10", &address->ip) == 0);
	run->path.mode = flags & 1 ? VMP_PATH_ROUTED : VMP_PATH_BRIDGED;
	run->path.has_guest_mac = vmp_mac_parse("52:54:00:02:1f:00", &run->path.guest_mac) == 0;
	add_hop(&run->path, "eth0", VMP_ROLE_UPLINK, 2, VMP_DEV_IN);
	add_hop(&run->path, "br0", VMP_ROLE_SWITCH, 3, VMP_DEV_UNKNOWN);
	add_hop(&run->path, "021f00", VMP_ROLE_BACKEND, 4, VMP_DEV_OUT);
	run->path.hops.v[0].has_tunnel = flags & 2;
	run->path.switch_hop = flags & 4 ? -1 : 1;
	run->path.backend = 2;
}

static void check(const struct vmp_run *run)
{
	vmp_vec_foreach (rule, &run->filters) {
		promise(rule->table && rule->chain && rule->object[0] && (rule->to_guest | rule->from_guest));
		promise((rule->only_to & ~rule->to_guest) == 0 && (rule->only_from & ~rule->from_guest) == 0);
		promise(!rule->counted || vmp_gauges_counter(&run->gauges, "nft", rule->object, "packets"));
	}
	vmp_vec_foreach (counter, &run->gauges.counters)
		promise(counter->before_known && (!counter->after_known || counter->after >= counter->before));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size ? size : 1);
	struct vmp_base_chain base = {.family = VMP_FILTER_NETDEV, .table = "up", .chain = "in", .devices = {"eth0"}, .n_devices = 1};
	vmp_base_chains bases = {.v = &base, .n = 1};
	struct vmp_ruleset_look found;
	struct vmp_ruleset_way way;
	struct vmp_run run = {0};
	struct vmp_err err = {0};
	uint8_t flags = size ? data[0] : 0;
	size_t len = size ? size - 1 : 0;
	int code;

	promise(text != NULL);
	memcpy(text, data + (size ? 1 : 0), len);
	begin(&run, flags);
	way = (struct vmp_ruleset_way){&run.path, &run.guest.nics.v[0], flags & 8, flags & 16};
	code = vmp_ruleset_before(text, len, &bases, &way, &run.filters, &run.gauges, &found, &err);
	promise(code == 0 || code == -EBADMSG);
	if (code == 0)
		promise(vmp_ruleset_after(text, len, &bases, &run.gauges, &err) == 0);
	check(&run);
	promise(vmp_ruleset_name(text, len, &run.filters, &run.gauges) == 0);
	vmp_run_clear(&run);
	free(text);
	return 0;
}
