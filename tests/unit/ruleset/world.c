/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "world.h"

#include "base/addr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct vmp_hop *add_hop(struct vmp_path *path, const char *name, enum vmp_role role, int rank, int ifindex, enum vmp_devdir to_guest)
{
	struct vmp_hop *hop = vmp_vec_add(&path->hops);

	assert_non_null(hop);
	assert_int_equal(vmp_str_set(&hop->name, name), 0);
	hop->role = role;
	hop->rank = rank;
	hop->ifindex = ifindex;
	hop->to_guest = to_guest;
	return hop;
}

void world_begin(struct vmp_run *run, bool routed)
{
	struct vmp_nic_address *address;
	struct vmp_nic *nic;

	memset(run, 0, sizeof(*run));
	nic = vmp_vec_add(&run->guest.nics);
	assert_non_null(nic);
	assert_int_equal(vmp_str_set(&nic->target, "021f00"), 0);
	address = vmp_vec_add(&nic->addresses);
	assert_non_null(address);
	assert_int_equal(vmp_ip_parse("192.0.2.10", &address->ip), 0);
	run->path.mode = routed ? VMP_PATH_ROUTED : VMP_PATH_BRIDGED;
	run->path.has_guest_mac = true;
	assert_int_equal(vmp_mac_parse("52:54:00:02:1f:00", &run->path.guest_mac), 0);
	add_hop(&run->path, "network", VMP_ROLE_NETWORK, 0, 0, VMP_DEV_UNKNOWN);
	add_hop(&run->path, "eth0", VMP_ROLE_UPLINK, 1, 2, VMP_DEV_IN)->routed = routed;
	add_hop(&run->path, "br0", VMP_ROLE_SWITCH, routed ? 2 : 1, 3, VMP_DEV_UNKNOWN);
	add_hop(&run->path, "other0", VMP_ROLE_PEER, routed ? 2 : 1, 5, VMP_DEV_IN);
	add_hop(&run->path, "021f00", VMP_ROLE_BACKEND, routed ? 3 : 2, 4, VMP_DEV_OUT);
	add_hop(&run->path, "guest", VMP_ROLE_GUEST, routed ? 4 : 3, 0, VMP_DEV_UNKNOWN);
	run->path.switch_hop = 2;
	run->path.backend = 4;
}

struct vmp_buf world_file(const char *name)
{
	struct vmp_buf file = {0};
	char path[512], bytes[4096];
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "%s/ruleset/%s", TEST_DATA, name);
	f = fopen(path, "re");
	assert_non_null(f);
	while ((len = fread(bytes, 1, sizeof(bytes), f)) > 0)
		vmp_buf_add(&file, bytes, len);
	fclose(f);
	assert_false(file.oom);
	return file;
}

static void add_hooks(struct vmp_buf *out, const char *word, uint8_t hooks, uint8_t only)
{
	assert_int_equal(only & ~hooks, 0);
	if (hooks)
		vmp_buf_printf(out, " %s", word);
	for (enum vmp_filter_hook hook = VMP_FILTER_PREROUTING; hook < VMP_FILTER_HOOKS; hook++)
		if (hooks & VMP_FILTER_AT(hook))
			vmp_buf_printf(out, " %s%s", vmp_filter_hook_name(hook), only & VMP_FILTER_AT(hook) ? "!" : "");
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char *world_rules(const struct vmp_run *run)
{
	char **lines = calloc(run->filters.n + 1, sizeof(*lines));
	struct vmp_buf all = {0};

	assert_non_null(lines);
	for (size_t i = 0; i < run->filters.n; i++) {
		const struct vmp_filter_rule *rule = &run->filters.v[i];
		struct vmp_buf line = {0};

		vmp_buf_printf(&line, "%s", rule->object);
		add_hooks(&line, "to", rule->to_guest, rule->only_to);
		add_hooks(&line, "from", rule->from_guest, rule->only_from);
		vmp_buf_printf(&line, "%s%s\n", rule->rejects ? " reject" : "", rule->counted ? "" : " uncounted");
		lines[i] = vmp_buf_take(&line);
	}
	qsort(lines, run->filters.n, sizeof(*lines), compare);
	for (size_t i = 0; i < run->filters.n; i++) {
		vmp_buf_printf(&all, "%s", lines[i]);
		free(lines[i]);
	}
	free(lines);
	vmp_buf_add(&all, "", 0);
	return all.s ? vmp_buf_take(&all) : strdup("");
}
